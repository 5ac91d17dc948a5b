"""Compile every module below a directory and remove its source.

The bundle's own interpreter runs this file, with nothing but the standard library. The same sources give the same bytes if
PYTHONHASHSEED is 0: the files come in one order, and no path of this machine is in them. They aren't compared with a
source when they are loaded (PEP 552).
"""

from __future__ import annotations

import py_compile
import sys
from pathlib import Path


def main() -> None:
    """Compile the directory that the command line names.

    Raises:
        PyCompileError: A file isn't Python.
    """
    root = Path(sys.argv[1])
    for source in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        py_compile.compile(
            str(source),
            cfile=str(source.with_suffix(".pyc")),
            dfile=source.relative_to(root).as_posix(),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        source.unlink()


if __name__ == "__main__":
    main()
