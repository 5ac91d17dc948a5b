"""``disk``: private files, replaced whole or not at all; files of others are not touched."""

from __future__ import annotations

import os
import signal
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import StoreError
from kubectl_oidc.sessions.stores.disk import DiskStore
from kubectl_oidc.system import private_files
from tests.arbitrary import examples
from tests.sessions import as_an_ordinary_user, begin, no_room, posix_only

if TYPE_CHECKING:
    from collections.abc import Callable

ID = "0123456789abcdef" * 2
SOMEBODY = 12_345  # a user id that is not ours

pytestmark = posix_only


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a cache directory that does not exist yet."""
    return tmp_path / "cache" / "oidc-login"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return a file of another program, which must not change."""
    path = tmp_path / "target"
    path.write_bytes(b"untouched")
    path.chmod(0o644)
    return path


def state(path: Path) -> tuple[bytes, int, int]:
    """Return what must not change about a file: content, mode, time."""
    status = path.stat()
    return path.read_bytes(), status.st_mode, status.st_mtime_ns


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def need_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to give files to another user")


def test_a_record_is_kept_replaced_and_removed(base: Path) -> None:
    """What is saved is loaded by another process's store; a missing record is None, and not an error to delete."""
    store = DiskStore(base)
    assert store.load(ID) is None
    assert not store.delete(ID)
    for record in (b"old", b"new" * 10_000, b""):
        store.save(ID, record)
        assert DiskStore(base).load(ID) == record
    assert store.load("f" * 32) is None
    assert store.delete(ID)
    assert store.load(ID) is None
    assert list((base / "tokens").iterdir()) == []


@given(record=st.binary(max_size=300))
@examples(25)
def test_any_bytes_come_back(record: bytes) -> None:
    """A record is bytes: nothing in it is translated or stripped."""
    store = DiskStore(Path.cwd() / "cache")
    store.save(ID, record)
    assert store.load(ID) == record


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_modes_are_private_whatever_the_umask(base: Path, umask: int) -> None:
    """Files are 0600 and every directory that is made is 0700, those above ours too."""
    before = os.umask(umask)
    try:
        DiskStore(base).save(ID, b"record")
    finally:
        os.umask(before)
    places = [base.parent, base, base / "tokens", base / "tokens" / ID]
    assert [oct(mode(place)) for place in places] == ["0o700", "0o700", "0o700", "0o600"]


@pytest.mark.parametrize("wide", [0o750, 0o755, 0o711, 0o500])
def test_a_cache_directory_that_others_can_read_is_made_private(base: Path, wide: int) -> None:
    """Our own directory is brought to 0700 before anything is put there."""
    (base / "tokens").mkdir(parents=True)
    (base / "tokens").chmod(wide)
    DiskStore(base).save(ID, b"record")
    assert mode(base / "tokens") == 0o700
    assert DiskStore(base).load(ID) == b"record"


@pytest.mark.parametrize("which", [".", "tokens"])
@pytest.mark.parametrize("wide", [0o720, 0o702, 0o777])
def test_a_directory_that_others_can_write_to_is_refused(base: Path, which: str, wide: int) -> None:
    """Nothing is written there and no file in it is trusted."""
    DiskStore(base).save(ID, b"record")
    (base / which).chmod(wide)
    with pytest.raises(StoreError) as caught:
        DiskStore(base).save(ID, b"other")
    assert caught.value.topic == "cache-directory"
    assert "chmod 700" in caught.value.hint
    assert mode(base / which) == wide, "and it is left as it is"
    assert (base / "tokens" / ID).read_bytes() == b"record"
    if which == "tokens":
        assert DiskStore(base).load(ID) is None


@pytest.mark.parametrize("which", [".", "tokens"])
def test_a_directory_of_somebody_else_is_refused(base: Path, which: str) -> None:
    """A foreign owner could change the files in it."""
    need_root()
    DiskStore(base).save(ID, b"record")
    os.chown(base / which, SOMEBODY, SOMEBODY)
    with pytest.raises(StoreError) as caught:
        DiskStore(base).save(ID, b"other")
    assert caught.value.topic == "cache-directory"
    assert (base / "tokens" / ID).read_bytes() == b"record"
    if which == "tokens":
        assert DiskStore(base).load(ID) is None


def test_root_leaves_no_files_in_another_person_s_home(tmp_path: Path) -> None:
    """Under sudo with the user's HOME, root creates no file in the user's home."""
    need_root()
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, SOMEBODY, SOMEBODY)
    with pytest.raises(StoreError) as caught:
        DiskStore(theirs / ".kube" / "cache").save(ID, b"record")
    assert caught.value.topic == "cache-directory"
    assert list(theirs.iterdir()) == []


def _symlink(path: Path, target: Path) -> None:
    path.symlink_to(target)


def _dangling(path: Path, target: Path) -> None:
    path.symlink_to(target.with_name("absent"))


def _hard_link(path: Path, target: Path) -> None:
    path.hardlink_to(target)


def _fifo(path: Path, _target: Path) -> None:
    os.mkfifo(path, 0o600)


def _foreign(path: Path, _target: Path) -> None:
    need_root()
    path.write_bytes(b"planted")
    path.chmod(0o600)
    os.chown(path, SOMEBODY, SOMEBODY)


def _wide(path: Path, _target: Path) -> None:
    path.write_bytes(b"planted")
    path.chmod(0o604)


def _readable_by_the_group(path: Path, _target: Path) -> None:
    path.write_bytes(b"planted")
    path.chmod(0o640)


def _device(path: Path, _target: Path) -> None:
    path.symlink_to("/dev/zero")


PLANTED = [_symlink, _dangling, _hard_link, _fifo, _foreign, _wide, _readable_by_the_group, _device]


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.timeout(10)
def test_a_file_that_others_can_use_is_treated_as_missing_and_replaced(
    base: Path, target: Path, plant: Callable[[Path, Path], None]
) -> None:
    """It is not read, and a FIFO is not waited for. A new file replaces it, and the target of a link does not change."""
    private_files.ensure_directory(base, "tokens")
    place = base / "tokens" / ID
    before = state(target)
    plant(place, target)
    store = DiskStore(base)

    assert store.load(ID) is None
    store.save(ID, b"record")

    assert store.load(ID) == b"record"
    assert stat.S_ISREG(place.lstat().st_mode)
    assert (mode(place), place.stat().st_uid, place.stat().st_nlink) == (0o600, os.geteuid(), 1)
    assert state(target) == before
    assert not target.with_name("absent").exists()


@pytest.mark.parametrize("plant", PLANTED)
def test_removing_a_link_leaves_its_target(
    base: Path, target: Path, plant: Callable[[Path, Path], None]
) -> None:
    """Only the name in the cache directory is removed."""
    private_files.ensure_directory(base, "tokens")
    before = state(target)
    plant(base / "tokens" / ID, target)
    assert DiskStore(base).delete(ID)
    assert list((base / "tokens").iterdir()) == []
    assert state(target) == before


def test_a_directory_where_the_record_should_be_is_an_error_and_stays(base: Path) -> None:
    """A directory of that name is treated as missing when read, and is an error when written or removed."""
    (private_files.ensure_directory(base, "tokens") / ID / "inner").mkdir(parents=True)
    store = DiskStore(base)
    assert store.load(ID) is None
    with pytest.raises(StoreError, match=ID):
        store.save(ID, b"record")
    with pytest.raises(StoreError, match=ID):
        store.delete(ID)
    assert [path.name for path in (base / "tokens").iterdir()] == [ID]
    assert (base / "tokens" / ID / "inner").is_dir()


def test_another_thing_where_our_directory_should_be_is_refused(base: Path, target: Path) -> None:
    """A symlink to a directory, a file or a FIFO in its place: refused and left, and what it leads to is not used."""
    elsewhere = base.parent.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    private_files.ensure_directory(base)
    for plant in (lambda p: p.symlink_to(elsewhere), lambda p: p.symlink_to(target), os.mkfifo, Path.touch):
        place = base / "tokens"
        plant(place)
        planted = place.lstat()
        with pytest.raises(StoreError, match=str(place)):
            DiskStore(base).save(ID, b"record")
        assert place.lstat() == planted
        assert list(elsewhere.iterdir()) == []
        place.unlink()


def test_a_file_where_the_cache_directory_should_be_is_an_error(base: Path) -> None:
    """The error names it, and it does not change."""
    base.parent.mkdir()
    base.write_bytes(b"a file")
    for name in ("tokens", ""):
        with pytest.raises(StoreError, match=str(base)):
            private_files.ensure_directory(base, name)
    assert base.read_bytes() == b"a file"
    assert DiskStore(base).load(ID) is None
    assert not DiskStore(base).delete(ID)


def test_the_cache_directory_itself_may_be_a_symlink_of_the_person_s(base: Path, tmp_path: Path) -> None:
    """~/.kube may be on another disk. A dangling link is an error."""
    base.parent.mkdir()
    base.symlink_to(tmp_path / "other-disk")
    with pytest.raises(StoreError, match=str(base)):
        DiskStore(base).save(ID, b"record")
    (tmp_path / "other-disk").mkdir(mode=0o700)
    DiskStore(base).save(ID, b"record")
    assert (tmp_path / "other-disk" / "tokens" / ID).read_bytes() == b"record"


def test_a_directory_that_cannot_be_written_is_an_error_with_a_remedy() -> None:
    """Read-only or another user's: StoreError names the directory and the flag, and the old record stays."""

    def work(home: Path) -> tuple[str, str, str, bytes | None]:
        store = DiskStore(home / "cache")
        store.save(ID, b"old")
        (home / "locked").mkdir(mode=0o500)
        with pytest.raises(StoreError) as missing:
            DiskStore(home / "locked" / "cache").save(ID, b"record")
        with pytest.raises(StoreError) as foreign:
            DiskStore(Path("/")).save(ID, b"record")
        (home / "cache").chmod(0o500)
        store.save(ID, b"its own directory can be written")
        return missing.value.message, missing.value.hint, foreign.value.topic, store.load(ID)

    missing, hint, foreign, kept = as_an_ordinary_user(work)
    assert "locked" in missing
    assert "--token-cache-dir" in hint
    assert foreign == "cache-directory"
    assert kept == b"its own directory can be written"


def test_a_full_disk_leaves_the_old_record_and_no_fragment(base: Path) -> None:
    """Writing fails half-way: StoreError with a remedy, the old record whole, nothing else in the directory."""
    store = DiskStore(base)
    store.save(ID, b"old")
    with no_room(), pytest.raises(StoreError) as caught:
        store.save(ID, b"new" * 10_000)
    assert caught.value.topic == "cache-directory"
    assert store.load(ID) == b"old"
    assert [path.name for path in (base / "tokens").iterdir()] == [ID]


def test_a_record_of_absurd_length_is_a_miss(base: Path) -> None:
    """A file beyond the limit is not read into memory."""
    store = DiskStore(base)
    store.save(ID, b"record")
    os.truncate(base / "tokens" / ID, private_files.FILE_LIMIT + 1)
    assert store.load(ID) is None


def test_kill_while_storing_leaves_the_old_record_or_the_new_one(base: Path) -> None:
    """A writer is killed again and again: a whole record is always loaded, and a purge removes what the writer left behind."""
    records = [bytes([letter]) * 300_000 for letter in b"ab"]
    store = DiskStore(base)
    store.save(ID, records[0])

    def write_on() -> None:
        while True:
            for record in records:
                store.save(ID, record)

    for delay in (0.003, 0.006, 0.009, 0.013, 0.02, 0.03):
        child = begin(write_on)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert store.load(ID) in records
        assert private_files.private_file_names(base / "tokens") == [ID], "what is half written is no record"
    store.save(ID, b"last")
    assert store.load(ID) == b"last"
    (base / "tokens" / f".{ID}.0123456789abcdef").write_bytes(b"half a rec")
    (base / "tokens" / f".{'f' * 32}.0123456789abcdef").write_bytes(b"another session's")
    store.delete(ID)
    assert [path.name for path in (base / "tokens").iterdir()] == [f".{'f' * 32}.0123456789abcdef"]


def test_a_missing_directory_has_no_names(base: Path) -> None:
    """Listing makes nothing and fails on nothing."""
    assert private_files.private_file_names(base / "tokens") == []
    assert private_files.private_file_names(base / "tokens" / "file") == []
    assert not base.exists()
