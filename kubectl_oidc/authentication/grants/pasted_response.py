"""An authorization response that the user pastes: the address at which the browser ended, or only the code.

An address is checked like a request to the callback server (RFC 6749 §10.12, RFC 9207). ``state`` must match, and ``iss`` if
the provider sends it. A code has neither; PKCE and the nonce still bind it to this sign-in.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kubectl_oidc.loopback.authorization_response import (
    AuthorizationResponse,
    ExpectedResponse,
    RejectedRequest,
    Request,
)
from kubectl_oidc.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.system.keyboard import Keyboard

    from .authorization_request import AuthorizationSecrets
    from .pushed_authorization import AuthorizationRequest
    from .sign_in import SignIn

_CODE = re.compile(r"[\x21-\x7e]+")  # RFC 6749, appendix A.11, without the space
_PLACEHOLDER_PATH, _PLACEHOLDER_START = "/", "-"


def parse_pasted_response(
    text: str, secrets: AuthorizationSecrets, *, issuer: str, iss_required: bool
) -> AuthorizationResponse | str:
    """Return the authorization response in a pasted text, or why it contains none. The text is not repeated.

    Args:
        text: A line that the user pasted.
        iss_required: Whether an address without ``iss`` is rejected.
    """
    pasted = text.strip().strip("\"'<>")
    query = pasted.partition("?")[2] or (pasted if "code=" in pasted or "error=" in pasted else "")
    if query:
        expected = ExpectedResponse(
            hosts=frozenset({_PLACEHOLDER_PATH}),
            path=_PLACEHOLDER_PATH,
            start_path=Secret(_PLACEHOLDER_START),
            state=secrets.state,
            issuer=issuer,
            iss_required=iss_required,
        )
        target = f"{_PLACEHOLDER_PATH}?{query.partition('#')[0]}"
        response = expected.check(Request("GET", target, _PLACEHOLDER_PATH))
        if isinstance(response, AuthorizationResponse):
            return response
        return response.reason if isinstance(response, RejectedRequest) else "the answer cannot be read"
    if "://" in pasted:
        return "this address has no code= in it; paste the address of the last page"
    if not _CODE.fullmatch(pasted):
        return "this is neither an address nor a code"
    return AuthorizationResponse(Secret(pasted))


class PastedResponseReader:
    """Reads responses to an authorization request that the user pastes, and shows what is wrong with other lines."""

    def __init__(self, sign_in: SignIn, keys: Keyboard, authorization: AuthorizationRequest) -> None:
        self._issuer = sign_in.request.issuer
        self._iss_required = authorization.metadata.iss_parameter_supported
        self._terminal = sign_in.system.terminal
        self._secrets = authorization.secrets
        self._keys = keys

    @contextmanager
    def offered(self) -> Iterator[None]:
        """Show the offer, and read the keyboard while the block runs."""
        prompt = "Or, when the browser shows that it cannot reach the page, copy its address, paste it here (input is hidden) and press Enter.\n\n"
        with self._keys.reading(prompt):
            yield

    def poll(self) -> AuthorizationResponse | None:
        """Return the response in the line that was pasted since the last call, or None."""
        line = self._keys.poll(0)
        return self.parse(line) if line else None

    def parse(self, line: str) -> AuthorizationResponse | None:
        """Return the response in a line. If there is none, show why and return None."""
        response = parse_pasted_response(
            line, self._secrets, issuer=self._issuer, iss_required=self._iss_required
        )
        if isinstance(response, str):
            self._terminal.need(f"Not accepted: {response}")
            return None
        return response
