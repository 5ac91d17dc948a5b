"""Polling: how often, how long, and what ends it, with the clock of the test."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from kubectl_oidc.authentication.grants.device_polling import poll
from kubectl_oidc.errors import (
    InvalidGrant,
    OAuthErrorResponse,
    OidcLoginError,
    ProviderUnreachable,
    SignInRefused,
    SignInTimeout,
)
from kubectl_oidc.oidc.token_response import TokenResponse
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.system import System
from tests.sign_ins import Loud

TOKENS = TokenResponse(id_token=Secret("a.b.c"))


def refused(code: str) -> OAuthErrorResponse:
    return OAuthErrorResponse(f"refused ({code})", "hint", code=code)


PENDING, SLOW_DOWN = refused("authorization_pending"), refused("slow_down")
LOST = ProviderUnreachable("no answer", "try again")


class Passing(Deadline):
    """A deadline on the clock of the test."""

    def __init__(self, clock: Clock, at: float) -> None:
        super().__init__(0)
        self._clock, self._end = clock, at

    def left(self) -> float:
        return max(0.0, self._end - self._clock.now)


@dataclass
class Clock:
    """The time, and when the provider was asked."""

    answers: list[TokenResponse | Exception]
    now: float = 0.0
    asked: list[float] = field(default_factory=list)
    ticks: int = 0
    log: Loud = field(default_factory=Loud)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def ask(self) -> TokenResponse:
        self.asked.append(self.now)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def tick(self) -> None:
        self.ticks += 1

    def poll(self, *, interval: float = 5.0, end: float = 100.0) -> TokenResponse:
        return poll(
            self.ask,
            System(environ={}, sleep=self.sleep, log=self.log),
            interval=interval,
            end=Passing(self, end),
            tick=self.tick,
        )


def test_the_interval_stands_before_each_request() -> None:
    """RFC 8628 §3.3, §3.5: the first poll waits too, because nobody enters the code at once. It ticks every second."""
    clock = Clock([PENDING, PENDING, TOKENS])
    assert clock.poll() == TOKENS
    assert clock.asked == [5, 10, 15]
    assert clock.ticks == 15


def test_slow_down_adds_five_seconds_from_then_on() -> None:
    """RFC 8628 §3.5."""
    clock = Clock([PENDING, SLOW_DOWN, PENDING, SLOW_DOWN, TOKENS])
    assert clock.poll() == TOKENS
    assert clock.asked == [5, 10, 20, 30, 45]
    assert [re.findall(r"\d+ s$", line) for line in clock.log.lines] == [["10 s"], ["15 s"]]


def test_a_lost_answer_slows_down_and_does_not_end_it() -> None:
    """RFC 8628 §3.5: after a time-out the interval is doubled."""
    clock = Clock([LOST, LOST, PENDING, TOKENS])
    assert clock.poll() == TOKENS
    assert clock.asked == [5, 15, 35, 55]
    assert [re.findall(r"\d+ s$", line) for line in clock.log.lines] == [["10 s"], ["20 s"]]


def test_it_stops_when_the_code_ends() -> None:
    """No request is sent after that, and the hint says what to do."""
    clock = Clock([PENDING])
    with pytest.raises(SignInTimeout) as caught:
        clock.poll(end=12)
    assert clock.asked == [5, 10]
    assert clock.now == 12
    assert "--authentication-timeout-sec" in caught.value.hint


def test_the_time_is_used_to_its_end() -> None:
    """Exactly, although no further request is sent."""
    clock = Clock([PENDING])
    with pytest.raises(SignInTimeout):
        clock.poll(end=10.5)
    assert clock.now == 10.5


def test_a_provider_that_is_gone_is_named_at_the_end() -> None:
    """If the provider did not answer, the error does not blame the user."""
    with pytest.raises(ProviderUnreachable):
        Clock([LOST]).poll()


def test_an_end_in_the_middle_of_a_request_is_the_persons_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-out ends the last request, so that is not the provider's failure."""
    clock = Clock([PENDING, LOST])
    ask = clock.ask

    def slow() -> TokenResponse:
        clock.now += 3
        return ask()

    monkeypatch.setattr(clock, "ask", slow)
    with pytest.raises(SignInTimeout):
        clock.poll(end=15)
    assert len(clock.asked) == 2


ENDS: dict[str, tuple[Exception, type[OidcLoginError], str]] = {
    "expired": (refused("expired_token"), SignInTimeout, ""),
    "denied": (refused("access_denied"), SignInRefused, "access_denied"),
    "unknown code": (
        InvalidGrant("the device code is not good", "start again", code="invalid_grant"),
        InvalidGrant,
        "device code",
    ),
    "not allowed": (refused("unauthorized_client"), OAuthErrorResponse, "unauthorized_client"),
}


@pytest.mark.parametrize("end", ENDS)
def test_any_other_refusal_ends_it(end: str) -> None:
    """RFC 8628 §3.5, RFC 6749 §5.2: the provider is not asked again."""
    answer, error, words = ENDS[end]
    clock = Clock([PENDING, answer, TOKENS])
    with pytest.raises(error, check=lambda error: words in error.message) as caught:
        clock.poll()
    assert len(clock.asked) == 2
    assert end != "denied" or caught.value.hint == "hint"


@pytest.mark.parametrize("interval", [0.5, 1.0, 2.5])
def test_odd_intervals_are_kept(interval: float) -> None:
    """Exactly."""
    clock = Clock([PENDING, TOKENS])
    clock.poll(interval=interval)
    assert clock.asked == [interval, 2 * interval]
