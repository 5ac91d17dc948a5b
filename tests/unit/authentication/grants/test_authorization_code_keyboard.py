"""authcode-keyboard: what is typed, and where nobody can be asked; the rest is in tests/integration/test_no_browser.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from kubectl_oidc.authentication.grants import authorization_code_keyboard
from kubectl_oidc.authentication.grants.authorization_code_keyboard import _ask_for_response
from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets
from kubectl_oidc.authentication.grants.pasted_response import PastedResponseReader
from kubectl_oidc.authentication.grants.pushed_authorization import AuthorizationRequest, PrintedAddress
from kubectl_oidc.errors import SignInError, SignInTimeout
from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from tests.hostile import Hostile
from tests.sign_ins import Desk, Keys

if TYPE_CHECKING:
    from kubectl_oidc.system.keyboard import Keyboard

SECRETS = AuthorizationSecrets(Secret("the-state"), Secret("n"), None)
ADDRESS = "http://localhost:8000/?code=c&state=the-state"


def typed(desk: Desk, keys: Keys, *, seconds: float = 5.0, ended: bool = False) -> AuthorizationResponse:
    """Ask for an answer that is typed, after an address that has ended or has not."""
    sign_in = desk.sign_in
    metadata = sign_in.provider.metadata(Deadline.after(5))
    request = AuthorizationRequest(sign_in, SECRETS, metadata, "urn:x")
    printed = PrintedAddress(request, desk.terminal)
    printed._end = Deadline.after(0) if ended else None
    keyboard = cast("Keyboard", keys)
    reader = PastedResponseReader(sign_in, keyboard, request)
    return _ask_for_response(keyboard, reader, printed, Deadline.after(seconds))


def test_what_is_no_answer_is_asked_for_again() -> None:
    """As is one that does not come; the words say what may be pasted, and that it is not shown."""
    keys = Keys(ADDRESS.replace("the-state", "another"), None, ADDRESS)
    with Hostile() as server, Desk(server) as desk:
        assert typed(desk, keys) == AuthorizationResponse(Secret("c"))
        (said,) = desk.terminal.said
    assert said.startswith("That is not it: this answers another sign-in")
    words = "Paste the code, or the address at which the browser ends (it is not shown), and press Enter: "
    assert keys.asked == [(words, False)] * 3


def test_an_answer_must_say_whose_it_is_where_that_was_promised() -> None:
    """RFC 9207 §2.4."""
    with Hostile() as server, Desk(server) as desk:
        desk.metadata(authorization_response_iss_parameter_supported=True)
        other = f"{ADDRESS}&iss=https://other.example"
        keys = Keys(ADDRESS, other, f"{ADDRESS}&iss={server.url}")
        assert typed(desk, keys) == AuthorizationResponse(Secret("c"))
        assert len(desk.terminal.said) == 2


def test_an_address_that_has_ended_is_printed_anew() -> None:
    """Before it is asked for what it leads to."""
    with Hostile() as server, Desk(server) as desk:
        typed(desk, Keys(ADDRESS), ended=True)
        assert desk.terminal.said[0].startswith("If you have not opened that address, it has ended.")


def test_a_provider_shows_the_code_on_a_page_of_its_own() -> None:
    """Unless --oidc-redirect-url names another; the value is kubelogin's, and registered at providers."""
    assert authorization_code_keyboard.OUT_OF_BAND == "urn:ietf:wg:oauth:2.0:oob"


def test_nobody_is_awaited_beyond_the_time() -> None:
    """And the flag that sets it is named."""
    with Hostile() as server, Desk(server) as desk, pytest.raises(SignInTimeout) as caught:
        typed(desk, Keys(), seconds=0)
    assert caught.value.message == "nobody pasted the code in time"
    assert "--authentication-timeout-sec" in caught.value.hint


def test_without_a_terminal_nobody_is_sent_anywhere() -> None:
    """One error with another way; nothing is said, sent or remembered."""
    with Hostile() as server, Desk(server, settings={"grant": "authcode-keyboard"}) as desk:
        with pytest.raises(SignInError, match="no terminal") as caught:
            authorization_code_keyboard.sign_in_with_pasted_code(desk.sign_in)
        assert "--grant-type=authcode-keyboard needs the code, and" in caught.value.message
        assert caught.value.hint.endswith(" use --grant-type=device-code")
        assert caught.value.topic == "no-terminal"
        assert desk.terminal.said == []
        desk.failures.check("setup")
