"""How and from where this program was installed, as the installer recorded it (``direct_url.json``, PyPA "Direct URL Origin").

The package has no name in any registry. If a hint named one, users would install whatever somebody registers under it. So
hints name what was installed: the clone, the wheel, or the repository.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_DISTRIBUTION = "kubectl-oidc"
KINDS = BUNDLE, LAUNCHER, PURE, CHECKOUT = (
    "bundle",
    "wheel with launcher",
    "wheel without launcher",
    "checkout",
)
_PACKAGE = Path(__file__).resolve().parent.parent
AGAIN = "reinstall this program from its source"
"""The hint if the origin is not known."""


def installed_as(package: Path = _PACKAGE) -> str:
    """Return how the program was installed: one of KINDS.

    Args:
        package: The package's directory. The installed distribution's records are next to it (PyPA "Recording installed
            projects" and "Binary distribution format").
    """
    for record in package.parent.glob("kubectl_oidc-*.dist-info"):
        if _text(record / "INSTALLER").strip() == BUNDLE:
            return BUNDLE
        return PURE if "Root-Is-Purelib: true" in _text(record / "WHEEL") else LAUNCHER
    return CHECKOUT


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _record(name: str) -> str:
    """Return what the installer recorded in a file; empty if nothing."""
    from importlib.metadata import PackageNotFoundError, distribution  # `version` needs none of it

    try:
        return distribution(_DISTRIBUTION).read_text(name) or ""
    except (PackageNotFoundError, OSError, ValueError):
        return ""


def _origin() -> dict[str, Any]:
    """Return the recorded origin ("Direct URL Data Structure"); empty if there is none."""
    try:
        recorded = json.loads(_record("direct_url.json") or "{}")
    except ValueError:
        return {}
    return recorded if isinstance(recorded, dict) else {}


def installed_from() -> str:
    """Return the path or repository that this program was installed from; empty if it is not known or does not exist now."""
    recorded = _origin()
    try:
        url = str(recorded.get("url") or "")
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme == "file" and not parts.netloc:
        from urllib.request import url2pathname

        path = url2pathname(parts.path)
        return path if Path(path).exists() else ""
    vcs = recorded.get("vcs_info")
    if isinstance(vcs, dict) and parts.scheme == "https" and not parts.username and not parts.query:
        return f"{vcs.get('vcs')}+{url}@{vcs.get('commit_id')}"
    return ""


def reinstall_hint(extra: str = "") -> str:
    """Return a hint with the command that installs this program again, with an extra such as ``demo`` if given."""
    from .shell import one_line

    known = installed_from()
    brackets = f"[{extra}]" if extra else ""
    with_extra = f", with the extra {extra}" if extra else ""
    what = f"{known or 'PATH'}{brackets}"
    if "+" in known.partition(":")[0]:
        what = f"{_DISTRIBUTION}{brackets} @ {known}"
    where = "" if known else ", where PATH is the clone or the wheel"
    return f"{AGAIN}{with_extra}: `{one_line([*_installing(), what])}`{where}"


def _installing() -> list[str]:
    """Return the command that installs into this environment, without what it installs.

    pipx and uv leave a file of their own in the environments that they make for programs.
    """
    environment = Path(sys.prefix)
    if (environment / "pipx_metadata.json").exists():
        command = ["pipx", "install", "--force"]
    elif (environment / "uv-receipt.toml").exists():
        command = ["uv", "tool", "install", "--force"]
    elif _record("INSTALLER").strip() == "uv":  # its environments have no pip
        command = ["uv", "pip", "install", "--python", sys.executable]
    else:
        command = [sys.executable, "-m", "pip", "install"]
    directory = _origin().get("dir_info")
    editable = isinstance(directory, dict) and directory.get("editable") is True
    return [*command, "--editable"] if editable else command
