"""The account's own home directory, whatever HOME says: which cache directory is the one that all of a person's programs share.

A session's identity has every other cache directory in it, so that what is cached under one HOME is never handed out under
another.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path


def identity(cache_dir: Path) -> str:
    """Return what tells a cache directory from others: empty for the default one of the account's own home, else its path.

    Args:
        cache_dir: The cache directory.
    """
    home = account_home()
    # With links resolved to compare, not to name: the path is what it was in version 1.0.0.
    if home is not None and _real(home / ".kube" / "cache" / "oidc-login") == _real(cache_dir):
        return ""
    return os.path.normcase(os.path.abspath(cache_dir))  # noqa: PTH100 - without links; on Windows without capital letters


def account_home() -> Path | None:
    """Return the home directory that the user database names; None where it has no such user, as in some containers."""
    if sys.platform == "win32":
        import ctypes

        profile = 0x28  # CSIDL_PROFILE, which USERPROFILE does not move (SHGetFolderPathW)
        buffer = ctypes.create_unicode_buffer(260)
        with contextlib.suppress(OSError, AttributeError):
            failed = ctypes.windll.shell32.SHGetFolderPathW(None, profile, None, 0, buffer)
            return None if failed or not buffer.value else Path(buffer.value)
        return None
    import pwd

    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return None
    return Path(home) if os.path.isabs(home) else None  # noqa: PTH117 - of a text


def _real(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))
