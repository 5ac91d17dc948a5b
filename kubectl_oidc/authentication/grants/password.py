"""The Resource Owner Password Credentials grant (RFC 6749 §4.3), for providers that still allow it.

RFC 9700 §2.4 forbids it to new installations: the password goes through our hands, and a second factor has no place in it.
It is here because kubelogin has it, for machines' accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kubectl_oidc.authentication.accept import accept
from kubectl_oidc.errors import InvalidGrant
from kubectl_oidc.http.reachability import PATIENCE
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.keyboard import keyboard, no_terminal
from kubectl_oidc.text import sanitize

from .announcement import announce

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
    from kubectl_oidc.system.keyboard import Keyboard
    from kubectl_oidc.system.system import System

EXCHANGE_SECONDS = 30.0
"""The longest that the provider's answers may take once the password is there."""


def sign_in(
    request: SignInRequest, system: System, provider: Provider, why: str, failures: FailedSignIns
) -> Tokens:
    """Return the tokens of a person whose name and password are given, or typed at the terminal.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.
        provider: The OpenID provider.
        why: Why a sign-in is needed, for the person.
        failures: Where a sign-in that fails once the person was asked is remembered; and a password that is refused,
            because providers lock an account after a few.

    Raises:
        SignInError: Something must be typed, and there is no terminal, or nothing was typed.
        SignInTimeout: Nobody typed it in time.
        InvalidGrant: The provider does not take them.
        ProviderError: The provider failed.
        IdTokenError: Its ID token must not be believed.
    """
    deadline = Deadline.after(request.timeout)
    metadata = provider.metadata(deadline)
    given = Credentials(request.username, request.password) if request.username and request.password else None
    if given:
        with failures.counted(InvalidGrant):
            return _exchange(request, system, provider, metadata, given)
    with keyboard(system.terminal, system.environ) as keys:
        if keys is None:
            missing = "the password" if request.username else "a user name"
            raise no_terminal(
                f"--grant-type=password needs {missing}",
                "give --username, and the password in KUBECTL_OIDC_PASSWORD",
            )
        provider.check_reachable(PATIENCE)
        with failures.counted():
            who = _typed(request, system, keys, why, deadline)
            return _exchange(request, system, provider, metadata, who)


class Credentials(NamedTuple):
    """Who signs in.

    Attributes:
        username: The user name.
        password: The password.
    """

    username: str
    password: Secret


def _typed(
    request: SignInRequest, system: System, keys: Keyboard, why: str, deadline: Deadline
) -> Credentials:
    """Ask for what is not given; the password is not seen."""
    announce(request, system, why)
    username = request.username or keys.ask("User name: ", deadline, shown=True)
    if request.password:
        return Credentials(username, request.password)
    return Credentials(
        username, Secret(keys.ask(f"Password of {sanitize(username)} at {request.host}: ", deadline))
    )


def _exchange(
    request: SignInRequest, system: System, provider: Provider, metadata: Metadata, who: Credentials
) -> Tokens:
    """Send name and password once (RFC 6749 §4.3.2) and validate what comes for them."""
    deadline = Deadline.after(min(request.timeout, EXCHANGE_SECONDS))
    parameters: dict[str, str | Secret | None] = {**who._asdict(), "scope": " ".join(request.scopes)}
    response = provider.request_tokens("password", parameters, metadata, deadline)
    return accept(response, provider, request, deadline=deadline, now=system.clock())
