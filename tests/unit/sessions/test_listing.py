"""Stored sessions: listed from the index, read from their stores."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from kubectl_oidc.errors import StoreError
from kubectl_oidc.fast_path import HANDOUTS_DIRECTORY
from kubectl_oidc.sessions import listing as tested
from kubectl_oidc.sessions.listing import (
    ENDED,
    GONE,
    GOOD,
    UNREADABLE,
    StoredSession,
    kept_session,
    kept_sessions,
)
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.sessions.stores.disk import DIRECTORY
from kubectl_oidc.system.log import QUIET
from tests.sessions import cache, key, repository, session

if TYPE_CHECKING:
    import pytest

NOW = int(time.time())


def keep(name: str = "", **changes: object) -> StoredSession:
    """Keep a session on disk and return it as it is found."""
    session_key = key(name=name)
    repository(session_key).save(session(session_key, **changes), NOW)
    found = kept_session(session_key.id(), cache(), QUIET)
    assert found
    return found


def test_sessions_are_listed_by_person() -> None:
    keep("b", person="bob@example.com")
    keep("a", person="ada@example.com")
    assert [one.entry.person for one in kept_sessions([cache()], QUIET)] == [
        "ada@example.com",
        "bob@example.com",
    ]
    assert kept_sessions([cache() / "elsewhere"], QUIET) == []


def test_the_state_of_a_session() -> None:
    kept = keep()
    assert kept.state(NOW) == GOOD
    assert kept.state(kept.expiry()) == ENDED
    assert kept.renewable()
    assert not keep("code-only", refresh_token=None).renewable()


def test_a_session_without_a_record_is_gone() -> None:
    kept = keep()
    (cache() / DIRECTORY / kept.entry.session_id).unlink()
    gone = kept_session(kept.entry.session_id, cache(), QUIET)
    assert gone
    assert (gone.state(NOW), gone.claims()) == (GONE, {})
    assert (gone.expiry(), gone.renewable()) == (kept.expiry(), True)


def test_a_copy_of_an_older_generation_is_not_shown_as_the_session() -> None:
    kept = keep()
    index.write_entry(cache(), kept.entry._replace(generation=9))
    again = kept_session(kept.entry.session_id, cache(), QUIET)
    assert again
    assert again.state(NOW) == GONE


def test_a_store_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keep()

    def fails(*_: object) -> None:
        raise StoreError("it is locked", "unlock it")

    monkeypatch.setattr(tested, "open_store", fails)
    (unreadable,) = kept_sessions([cache()], QUIET)
    assert unreadable.state(NOW) == UNREADABLE
    assert unreadable.failure
    assert unreadable.failure.topic == "store"
    assert unreadable.place == "disk"
    assert kept.failure is None


def test_a_purged_session_is_not_listed() -> None:
    kept = keep()
    index.write_entry(cache(), kept.entry._replace(storage="", person=""))
    assert kept_sessions([cache()], QUIET) == []
    assert kept_session(kept.entry.session_id, cache(), QUIET) is None


def test_last_used_is_when_a_kubectl_was_last_given_a_token() -> None:
    kept = keep(signed_in_at=NOW)
    assert kept.last_used() == NOW
    handed = cache() / HANDOUTS_DIRECTORY
    handed.mkdir()
    note = handed / kept.entry.session_id
    note.touch()
    os.utime(note, (NOW + 60, NOW + 60))
    assert kept.last_used() == NOW + 60
    note.unlink()
    note.symlink_to("/etc/passwd")
    assert kept.last_used() == NOW
