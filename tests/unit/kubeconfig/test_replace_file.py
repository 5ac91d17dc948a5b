"""A file that is replaced, or written in place where no rename is possible: whole, or its content is in a backup."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.kubeconfig.replace_file import replace_file
from tests.sessions import as_an_ordinary_user, begin, posix_only

if TYPE_CHECKING:
    from collections.abc import Iterator


@posix_only
@pytest.mark.parametrize("written", [0, 4])
def test_a_crash_in_the_middle_of_a_write_in_place_loses_nothing(tmp_path: Path, written: int) -> None:
    """Where no rename is possible the whole new content is in a backup of the owner's until the file has it."""
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
    """Have a directory of root's with the sticky bit."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o1777)
    yield directory
    shutil.rmtree(directory)


@posix_only
def test_a_file_of_another_owner_is_written_in_place(shared: Path) -> None:
    """One that we may write, in a directory such as /tmp: it keeps its owner, and no rename would be allowed."""
    path = shared / "config"
    path.write_text("theirs\n")
    path.chmod(0o666)
    before = path.stat()
    as_an_ordinary_user(lambda _home: replace_file(path, b"a little longer\n", before))
    assert path.read_bytes() == b"a little longer\n"
    assert (path.stat().st_ino, path.stat().st_uid) == (before.st_ino, before.st_uid)
    assert [each.name for each in shared.iterdir()] == ["config"]
