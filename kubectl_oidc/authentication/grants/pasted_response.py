"""An answer that a person pastes: the address at which the browser ended, or the code that stands in it.

An address is judged as the callback server judges a request: ``state`` and, where the provider says it, ``iss`` are ours
(RFC 6749 §10.12, RFC 9207). A code alone has neither; PKCE and the nonce bind it to this sign-in all the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubectl_oidc.loopback.authorization_response import (
    AuthorizationResponse,
    ExpectedResponse,
    RejectedRequest,
    Request,
)
from kubectl_oidc.secret import Secret

if TYPE_CHECKING:
    from .authorization_request import AuthorizationSecrets

_CODE = re.compile(r"[\x21-\x7e]+")  # RFC 6749, appendix A.11, without the space
_HERE, _NOWHERE = "/", "-"


def read(
    text: str, attempt: AuthorizationSecrets, *, issuer: str, iss_required: bool
) -> AuthorizationResponse | str:
    """Return the answer in what was pasted, or in a few words why there is none.

    Args:
        text: What was pasted; nothing of it is repeated.
        attempt: The sign-in that waits.
        issuer: Who must have answered.
        iss_required: Whether an address must say so.
    """
    words = text.strip().strip("\"'<>")
    query = words.partition("?")[2] or (words if "code=" in words or "error=" in words else "")
    if query:
        awaited = ExpectedResponse(
            hosts=frozenset({_HERE}),
            path=_HERE,
            start_path=Secret(_NOWHERE),
            state=attempt.state,
            issuer=issuer,
            iss_required=iss_required,
        )
        verdict = awaited.check(Request("GET", f"{_HERE}?{query.partition('#')[0]}", _HERE))
        if isinstance(verdict, AuthorizationResponse):
            return verdict
        return verdict.reason if isinstance(verdict, RejectedRequest) else "the answer cannot be read"
    if "://" in words:
        return "that address has no answer in it: the one at which the browser ends has code= in it"
    if not _CODE.fullmatch(words):
        return "that is neither an address nor a code"
    return AuthorizationResponse(Secret(words))
