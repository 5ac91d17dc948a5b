"""Claims are read with their types: required, text, times."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.oidc.claims import required, required_text, time_claim
from kubectl_oidc.text import json_quoted
from kubectl_oidc.times import utc
from tests.arbitrary import JSON, or_refused


@pytest.mark.parametrize("claims", [{}, {"sub": None}])
def test_a_claim_that_is_missing_or_null_is_named(claims: dict[str, object]) -> None:
    """Null is no value (Core 5.3.2), and the error keeps the topic it was given."""
    with pytest.raises(IdTokenError, match=r"\bsub\b") as caught:
        required(claims, "sub", topic="a-topic")

    assert caught.value.topic == "a-topic"
    assert caught.value.hint


@pytest.mark.parametrize("value", [1, True, [], ["a"], {}])
def test_a_claim_that_should_be_text_is_nothing_else(value: object) -> None:
    """The error names the claim and what came."""
    with pytest.raises(IdTokenError, match=rf"\bsub\b.*{re.escape(json_quoted(value))}"):
        required_text({"sub": value}, "sub")


def test_text_is_returned_as_it_is() -> None:
    """Neither trimmed nor folded: issuers and subjects are compared byte for byte."""
    assert required_text({"sub": " ä\n"}, "sub") == " ä\n"


@pytest.mark.parametrize("value", [0, 1, 1_760_000_000, 32_503_679_999])
def test_whole_seconds_from_1970_to_2999_are_a_time(value: int) -> None:
    """Epoch seconds come out as they went in."""
    assert time_claim({"exp": value}, "exp") == value


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(0.0, 0), (1.0, 1), (1_760_000_000.5, 1_760_000_000), (32_503_679_999.9, 32_503_679_999)],
)
def test_a_fraction_of_a_second_is_cut_off(value: float, seconds: int) -> None:
    """RFC 7519 §2 allows them; some providers write them."""
    assert time_claim({"exp": value}, "exp") == seconds
    assert type(time_claim({"exp": value}, "exp")) is int


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        "1760000000",
        "1760000000.5",
        -0.5,
        32_503_680_000.0,
        1e300,
        float("inf"),
        float("nan"),
        -1,
        32_503_680_000,
        1_760_000_000_000,
        10**400,
        [1],
        {},
    ],
)
def test_nothing_else_is_a_time(value: object) -> None:
    """Bools, strings, negative numbers, milliseconds and huge numbers are refused, and shown in short."""
    with pytest.raises(IdTokenError, match=r"\bexp .{1,50}, .*\b1970\b"):
        time_claim({"exp": value}, "exp")


@given(JSON | st.integers(-(10**11), 10**12) | st.floats(allow_nan=True))
def test_any_value_is_a_moment_of_a_calendar_or_refused_in_plain_words(value: object) -> None:
    """What is taken for a time can be written as a date; what is not is named without a control character."""
    with or_refused(IdTokenError):
        assert utc(time_claim({"exp": value}, "exp")).endswith(" UTC")
