"""The Resource Owner Password Credentials grant (RFC 6749 §4.3): sign in with a user name and a password.

RFC 9700 §2.4 forbids this grant: the client sees the password, and a second factor is impossible. kubelogin offers it for
service accounts, so this program does too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import InvalidGrant
from kubectl_oidc.http.reachability import PATIENCE
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.keyboard import keyboard, no_terminal
from kubectl_oidc.text import sanitize

from .announcement import announce

if TYPE_CHECKING:
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.keyboard import Keyboard

    from .sign_in import SignIn

EXCHANGE_SECONDS = 30.0
"""The time limit for the token request and the key set."""


def sign_in_with_password(sign_in: SignIn) -> Tokens:
    """Return the tokens for a user name and a password from the flags, or typed at the terminal.

    A refused password from the flags is recorded too, because providers lock an account after a few.

    Raises:
        SignInError: Something must be typed, and there is no terminal or nothing was typed.
        SignInTimeout: Nothing was typed in time.
        InvalidGrant: The provider refused the user name or the password.
    """
    request, system, failures = sign_in.request, sign_in.system, sign_in.failures
    deadline = request.timeout.deadline()
    metadata = sign_in.provider.metadata(deadline)
    if request.username and request.password:
        with failures.counted(InvalidGrant):
            return _request_tokens(sign_in, metadata, request.username, request.password)
    with keyboard(system.terminal, system.environ) as keys:
        if keys is None:
            missing = "the password" if request.username else "a user name"
            raise no_terminal(
                f"--grant-type=password needs {missing}",
                "give --username, and set KUBECTL_OIDC_PASSWORD to the password",
            )
        sign_in.provider.check_reachable(PATIENCE)
        with failures.counted():
            return _request_tokens(sign_in, metadata, *_ask_credentials(sign_in, keys, deadline))


def _ask_credentials(sign_in: SignIn, keys: Keyboard, deadline: Deadline) -> tuple[str, Secret]:
    """Ask for what the flags do not have. The password is not shown."""
    announce(sign_in)
    request = sign_in.request
    username = request.username or keys.ask("User name: ", deadline, shown=True)
    prompt = f"Password of {sanitize(username)} at {request.host}: "
    return username, request.password or Secret(keys.ask(prompt, deadline))


def _request_tokens(sign_in: SignIn, metadata: Metadata, username: str, password: Secret) -> Tokens:
    """Send the credentials once (RFC 6749 §4.3.2), and validate the response."""
    request = sign_in.request
    deadline = request.timeout.deadline(EXCHANGE_SECONDS)
    parameters: dict[str, str | Secret | None] = {
        "username": username,
        "password": password,
        "scope": " ".join(request.scopes),
    }
    response = sign_in.provider.request_tokens("password", parameters, metadata, deadline)
    return sign_in.accept(response, deadline)
