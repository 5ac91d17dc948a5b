"""Where ``~/.kube`` is: in the home directory, which client-go finds by its own rule on Windows (``util/homedir``)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def kube_directory(environ: Mapping[str, str], *, platform: str = sys.platform) -> Path:
    """Return ``~/.kube``, existing or not; a relative path if no home directory is known, like kubectl.

    Args:
        environ: HOME; on Windows also USERPROFILE, HOMEDRIVE and HOMEPATH.
    """
    if platform == "win32":
        return Path(_windows_home(environ), ".kube")
    try:
        return Path("~/.kube").expanduser()
    except RuntimeError:
        return Path(".kube")


def _windows_home(environ: Mapping[str, str]) -> str:
    """Return the first directory with a kubeconfig, else the first that is writable, that exists, or that is named."""
    drive, path = environ.get("HOMEDRIVE", ""), environ.get("HOMEPATH", "")
    home, profile = environ.get("HOME", ""), environ.get("USERPROFILE", "")
    moved = drive + path if drive and path else ""
    for place in filter(None, (home, moved, profile)):
        if Path(place, ".kube", "config").exists():
            return place
    named = [place for place in (home, profile, moved) if place]
    there = [place for place in named if Path(place).exists()]
    writable = [place for place in there if Path(place).is_dir() and os.access(place, os.W_OK)]
    return next(iter((*writable, *there, *named)), "")
