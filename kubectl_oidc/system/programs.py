"""Find programs on PATH like kubectl does (Go's os/exec): never in the working directory, unlike Windows' own search."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_program(
    name: str, environ: Mapping[str, str] = os.environ, *, platform: str = sys.platform
) -> str | None:
    """Return the path of a program, or None if it is not found.

    Args:
        name: A bare name, or a path; on Windows with or without its extension.
        environ: PATH, and on Windows PATHEXT.
    """
    path = environ.get("PATH", os.defpath)
    if platform != "win32":
        return shutil.which(name, path=path)
    # shutil.which searches the working directory first. It may be a stranger's repository with a program of that name.
    named = [directory.strip('"') for directory in path.split(os.pathsep)]
    places = [""] if has_directory(name) else [place for place in named if place not in {"", "."}]
    known = [extension for extension in environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").split(";") if extension]
    ends = ["", *known] if name.lower().endswith(tuple(map(str.lower, known))) else known
    candidates = (Path(place, name + end) for place in places for end in ends)
    return next((str(candidate) for candidate in candidates if candidate.is_file()), None)


def has_directory(name: str) -> bool:
    """Return whether a program's name has a directory, so that it is not looked up on PATH."""
    return bool(os.path.dirname(name))  # noqa: PTH120 - "./x" has one


def own_path(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the path that starts this program, which is called ``name``. Links are kept, because updates move their targets."""
    return str(Path(find_program(name, environ) or sys.argv[0]).absolute())


def kubectl_dispatcher(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the path of kubectl if it is Google Cloud CLI's dispatcher, else None. It is not run.

    The dispatcher first asks the cluster for its version, and needs a credential for that. If the plugin is started as
    ``kubectl`` again, it starts itself without end. Versions of kubectl in the same directory, ``kubectl.1.NN``, show it.
    """
    found = find_program("kubectl", environ)
    if found is None:
        return None
    try:
        beside = [entry.name for entry in os.scandir(Path(found).resolve().parent)]
    except OSError:
        return None
    return found if any(re.fullmatch(r"kubectl\.1\.\d+(\.exe)?", name) for name in beside) else None
