"""The session's repository: generations, failing stores, moves between stores, and purges meanwhile."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import StoreError
from kubectl_oidc.exec_credential import V1
from kubectl_oidc.fast_path import credential, kernel_keyring
from kubectl_oidc.fast_path.kernel_keyring import CREDENTIAL
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.purge import purge_session
from kubectl_oidc.sessions.repository import SessionRepository
from kubectl_oidc.sessions.session_record import cache_mark
from kubectl_oidc.sessions.stores import index, kernel_is_private, open_store
from kubectl_oidc.sessions.stores.disk import DiskStore
from kubectl_oidc.sessions.stores.host import this_host
from kubectl_oidc.sessions.stores.kernel import KernelStore
from kubectl_oidc.system import private_files
from kubectl_oidc.system.log import QUIET
from tests.keyrings import Failing, WindowsLike, the_os_keyring
from tests.sessions import (
    SECRETS,
    as_an_ordinary_user,
    cache,
    credential_of,
    kept,
    key,
    linux_only,
    repository,
    session,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.sessions.session_key import SessionKey

NOW = int(time.time())

pytestmark = pytest.mark.usefixtures("no_os_keyring")


def files() -> set[str]:
    """Return every file of the cache but locks, by its directory and session."""
    return {
        path.relative_to(cache()).as_posix()
        for path in cache().rglob("*")
        if path.is_file() and path.parent.name != "locks"
    }


def test_a_session_is_loaded_as_it_was_saved() -> None:
    """By another repository; before that, there is none."""
    assert repository(key()).load() is None
    whole = kept(repository(key()), session(key()))
    assert repository(key()).load() == whole
    assert repository(key(name="other")).load() is None


def test_the_index_knows_the_session_and_no_secret() -> None:
    """Who, where, when, which generation; no token, whole or in part."""
    one = repository(key())
    whole = session(key(), generation=3, access_token=Secret("access-token-of-the-test"))
    assert one.save(whole, NOW)
    entry = one.index_entry.read()
    assert entry is not None
    assert (entry.person, entry.storage, entry.credential) == ("alice@example.com", "disk", "disk")
    assert (entry.generation, entry.refreshed_at, entry.expiry) == (3, NOW, whole.expiry)
    assert entry.renewable
    text = (cache() / "sessions" / f"{one.session_id}.json").read_text()
    for secret in (*SECRETS, "access-token-of-the-test"):
        assert secret not in text


def test_losing_the_index_loses_no_session() -> None:
    """A session whose entry is missing or damaged is used, and the entry is written again."""
    one = repository(key())
    whole = kept(one, session(key(), generation=5))
    for damage in (None, b"{"):
        entry = cache() / "sessions" / f"{one.session_id}.json"
        entry.unlink() if damage is None else entry.write_bytes(damage)
        assert repository(key()).load() == whole
        assert one.index_entry.next_generation(whole) == 6
        assert one.save(whole, NOW)
        assert one.index_entry.read() is not None


@pytest.mark.parametrize("record", [b"", b"{", b'{"version":2}', b"\xff" * 40])
def test_a_damaged_record_is_a_miss(record: bytes) -> None:
    """It is None, not an error, and the next session replaces it with a later generation."""
    one = repository(key())
    kept(one, session(key(), generation=5))
    DiskStore(cache()).save(one.session_id, record)
    assert one.load() is None
    assert one.index_entry.next_generation(None) == 6
    assert one.save(session(key(), generation=6), NOW)
    assert one.load() is not None


def test_a_record_of_an_older_generation_is_never_used() -> None:
    """A copy from a backup, or one that a crash left: its refresh token was used up."""
    one = repository(key())
    old = session(key(), generation=1)
    kept(one, old)
    backup = DiskStore(cache()).load(one.session_id)
    assert backup
    new = old.renewed(Secret("rotated"), generation=one.index_entry.next_generation(old))
    assert one.save(new, NOW)
    assert one.load() == new
    DiskStore(cache()).save(one.session_id, backup)
    assert one.load() is None


def test_each_refresh_counts_one_generation_further() -> None:
    """Beyond what the session and what the index know."""
    one = repository(key())
    assert one.index_entry.next_generation(None) == 1
    whole = session(key(), generation=4)
    assert one.index_entry.next_generation(whole) == 5
    assert one.save(whole, NOW)
    assert one.index_entry.next_generation(None) == 5
    assert one.index_entry.next_generation(whole._replace(generation=9)) == 10


def test_a_refresh_that_is_sent_is_on_record_until_it_is_stored() -> None:
    """In flight is set before and gone after; the session in the store is not touched by it."""
    one = repository(key())
    one.index_entry.mark_in_flight(NOW)
    assert one.index_entry.read() is None, "there is no session yet"
    whole = kept(one, session(key()))
    one.index_entry.mark_in_flight(NOW)
    assert [entry.in_flight for entry in index.read_entries(cache())] == [NOW]
    assert one.load() == whole
    assert one.save(whole._replace(generation=2), NOW)
    assert [entry.in_flight for entry in index.read_entries(cache())] == [0]


def test_a_purge_during_a_refresh_is_not_undone() -> None:
    """The refresh holds the lock while it is in flight; its tokens are not stored afterwards."""
    one = repository(key())
    whole = kept(one, session(key()))
    with one.lock() as lock:
        assert lock.try_acquire()
        generation = one.index_entry.next_generation(whole)
        one.index_entry.mark_in_flight(NOW)
        purge_session(one.session_id, cache(), patience=0.05)
        renewed = whole.renewed(Secret("rotated"), generation=generation)
        assert not one.save(renewed, NOW)
        assert not one.save(renewed._replace(expiry=NOW + 7200), NOW)
    assert one.load() is None
    assert {path.partition("/")[0] for path in files()} == {"sessions"}
    assert b"rotated" not in (cache() / "sessions" / f"{one.session_id}.json").read_bytes()
    fresh = session(key(), generation=one.index_entry.next_generation(None))
    assert one.save(fresh, NOW), "and the next sign-in is stored"
    assert one.load() == fresh


def test_a_store_that_fails_leaves_the_old_session_unused() -> None:
    """The refresh token was rotated and could not be stored: the old one is never sent again."""
    one = repository(key())
    whole = kept(one, session(key()))
    tokens = cache() / "tokens"
    record = (tokens / one.session_id).read_bytes()
    tokens.rename(cache() / "aside")
    tokens.write_text("not a directory")
    with pytest.raises(StoreError) as caught:
        one.save(whole.renewed(Secret("rotated"), generation=2), NOW)
    assert caught.value.topic == "cache-directory"
    tokens.unlink()
    (cache() / "aside").rename(tokens)
    assert (tokens / one.session_id).read_bytes() == record, "byte for byte as it was"
    assert one.load() is None


def test_an_index_that_cannot_be_written_costs_no_session() -> None:
    """The record is what counts."""
    cache().mkdir(parents=True, mode=0o700)
    (cache() / "sessions").write_text("not a directory")
    one = repository(key())
    whole = kept(one, session(key()))
    one.index_entry.mark_in_flight(NOW)
    assert one.load() == whole
    assert one.index_entry.read() is None


def test_nothing_is_kept_with_storage_none() -> None:
    """Neither a session nor an entry nor a credential."""
    one = repository(key(), "none")
    assert one.save(session(key()), NOW)
    assert one.publish(session(key()), NOW) == ""
    assert one.load() is None
    assert files() == set()


def test_storage_none_neither_uses_nor_spoils_a_session_that_is_kept() -> None:
    """It would rotate the stored session's refresh token and lose the new one."""
    whole = kept(repository(key()), session(key()))
    before = files()
    one = repository(key(), "none")
    assert one.load() is None
    one.index_entry.mark_in_flight(NOW)
    assert one.save(session(key(), generation=2), NOW)
    assert files() == before
    assert repository(key()).load() == whole


def test_auto_stays_with_the_store_that_was_chosen_first() -> None:
    """It is chosen at the first sign-in and does not change."""
    environ = {"CI": "true"}
    first = repository(key(), "auto", environ)
    assert first.decided_here
    kept(first, session(key()))
    again = repository(key(), "auto", environ)
    assert not again.decided_here
    assert again.store.name == first.store.name
    assert not repository(key(), "disk").decided_here


@linux_only
@pytest.mark.parametrize(("before", "after"), [("disk", "kernel"), ("kernel", "disk")])
def test_a_session_that_moves_leaves_nothing_behind(own_key: SessionKey, before: str, after: str) -> None:
    """Another store is requested: the session moves there, and neither record nor credential stays in the former store."""
    whole = kept(repository(own_key, before), session(own_key))
    one = repository(own_key, after)
    assert one.load() == whole
    moved = kept(one, whole.renewed(Secret("rotated"), generation=one.index_entry.next_generation(whole)))

    assert repository(own_key, after).load() == moved
    entry = one.index_entry.read()
    assert entry is not None
    assert (entry.storage, entry.credential) == (after, after)
    in_kernel = (KernelStore().load(own_key.id()), kernel_keyring.read_key(CREDENTIAL + own_key.id()))
    on_disk = {f"tokens/{own_key.id()}", f"credentials/{own_key.id()}"} & files()
    if after == "kernel":
        assert on_disk == set()
        assert None not in in_kernel
    else:
        assert in_kernel == (None, None)
        assert len(on_disk) == 2


@linux_only
def test_a_copy_that_was_left_in_the_store_is_not_used(own_key: SessionKey) -> None:
    """The session moved away and its copy stayed: asked for there again, the newer one is used."""
    old = kept(repository(own_key, "disk"), session(own_key))
    copy = old.record()
    new = old.renewed(Secret("rotated"), generation=2)
    assert repository(own_key, "kernel").save(new, NOW)
    DiskStore(cache()).save(own_key.id(), copy)
    assert repository(own_key, "disk").load() == new


def test_a_session_in_the_os_keyring_leaves_no_token_in_files() -> None:
    """In CI or a container its credential is not in a file either, so the fast path cannot answer."""
    place = WindowsLike()
    with the_os_keyring(place):
        one = repository(key(), "keyring", {"CI": "true"})
        whole = session(key(), id_token=Secret("t" * 4_000))
        assert one.save(whole, NOW)
        assert one.publish(whole, NOW) == ""
        assert one.load() == whole
        assert len(place.kept) > 1
    assert files() == {f"sessions/{one.session_id}.json"}


@linux_only
def test_a_session_in_the_os_keyring_has_its_credential_in_the_kernel_s(own_key: SessionKey) -> None:
    """If the kernel keyring is private; in a container it is not."""
    with the_os_keyring(WindowsLike()):
        one = repository(own_key, "keyring")
        place = one.publish(kept(one, session(own_key)), NOW)
    assert place == ("kernel" if kernel_is_private({}) else "")
    assert (kernel_keyring.read_key(CREDENTIAL + own_key.id()) is not None) is kernel_is_private({})


def test_a_session_moves_between_os_keyring_and_disk() -> None:
    """It moves, and the former store is empty."""
    place = WindowsLike()
    with the_os_keyring(place):
        whole = kept(repository(key(), "disk"), session(key()))
        to = repository(key(), "keyring", {"CI": "true"})
        assert to.load() == whole
        moved = kept(to, whole._replace(generation=2))
        assert files() == {f"sessions/{to.session_id}.json"}
        back = repository(key(), "disk")
        assert back.load() == moved
        kept(back, whole._replace(generation=3))
        assert place.kept == {}


def test_a_former_store_that_fails_holds_up_nothing() -> None:
    """The OS keyring is locked or missing: there is no session, and the new one is stored on disk."""
    with the_os_keyring(WindowsLike()):
        kept(repository(key(), "keyring", {"CI": "true"}), session(key()))
    for keyring in (Failing(RuntimeError("locked")), None):
        with the_os_keyring(keyring):
            one = repository(key(), "disk")
            assert one.load() is None
            fresh = kept(one, session(key(), generation=one.index_entry.next_generation(None)))
            assert one.load() == fresh
        index.write_entry(cache(), index.read_entries(cache())[0]._replace(storage="keyring"))
        DiskStore(cache()).delete(key().id())


def test_a_keyring_that_is_asked_for_and_absent_is_an_error() -> None:
    """The error is raised when the repository is made."""
    with pytest.raises(StoreError) as caught:
        repository(key(), "keyring")
    assert caught.value.topic == "os-keyring"


# Sessions of version 1.0.0


def layout_of_1_0_0(session_key: SessionKey, storage: str) -> bytes:
    """Write the index entry of a session as version 1.0.0 did, member by member, and return its record."""
    session_id = session_key.id()
    entry = {
        "version": 1,
        "session_id": session_id,
        "issuer": session_key.issuer,
        "client_id": session_key.client_id,
        "scopes": ["openid"],
        "name": session_key.name,
        "person": "alice@example.com",
        "storage": storage,
        "credential": storage,
        "generation": 4,
        "signed_in_at": NOW,
        "refreshed_at": NOW,
        "expiry": NOW + 3600,
        "renewable": True,
        "in_flight": 0,
        "host": socket.gethostname(),
        "former": [],
    }
    directory = private_files.ensure_directory(cache(), "sessions")
    private_files.write_private_file(directory, f"{session_id}.json", json.dumps(entry, indent=1).encode())
    record = {
        "version": 1,
        "session": session_id,
        "generation": 4,
        "issuer": session_key.issuer,
        "sub": "alice",
        "aud": [session_key.client_id],
        "person": "alice@example.com",
        "id_token": SECRETS[0],
        "access_token": None,
        "refresh_token": SECRETS[1],
        "expiry": NOW + 3600,
        "signed_in_at": NOW,
    }
    body = json.dumps(record, separators=(",", ":")).encode()
    record["digest"] = hashlib.blake2b(body, digest_size=16).hexdigest()
    return json.dumps(record, separators=(",", ":")).encode()


@linux_only
@pytest.mark.parametrize("storage", ["disk", "kernel"])
def test_a_session_of_1_0_0_goes_on(own_key: SessionKey, storage: str) -> None:
    """Its entry and record are read, its lock is held, a refresh replaces both by the new form, and a purge removes all."""
    record = layout_of_1_0_0(own_key, storage)
    open_store(storage, cache()).save(own_key.id(), record)
    one = repository(own_key, "auto")
    assert one.store.name == storage
    whole = one.load()
    assert whole is not None
    assert whole.record() == record
    assert one.is_settled()
    assert one.index_entry.next_generation(whole) == 5
    assert one.index_entry.mark_in_flight(NOW)
    assert kept(one, whole.renewed(Secret("rotated"), generation=5)).generation == 5
    assert {entry.generation for entry in index.read_entries(cache())} == {5}
    mark = f".{this_host().mark}" if storage == "kernel" else ""
    assert [path for path in files() if path.startswith("sessions/")] == [
        f"sessions/{own_key.id()}{mark}.json"
    ]
    stored = open_store(storage, cache()).load(own_key.id())
    assert stored
    assert cache_mark(cache()).encode() in stored
    purge_session(own_key.id(), cache())
    assert files() == set()


# The current credential


@linux_only
@pytest.mark.parametrize("storage", ["disk", "kernel"])
def test_a_credential_is_published_for_the_fast_path_and_withdrawn(own_key: SessionKey, storage: str) -> None:
    """Once a session: a later one replaces it, and withdrawn it is gone."""
    one = repository(own_key, storage)
    for token in ("first", "second"):
        whole = session(own_key, id_token=Secret(token))
        assert one.save(whole, NOW)
        assert one.publish(whole, NOW) == storage
        found = credential.read_credential(own_key.id(), storage, str(cache()))
        assert found is not None
        assert found.exec_credential(V1) == credential_of(whole).exec_credential(V1)
        assert json.loads(found.token) == token
    assert one.credential.withdraw()
    assert not one.credential.withdraw()
    assert credential.read_credential(own_key.id(), storage, str(cache())) is None


def test_a_credential_that_cannot_be_published_costs_nothing() -> None:
    """The fast path will not find it. Nothing is raised, and the file in its place does not change."""
    cache().mkdir(parents=True, mode=0o700)
    (cache() / "credentials").write_text("not a directory")
    assert repository(key()).publish(session(key()), NOW) == ""
    assert (cache() / "credentials").read_text() == "not a directory"
    assert not repository(key()).credential.withdraw()


def test_a_home_that_cannot_be_written_is_an_error_and_breaks_nothing() -> None:
    """Read-only: saving is an error with a remedy, loading a miss, publishing nothing."""

    def work(home: Path) -> tuple[object, str, str]:
        (home / "cache").mkdir(mode=0o500)
        one = SessionRepository(
            key(), storage="disk", cache_dir=home / "cache" / "oidc-login", environ={}, log=QUIET
        )
        with pytest.raises(StoreError) as caught:
            one.save(session(key()), NOW)
        return one.load(), one.publish(session(key()), NOW), caught.value.hint

    loaded, place, hint = as_an_ordinary_user(work)
    assert (loaded, place) == (None, "")
    assert "--token-cache-dir" in hint
