"""The bench measures the memory of the program alone, not of what started it."""

from __future__ import annotations

import sys

import pytest

from bench.timing import CouldNotMeasure, Subject, peak
from tests.sessions import linux_only

pytestmark = linux_only


def python(code: str) -> Subject:
    """Return a Python that runs this code."""
    return Subject("python", (sys.executable, "-IS", "-c", code), {})


def test_memory_that_was_used_and_given_back_counts() -> None:
    """It is the peak, in MB."""
    assert 60 < peak(python("x = bytes(b'x') * (60 << 20); del x; print()")) < 80


def test_a_small_program_is_small() -> None:
    """This Python, which starts it, is many times as large."""
    assert peak(Subject("echo", ("/bin/echo",), {})) < 4


def test_a_program_that_fails_has_no_figure() -> None:
    """Its peak would be that of an error."""
    with pytest.raises(CouldNotMeasure, match="status 3"):
        peak(python("raise SystemExit(3)"))
