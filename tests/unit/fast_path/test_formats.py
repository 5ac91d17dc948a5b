"""The examples of docs/formats.md, which the launcher's tests use as well (`launcher/formats_test.go`)."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc import fast_path
from kubectl_oidc.fast_path import credential, handover, known_command
from kubectl_oidc.sessions.session import Session
from kubectl_oidc.sessions.stores.keyring_parts import read_record
from tests.parts import REPOSITORY
from tests.sessions import posix_only

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES: dict[str, list[dict[str, Any]]] = json.loads((REPOSITORY / "tests/formats.json").read_text("ascii"))


def each(kind: str) -> pytest.MarkDecorator:
    """Run a test with each example of a kind."""
    return pytest.mark.parametrize("example", EXAMPLES[kind])


def bytes_of(text: str) -> bytes:
    """Return the bytes that a text has one character for each of."""
    return text.encode("latin-1")


def native(text: str) -> str:
    """Return the text as an argument, a variable or a path of this system."""
    return os.fsdecode(bytes_of(text))


def parsed(parse: Callable[[bytes], Any], record: str) -> Any:
    """Return what a record holds, or None. Those who read it treat a ValueError as a missing record."""
    try:
        return parse(bytes_of(record))
    except ValueError:
        return None


@posix_only
@each("commands")
def test_digests_of_commands(example: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments, variables, user, working directory, and the state of the settings files."""
    environ = dict(native(entry).split("=", 1) for entry in example["environ"])
    monkeypatch.setattr(os, "environ", environ)
    monkeypatch.setattr(os, "geteuid", lambda: int(example["user"]))
    monkeypatch.setattr(os, "getcwd", lambda: example["directory"])
    states = iter(example.get("settings", ("-", "-")))
    monkeypatch.setattr(known_command, "_state", lambda _path: next(states))
    arguments = [native(each) for each in example["arguments"]]
    assert known_command.command_digest(arguments, known_command.settings_state()) == example["digest"]


@posix_only
@each("known_commands")
def test_known_commands(example: dict[str, Any]) -> None:
    """Damaged records, and those of an older or a newer version, are missing."""
    known = parsed(known_command.KnownCommand.parse, example["record"])
    if example["values"] is None:
        assert known is None
        return
    assert known is not None
    numbers = (str(known.margin), str(known.ahead))
    texts = (known.session_id, known.api_version, known.place, known.directory)
    assert [*texts, *numbers, known.when, *known.locks] == [native(value) for value in example["values"]]
    assert known.record() == bytes_of(example["record"])


@each("credentials")
def test_credentials(example: dict[str, Any]) -> None:
    """What is stored, and the answer for kubectl."""
    current = parsed(credential.parse_credential, example["record"])
    assert (current is not None) is example["used"]
    if current is None:
        return
    assert (current.expiry, current.issued) == (example["expiry"], example["issued"])
    assert current.timestamp.decode() == example["timestamp"]
    assert current.fingerprint() == example["fingerprint"]
    assert current.exec_credential(example["apiversion"]).decode() == example["document"]
    assert current.record() == bytes_of(example["record"])


@each("due")
def test_valid_and_due(example: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Both limits, to the second."""
    monkeypatch.setattr(time, "time", lambda: example["now"])
    issued, expiry, margin = example["issued"], example["expiry"], example["margin"]
    current = credential.Credential(expiry, b"", b"", issued)
    assert fast_path.is_valid(current, margin) is example["valid"]
    assert credential.is_due(issued, expiry, margin, example["permille"], example["now"]) is example["due"]


@each("slots")
def test_records_in_slots(example: dict[str, Any]) -> None:
    """The newest whole record, or none."""
    assert (read_record(example["entries"].get, "kubectl-oidc/x") or "") == example["record"]


@each("sessions")
def test_sessions(example: dict[str, Any]) -> None:
    """Damaged records, those of a newer version and those of another session are missing."""
    session = Session.parse(bytes_of(example["record"]), example["session"])
    assert (session is not None) is example["used"]
    if session is not None:
        assert (json.dumps(session.token().reveal()), session.expiry) == (example["token"], example["expiry"])
        assert session.record() == bytes_of(example["record"])


@each("handouts")
def test_counts_of_handed_out_credentials(example: dict[str, Any]) -> None:
    """The count that a slot has for a caller and a credential."""
    slot, caller = bytes_of(example["slot"]).split(), bytes_of(example["caller"])
    assert fast_path._times(slot, caller, example["fingerprint"], example["seconds"]) == example["times"]


@each("kubectls")
def test_programs_that_are_counted(example: dict[str, Any]) -> None:
    """Only kubectl itself."""
    assert fast_path._is_kubectl(example["name"]) is example["counted"]


@each("handovers")
def test_handovers(example: dict[str, Any]) -> None:
    """What the launcher writes is understood. A newer version is not used."""
    for text, used in ((example["text"], True), (f"2{example['text'][1:]}", False)):
        known = known_command.KnownCommand("", "", "", "", 0, ())
        assert handover.accept(text, known) is (used and example["ahead"])
        assert known.handouts == (example["handouts"] if used else 0)


def test_every_kind_is_tested_by_both_programs() -> None:
    """A kind of example that only one of them used would show nothing."""
    ours = (REPOSITORY / "tests/unit/fast_path/test_formats.py").read_text()
    theirs = "".join(path.read_text() for path in (REPOSITORY / "launcher").glob("*_test.go"))
    for kind in EXAMPLES:
        assert f'@each("{kind}")' in ours, kind
        assert f".{kind.title().replace('_', '')} {{" in theirs, kind
