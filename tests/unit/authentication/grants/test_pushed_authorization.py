"""The address that a browser opens, with a pushed authorization request and without one (RFC 9126)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given

from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets
from kubectl_oidc.authentication.grants.pushed_authorization import (
    AuthorizationRequest,
    PrintedAddress,
    parse_pushed_response,
)
from kubectl_oidc.errors import InvalidProviderResponse, OAuthErrorResponse, ProviderError
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from tests.arbitrary import members, or_refused
from tests.hostile import Hostile, html_reply, json_reply
from tests.sign_ins import SECRET, WITH_SECRET, Desk
from tests.tokens import CLIENT_ID
from tests.topics import about

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = AuthorizationSecrets(Secret("SECRET-state"), Secret("SECRET-nonce"), Secret("SECRET-verifier"))
REDIRECT = "http://localhost:8000"
URN = "urn:ietf:params:oauth:request_uri:SECRET-6esc_11ACC5bwc014ltc14eY22c"
FLAG = "--oidc-pushed-authorization-requests=no"
GOOD = json_reply({"request_uri": URN, "expires_in": 60}, 201)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Hostile() as server, Desk(server) as desk:
        offers(desk)
        server.on("/par", GOOD)
        yield desk


def offers(desk: Desk, **members: object) -> None:
    """Add the endpoint, and these members, to the metadata."""
    desk.metadata(pushed_authorization_request_endpoint=f"{desk.server.url}/par", **members)


def authorization(desk: Desk) -> AuthorizationRequest:
    sign_in = desk.sign_in
    return AuthorizationRequest(sign_in, SECRETS, sign_in.provider.metadata(Deadline.after(5)), REDIRECT)


def carried(url: str) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), "each parameter once"
    return dict(pairs)


def refuses(desk: Desk, error: str, description: str = "") -> None:
    desk.server.on("/par", json_reply({"error": error, "error_description": description}, 400))


@pytest.mark.parametrize("methods", [["client_secret_basic"], ["client_secret_post"]])
def test_a_client_authenticates_as_at_the_token_endpoint(desk: Desk, methods: list[str]) -> None:
    """RFC 9126 §2.1: with its secret. The form contains client_id once, with any authentication method."""
    offers(desk, token_endpoint_auth_methods_supported=methods)
    desk.settings["client_authentication"] = WITH_SECRET
    address = authorization(desk).now()
    assert carried(address.url) == {"client_id": CLIENT_ID, "request_uri": URN}
    assert address.seconds == 60
    assert [line for line in desk.log.lines if "60 s" in line]
    (form,) = desk.asked("/par")
    assert form["client_id"] == CLIENT_ID
    assert form["state"] == "SECRET-state"
    sent = [asked.headers for asked in desk.server.asked if asked.path == "/par"]
    assert ("authorization" in sent[0]) == (methods == ["client_secret_basic"])
    assert form.get("client_secret") == (None if "authorization" in sent[0] else SECRET.reveal())


def test_extra_parameters_are_pushed_too(desk: Desk) -> None:
    """The browser gets only the client ID and the request URI. The endpoint keeps its own query."""
    offers(desk, authorization_endpoint=f"{desk.server.url}/authorize?p=B2C_1")
    desk.settings["extra_params"] = (("prompt", "login"),)
    assert set(carried(authorization(desk).now().url)) == {"p", "client_id", "request_uri"}
    (form,) = desk.asked("/par")
    assert form["prompt"] == "login"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"request_uri": URN},
        {"request_uri": "", "expires_in": 60},
        {"request_uri": ["x"], "expires_in": 60},
        {"request_uri": "urn:a b", "expires_in": 60},
        {"request_uri": "u" * 3000, "expires_in": 60},
        {"request_uri": URN, "expires_in": 0},
        {"request_uri": URN, "expires_in": -1},
        {"request_uri": URN, "expires_in": "60"},
        {"request_uri": URN, "expires_in": 60.5},
        {"request_uri": URN, "expires_in": True},
    ],
)
def test_an_invalid_response(desk: Desk, answer: dict[str, Any]) -> None:
    """RFC 9126 §2.2: it is an error if the request must be pushed; otherwise the browser gets the whole request."""
    desk.server.on("/par", json_reply(answer, 201))
    assert "request_uri" not in carried(authorization(desk).now().url)
    assert desk.log.events[-1] == "request-not-pushed"
    desk.settings["pushed_authorization"] = "required"
    with pytest.raises(InvalidProviderResponse, check=about("pushed-authorization", FLAG)) as caught:
        authorization(desk).now()
    assert "SECRET" not in desk.everything_said() + caught.value.message


@pytest.mark.parametrize(
    "code", ["unauthorized_client", "invalid_client", "invalid_request", "access_denied"]
)
def test_a_client_that_may_not_push_signs_in_through_the_browser(desk: Desk, code: str) -> None:
    """Some providers name the endpoint, but accept only confidential clients there."""
    refuses(desk, code, "Authentication failed.")
    assert carried(authorization(desk).now().url)["state"] == "SECRET-state"
    assert f"({code}" in desk.log.lines[-1]


@pytest.mark.parametrize(
    ("code", "description"),
    [
        ("invalid_scope", "no such scope"),
        ("invalid_redirect_uri", "not registered"),
        ("invalid_request", "redirect_uri did not match SECRET-state"),
        ("unsupported_response_type", ""),
        ("invalid_target", "no such resource"),
    ],
)
def test_a_fault_of_the_request_is_the_error(desk: Desk, code: str, description: str) -> None:
    """It would fail in the browser too, where the terminal could not show why. What was sent is not repeated."""
    refuses(desk, code, description)
    with pytest.raises(OAuthErrorResponse) as caught:
        authorization(desk).now()
    assert caught.value.code == code
    assert (REDIRECT in caught.value.hint) == ("redirect" in code + description)
    assert "SECRET" not in caught.value.message


def test_a_provider_can_require_pushed_requests(desk: Desk) -> None:
    """require_pushed_authorization_requests: a refusal is an error, and a later address is pushed too."""
    offers(desk, require_pushed_authorization_requests=True)
    assert "request_uri" in carried(authorization(desk).later().url)
    refuses(desk, "unauthorized_client")
    with pytest.raises(OAuthErrorResponse, match="unauthorized_client"):
        authorization(desk).now()
    desk.server.on("/par", html_reply(404))
    with pytest.raises(ProviderError, match="404"):
        authorization(desk).later()


def test_what_is_opened_later_is_whole_where_it_may_be(desk: Desk) -> None:
    """An address that expires after a minute should not be printed."""
    address = authorization(desk).later()
    assert (carried(address.url)["state"], address.seconds) == ("SECRET-state", None)
    assert desk.asked("/par") == []


@pytest.mark.parametrize("required", [True, False])
def test_the_flag_disables_pushing(desk: Desk, *, required: bool) -> None:
    """The flag overrides the metadata."""
    offers(desk, require_pushed_authorization_requests=required)
    desk.settings["pushed_authorization"] = "no"
    assert "state" in carried(authorization(desk).now().url)
    assert not {"request-pushed", "request-not-pushed"} & set(desk.log.events)


def test_metadata_that_requires_it_and_names_no_endpoint(desk: Desk) -> None:
    """The error names the flag that avoids it."""
    desk.metadata(require_pushed_authorization_requests=True)
    named = ("pushed_authorization_request_endpoint", FLAG)
    with pytest.raises(InvalidProviderResponse, check=about("pushed-authorization", *named)):
        authorization(desk)


def test_a_request_of_ones_own_by_reference_is_not_pushed(desk: Desk) -> None:
    """RFC 9126 §2.1: a pushed request must not contain request_uri."""
    desk.settings["extra_params"] = (("request_uri", "https://example.com/request.jwt"),)
    assert carried(authorization(desk).now().url)["request_uri"] == "https://example.com/request.jwt"
    assert desk.asked("/par") == []


def test_a_printed_address_says_how_long_it_is_good(desk: Desk) -> None:
    """Nothing else is shown until it expires."""
    desk.server.on("/par", json_reply({"request_uri": URN, "expires_in": 86400}, 201))
    desk.settings["pushed_authorization"] = "required"
    printed = PrintedAddress(authorization(desk), desk.sign_in)
    far = Deadline.after(1e6)
    assert printed.until(far) is far
    printed.show_again_when_ended()
    assert desk.terminal.said == []
    printed.show("Open this")
    assert 86000 < printed.until(far).left() <= 86400
    assert printed.until(soon := Deadline.after(5)) is soon
    printed.show_again_when_ended()
    assert len(desk.terminal.said) == 1
    assert re.match(r"Open this .*86400 s.*:\n\n  http", desk.terminal.said[0])


@given(members("request_uri", "expires_in"))
def test_any_response_has_a_bounded_lifetime_or_is_refused(document: dict[str, object]) -> None:
    """An accepted request URI fits into an address, and its lifetime into a deadline."""
    with or_refused(InvalidProviderResponse):
        uri, seconds = parse_pushed_response({"request_uri": URN, "expires_in": 60, **document})
        assert uri.reveal().isascii()
        assert Deadline.after(seconds).left() > 0


@pytest.mark.parametrize("seconds", [10 * 365 * 24 * 3600 + 1, 10**12, 10**400])
def test_a_lifetime_beyond_the_maximum_is_refused(seconds: int) -> None:
    """The lifetime has a maximum."""
    with pytest.raises(InvalidProviderResponse, match="expires_in"):
        parse_pushed_response({"request_uri": URN, "expires_in": seconds})
    assert parse_pushed_response({"request_uri": URN, "expires_in": 10 * 365 * 24 * 3600})[1] == 315_360_000


def test_an_expired_printed_address_is_replaced(desk: Desk) -> None:
    """The user may come late. The shortest lifetime is one second."""
    desk.server.on("/par", json_reply({"request_uri": URN, "expires_in": 1}, 201))
    desk.settings["pushed_authorization"] = "required"
    printed = PrintedAddress(authorization(desk), desk.sign_in)
    printed.show("Open this")
    printed._end = Deadline.after(0)
    printed.show_again_when_ended()
    first, again = desk.terminal.said
    assert "Open this" in first
    assert "Open this" not in again
    assert all(re.search(r"\b1 s\b.*:\n\n  http", line) for line in (first, again))
