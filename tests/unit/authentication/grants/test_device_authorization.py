"""The device authorization response: what is accepted, refused, and never shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.authentication.grants.device_authorization import DeviceAuthorization
from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.secret import Secret
from tests.arbitrary import TEXT, is_one_plain_line, members, or_refused
from tests.topics import about

GOOD: dict[str, object] = {
    "device_code": "SECRET-device-code",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://example.com/device",
    "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
    "expires_in": 1800,
    "interval": 7,
}


def parse(*, local: bool = False, **changes: Any) -> DeviceAuthorization:
    members = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return DeviceAuthorization.parse(members, local=local)


def test_a_good_answer_is_read() -> None:
    """RFC 8628 §3.2: the example of the RFC."""
    assert parse() == DeviceAuthorization(
        device_code=Secret("SECRET-device-code"),
        user_code="WDJB-MJHT",
        verification_uri="https://example.com/device",
        verification_uri_complete="https://example.com/device?user_code=WDJB-MJHT",
        expires_in=1800,
        interval=7.0,
    )


def test_the_device_code_does_not_show() -> None:
    """The device code is a secret."""
    assert "SECRET" not in repr(parse())


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        (..., 5.0),
        (None, 5.0),
        ("x", 5.0),
        (True, 5.0),
        (-1, 5.0),
        (0, 1.0),
        ("10", 10.0),
        (600, 600.0),
        (5.0, 5.0),
    ],
)
def test_the_interval_is_five_seconds_where_none_is_said(interval: object, seconds: float) -> None:
    """RFC 8628 §3.2, but never less than a second."""
    assert parse(interval=interval).interval == seconds


@pytest.mark.parametrize(("said", "expires_in"), [(..., None), ("x", None), (0, None), ("600", 600), (1, 1)])
def test_the_end_of_the_codes_is_taken_where_it_is_said(said: object, expires_in: int | None) -> None:
    """RFC 8628 §3.2 requires it. Without it, --authentication-timeout-sec counts."""
    assert parse(expires_in=said).expires_in == expires_in


def test_the_drafts_name_of_the_address_is_taken() -> None:
    """Google calls it ``verification_url``."""
    found = parse(verification_uri=..., verification_url="https://example.com/url")
    assert found.verification_uri == "https://example.com/url"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"device_code": ...}, "device_code"),
        ({"device_code": ""}, "device_code"),
        ({"device_code": 7}, "device_code"),
        ({"user_code": ...}, "user_code"),
        ({"user_code": ["x"]}, "user_code"),
        ({"user_code": "A\x1b[2J"}, "user_code"),
        ({"user_code": "A\nB"}, "user_code"),
        ({"user_code": "x" * 61}, "user_code"),
        ({"verification_uri": ...}, "verification_url"),
        ({"verification_uri": "http://example.com/device"}, "verification_uri"),
        ({"verification_uri": "javascript:alert(1)"}, "verification_uri"),
        ({"verification_uri": "https://example.com/\x1b[2J"}, "verification_uri"),
        ({"verification_uri": "https://user:word@example.com/"}, "verification_uri"),
    ],
    ids=repr,
)
def test_what_cannot_be_shown_or_used_is_refused(changes: dict[str, Any], field: str) -> None:
    """The page must be https, or http for a provider on this machine. Control characters are never shown."""
    with pytest.raises(InvalidProviderResponse, check=about("device-code", field, "--grant-type")) as caught:
        parse(**changes)
    assert "SECRET" not in caught.value.message
    assert "\x1b" not in caught.value.message


def test_the_longest_code_and_a_page_with_a_fragment_are_taken() -> None:
    """No standard forbids them."""
    for page in ("https://example.com#device", "https://example.com/#/device"):
        assert parse(verification_uri=page).verification_uri == page
    found = parse(user_code="x" * 60, verification_uri=page, verification_uri_complete=f"{page}?c=1")
    assert (found.user_code, found.verification_uri) == ("x" * 60, page)
    assert found.verification_uri_complete == f"{page}?c=1"


@pytest.mark.parametrize("complete", [..., None, 7, "http://example.com/?c=1", "file:///etc/passwd"])
def test_a_complete_address_that_is_none_is_left_out(complete: object) -> None:
    """It is optional (RFC 8628 §3.3.1)."""
    assert parse(verification_uri_complete=complete).verification_uri_complete is None


def test_http_is_for_a_provider_on_this_machine() -> None:
    """For example the provider of the tests."""
    assert (
        parse(local=True, verification_uri="http://localhost:1/d").verification_uri == "http://localhost:1/d"
    )
    with pytest.raises(InvalidProviderResponse):
        parse(local=True, verification_uri="http://example.com/d")


@pytest.mark.parametrize("name", ["verification_uri", "verification_url", "verification_uri_complete"])
@pytest.mark.parametrize("words", ["#\x1b[2J", "#\u202eevil", "#a b", "#\ud800"])
def test_a_fragment_brings_no_control_character(name: str, words: str) -> None:
    """A fragment is allowed, but not with control characters."""
    changes: dict[str, Any] = {"verification_uri": ..., name: f"https://example.com/device{words}"}
    if name == "verification_uri_complete":
        assert parse(**{name: changes[name]}).verification_uri_complete is None
        return
    with pytest.raises(InvalidProviderResponse, check=about("device-code")):
        parse(**changes)


@pytest.mark.parametrize("code", ["a\ud800", "a\nb"])
def test_a_device_code_that_cannot_be_sent_is_none(code: str) -> None:
    """A lone surrogate cannot be sent in a form."""
    with pytest.raises(InvalidProviderResponse, check=about("device-code", "device_code")):
        parse(device_code=code)


ADDRESS = st.builds("https://example.com/{}#{}".format, TEXT, TEXT) | TEXT


@given(members(*GOOD), st.none() | ADDRESS, st.none() | ADDRESS, st.booleans())
def test_whatever_is_shown_of_any_answer_is_plain(
    changes: dict[str, object],
    uri: str | None,
    complete: str | None,
    local: bool,  # noqa: FBT001
) -> None:
    """Any response is refused, or its texts are printable lines and its times are bounded."""
    addresses = {
        name: value
        for name, value in (("verification_uri", uri), ("verification_uri_complete", complete))
        if value
    }
    with or_refused(InvalidProviderResponse):
        device = DeviceAuthorization.parse({**GOOD, **changes, **addresses}, local=local)
        shown = [device.user_code, device.verification_uri, device.verification_uri_complete or ""]
        assert all(map(is_one_plain_line, shown))
        assert 1 <= device.interval < 1e9
        assert urlencode({"device_code": device.device_code.reveal()})
