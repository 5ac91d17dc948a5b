"""The Authorization Code grant without a way back: the person pastes the code, or the address with it.

What kubelogin calls ``authcode-keyboard``. The redirect URI is by default one at which the provider itself shows the code;
few providers still have it. With another, such as one of localhost, the browser ends at a page that cannot be reached, and its
address is pasted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.authentication.grants import pasted_response
from kubectl_oidc.errors import SignInTimeout
from kubectl_oidc.http.reachability import PATIENCE
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.keyboard import keyboard, no_terminal

from .announcement import announce
from .authorization_request import AuthorizationSecrets, redeem
from .pushed_authorization import AuthorizationRequest, PrintedAddress

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
    from kubectl_oidc.system.keyboard import Keyboard
    from kubectl_oidc.system.system import System

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
"""The redirect URI by which a provider shows the code on its own page; kubelogin's default."""


def sign_in(
    request: SignInRequest, system: System, provider: Provider, why: str, failures: FailedSignIns
) -> Tokens:
    """Return the tokens of a person who pastes the code at the terminal.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.
        provider: The OpenID provider.
        why: Why a sign-in is needed, for the person.
        failures: Where a sign-in that fails once the person was asked is remembered.

    Raises:
        SignInError: There is no terminal.
        SignInRefused: What was pasted is the provider's refusal.
        SignInTimeout: Nobody pasted an answer in time.
        ProviderError: The provider failed.
        IdTokenError: Its ID token must not be believed.
    """
    deadline = Deadline.after(request.timeout)
    metadata = provider.metadata(deadline)
    attempt = AuthorizationSecrets.generate(pkce=request.pkce)
    redirect_uri = request.redirect_url or OUT_OF_BAND
    with keyboard(system.terminal, system.environ) as keys:
        if keys is None:
            raise no_terminal("--grant-type=authcode-keyboard needs the code", "use --grant-type=device-code")
        provider.check_reachable(PATIENCE)
        with failures.counted():
            announce(request, system, why)
            authorization = AuthorizationRequest(request, system, provider, metadata, attempt, redirect_uri)
            printed = PrintedAddress(authorization, system.terminal)
            printed.show("Open this address in a browser and sign in")
            answer = _typed(request, keys, attempt, metadata, printed, deadline, system)
            return redeem(request, system, provider, redirect_uri, attempt, answer)


def _typed(
    request: SignInRequest,
    keys: Keyboard,
    attempt: AuthorizationSecrets,
    metadata: Metadata,
    printed: PrintedAddress,
    deadline: Deadline,
    system: System,
) -> AuthorizationResponse:
    """Ask until what is pasted is an answer to this sign-in."""
    words = "Paste the code, or the address at which the browser ends (it is not shown), and press Enter: "
    while not deadline.passed():
        printed.show_again_when_ended()
        try:
            line = keys.ask(words, printed.until(deadline))
        except SignInTimeout:
            continue
        answer = pasted_response.read(
            line, attempt, issuer=request.issuer, iss_required=metadata.iss_parameter_supported
        )
        if not isinstance(answer, str):
            return answer
        system.terminal.need(f"That is not it: {answer}")
    raise SignInTimeout(
        "nobody pasted the code in time", "try again; --authentication-timeout-sec sets the time"
    )
