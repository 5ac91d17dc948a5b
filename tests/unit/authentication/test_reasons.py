"""Why a sign-in is needed: one line for each reason."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from kubectl_oidc.authentication import reasons
from kubectl_oidc.authentication.account import AccountOptions
from tests.sessions import key, session

if TYPE_CHECKING:
    from kubectl_oidc.authentication.state import Authentication

NOW = int(time.mktime((2026, 7, 15, 14, 30, 0, 0, 0, -1)))
HALF_PAST_TWO, TWO = "14:30", "14:00"


def authentication(
    *,
    entry: object = None,
    store: str = "disk",
    unreadable: bool = False,
    locked: bool = True,
    too_old: bool = False,
    **request: Any,
) -> Authentication:
    """Return a walk that has learnt this much."""
    asked = {"wishes": AccountOptions(), "force_refresh": False, "why": "", **request}
    learnt = {
        "repository": SimpleNamespace(entry=lambda: entry, store=SimpleNamespace(name=store)),
        "unreadable": unreadable,
        "now": lambda: NOW,
        "request": SimpleNamespace(**asked),
        "lock": SimpleNamespace(held=locked),
        "too_old": lambda _: too_old,
    }
    return cast("Authentication", SimpleNamespace(**learnt))


@pytest.mark.parametrize(
    ("learnt", "said"),
    [
        ({}, "first use of this session"),
        ({"unreadable": True}, "the stored session cannot be read"),
        ({"store": "none"}, "no session is kept"),
        ({"entry": SimpleNamespace(storage="disk")}, "the stored session is gone or damaged"),
        ({"entry": SimpleNamespace(storage="")}, "the session was removed"),
    ],
)
def test_why_there_is_no_session(learnt: dict[str, Any], said: str) -> None:
    assert reasons.no_session(authentication(**learnt)) == said


def test_on_purpose() -> None:
    """By `login`, by `setup`, or by a command that says its own reason."""
    alice = session(key())
    assert reasons.asked(authentication(), None) == "you asked for it"
    stays = "; the session of alice@example.com stays until the new one is there"
    assert reasons.asked(authentication(), alice) == f"you asked for it{stays}"
    assert reasons.asked(authentication(why="another account"), alice) == f"another account{stays}"


def test_why_a_session_is_not_refreshed() -> None:
    ended = session(key(), refresh_token=None, expiry=NOW - 1800)
    assert reasons.not_refreshed(authentication(), ended) == f"the session ended at {TWO}"
    good = replace(ended, expiry=NOW + 1800)
    wanted = "the session ends at 15:00, sooner than --min-ttl=1h wants"
    assert reasons.not_refreshed(authentication(wishes=AccountOptions(min_ttl=3600)), good) == wanted
    forced = reasons.not_refreshed(authentication(force_refresh=True), ended)
    assert forced == "--force-refresh, and the session has no refresh token"
    assert reasons.not_refreshed(authentication(), session(key())) == ""
    assert reasons.not_refreshed(authentication(locked=False), session(key())) == reasons.UNLOCKED


def test_another_day_is_named() -> None:
    """A time alone would be taken for today's."""
    assert reasons.clock(NOW, NOW) == HALF_PAST_TWO
    assert reasons.clock(NOW - 86400, NOW) == f"{HALF_PAST_TWO} on 2026-07-14"
    assert reasons.clock(NOW + 86400, NOW) == f"{HALF_PAST_TWO} on 2026-07-16"
