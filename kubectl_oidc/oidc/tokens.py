"""The tokens of a sign-in or refresh: validated, and when they expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, OidcLoginError, UnknownKey
from kubectl_oidc.named_tuple import NamedTuple

from .claims import time_claim
from .id_token import Expected, IdToken, validate
from .jws import unverified_claims

if TYPE_CHECKING:
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.system.deadline import Deadline

    from .provider import Provider
    from .token_response import TokenResponse

OPAQUE_SECONDS = 300
"""How long an access token is used if nothing says when it expires."""


class Tokens(NamedTuple):
    """The validated tokens of a sign-in or refresh.

    Attributes:
        raw_id_token: The ID token as received. If a refresh brought none: the session's. Empty if there is none at all.
        id_token: The validated ID token. Without one: what is known of the session.
        access_token: The access token or the exchanged token, if that is what kubectl gets.
        expiry: When the token that kubectl gets expires, in epoch seconds.
    """

    raw_id_token: Secret
    id_token: IdToken
    access_token: Secret | None
    refresh_token: Secret | None
    expiry: int


def validated_id_token(
    token: Secret, provider: Provider, expected: Expected, *, deadline: Deadline, now: float
) -> IdToken:
    """Return a signed token, validated with the provider's keys at ``now`` (epoch seconds).

    The key set is fetched once more if the token names an unknown key.

    Raises:
        IdTokenError: The token is not valid.
        ProviderError: The key set cannot be fetched.
    """
    try:
        return validate(token, keys=provider.key_set(deadline), expected=expected, now=now)
    except UnknownKey:
        # The provider may have rotated its keys (OpenID Connect Core 10.1.1).
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
    """Return when the access token expires, in epoch seconds: by ``expires_in``, else by ``exp`` if it is a JWT (RFC 6749 §5.1, RFC 9068).

    Raises:
        OidcLoginError: There is no access token.
    """
    if response.expires_in is not None:
        return int(now) + response.expires_in
    try:
        return time_claim(unverified_claims(access_token(response)), "exp")
    except IdTokenError:
        return int(now) + OPAQUE_SECONDS
