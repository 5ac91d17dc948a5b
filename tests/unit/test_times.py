"""Spans of time as flags have them: read as Go's, written so that they are read again."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.times import LONGEST, parse, written
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
