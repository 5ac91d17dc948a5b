"""base64url: one spelling for each sequence of bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.oidc import base64url


def test_the_example_of_rfc_7515_is_written_and_read() -> None:
    """RFC 7515 appendix C."""
    data = bytes([3, 236, 255, 224, 193])

    assert base64url.encode(data) == "A-z_4ME"
    assert base64url.decode("A-z_4ME") == data


@given(st.binary())
def test_what_is_written_is_read_again(data: bytes) -> None:
    """For any bytes."""
    assert base64url.decode(base64url.encode(data)) == data


@given(st.text() | st.text(alphabet="ABab01-_+/= \n", max_size=9))
def test_any_other_text_is_refused(text: str) -> None:
    """Whatever is read would be written the same way."""
    try:
        data = base64url.decode(text)
    except ValueError:
        return
    assert base64url.encode(data) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("A-z_4ME=", id="padded"),
        pytest.param("A+z/4ME", id="base64"),
        pytest.param("A-z_4MF", id="bits after the end"),
        pytest.param("A-z_4", id="impossible length"),
        pytest.param("A-z_4ME\n", id="line end"),
        pytest.param("A-z _4ME", id="space"),
        pytest.param("éééé", id="not ASCII"),
    ],
)
def test_another_spelling_is_refused(text: str) -> None:
    """RFC 7515 §2: URL-safe alphabet, no padding, no line breaks or spaces."""
    with pytest.raises(ValueError):  # noqa: PT011 - the type is what callers rely on
        base64url.decode(text)
