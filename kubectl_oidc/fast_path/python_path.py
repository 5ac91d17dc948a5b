"""PYTHONPATH without what it should not lead to: the working directory, and modules of another Python.

Loaded only if the variable is set. Python itself has read it by then: what it imports at its start, such as ``sitecustomize``, is
kept out only by a start with ``-I``.
"""

import os
import sys


def tame() -> None:
    """Leave out entries that depend on the working directory, and look into the others after everything else.

    Where this program itself is found through the variable, the others stay where they are: so it was installed.
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
