"""authcode-keyboard: what is pasted, and without a terminal. The rest is in tests/integration/test_no_browser.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from kubectl_oidc.authentication.grants.authorization_code_keyboard import (
    _ask_for_response,
    sign_in_with_pasted_code,
)
from kubectl_oidc.authentication.grants.authorization_request import OUT_OF_BAND, AuthorizationSecrets
from kubectl_oidc.authentication.grants.pasted_response import PastedResponseReader, parse_pasted_response
from kubectl_oidc.authentication.grants.pushed_authorization import AuthorizationRequest, PrintedAddress
from kubectl_oidc.errors import SignInError, SignInTimeout
from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from tests.hostile import Hostile
from tests.sign_ins import Desk, Keys
from tests.topics import about

if TYPE_CHECKING:
    from kubectl_oidc.system.keyboard import Keyboard

SECRETS = AuthorizationSecrets(Secret("the-state"), Secret("n"), None)
ADDRESS = "http://localhost:8000/?code=c&state=the-state"


def typed(desk: Desk, keys: Keys, *, seconds: float = 5.0, ended: bool = False) -> AuthorizationResponse:
    """Ask for a response, after an address that has expired or not."""
    sign_in = desk.sign_in
    metadata = sign_in.provider.metadata(Deadline.after(5))
    request = AuthorizationRequest(sign_in, SECRETS, metadata, "urn:x")
    printed = PrintedAddress(request, sign_in)
    printed._end = Deadline.after(0) if ended else None
    keyboard = cast("Keyboard", keys)
    reader = PastedResponseReader(sign_in, keyboard, request)
    return _ask_for_response(keyboard, reader, printed, Deadline.after(seconds))


def rejected(text: str) -> str:
    """Return why a text is not the answer."""
    return str(parse_pasted_response(text, SECRETS, issuer="", iss_required=False))


def test_what_is_no_answer_is_asked_for_again() -> None:
    """The same after a while without input. What is typed is not shown."""
    keys = Keys(ADDRESS.replace("the-state", "another"), None, ADDRESS)
    with Hostile() as server, Desk(server) as desk:
        assert typed(desk, keys) == AuthorizationResponse(Secret("c"))
        (said,) = desk.terminal.said
    assert rejected(ADDRESS.replace("the-state", "another")) in said
    assert [shown for _, shown in keys.asked] == [False] * 3


def test_an_answer_must_say_whose_it_is_where_that_was_promised() -> None:
    """RFC 9207 §2.4."""
    with Hostile() as server, Desk(server) as desk:
        desk.metadata(authorization_response_iss_parameter_supported=True)
        other = f"{ADDRESS}&iss=https://other.example"
        keys = Keys(ADDRESS, other, f"{ADDRESS}&iss={server.url}")
        assert typed(desk, keys) == AuthorizationResponse(Secret("c"))
        assert len(desk.terminal.said) == 2


def test_an_expired_address_is_replaced() -> None:
    """Before the user is asked again."""
    with Hostile() as server, Desk(server) as desk:
        typed(desk, Keys(ADDRESS), ended=True)
        (said,) = desk.terminal.said
        assert f"{server.url}/authorize?" in said
        desk.terminal.said.clear()
        typed(desk, Keys(ADDRESS))
        assert desk.terminal.said == [], "one that has not expired"


def test_a_provider_shows_the_code_on_a_page_of_its_own() -> None:
    """Kubelogin uses the same default, and it is registered at providers."""
    assert OUT_OF_BAND == "urn:ietf:wg:oauth:2.0:oob"


def test_the_time_out_ends_the_wait() -> None:
    """The error names the flag that sets the time-out."""
    with (
        Hostile() as server,
        Desk(server) as desk,
        pytest.raises(SignInTimeout, check=about("sign-in-timeout", "--authentication-timeout-sec")),
    ):
        typed(desk, Keys(), seconds=0)


def test_without_a_terminal_it_is_an_error() -> None:
    """The error names another grant. Nothing is shown, sent or recorded."""
    with Hostile() as server, Desk(server, settings={"grant": "authcode-keyboard"}) as desk:
        named = ("--grant-type=authcode-keyboard", "--grant-type=device-code")
        with pytest.raises(SignInError, check=about("no-terminal", *named)):
            sign_in_with_pasted_code(desk.sign_in)
        assert desk.terminal.said == []
        desk.failures.check("setup")
