"""Paths that flags name: ``~`` is expanded, as kubelogin does."""

from __future__ import annotations

from pathlib import Path

from kubectl_oidc.errors import UsageError
from kubectl_oidc.text import sanitize


def expanded(flag: str, name: str | Path) -> Path:
    """Return the path that a flag names; ``~`` or ``~USER`` at its beginning is a home directory.

    Raises:
        UsageError: That home directory is not known here.
    """
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{flag} {sanitize(name)} begins with an unknown home directory",
            f"give {flag} an absolute path",
        ) from None
