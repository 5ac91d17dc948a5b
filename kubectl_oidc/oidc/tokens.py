"""The tokens that a token response brings: how they are validated, and when they expire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, OidcLoginError, UnknownKey

from .claims import moment
from .id_token import Expected, IdToken, validate
from .jws import unverified_claims

if TYPE_CHECKING:
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.system.deadline import Deadline

    from .provider import Provider
    from .token_response import TokenResponse

OPAQUE_SECONDS = 300
"""How long an access token is handed out that says nothing of its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a sign-in or a refresh brought, validated.

    Attributes:
        raw_id_token: The ID token as it came; the session's if a refresh brought none; empty if there is none at all.
        id_token: The same, validated; without one, what is known of the session.
        access_token: The access token, or an exchanged token, where it is what is handed out.
        refresh_token: The refresh token, where one came.
        expiry: When the token that is handed out ends, epoch seconds.
        exchanged: The exchanged token, validated, where it is one that can be.
    """

    raw_id_token: Secret
    id_token: IdToken
    access_token: Secret | None
    refresh_token: Secret | None
    expiry: int
    exchanged: IdToken | None = None


def believed(
    token: Secret, provider: Provider, expected: Expected, *, deadline: Deadline, now: float
) -> IdToken:
    """Return what a signed token says, validated with the provider's keys.

    Args:
        token: The token, a compact JWS.
        provider: Where the key set comes from; it is fetched once more when the token names an unknown key.
        expected: What it must say.
        deadline: For fetching the key set.
        now: Epoch seconds.

    Raises:
        IdTokenError: It must not be believed.
        ProviderError: The key set cannot be had.
    """
    try:
        return validate(token, keys=provider.key_set(deadline), expected=expected, now=now)
    except UnknownKey:
        # The provider rotated its keys: once more with the set as it is now (OpenID Connect Core 10.1.1).
        return validate(token, keys=provider.key_set(deadline, refetch=True), expected=expected, now=now)


def access_token(response: TokenResponse) -> Secret:
    """Return the access token of a response.

    Raises:
        OidcLoginError: There is none.
    """
    if response.access_token is None:
        raise OidcLoginError(
            "the provider's token response has no access token",
            "leave out --oidc-use-access-token: Kubernetes reads the ID token",
            topic="no-access-token",
        )
    return response.access_token


def expiry_of_access_token(response: TokenResponse, now: float) -> int:
    """Return when the access token ends: ``expires_in``, else its ``exp`` if it is a JWT (RFC 6749 §5.1, RFC 9068).

    Args:
        response: What the token endpoint answered.
        now: Epoch seconds.

    Raises:
        OidcLoginError: There is no access token.
    """
    if response.expires_in is not None:
        return int(now) + response.expires_in
    try:
        return moment(unverified_claims(access_token(response)), "exp")
    except IdTokenError:
        return int(now) + OPAQUE_SECONDS
