"""Where ``~/.kube`` is: the person's home directory, on Windows by client-go's own rule (``util/homedir``)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def kube_directory(environ: Mapping[str, str], *, platform: str = sys.platform) -> Path:
    """Return ``~/.kube``, existing or not; a relative path where no home directory is known, as for kubectl.

    Args:
        environ: The environment: HOME; on Windows USERPROFILE, HOMEDRIVE and HOMEPATH as well.
        platform: As ``sys.platform`` has it.
    """
    if platform == "win32":
        return Path(_windows_home(environ), ".kube")
    try:
        return Path("~/.kube").expanduser()
    except RuntimeError:
        return Path(".kube")


def _windows_home(environ: Mapping[str, str]) -> str:
    """Return the first directory that has a kubeconfig; else that can be written, that exists, that is named."""
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
