"""A file is replaced in one step, or written in place if no rename is possible; its content is never lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.kubeconfig.replace_file import KubeconfigChanged, replace_file
from tests import parts
from tests.sessions import as_an_ordinary_user, begin, posix_only
from tests.unit.kubeconfig.kubeconfig_files import (
    KEPT,
    POSIX,
    names_in,
    put,
    user_in,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@posix_only
@pytest.mark.parametrize("written", [0, 4])
def test_a_crash_in_the_middle_of_a_write_in_place_loses_nothing(tmp_path: Path, written: int) -> None:
    """If no rename is possible, the complete new content is in a backup until the file has it."""
    path = tmp_path / "config"
    path.write_text("the old content, which is longer\n")

    def crash() -> None:
        def busy(*_: object, **__: object) -> None:
            raise OSError(16, "Device or resource busy")

        sync = os.fsync

        def part(fd: Any) -> None:
            if os.path.samestat(os.fstat(fd), path.stat()):
                os.ftruncate(fd, written)
                os._exit(9)
            sync(fd)

        os.replace, os.fsync = busy, part
        replace_file(path, b"the new content\n", path.stat())

    os.waitpid(begin(crash), 0)
    assert path.read_bytes() != b"the new content\n"
    (backup,) = tmp_path.glob("config.backup-*")
    assert backup.read_bytes() == b"the new content\n"
    assert backup.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def shared() -> Iterator[Path]:
    """Return a directory of root with the sticky bit."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o1777)
    yield directory
    shutil.rmtree(directory)


@posix_only
def test_a_file_of_another_owner_is_written_in_place(shared: Path) -> None:
    """In a directory such as /tmp it may be written, but not renamed over; it keeps its owner."""
    path = shared / "config"
    path.write_text("theirs\n")
    path.chmod(0o666)
    before = path.stat()
    as_an_ordinary_user(lambda _home: replace_file(path, b"a little longer\n", before))
    assert path.read_bytes() == b"a little longer\n"
    assert (path.stat().st_ino, path.stat().st_uid) == (before.st_ino, before.st_uid)
    assert [each.name for each in shared.iterdir()] == ["config"]


@pytest.mark.skipif(not POSIX, reason="symbolic links and FIFOs as POSIX has them")
def test_a_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    """Its target is replaced, and backed up next to it."""
    target = write(tmp_path / "dotfiles" / "kube", KEPT)
    link = tmp_path / "config"
    link.symlink_to(target)
    change = put(link)

    assert link.is_symlink()
    assert change.backup is not None
    assert change.backup.parent == target.parent
    assert user_in(target)["exec"]["command"] == "kubectl-oidc_login"


@pytest.mark.skipif(not POSIX, reason="RLIMIT_FSIZE is POSIX")
def test_a_full_disk_leaves_the_file_unchanged(tmp_path: Path) -> None:
    """No temporary file stays."""
    path = write(tmp_path / "config", KEPT)
    program = (
        "import resource, signal, sys; from pathlib import Path; from tests.unit.kubeconfig.kubeconfig_files import put\n"
        "from kubectl_oidc.errors import KubeconfigError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
        "try:\n    put(Path(sys.argv[1]))\nexcept KubeconfigError as error:\n    print(error.message)\n"
    )
    for limit in (16, len(KEPT) + 16):  # the backup fails, or the new file
        command = [sys.executable, "-c", program, str(path), str(limit)]
        done = subprocess.run(
            command, cwd=parts.REPOSITORY, capture_output=True, check=True, encoding="utf-8"
        )

        assert f"{path}: File too large" in done.stdout
        assert path.read_bytes() == KEPT.encode()
        assert not (tmp_path / "config.lock").exists()
        assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".config")]


@pytest.mark.skipif(not POSIX or os.geteuid() != 0, reason="only root can write other people's files")
def test_root_leaves_the_file_to_its_owner(tmp_path: Path) -> None:
    """With sudo, the file and the backup still belong to the user."""
    path = write(tmp_path / "config", KEPT)
    os.chown(path, 65534, 65534)
    change = put(path)

    assert change.backup is not None
    assert [(p.stat().st_uid, p.stat().st_gid) for p in (path, change.backup)] == [(65534, 65534)] * 2


def test_a_change_by_an_editor_is_not_overwritten(tmp_path: Path) -> None:
    """Editors do not use the lock."""
    path = write(tmp_path / "config", KEPT)
    before = path.stat()
    path.write_text("theirs\n", encoding="utf-8")

    with pytest.raises(KubeconfigChanged):
        replace_file(path, b"ours\n", before)
    assert path.read_text(encoding="utf-8") == "theirs\n"
    assert names_in(tmp_path) == ["config", "home", "work"]
