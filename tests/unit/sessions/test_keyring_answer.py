"""The keyring answer: what it answers, and what it leaves to the slow path."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.exec_credential import V1
from kubectl_oidc.fast_path.keyring_session import configured
from kubectl_oidc.fast_path.known_command import KEYRING, KnownCommand
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions import keyring_answer
from kubectl_oidc.sessions.stores import index, secret_service
from tests.sessions import cache, key, session

if TYPE_CHECKING:
    from collections.abc import Callable

LATER = int(time.time()) + 3600


@pytest.fixture(autouse=True)
def only_the_os_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have only the OS keyring, without a configuration."""
    monkeypatch.setenv("CI", "1")
    for name in ("PYTHON_KEYRING_BACKEND", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)


def words(**changes: Any) -> KnownCommand:
    known = KnownCommand(key().id(), V1, KEYRING, str(cache()), 10, ())
    for name, value in changes.items():
        setattr(known, name, value)
    return known


def entry(**changes: Any) -> index.Entry:
    """Return the index entry of the session when it is stored in the keyring."""
    whole = session(key(), expiry=LATER)
    written = index.Entry(
        session_id=whole.session_id,
        host="laptop",
        issuer=whole.issuer,
        client_id=key().client_id,
        scopes=key().scopes,
        person=whole.person,
        storage=KEYRING,
        credential=KEYRING,
        generation=whole.generation,
        signed_in_at=whole.signed_in_at,
        refreshed_at=whole.signed_in_at,
        expiry=LATER,
        renewable=True,
    )
    return written._replace(**changes)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | None], list[str]]:
    """Return a function that stores a record in the keyring and returns the list of sessions that are read from then on."""

    def hold(record: bytes | None) -> list[str]:
        asked: list[str] = []

        def load(session_id: str) -> bytes | None:
            asked.append(session_id)
            return record

        monkeypatch.setattr(secret_service, "load", load)
        return asked

    return hold


def test_a_good_session_is_handed_out(
    held: Callable[[bytes | None], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """In the remembered API version, with the session's expiry."""
    asked = held(session(key(), expiry=LATER, id_token=Secret("the-token")).record())
    index.write_entry(cache(), entry())
    assert keyring_answer.answer_from_keyring(words()) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["apiVersion"] == V1
    assert document["status"]["token"] == "the-token"
    assert asked == [key().id()]


def test_it_is_due_after_a_part_of_its_life(
    held: Callable[[bytes | None], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """The index tells when the token was obtained."""
    held(session(key(), expiry=LATER).record())
    now = int(time.time())
    index.write_entry(cache(), entry(refreshed_at=now - (LATER - now)))  # half of its life is over
    early, late = words(ahead=400), words(ahead=600)
    assert (keyring_answer.answer_from_keyring(early), keyring_answer.answer_from_keyring(late)) == (0, 0)
    assert (early.due, late.due) == (True, False)
    assert capfd.readouterr().out.count("ExecCredential") == 2


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(None, id="nothing"),
        pytest.param({"storage": "disk"}, id="it is in another store"),
        pytest.param({"storage": ""}, id="it was purged"),
        pytest.param({"former": ("disk",)}, id="it is being moved"),
        pytest.param({"expiry": int(time.time()) + 5}, id="its token is about to end"),
    ],
)
def test_without_a_matching_index_entry_the_keyring_is_not_read(
    held: Callable[[bytes | None], list[str]],
    known: dict[str, Any] | None,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The keyring is not read."""
    asked = held(session(key(), expiry=LATER).record())
    if known is not None:
        index.write_entry(cache(), entry(**known))
    assert keyring_answer.answer_from_keyring(words()) is None
    assert asked == []
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(None, id="none"),
        pytest.param(b"{}", id="damaged"),
        pytest.param(session(key(), generation=1).record(), id="older than the index knows"),
        pytest.param(session(key(name="other"), generation=2).record(), id="another session's"),
        pytest.param(session(key(), generation=2, expiry=1).record(), id="its token has ended"),
    ],
)
def test_a_record_that_must_not_be_used_is_ignored(
    held: Callable[[bytes | None], list[str]], record: bytes | None, capfd: pytest.CaptureFixture[str]
) -> None:
    """The slow path decides what happens to it."""
    asked = held(record)
    index.write_entry(cache(), entry(generation=2))
    assert keyring_answer.answer_from_keyring(words()) is None
    assert len(asked) == 1
    assert capfd.readouterr().out == ""


def test_a_keyring_that_fails_or_hangs_is_left_to_the_slow_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any D-Bus error, or no answer in time: the slow path reports it."""
    index.write_entry(cache(), entry())

    def fails(session_id: str) -> bytes | None:
        raise OSError(session_id)

    monkeypatch.setattr(secret_service, "load", fails)
    assert keyring_answer.answer_from_keyring(words()) is None
    monkeypatch.setattr(keyring_answer, "SECONDS", 0.05)
    monkeypatch.setattr(secret_service, "load", lambda _: time.sleep(2))
    began = time.monotonic()
    assert keyring_answer.answer_from_keyring(words()) is None
    assert time.monotonic() - began < 1


def test_once_the_kernel_keyring_is_usable_the_slow_path_publishes_there(
    held: Callable[[bytes | None], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same command outside CI: from then on the fast path answers it."""
    asked = held(session(key(), expiry=LATER).record())
    index.write_entry(cache(), entry())
    monkeypatch.setattr(keyring_answer, "kernel_store", lambda _: object())
    assert keyring_answer.answer_from_keyring(words()) is None
    assert asked == []


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"PYTHON_KEYRING_BACKEND": ""}, True),
        ({"KEYRING_PROPERTY_PREFERRED_COLLECTION": "/x"}, True),
        ({"XDG_CONFIG_HOME": "/nowhere"}, False),
    ],
)
def test_a_configuration_in_the_environment_is_seen(environ: dict[str, str], expected: bool) -> None:  # noqa: FBT001
    """Everything that the keyring library would read there."""
    assert configured(environ) is expected
