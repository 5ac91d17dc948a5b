"""The Authorization Code grant without a callback server: the user pastes the code, or the address that contains it.

kubelogin calls it ``authcode-keyboard``. With the default redirect URI, the provider itself shows the code; few providers still
support that. With another, for example one of localhost, the browser ends at a page that it cannot open, and the user pastes
the address of that page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import SignInTimeout
from kubectl_oidc.http.reachability import PATIENCE
from kubectl_oidc.system.keyboard import keyboard, no_terminal

from .announcement import announce
from .authorization_request import OUT_OF_BAND, AuthorizationSecrets, redeem
from .pasted_response import PastedResponseReader
from .pushed_authorization import AuthorizationRequest, PrintedAddress

if TYPE_CHECKING:
    from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.keyboard import Keyboard

    from .sign_in import SignIn


def sign_in_with_pasted_code(sign_in: SignIn) -> Tokens:
    """Return the tokens of a user who pastes the code at the terminal.

    Raises:
        SignInError: There is no terminal.
        SignInRefused: The pasted address contains the provider's error.
        SignInTimeout: The user pasted no code in time.
    """
    request, system = sign_in.request, sign_in.system
    deadline = request.timeout.deadline()
    metadata = sign_in.provider.metadata(deadline)
    secrets = AuthorizationSecrets.generate(pkce=request.pkce)
    redirect_uri = request.redirect.url or OUT_OF_BAND
    with keyboard(system.terminal, system.environ) as keys:
        if keys is None:
            raise no_terminal("--grant-type=authcode-keyboard needs the code", "use --grant-type=device-code")
        sign_in.provider.check_reachable(PATIENCE)
        with sign_in.failures.counted():
            announce(sign_in)
            authorization = AuthorizationRequest(sign_in, secrets, metadata, redirect_uri)
            printed = PrintedAddress(authorization, sign_in)
            printed.show("Open this address in a browser and sign in")
            reader = PastedResponseReader(sign_in, keys, authorization)
            response = _ask_for_response(keys, reader, printed, deadline)
            return redeem(sign_in, redirect_uri, secrets, response)


def _ask_for_response(
    keys: Keyboard, reader: PastedResponseReader, printed: PrintedAddress, deadline: Deadline
) -> AuthorizationResponse:
    """Ask until the user pastes a response to this sign-in."""
    prompt = "Then paste the code, or the address of the last page (input is hidden), and press Enter: "
    while not deadline.passed():
        printed.show_again_when_ended()
        try:
            line = keys.ask(prompt, printed.until(deadline))
        except SignInTimeout:
            continue
        response = reader.parse(line)
        if response is not None:
            return response
    raise SignInTimeout(
        "nobody pasted the code in time", "try again; for more time, raise --authentication-timeout-sec"
    )
