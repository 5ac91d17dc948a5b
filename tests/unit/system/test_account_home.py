"""Which cache directory is that of the account's own home, whatever HOME says."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from kubectl_oidc.system import account_home
from tests import windows

posix = pytest.mark.skipif(sys.platform == "win32", reason="asks the user database")


def of(home: Path) -> str:
    return account_home.cache_dir_identity(home / ".kube" / "cache" / "oidc-login")


@posix
def test_the_default_directory_of_the_account_is_nobody_elses(home: Path, tmp_path: Path) -> None:
    """HOME does not make it so, and a link that leads there is the same; every other is named by its path."""
    import pwd

    own = Path(pwd.getpwuid(os.geteuid()).pw_dir)
    assert account_home.account_home() == own
    assert of(own) == ""
    (tmp_path / "link").symlink_to(own)
    assert of(tmp_path / "link") == ""
    assert of(home) == str(home / ".kube" / "cache" / "oidc-login")
    assert account_home.cache_dir_identity(own / ".kube" / "cache") == str(own / ".kube" / "cache")


@posix
def test_a_relative_directory_is_named_by_its_path() -> None:
    """As in version 1.0.0: whichever way it is written, one session."""
    assert account_home.cache_dir_identity(Path("elsewhere")) == str(Path.cwd() / "elsewhere")
    assert account_home.cache_dir_identity(Path("a/../elsewhere")) == str(Path.cwd() / "elsewhere")


def test_windows_is_asked_for_the_profile() -> None:
    """SHGetFolderPathW says where it is; USERPROFILE does not."""
    windows.run(
        "import ctypes, types\n"
        "from kubectl_oidc.system import account_home\n"
        "def answer(window, kind, token, flags, buffer):\n"
        "    assert kind == 0x28\n"
        "    buffer.value = '/c/Users/ada'\n"
        "    return 0\n"
        "ctypes.windll = types.SimpleNamespace(shell32=types.SimpleNamespace(SHGetFolderPathW=answer))\n"
        "assert str(account_home.account_home()) == '/c/Users/ada'\n"
        "ctypes.windll.shell32.SHGetFolderPathW = lambda *_: 1\n"
        "assert account_home.account_home() is None\n"
    )
