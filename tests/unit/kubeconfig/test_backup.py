"""Copies of the old kubeconfig."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

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
