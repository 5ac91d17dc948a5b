"""Exchange the access token of a sign-in or refresh for a token for another audience (RFC 8693).

One client signs people in, and each cluster gets a token that only this cluster accepts. If the exchange fails, no token is
handed out: a token for another audience must not reach a cluster that asked for its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, InvalidProviderResponse, OAuthErrorResponse, OidcLoginError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import json_quoted, sanitize

from .flags import EXCHANGE_AUDIENCE, EXCHANGE_SCOPE, EXCHANGE_TYPE, EXCHANGE_TYPES
from .id_token import Expected
from .tokens import expiry_of_access_token, validated_id_token

if TYPE_CHECKING:
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.system.deadline import Deadline

    from .id_token import IdToken
    from .metadata import Metadata
    from .provider import Provider
    from .token_response import TokenResponse

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
"""RFC 8693 §2.1."""

_TYPE_PREFIX = "urn:ietf:params:oauth:token-type:"
_SIGNED = frozenset({"id_token", "jwt"})
"""An ID token is a JWT. Providers use either name for it, and both are validated."""

_TOPIC = "token-exchange"


class TokenExchange(NamedTuple):
    """The token to request.

    Attributes:
        token_type: One of ``EXCHANGE_TYPES``.
        scopes: The scopes of the new token. If empty, the provider decides.
    """

    audience: str
    token_type: str = EXCHANGE_TYPES[0]
    scopes: tuple[str, ...] = ()

    def is_opaque(self) -> bool:
        """Return whether the new token is an access token. A client cannot validate those (RFC 6749 §1.4)."""
        return self.token_type not in _SIGNED

    def identity(self) -> tuple[str, ...]:
        """Return the part of the session's identity: other values make another token."""
        return (self.audience, self.token_type, *sorted(set(self.scopes)))


class Exchanged(NamedTuple):
    """The new token.

    Attributes:
        id_token: The validated token; None for an access token.
        expiry: When the token expires, in epoch seconds.
    """

    token: Secret
    id_token: IdToken | None
    expiry: int


def exchange_token(
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
    """Exchange the access token of a response (§2.1) and check the new token (§2.2.1).

    Args:
        issuer: The issuer of the new token.
        client_id: The client that signed in. The new token may name it in ``azp``.
        subject: ``sub`` of the ID token: the new token must have the same. Empty if there is no ID token.
        now: The time in epoch seconds.

    Raises:
        OAuthErrorResponse: The provider rejects the exchange. Never InvalidGrant, because a new sign-in would not help.
        InvalidProviderResponse: The new token is not what was requested.
        ProviderError: As in ``TokenEndpoint.request``.
        OidcLoginError: There is no access token to exchange.
    """
    metadata = provider.metadata(deadline, stale=True)
    answer = _request(response, provider, metadata, exchange, deadline)
    token = _requested_token(answer, exchange)
    if exchange.is_opaque():
        return Exchanged(token, None, expiry_of_access_token(answer, now))
    expected = Expected(issuer, exchange.audience, metadata.id_token_algorithms, requester=client_id)
    id_token = _validated(token, provider, expected, deadline=deadline, now=now)
    if subject and id_token.subject != subject:
        raise _invalid(f"is about {json_quoted(id_token.subject)}, and {json_quoted(subject)} signed in")
    return Exchanged(token, id_token, id_token.expiry)


def _validated(
    token: Secret, provider: Provider, expected: Expected, *, deadline: Deadline, now: float
) -> IdToken:
    try:
        return validated_id_token(token, provider, expected, deadline=deadline, now=now)
    except IdTokenError as error:
        clock = error.topic == "clock"
        raise _invalid(
            f"is not valid: {error.message}",
            error.hint if clock else "",
            topic=error.topic if clock else "",
        ) from error


def _requested_token(answer: TokenResponse, exchange: TokenExchange) -> Secret:
    """Return the new token if its type is the requested one."""
    token = answer.access_token
    issued = (answer.issued_token_type or "").removeprefix(_TYPE_PREFIX)
    if token is None or issued not in ({exchange.token_type} if exchange.is_opaque() else _SIGNED):
        what = sanitize(json_quoted(answer.issued_token_type)) if token else "no token"
        raise _invalid(f"is {what}, and {_TYPE_PREFIX}{exchange.token_type} was asked for")
    return token


def _request(
    response: TokenResponse,
    provider: Provider,
    metadata: Metadata,
    exchange: TokenExchange,
    deadline: Deadline,
) -> TokenResponse:
    if response.access_token is None:
        raise OidcLoginError(
            "the provider's token response has no access token that could be exchanged",
            f"leave out {EXCHANGE_AUDIENCE}, or have the provider give this client an access token",
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
            f"cannot get a token for the audience {sanitize(exchange.audience)}: {error.message}",
            _hint(error, metadata),
            topic=_TOPIC,
            code=error.code,
        ) from error


_ALLOW = f"at the provider, allow this client the token exchange (RFC 8693); many require a client secret for it (--oidc-client-secret). Or leave out {EXCHANGE_AUDIENCE}"
_HINTS = {
    "unsupported_grant_type": _ALLOW,
    "unauthorized_client": _ALLOW,
    "access_denied": _ALLOW,
    "invalid_target": f"compare {EXCHANGE_AUDIENCE} with the audiences that the provider allows this client",
    "invalid_scope": f"check {EXCHANGE_SCOPE} against the scopes that the provider allows for this audience",
}


def _hint(error: OAuthErrorResponse, metadata: Metadata) -> str:
    if error.code == "invalid_client":
        return error.hint
    if metadata.grant_types and GRANT_TYPE not in metadata.grant_types:
        return f"the provider's metadata names no token exchange. {_ALLOW}"
    return _HINTS.get(
        error.code,
        f"see the provider's log: it may not allow this client the exchange, or this type for this audience ({EXCHANGE_TYPE}, {EXCHANGE_AUDIENCE})",
    )


def _invalid(why: str, hint: str = "", *, topic: str = "") -> InvalidProviderResponse:
    return InvalidProviderResponse(
        f"the exchanged token {why}",
        hint
        or f"compare {EXCHANGE_AUDIENCE} and {EXCHANGE_TYPE} with what the provider issues to this client",
        topic=topic or _TOPIC,
    )
