"""Copies of a session: the newest is used, and none stays in the former store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import StoreError
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.purge import purge_session
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.sessions.stores.disk import DiskStore
from kubectl_oidc.sessions.stores.os_keyring import KeyringStore
from tests.keyrings import Failing, WindowsLike, the_os_keyring
from tests.sessions import cache, kept, key, repository, session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.sessions.repository import SessionRepository

CI = {"CI": "true"}  # the kernel keyring is not used beside the OS keyring
NOW = int(time.time())
LOCKED = RuntimeError("locked")


class Full(WindowsLike):
    """A keyring that has room for four entries."""

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(self.kept) == 4:
            raise RuntimeError("no room")
        super().set_password(service, username, password)


@pytest.fixture
def place() -> Iterator[WindowsLike]:
    """Have an OS keyring."""
    backend = WindowsLike()
    with the_os_keyring(backend):
        yield backend


def in_keyring() -> SessionRepository:
    return repository(key(), "keyring", CI)


def on_disk() -> SessionRepository:
    return repository(key(), "disk", CI)


def moved_away_from_a_keyring_that_fails() -> None:
    """Have the session on disk, and a copy of its old record in a keyring that did not remove it."""
    old = kept(in_keyring(), session(key()))
    one = on_disk()
    assert one.load() == old
    with the_os_keyring(Failing(LOCKED)):
        kept(one, old.renewed(Secret("rotated"), generation=2))


def test_a_copy_that_could_not_be_removed_is_known_and_not_used(place: WindowsLike) -> None:
    """Its refresh token was used up, and the index names its store."""
    moved_away_from_a_keyring_that_fails()
    assert place.kept
    entry = on_disk().index_entry.read()
    assert entry is not None
    assert (entry.storage, entry.former) == ("disk", ("keyring",))
    found = in_keyring().load()
    assert found is not None
    assert found.refresh_token == Secret("rotated")
    DiskStore(cache()).delete(key().id())
    assert in_keyring().load() is on_disk().load() is None


def test_a_copy_that_could_not_be_removed_goes_with_the_next_sign_in(place: WindowsLike) -> None:
    """A refresh does not ask the keyring again, because it may hang. A person who signs in can unlock it."""
    moved_away_from_a_keyring_that_fails()
    one = on_disk()
    refreshed = one.load()
    assert refreshed is not None
    kept(one, refreshed._replace(generation=3))
    assert place.kept
    kept(one, refreshed._replace(generation=5, signed_in_at=refreshed.signed_in_at + 1))
    assert place.kept == {}
    entry = one.index_entry.read()
    assert entry is not None
    assert entry.former == ()


def test_a_copy_that_could_not_be_removed_is_purged(place: WindowsLike) -> None:
    """Purge searches the store that the index names, and reports an error while that cannot be read."""
    moved_away_from_a_keyring_that_fails()
    with the_os_keyring(Failing(LOCKED)):
        purged = purge_session(key().id(), cache())
    assert [failure.topic for failure in purged.failures] == ["os-keyring"]
    purged = purge_session(key().id(), cache())
    assert purged.failures == ()
    assert purged.places == (KeyringStore(place).where(),)
    assert place.kept == {}
    assert index.read_entries(cache()) == []


def test_if_a_store_with_a_newer_copy_fails_the_older_copy_is_not_used(place: WindowsLike) -> None:
    """A move into the OS keyring was interrupted, and the keyring is locked: the person signs in again."""
    old = kept(on_disk(), session(key()))
    entry = on_disk().index_entry.read()
    assert entry is not None
    index.write_entry(cache(), entry._replace(storage="keyring", former=("disk",)))
    assert on_disk().load() == in_keyring().load() == old, "nothing was moved yet"
    new = old.renewed(Secret("rotated"), generation=2)
    KeyringStore(place).save(key().id(), new.record())
    assert on_disk().load() == in_keyring().load() == new
    with the_os_keyring(Failing(LOCKED)):
        assert on_disk().load() is None


def test_a_move_into_a_store_that_refuses_leaves_the_old_session_unused_and_found_by_purge() -> None:
    """Its refresh token was used up, so it is never sent again, and the store that refused holds no part of the new record."""
    denied = Full()
    with the_os_keyring(denied):
        whole = kept(on_disk(), session(key()))
        one = in_keyring()
        assert one.load() == whole
        rotated = whole.renewed(Secret("rotated"), generation=2)._replace(id_token=Secret("t" * 9_000))
        with pytest.raises(StoreError) as caught:
            one.save(rotated, NOW)
        assert caught.value.topic == "os-keyring"
        assert denied.kept == {}, "no stray part"
        assert on_disk().load() is in_keyring().load() is None
        assert purge_session(key().id(), cache()).places == (str(cache() / "tokens"),)
