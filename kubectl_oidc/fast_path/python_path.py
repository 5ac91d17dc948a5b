"""Remove unsafe entries of PYTHONPATH: the working directory, and modules of another Python.

Imported only if the variable is set. Python has already used it by then: only ``-I`` keeps out modules that Python imports
at its start, such as ``sitecustomize``.
"""

import os
import sys


def remove_unsafe_entries() -> None:
    """Remove entries that depend on the working directory, and search the others last.

    If this program itself is found through PYTHONPATH, the others keep their place, because it was installed that way.
    """
    entries = os.environ["PYTHONPATH"].split(os.pathsep)
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    named = {os.path.abspath(entry): os.path.isabs(entry) for entry in entries}  # noqa: PTH100, PTH117
    ours = here in named
    found = [place for place in sys.path if place in named and place != here]
    rest = [place for place in sys.path if place not in named or place == here]
    absolute = [place for place in found if named[place]]
    sys.path[:] = (
        [place for place in sys.path if place in rest or place in absolute] if ours else rest + absolute
    )
