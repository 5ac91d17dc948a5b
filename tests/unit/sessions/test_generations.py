"""Generations: a refresh in flight does not bring back a session that a purge or another sign-in has ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import StoreError
from kubectl_oidc.fast_path import credential
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.purge import purge_session
from kubectl_oidc.sessions.session import GENERATION_STEP, Session
from kubectl_oidc.sessions.stores.disk import DiskStore
from tests.keyrings import ReadOnly, WindowsLike, the_os_keyring
from tests.sessions import cache, kept, key, no_room, posix_only, repository, session

if TYPE_CHECKING:
    from kubectl_oidc.sessions.repository import SessionRepository

NOW = int(time.time())


@pytest.fixture
def alice() -> Session:
    """Have alice signed in."""
    return kept(repository(key()), session(key()))


def bob(one: SessionRepository) -> Session:
    """Return the session of a sign-in that follows."""
    return session(
        key(),
        generation=one.index_entry.next_generation(one.load(), by=GENERATION_STEP),
        person="bob@example.com",
        subject="bob",
        id_token=Secret("id-token-of-bob"),
        refresh_token=Secret("refresh-token-of-bob"),
    )


def handed_out() -> str:
    """Return the token that the fast path would answer with."""
    found = credential.read_credential(key().id(), "disk", str(cache()))
    return found.token.decode().strip('"') if found else ""


def test_a_refresh_on_its_way_does_not_replace_the_session_of_who_signed_in_meanwhile(alice: Session) -> None:
    """The lock did not notice it, as from a container that shares the kernel keyring. The older tokens are not stored."""
    refreshing = repository(key())
    rotated = alice.renewed(Secret("rotated"), generation=refreshing.index_entry.next_generation(alice))
    refreshing.index_entry.mark_in_flight(NOW)
    signing_in = repository(key())
    whole = kept(signing_in, bob(signing_in))

    assert not refreshing.save(rotated, NOW)
    assert not refreshing.save(rotated._replace(id_token=Secret("refreshed")), NOW)
    assert repository(key()).load() == whole
    assert handed_out() == "id-token-of-bob"


def test_a_refresh_on_its_way_does_not_bring_back_what_was_purged_unseen_by_its_lock(alice: Session) -> None:
    """The purge held another lock and has removed the index entry too: nothing is stored."""
    refreshing = repository(key())
    rotated = alice.renewed(Secret("rotated"), generation=refreshing.index_entry.next_generation(alice))
    refreshing.index_entry.mark_in_flight(NOW)
    purge_session(key().id(), cache())
    assert repository(key()).index_entry.read() is None

    assert not refreshing.save(rotated, NOW)
    assert repository(key()).load() is None
    fresh = session(key(), generation=refreshing.index_entry.next_generation(None, by=GENERATION_STEP))
    assert refreshing.save(fresh, NOW), "a sign-in that ends after the purge is kept"


@pytest.mark.parametrize("ended_by", ["a purge", "another sign-in"])
def test_a_credential_is_not_published_for_a_session_that_has_ended_meanwhile(
    alice: Session, ended_by: str
) -> None:
    """A process that read the session without its lock does not publish its credential."""
    reading = repository(key())
    assert reading.load() == alice
    if ended_by == "a purge":
        purge_session(key().id(), cache())
    else:
        signing_in = repository(key())
        kept(signing_in, bob(signing_in))
    assert reading.publish(alice, NOW) == ""
    assert handed_out() == ("" if ended_by == "a purge" else "id-token-of-bob")


@posix_only
def test_kubectl_never_gets_the_former_person_s_token_after_another_sign_in(alice: Session) -> None:
    """The disk is full, so the new session is not stored. The former person's credential and session are not used any more."""
    assert handed_out() == alice.token().reveal()
    signing_in = repository(key())
    with no_room(), pytest.raises(StoreError):
        signing_in.save(bob(signing_in), NOW)
    assert handed_out() == ""
    assert repository(key()).load() is None


@posix_only
def test_a_refresh_token_that_was_used_up_is_not_sent_again_though_nothing_can_be_written(
    alice: Session,
) -> None:
    """Neither the rotated refresh token nor the index entry fits on a full disk, so the old record is removed."""
    one = repository(key())
    rotated = alice.renewed(Secret("rotated"), generation=one.index_entry.next_generation(alice))
    with no_room(), pytest.raises(StoreError):
        one.save(rotated, NOW)
    assert DiskStore(cache()).load(key().id()) is None
    assert repository(key()).load() is None


@posix_only
def test_who_signs_in_once_more_and_cannot_be_kept_keeps_the_session_that_was_there(alice: Session) -> None:
    """It is the same person's and its refresh token was not sent, so it is used when there is room again."""
    one = repository(key())
    again = bob(one)._replace(person=alice.person, subject="alice", signed_in_at=alice.signed_in_at + 1)
    with no_room(), pytest.raises(StoreError):
        one.save(again, NOW)
    assert repository(key()).load() == alice
    (cache() / "tokens").rename(cache() / "aside")
    (cache() / "tokens").write_text("not a directory")
    with pytest.raises(StoreError):
        one.save(again, NOW)
    (cache() / "tokens").unlink()
    (cache() / "aside").rename(cache() / "tokens")
    assert repository(key()).load() == alice, "nor where the index can be written"


def test_a_refresh_without_a_new_refresh_token_costs_no_session_where_it_cannot_be_kept() -> None:
    """The old refresh token is still valid: once the keyring can be written again, the session is used."""
    place, denied = WindowsLike(), ReadOnly()
    with the_os_keyring(place):
        whole = kept(repository(key(), "keyring", {"CI": "true"}), session(key()))
    denied.kept = place.kept
    with the_os_keyring(denied):
        one = repository(key(), "keyring", {"CI": "true"})
        assert one.load() == whole
        with pytest.raises(StoreError):
            one.save(whole._replace(id_token=Secret("refreshed")), NOW)
    with the_os_keyring(place):
        assert repository(key(), "keyring", {"CI": "true"}).load() == whole


def test_an_index_that_was_lost_keeps_no_session_from_being_stored(alice: Session) -> None:
    """There was no entry when the refresh began: that none is there afterwards is no purge."""
    (cache() / "sessions" / f"{key().id()}.json").unlink()
    one = repository(key())
    assert one.load() == alice
    assert one.publish(alice, NOW) == "disk"
    assert one.save(alice.renewed(Secret("rotated"), generation=one.index_entry.next_generation(alice)), NOW)
    assert repository(key()).load() != alice
