"""The account's home directory from the user database, not from HOME, and the identity of a cache directory.

The default cache directory in that home is shared by all programs of the user. Any other cache directory is part of a
session's identity, so that a session cached under one HOME is never used under another.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path


def cache_dir_identity(cache_dir: Path) -> str:
    """Return a cache directory's part of a session's identity: empty for the account's default one, else its path."""
    home = account_home()
    # Links are resolved to compare, but not in the result: session ids of version 1.0.0 contain the path as given.
    if home is not None and _real(home / ".kube" / "cache" / "oidc-login") == _real(cache_dir):
        return ""
    return os.path.normcase(os.path.abspath(cache_dir))  # noqa: PTH100 - resolves no links; lower case on Windows


def account_home() -> Path | None:
    """Return the home directory in the user database; None if it does not have this user, as in some containers."""
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
