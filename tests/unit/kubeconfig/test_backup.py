"""Copies of the old kubeconfig."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.kubeconfig.backup import BACKUPS, backed_up
from kubectl_oidc.kubeconfig.replace_file import KubeconfigChanged
from tests import windows
from tests.unit.kubeconfig.kubeconfig_files import (
    KEPT,
    POSIX,
    names_in,
    put,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_the_backup_is_next_to_the_file_whose_mode_stays(tmp_path: Path) -> None:
    """The backup is the old file, byte for byte, readable only by its owner."""
    path = write(tmp_path / "config", KEPT, mode=0o640)
    change = put(path)

    assert change.action == "added"
    assert change.backup is not None
    assert change.backup.parent == tmp_path
    assert change.backup.name.startswith("config.backup-")
    assert change.backup.read_bytes() == KEPT.encode()
    assert names_in(tmp_path) == ["config", change.backup.name, "home", "work"]
    if POSIX:
        assert stat.S_IMODE(change.backup.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert change.readable_by_others


def test_two_backups_of_one_second_do_not_collide(tmp_path: Path) -> None:
    """Each change keeps its own backup."""
    path = write(tmp_path / "config", KEPT)
    backups = {put(path, name=f"u{number}").backup for number in range(3)}

    assert len(backups) == 3


@pytest.mark.parametrize("error", [PermissionError(13, "Access is denied"), KubeconfigChanged("x", "y")])
def test_a_change_that_fails_leaves_no_copy(tmp_path: Path, error: Exception) -> None:
    """The file is as it was, so its copy is of no use; and no older copy is removed for it."""
    path = write(tmp_path / "config", KEPT)
    for number in range(BACKUPS):
        put(path, name=f"u{number}")
    before = names_in(tmp_path)
    with pytest.raises(type(error)), backed_up(path, path.stat()):
        raise error
    assert names_in(tmp_path) == before


def test_a_file_that_was_changed_in_part_keeps_its_copy(tmp_path: Path) -> None:
    """Only the copy has the old content."""
    path = write(tmp_path / "config", KEPT)

    def cut() -> None:
        path.write_text("apiV", encoding="utf-8")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"), backed_up(path, path.stat()):
        cut()
    (backup,) = tmp_path.glob("config.backup-*")
    assert backup.read_bytes() == KEPT.encode()


@pytest.mark.skipif(sys.platform != "linux", reason="the real thing is tested by the other tests")
def test_on_windows_a_kubeconfig_that_another_program_has_open_is_named_so(tmp_path: Path) -> None:
    """Nobody looks for an owner or for space; the file is unchanged, and nothing is left next to it."""
    path = write(tmp_path / "config", KEPT)
    script = (
        "import os, sys\n"
        "from tests.unit.kubeconfig.kubeconfig_files import put\n"
        "from kubectl_oidc.errors import KubeconfigError\n"
        "from kubectl_oidc.system.files_in_use import explain\n"
        "from pathlib import Path\n"
        "path, real = Path(sys.argv[1]), os.open\n"
        "def guarded(name, flags, *more, **other):\n"
        "    if os.fspath(name) == os.fspath(path) and flags & os.O_WRONLY:\n"
        "        raise PermissionError(13, 'Permission denied', name)\n"
        "    return real(name, flags, *more, **other)\n"
        "os.open = guarded\n"
        "with path.open('rb'):\n"
        "    try: put(path)\n"
        "    except KubeconfigError as error: print(error.hint.startswith(explain(PermissionError(13), 'look for the owner')[1]))\n"
    )
    assert windows.run(script, str(path)).split() == ["True"]
    assert path.read_bytes() == KEPT.encode()
    assert names_in(tmp_path) == ["config", "home", "work"]
