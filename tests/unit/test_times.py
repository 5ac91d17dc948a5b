"""Durations and times as text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.times import (
    LONGEST,
    ago,
    countdown,
    duration_text,
    local_clock,
    local_time,
    parse_duration,
    remaining,
    rfc3339,
    utc,
)
from tests.arbitrary import TEXT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1h0m5s", 3605), ("3600", 3600), ("0", 0), ("0s", 0)],
)
def test_a_duration_is_seconds(text: str, seconds: int) -> None:
    """With units from the largest to the smallest, or none."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "m", "-1s", "1.5h", "30 m", "30M", "1m1h", "1d", "²", "1h30", "9" * 5000, f"{LONGEST + 1}s"]
)
def test_what_is_no_duration_is_none(text: str) -> None:
    """Nor one of more than a year."""
    assert parse_duration(text) is None


@given(st.integers(0, LONGEST))
def test_what_is_written_is_read_again(seconds: int) -> None:
    """Whatever the span."""
    assert parse_duration(duration_text(seconds)) == seconds


@given(TEXT)
def test_any_text_is_a_duration_within_bounds_or_none(text: str) -> None:
    """Never an error."""
    seconds = parse_duration(text)
    assert seconds is None or 0 <= seconds <= LONGEST


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (178, "2 min"),
        (599, "9 min"),
        (600, "10 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (12_000, "3 h 20 min"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d"),
        (172_800, "2 d"),
        (187_200, "2 d 4 h"),
        (729 * 86_400, "729 d"),
        (730 * 86_400, "2 years"),
        (355_413 * 86_400 + 82_800, "973 years"),
    ],
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    """Seconds matter below a minute, minutes below a day, days below two years; a part that is zero is left out."""
    assert remaining(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (178, "2 min 58 s"),
        (599, "9 min 59 s"),
        (600, "10 min"),
        (3660, "1 h 1 min"),
    ],
)
def test_a_countdown(seconds: float, words: str) -> None:
    """Below ten minutes the words change each second."""
    assert countdown(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (90000, "1 d 1 h ago"),
    ],
)
def test_how_long_ago(seconds: float, words: str) -> None:
    """In whole units."""
    assert ago(seconds) == words


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


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 10**30, -(10**30)])
def test_no_local_time_outside_the_calendar(seconds: float) -> None:
    """Empty rather than an error."""
    assert local_time(seconds) == ""


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
        assert local_clock(1_760_000_000, 1_760_000_060) == "10:53"
        assert local_clock(1_760_000_000, 1_760_086_400) == "10:53 on 2025-10-09"
        assert local_clock(1_760_172_800, 1_760_086_400) == "10:53 on 2025-10-11"
    finally:
        monkeypatch.undo()
        time.tzset()
