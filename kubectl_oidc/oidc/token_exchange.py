"""The token of a sign-in or refresh, exchanged for one for another audience (RFC 8693).

One client signs people in, and each cluster gets a token that is for it alone. What is handed out is the exchanged token or
nothing: a cluster that asked for its own audience must not be given a token that other clusters take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, InvalidProviderResponse, OAuthErrorResponse, OidcLoginError
from kubectl_oidc.text import json_quoted, sanitize

from .id_token import Expected
from .tokens import believed, expiry_of_access_token

if TYPE_CHECKING:
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.system.deadline import Deadline

    from .id_token import IdToken
    from .metadata import Metadata
    from .provider import Provider
    from .token_response import TokenResponse

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
"""RFC 8693 §2.1."""

AUDIENCE_FLAG, TYPE_FLAG, SCOPE_FLAG = (
    f"--oidc-token-exchange-{name}" for name in ("audience", "type", "scope")
)
TYPES = ("id_token", "access_token", "jwt")
"""The token types that can be asked for, the default first (§3)."""

_TYPE_PREFIX = "urn:ietf:params:oauth:token-type:"
_SIGNED = frozenset({"id_token", "jwt"})
"""An ID token is a JWT: providers write either for the same thing, and either is validated."""

_TOPIC = "token-exchange"


@dataclass(frozen=True, slots=True)
class TokenExchange:
    """What the token is exchanged for.

    Attributes:
        audience: Whom the new token is for (§2.1).
        token_type: Which type is asked for, one of ``TYPES``.
        scopes: Scopes of the new token; without any the provider decides.
    """

    audience: str
    token_type: str = TYPES[0]
    scopes: tuple[str, ...] = ()

    def opaque(self) -> bool:
        """Tell whether the new token is an access token, which is not ours to read (RFC 6749 §1.4)."""
        return self.token_type not in _SIGNED

    def identity(self) -> tuple[str, ...]:
        """Return what makes a different token, for the session's key."""
        return (self.audience, self.token_type, *sorted(set(self.scopes)))


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The token that came for it.

    Attributes:
        token: The token that is handed out.
        id_token: The same, validated; None for an access token.
        expiry: When it ends, epoch seconds.
    """

    token: Secret
    id_token: IdToken | None
    expiry: int


def exchanged(
    response: TokenResponse,
    provider: Provider,
    exchange: TokenExchange,
    *,
    issuer: str,
    client_id: str,
    subject: str,
    deadline: Deadline,
    now: float,
) -> Exchanged:
    """Exchange the access token of a response (§2.1), and check what comes for it (§2.2.1).

    Args:
        response: What the token endpoint answered to the sign-in or refresh.
        provider: The OpenID provider.
        exchange: What for.
        issuer: The issuer that must have signed the new token.
        client_id: The client that signed in, whom the new token may name as its requester.
        subject: ``sub`` of the ID token: the new token must be about the same person. Empty if there is no ID token.
        deadline: When it must be over.
        now: Epoch seconds.

    Raises:
        OAuthErrorResponse: The provider does not exchange it; never InvalidGrant, because a new sign-in would not help.
        InvalidProviderResponse: What came is not what was asked for.
        ProviderError: As in ``TokenEndpoint.request``.
        OidcLoginError: There is no access token to exchange.
    """
    metadata = provider.metadata(deadline, stale=True)
    answer = _asked(response, provider, metadata, exchange, deadline)
    token = answer.access_token
    issued = (answer.issued_token_type or "").removeprefix(_TYPE_PREFIX)
    wanted = {exchange.token_type} if exchange.opaque() else _SIGNED
    if token is None or issued not in wanted:
        what = sanitize(json_quoted(answer.issued_token_type)) if token else "no token"
        raise _broken(f"is {what}, and {_TYPE_PREFIX}{exchange.token_type} was asked for")
    if exchange.opaque():
        return Exchanged(token, None, expiry_of_access_token(answer, now))
    expected = Expected(
        issuer=issuer,
        client_id=exchange.audience,
        requester=client_id,
        algorithms=metadata.id_token_algorithms,
    )
    try:
        id_token = believed(token, provider, expected, deadline=deadline, now=now)
    except IdTokenError as error:
        clock = error.topic == "clock"
        raise _broken(
            f"must not be believed: {error.message}",
            error.hint if clock else "",
            topic=error.topic if clock else "",
        ) from error
    if subject and id_token.subject != subject:
        raise _broken(f"is about {json_quoted(id_token.subject)}, and {json_quoted(subject)} signed in")
    return Exchanged(token, id_token, id_token.expiry)


def _asked(
    response: TokenResponse,
    provider: Provider,
    metadata: Metadata,
    exchange: TokenExchange,
    deadline: Deadline,
) -> TokenResponse:
    if response.access_token is None:
        raise OidcLoginError(
            "the provider's token response has no access token that could be exchanged",
            f"leave out {AUDIENCE_FLAG}, or have the provider give this client an access token",
            topic=_TOPIC,
        )
    parameters: dict[str, str | Secret | None] = {
        "subject_token": response.access_token,
        "subject_token_type": f"{_TYPE_PREFIX}access_token",
        "requested_token_type": f"{_TYPE_PREFIX}{exchange.token_type}",
        "audience": exchange.audience,
        "scope": " ".join(exchange.scopes) or None,
    }
    try:
        return provider.request_tokens(GRANT_TYPE, parameters, metadata, deadline)
    except OAuthErrorResponse as error:
        raise OAuthErrorResponse(
            f"there is no token for the audience {sanitize(exchange.audience)}: {error.message}",
            _hint(error, metadata),
            topic=_TOPIC,
            code=error.code,
        ) from error


_ALLOW = (
    "allow this client the token exchange (RFC 8693) at the provider; many allow it to clients with a secret only "
    f"(--oidc-client-secret). Else leave out {AUDIENCE_FLAG}"
)
_HINTS = {
    "unsupported_grant_type": _ALLOW,
    "unauthorized_client": _ALLOW,
    "access_denied": _ALLOW,
    "invalid_target": f"compare {AUDIENCE_FLAG} with the audiences that the provider allows this client to ask for",
    "invalid_scope": f"check {SCOPE_FLAG} against the scopes that the provider allows for this audience",
}


def _hint(error: OAuthErrorResponse, metadata: Metadata) -> str:
    if error.code == "invalid_client":
        return error.hint
    if metadata.grant_types and GRANT_TYPE not in metadata.grant_types:
        return f"the provider's metadata names no token exchange. {_ALLOW}"
    return _HINTS.get(
        error.code,
        "see the provider's log: it may not allow this client the exchange, or not issue this type for this audience "
        f"({TYPE_FLAG}, {AUDIENCE_FLAG})",
    )


def _broken(why: str, hint: str = "", *, topic: str = "") -> InvalidProviderResponse:
    return InvalidProviderResponse(
        f"the exchanged token {why}",
        hint
        or f"it is not handed out; compare {AUDIENCE_FLAG} and {TYPE_FLAG} with what the provider issues to this client",
        topic=topic or _TOPIC,
    )
