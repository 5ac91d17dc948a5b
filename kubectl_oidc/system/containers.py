"""Detect whether this process runs in a container."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that Docker and Podman create in every container."""


def in_container(environ: Mapping[str, str], marks: Sequence[Path] = MARKS) -> bool:
    """Return whether this is a container: Docker, Podman, Kubernetes, systemd-nspawn or LXC; on Windows only Kubernetes is detected."""
    if sys.platform == "win32":  # the paths would depend on the current drive
        return bool(environ.get("KUBERNETES_SERVICE_HOST"))
    return bool(environ.get("KUBERNETES_SERVICE_HOST") or environ.get("container")) or any(
        os.path.lexists(mark) for mark in marks
    )
