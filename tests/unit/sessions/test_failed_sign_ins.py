"""How long background programs may not start a sign-in after one failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from kubectl_oidc.errors import OAuthErrorResponse, SignInPaused, SignInTimeout
from kubectl_oidc.sessions.failed_sign_ins import DIRECTORY, PAUSES, VERSION, FailedSignIns, Failure
from kubectl_oidc.system.signals import Interrupted
from kubectl_oidc.system.system import System
from tests.arbitrary import JSON, members, or_refused

if TYPE_CHECKING:
    from pathlib import Path

ID = "0" * 32
COMMAND = "kubectl oidc-login login"
OURS: dict[str, object] = {"version": VERSION, "count": 1, "at": 1_800_000_000.0, "why": "it failed"}


class Day:
    """A clock that a test sets, and a cache directory."""

    def __init__(self, place: Path) -> None:
        self.cache = place / "cache"
        self.now = 1_800_000_000.0
        self.failures = FailedSignIns(self.cache, ID, System(clock=lambda: self.now))

    @property
    def record(self) -> Path:
        return self.cache / DIRECTORY / ID

    def fails(self, error: BaseException | None = None) -> None:
        error = error or SignInTimeout("nobody came", "try again")
        with pytest.raises(type(error)), self.failures.counted():
            raise error

    def paused(self) -> bool:
        try:
            self.failures.check(COMMAND)
        except SignInPaused:
            return True
        return False


@pytest.fixture
def day(tmp_path: Path) -> Day:
    """Have a day on which nothing has failed yet."""
    return Day(tmp_path)


def test_the_pause_grows_and_has_a_bound(day: Day) -> None:
    """30 seconds at first, longer with each failure, five minutes at most."""
    assert not day.paused()
    assert (PAUSES[0], PAUSES[-1]) == (30, 300)
    for pause in (*PAUSES, 300, 300):
        day.fails()
        day.now += pause - 1
        assert day.paused()
        day.now += 1
        assert not day.paused()


def test_the_error_names_the_failure_and_the_hint_the_command(day: Day) -> None:
    """It says when, why, which command to run, and how long background programs must wait."""
    day.fails()
    day.now += 12
    with pytest.raises(SignInPaused) as caught:
        day.failures.check(COMMAND)
    assert "12 s" in caught.value.message
    assert "nobody came" in caught.value.message
    assert COMMAND in caught.value.hint
    assert "18 s" in caught.value.hint


def test_a_success_forgets_all_failures(day: Day) -> None:
    """The next failure counts as the first."""
    for _ in range(4):
        day.fails()
    with day.failures.counted():
        pass
    assert not day.paused()
    assert not day.record.exists()
    day.fails()
    day.now += PAUSES[0]
    assert not day.paused()


def test_an_interruption_counts_and_goes_on(day: Day) -> None:
    """A signal that ends the wait is a sign-in that was given up."""
    day.fails(Interrupted(15))
    assert day.paused()
    last, _ = day.failures.last()
    assert last
    assert last.why
    assert last.topic == ""


def test_an_unexpected_error_is_no_interruption(day: Day) -> None:
    """It is named by its type; its message may hold a secret."""
    day.fails(UnicodeError("hunter2"))
    last, _ = day.failures.last()
    assert last
    assert "UnicodeError" in last.why
    assert last.topic == "unexpected"
    assert "hunter2" not in day.record.read_text()


def test_a_clock_that_went_back_ends_the_pause(day: Day) -> None:
    """A wrong time does not keep anybody waiting."""
    day.fails()
    day.now -= 3600
    assert not day.paused()


def refusal() -> OAuthErrorResponse:
    return OAuthErrorResponse(
        "the provider refuses the token request (invalid_client)", "check the client", code="invalid_client"
    )


def test_the_last_failure_is_remembered_with_message_and_hint(day: Day) -> None:
    """When, why, what to do and its topic, until a sign-in succeeds."""
    day.fails()
    last, refused = day.failures.last()
    assert last == Failure(at=day.now, why="nobody came", hint="try again", topic="sign-in-timeout")
    assert refused is None
    day.failures.forget()
    assert day.failures.last() == (None, None)


def test_a_failure_before_a_person_was_asked_is_remembered_without_a_pause(day: Day) -> None:
    """It neither starts a pause nor extends one."""
    with pytest.raises(OAuthErrorResponse), day.failures.remembered():
        raise refusal()
    assert not day.paused()
    last, _ = day.failures.last()
    assert last
    assert (last.topic, last.hint) == ("provider-refused", "check the client")
    day.fails()
    day.now += PAUSES[0] - 1
    with pytest.raises(OAuthErrorResponse), day.failures.remembered():
        raise refusal()
    assert day.paused()
    day.now += 1
    assert not day.paused()


def test_a_failure_that_counted_is_remembered_once_and_a_pause_is_none(day: Day) -> None:
    """The error of a paused program is not a new failure."""
    with pytest.raises(SignInTimeout), day.failures.remembered(), day.failures.counted():
        raise SignInTimeout("nobody came", "try again")
    with pytest.raises(SignInPaused), day.failures.remembered():
        day.failures.check(COMMAND)
    last, _ = day.failures.last()
    assert last
    assert last.why == "nobody came"


def test_a_person_at_a_terminal_ends_the_pause_and_not_the_memory(day: Day) -> None:
    """And the next failure counts as the first."""
    for _ in range(3):
        day.fails()
    day.failures.refused(refusal())
    day.failures.resume()
    assert not day.paused()
    assert all(day.failures.last())
    day.fails()
    day.now += PAUSES[0]
    assert not day.paused()


def test_a_refused_refresh_is_remembered_in_addition_to_a_failed_sign_in(day: Day) -> None:
    """Each has its own message."""
    day.failures.refused(refusal())
    assert not day.paused()
    day.fails()
    last, refused = day.failures.last()
    assert last
    assert refused
    assert (last.topic, refused.topic) == ("sign-in-timeout", "provider-refused")


def test_an_interruption_has_no_heading(day: Day) -> None:
    """The person who pressed Ctrl-C knows why."""
    day.fails(Interrupted(2))
    last, _ = day.failures.last()
    assert last
    assert last.topic == ""


def test_a_record_of_an_older_version_pauses_as_before(day: Day) -> None:
    """Version 1.0.0 stored only the reason."""
    day.fails()
    day.record.write_text(json.dumps({**OURS, "at": day.now}))
    assert day.paused()
    assert day.failures.last() == (None, None)


@pytest.mark.parametrize(
    "last",
    [None, 1, [], {}, {"at": 1}, {"at": 1.0, "why": 1, "hint": "", "topic": ""}, {"at": 1.0, "why": "", "hint": "", "topic": "a b"}],
)  # fmt: skip
def test_a_damaged_failure_in_a_record_is_ignored(day: Day, last: object) -> None:
    """The rest of the record is used."""
    day.fails()
    day.record.write_text(json.dumps({**OURS, "at": day.now, "last": last, "refused": last}))
    assert day.paused()
    assert day.failures.last() == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"count": 0},
        {"count": True},
        {"count": "1"},
        {"count": 10**30, "at": "now"},
        {"at": None},
        {"why": None, "at": 10**400},
    ],
)
def test_a_malformed_record_is_treated_as_missing(day: Day, change: dict[str, object]) -> None:
    """A damaged record, or one of a future version, causes no pause."""
    day.fails()
    values = json.loads(day.record.read_bytes())
    day.record.write_text(json.dumps({**values, **change}))
    assert not day.paused()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"1", b"\xff", b"[" * 100_000])
def test_a_damaged_record_is_treated_as_missing(day: Day, content: bytes) -> None:
    """It is replaced by the next failure."""
    day.fails()
    day.record.write_bytes(content)
    assert not day.paused()
    day.fails()
    assert day.paused()


def test_a_huge_count_pauses_for_the_longest_time_only(day: Day) -> None:
    """However often it failed."""
    day.fails()
    values = json.loads(day.record.read_bytes())
    day.record.write_text(json.dumps({**values, "count": 10**30}))
    assert day.paused()
    day.now += PAUSES[-1]
    assert not day.paused()


def test_a_reason_from_outside_is_one_line_without_control_characters(day: Day) -> None:
    """The error quotes the provider without control characters."""
    day.fails(SignInTimeout("refused: \x1b[2Jbad\nerror: forged", "try again"))
    with pytest.raises(SignInPaused) as caught:
        day.failures.check(COMMAND)
    assert "refused: [2Jbad error: forged" in caught.value.message


def test_if_nothing_can_be_written_the_failure_itself_is_raised(day: Day) -> None:
    """If the cache directory is a file, the sign-in's own error is raised, and there is no pause."""
    day.cache.write_text("")
    day.fails()
    assert not day.paused()


@given(members("version", "count", "at", "why").map(OURS.__or__) | members("version", "count") | JSON)
def test_a_record_of_any_shape_pauses_with_a_safe_message_or_not_at_all(day: Day, record: object) -> None:
    """Whatever the file contains, a sign-in is refused at most for the longest pause, and only with SignInPaused."""
    day.record.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    day.record.write_text(json.dumps(record))
    day.record.chmod(0o600)
    with or_refused(SignInPaused):
        day.failures.check(COMMAND)
    day.now += PAUSES[-1]
    day.failures.check(COMMAND)
