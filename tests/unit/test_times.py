"""Durations and times as text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.times import (
    LONGEST,
    ago,
    countdown,
    local_clock,
    local_time,
    parse,
    remaining,
    rfc3339,
    utc,
    written,
)
from tests.arbitrary import TEXT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1h0m5s", 3605), ("3600", 3600), ("0", 0), ("0s", 0)],
)
def test_a_duration_is_seconds(text: str, seconds: int) -> None:
    """With units from the largest to the smallest, or none."""
    assert parse(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "m", "-1s", "1.5h", "30 m", "30M", "1m1h", "1d", "²", "1h30", "9" * 5000, f"{LONGEST + 1}s"]
)
def test_what_is_no_duration_is_none(text: str) -> None:
    """Nor one of more than a year."""
    assert parse(text) is None


@given(st.integers(0, LONGEST))
def test_what_is_written_is_read_again(seconds: int) -> None:
    """Whatever the span."""
    assert parse(written(seconds)) == seconds


@given(TEXT)
def test_any_text_is_a_duration_within_bounds_or_none(text: str) -> None:
    """Never an error."""
    seconds = parse(text)
    assert seconds is None or 0 <= seconds <= LONGEST


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (4.9, "4 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (12_000, "3 h 20 min"),
        (86_400, "1 d"),
        (187_200, "2 d 4 h"),
        (729 * 86_400, "729 d"),
        (730 * 86_400, "2 years"),
    ],
)
def test_a_duration_in_words_is_rounded_down(seconds: float, words: str) -> None:
    """At most two units; `ago` adds one word."""
    assert remaining(seconds) == words
    assert ago(seconds) == f"{words} ago"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(4, "4 s"), (60, "1 min"), (178, "2 min 58 s"), (599, "9 min 59 s"), (601, "10 min"), (-1, "0 s")],
)
def test_a_countdown_has_seconds_below_ten_minutes(seconds: float, words: str) -> None:
    """So it changes each second while a person watches it."""
    assert countdown(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1970-01-01 00:00:00 UTC"),
        (1_760_000_000.9, "2025-10-09 08:53:20 UTC"),
        (32_503_679_999, "2999-12-31 23:59:59 UTC"),
    ],
)
def test_times_are_shown_in_utc(seconds: float, words: str) -> None:
    """From the first to the last time that a claim may have."""
    assert utc(seconds) == words


def test_rfc_3339_is_utc_and_none_outside_the_calendar() -> None:
    """Zero means that there is no time."""
    assert rfc3339(1_760_000_000.9) == "2025-10-09T08:53:20Z"
    assert [rfc3339(seconds) for seconds in (0, -1, 10**20)] == [None, None, None]


def test_local_times_have_the_offset_and_the_date_only_if_it_is_not_today(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the zone of the machine, here one without a zone database."""
    if not hasattr(time, "tzset"):
        pytest.skip("this platform sets no time zone for one process")
    monkeypatch.setenv("TZ", "XYZ-2")
    time.tzset()
    try:
        assert local_time(1_760_000_000) == "2025-10-09 10:53:20+02:00"
        assert local_time(1e20) == ""
        assert local_clock(1_760_000_000, 1_760_000_060) == "10:53"
        assert local_clock(1_760_000_000, 1_760_086_400) == "10:53 on 2025-10-09"
    finally:
        monkeypatch.undo()
        time.tzset()
