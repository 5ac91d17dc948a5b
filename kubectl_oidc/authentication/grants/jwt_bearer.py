"""The JWT Bearer grant (RFC 7523 §2.1): the token that the platform issues to this workload says who signs in.

The provider knows whom the token represents. The client authenticates as at every other request (RFC 7521 §4.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, OAuthErrorResponse
from kubectl_oidc.oidc.platform_token import PlatformToken, claims_in_words
from kubectl_oidc.oidc.token_response import JWT_BEARER

if TYPE_CHECKING:
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.secret import Secret

    from .sign_in import SignIn

SECONDS = 30.0
"""The time limit for the whole sign-in."""

_RESERVED = frozenset(
    {
        "grant_type",
        "assertion",
        "scope",
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
    }
)


def sign_in_with_platform_token(sign_in: SignIn) -> Tokens:
    """Return the tokens of the person or client that the platform's token represents. The extra parameters are sent too.

    Raises:
        UsageError: The token cannot be read.
        OidcLoginError: The token has expired, or the platform issues none.
        ProviderError: The provider failed, or refused the token or this grant.
        IdTokenError: The ID token is not valid; or there is none, and --oidc-use-access-token was not given.
    """
    request, provider, system = sign_in.request, sign_in.provider, sign_in.system
    deadline = request.timeout.deadline(SECONDS)
    source = request.client_authentication.token or PlatformToken()
    source.check(system.clock())  # before anything is sent
    metadata = provider.metadata(deadline)
    assertion = source.read(system.clock(), deadline, system.log)
    parameters: dict[str, str | Secret | None] = {
        **{name: value for name, value in request.extra_params if name not in _RESERVED},
        "assertion": assertion,
        "scope": " ".join(request.scopes) or None,
    }
    try:
        response = provider.request_tokens(JWT_BEARER, parameters, metadata, deadline)
    except OAuthErrorResponse as error:
        error.hint = f"{error.hint}; {claims_in_words(assertion)}"
        raise
    if response.id_token is None and not request.use_access_token and request.exchange is None:
        raise IdTokenError(
            "the provider's answer to --grant-type=jwt-bearer has no ID token",
            "add --oidc-use-access-token to use the access token instead. Set up the API server for it: issuer, audience, and a claim for the user name",
            topic="client-credentials",
        )
    return sign_in.accept(response, deadline)
