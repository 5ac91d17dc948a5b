"""Purge: a session is removed from every place, nothing else changes, and nothing brings it back."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.fast_path import credential, kernel_keyring, known_command
from kubectl_oidc.fast_path.kernel_keyring import CREDENTIAL
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions import known_commands
from kubectl_oidc.sessions.lost_sessions import lost_sessions
from kubectl_oidc.sessions.purge import Purged, known_sessions, purge_session
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.sessions.stores.disk import DiskStore
from kubectl_oidc.sessions.stores.kernel import KernelStore
from kubectl_oidc.sessions.stores.os_keyring import KeyringStore
from kubectl_oidc.sessions.write_lock import writing
from kubectl_oidc.system.log import QUIET
from tests.keyrings import Failing, WindowsLike, the_os_keyring
from tests.plugin import run_plugin
from tests.sessions import (
    CLIENT,
    ISSUER,
    cache,
    kept,
    key,
    linux_only,
    no_room,
    not_on_windows,
    posix_only,
    remembered,
    repository,
    session,
    words_of,
)

if TYPE_CHECKING:
    from kubectl_oidc.sessions.session_key import SessionKey
    from kubectl_oidc.sessions.stores.index import Entry

NOW = int(time.time())

pytestmark = pytest.mark.usefixtures("no_os_keyring")


def files() -> dict[str, bytes]:
    """Return every file under the cache directory but locks, which hold nothing."""
    return {
        path.relative_to(cache()).as_posix(): path.read_bytes()
        for path in cache().rglob("*")
        if path.is_file() and path.parent.name != "locks"
    }


def signed_in(one: SessionKey, storage: str = "disk") -> str:
    """Have a session with everything that belongs to it, and return its id."""
    kept(repository(one, storage), session(one))
    remembered(repository(one, storage), words_of(one), storage)
    return one.id()


def test_a_purged_session_is_gone_from_every_file() -> None:
    """Record, credential, entry, what is remembered of commands, and what a killed writer left behind."""
    session_id = signed_in(key())
    (cache() / "tokens" / f".{session_id}.0123456789abcdef").write_bytes(b"half a rec")
    assert len(files()) == 5
    purged = purge_session(session_id, cache())
    assert files() == {}
    assert (purged.person, purged.issuer) == ("alice@example.com", ISSUER)
    assert purged.places == (str(cache() / "tokens"),)
    assert purged.failures == ()
    assert known_command.find_known_command(words_of(key())) is None
    assert repository(key()).load() is None


@linux_only
def test_a_purged_session_is_gone_from_the_kernel_keyring(own_key: SessionKey) -> None:
    """Record and credential, and on disk its index entry and known commands."""
    session_id = signed_in(own_key, "kernel")
    purged = purge_session(session_id, cache())
    assert purged.places == (KernelStore().where(),)
    assert KernelStore().load(session_id) is None
    assert kernel_keyring.read_key(CREDENTIAL + session_id) is None
    assert files() == {}


def test_everything_else_stays() -> None:
    """Another session, foreign files in the same directories and kubelogin's files do not change."""
    signed_in(key(name="other"))
    for name in ("README", "sessions/note.txt", "tokens/mine", "words/mine", "f" * 64):
        (cache() / name).write_bytes(b"mine")
    before = files()
    purge_session(signed_in(key()), cache())
    assert files() == before


def test_a_session_that_is_not_there_is_purged_from_nowhere() -> None:
    """No place, no failure, and only a lock file is created."""
    purged = purge_session(key().id(), cache())
    assert (purged.places, purged.failures, purged.person) == ((), (), "")
    assert files() == {}


@linux_only
def test_without_an_entry_the_session_is_looked_for_everywhere(own_key: SessionKey) -> None:
    """If the index was lost, disk and kernel keyring are searched."""
    signed_in(own_key, "kernel")
    DiskStore(cache()).save(own_key.id(), session(own_key).record())
    index.remove_entries(cache(), own_key.id())
    assert set(purge_session(own_key.id(), cache()).places) == {
        KernelStore().where(),
        str(cache() / "tokens"),
    }
    assert KernelStore().load(own_key.id()) is None
    assert files() == {}


@linux_only
def test_a_copy_in_another_store_goes_too(own_key: SessionKey) -> None:
    """A copy that stayed when the session moved still holds tokens."""
    signed_in(own_key, "kernel")
    DiskStore(cache()).save(own_key.id(), session(own_key).record())
    purge_session(own_key.id(), cache())
    assert files() == {}
    assert KernelStore().load(own_key.id()) is None


def test_a_purge_waits_for_the_lock_only_as_long_as_its_patience() -> None:
    """If a refresh does not end, everything is removed anyway, and a tombstone with a higher generation stays."""
    session_id = signed_in(key())
    with repository(key()).lock() as lock:
        assert lock.try_acquire()
        began = time.monotonic()
        purged = purge_session(session_id, cache(), patience=0.2)
        assert 0.15 < time.monotonic() - began < 3
    assert purged.places == (str(cache() / "tokens"),)
    assert list(files()) == [f"sessions/{session_id}.json"]
    entry = index.read_entry(cache(), session_id)
    assert entry is not None
    assert entry.generation > 1 + 1, "what the refresh will bring is older"
    assert (entry.person, entry.storage) == ("", "")
    assert known_sessions(cache()) == [], "the mark is no session"


def test_what_cannot_be_removed_is_reported_and_never_used_again() -> None:
    """The failure is reported; the entry stays, with a generation that the copy does not have."""
    session_id = signed_in(key())
    (cache() / "tokens" / session_id).unlink()
    (cache() / "tokens" / session_id).mkdir()
    purged = purge_session(session_id, cache())
    (failure,) = purged.failures
    assert str(cache() / "tokens" / session_id) in failure.message
    assert credential.read_credential(session_id, "disk", str(cache())) is None, "the rest is removed"
    assert known_sessions(cache()) == [session_id], "and a later purge knows where to look"
    (cache() / "tokens" / session_id).rmdir()
    DiskStore(cache()).save(session_id, session(key()).record())
    assert repository(key()).load() is None


@linux_only
def test_a_session_that_moves_while_the_purge_waits_is_found(own_key: SessionKey) -> None:
    """The index is read again after the lock is acquired: the session is in another store now."""
    session_id = signed_in(own_key)
    purged: list[Purged] = []
    purge = Thread(target=lambda: purged.append(purge_session(session_id, cache(), patience=20)))
    moving = repository(own_key, "kernel")
    with repository(own_key).lock() as lock:
        assert lock.try_acquire()
        purge.start()
        kept(moving, session(own_key, generation=moving.index_entry.next_generation(session(own_key))))
    purge.join()
    assert [one.places for one in purged] == [(KernelStore().where(),)]
    assert KernelStore().load(session_id) is None
    assert files() == {}


def test_a_keyring_that_holds_the_session_and_fails_is_reported() -> None:
    """Locked or gone: the failure is reported, the entry stays for a later purge, which then succeeds."""
    place = WindowsLike()
    with the_os_keyring(place):
        session_id = kept(repository(key(), "keyring", {"CI": "true"}), session(key())).session_id
    for keyring in (Failing(RuntimeError("locked")), None):
        with the_os_keyring(keyring):
            purged = purge_session(session_id, cache())
        assert purged.places == ()
        assert [failure.topic for failure in purged.failures] == ["os-keyring"]
        assert known_sessions(cache()) == [session_id]
    with the_os_keyring(place):
        assert repository(key(), "keyring").load() is None, "it is not used meanwhile"
        purged = purge_session(session_id, cache())
    assert purged.places == (KeyringStore(place).where(),)
    assert purged.failures == ()
    assert (place.kept, files()) == ({}, {})


@not_on_windows("the system itself says where temporary files are")
def test_without_any_lock_everything_is_removed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """If no directory can hold a lock, nothing is refreshed either. The tombstone stays."""
    session_id = signed_in(key())
    (cache() / "file").write_text("not a directory")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(cache() / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(cache() / "file"))
    known_commands.forget_commands(session_id)
    purged = purge_session(session_id, cache())
    assert purged.places == (str(cache() / "tokens"),)
    assert set(files()) == {"file", f"sessions/{session_id}.json"}
    assert known_sessions(cache()) == []


def test_a_purge_that_cannot_get_the_write_lock_reports_it() -> None:
    """Another process keeps the write lock: everything else is removed, and the error says that the session may be stored again."""
    session_id = signed_in(key())
    before = index.read_entry(cache(), session_id)
    with writing(cache(), session_id):
        purged = purge_session(session_id, cache(), write_patience=0.2)
    assert purged.places == (str(cache() / "tokens"),)
    (failure,) = purged.failures
    assert failure.topic == "purge"
    assert str(os.getpid()) in failure.message
    assert index.read_entry(cache(), session_id) == before, "the index is not changed without the lock"
    assert purge_session(session_id, cache()).failures == ()
    assert files() == {}


@posix_only
def test_a_purge_that_cannot_leave_a_tombstone_reports_it() -> None:
    """Another process holds the session's lock, and the disk is full."""
    session_id = signed_in(key())
    with repository(key()).lock() as lock:
        assert lock.try_acquire()
        with no_room():
            purged = purge_session(session_id, cache(), patience=0)
    assert [failure.topic for failure in purged.failures] == ["purge"]
    assert repository(key()).load() is None
    assert purge_session(session_id, cache()).failures == ()


@linux_only
def test_a_session_that_the_index_has_lost_is_buried_too(own_key: SessionKey) -> None:
    """A refresh has read it before and is in flight: its tokens are older than the tombstone."""
    session_id = signed_in(own_key, "kernel")
    whole = KernelStore().load(session_id)
    one = repository(own_key, "kernel")
    index.remove_entries(cache(), session_id)
    read = one.load()
    assert read is not None
    assert whole
    with one.lock() as lock:
        assert lock.try_acquire()
        generation = one.index_entry.next_generation(read)
        purged = purge_session(session_id, cache(), patience=0.05)
        assert (purged.person, purged.places) == ("alice@example.com", (KernelStore().where(),))
        assert not one.save(read.renewed(Secret("rotated"), generation=generation), NOW)
        assert one.publish(read, NOW) == ""
    assert KernelStore().load(session_id) is None
    assert kernel_keyring.read_key(CREDENTIAL + session_id) is None


def test_what_was_read_before_a_purge_is_not_published_though_the_index_was_lost() -> None:
    """There was no entry before and there is none afterwards: the missing record decides."""
    signed_in(key())
    index.remove_entries(cache(), key().id())
    reading = repository(key())
    whole = reading.load()
    assert whole is not None
    purge_session(key().id(), cache())
    assert reading.load() is None
    assert reading.publish(whole, NOW) == ""
    assert not (cache() / "credentials" / key().id()).exists()


# Sessions that the index has lost


@linux_only
def test_a_keyring_s_sessions_are_those_of_one_cache_directory(own_key: SessionKey, tmp_path: Path) -> None:
    """Its records name their directory, with links resolved. Sessions of another directory are not returned."""
    session_id = signed_in(own_key, "kernel")
    (tmp_path / "link").symlink_to(cache(), target_is_directory=True)
    for directory in (cache(), tmp_path / "link"):
        assert session_id in ids_of(lost_sessions(directory, (), QUIET))
    assert session_id not in ids_of(lost_sessions(tmp_path, (), QUIET))
    assert session_id not in ids_of(lost_sessions(cache(), {session_id}, QUIET))


@linux_only
def test_a_record_of_1_0_0_is_one_of_the_account_s_own_home(own_key: SessionKey, tmp_path: Path) -> None:
    """It does not name a directory."""
    KernelStore().save(own_key.id(), session(own_key).record())
    record = KernelStore().load(own_key.id())
    assert record is not None
    assert b'"cache"' not in record
    for home, found in ((Path.home(), True), (tmp_path, False)):
        ids = ids_of(lost_sessions(cache(), (), QUIET, home=home))
        assert (own_key.id() in ids) is found


def ids_of(found: list[Entry]) -> set[str]:
    """Return the ids of sessions."""
    return {entry.session_id for entry in found}


def test_sessions_are_known_by_index_and_by_files() -> None:
    """Each once. File names that are not session ids are ignored."""
    one, other, third = (key(name=name) for name in ("one", "other", "third"))
    for known in (one, other):
        signed_in(known)
    index.remove_entries(cache(), other.id())
    DiskStore(cache()).delete(other.id())
    DiskStore(cache()).save(third.id(), b"damaged")
    for name in ("README", "f" * 31, "G" * 32):
        (cache() / "tokens" / name).touch()
    assert sorted(known_sessions(cache())) == sorted([one.id(), other.id(), third.id()])


def test_the_command_removes_the_given_session_and_reports_it() -> None:
    """`purge` names the person and the place on standard error; a second time there is nothing."""
    signed_in(key())
    signed_in(key(name="other"))
    flags = [f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT}", "--session=other"]
    done = run_plugin("purge", *flags)
    assert (done.returncode, done.stdout) == (0, "")
    assert [
        name for name in ("alice@example.com", ISSUER, str(cache() / "tokens")) if name not in done.stderr
    ] == []
    assert repository(key(name="other")).load() is None
    assert repository(key()).load() is not None
    again = run_plugin("purge", *flags)
    assert (again.returncode, again.stdout) == (0, "")
    assert str(cache()) in again.stderr
    assert str(cache() / "tokens") not in again.stderr
