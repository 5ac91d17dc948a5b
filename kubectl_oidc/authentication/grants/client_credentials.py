"""The Client Credentials grant (RFC 6749 §4.4): the client signs in as itself, without a user.

Few providers return an ID token, because OpenID Connect does not define one for this grant. With the others, a cluster can
only be given the access token. A refresh token is not stored (§4.4.3): a new token costs one request as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.authentication.accept import client_tokens
from kubectl_oidc.errors import IdTokenError, OAuthErrorResponse

if TYPE_CHECKING:
    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.system.deadline import Deadline

    from .sign_in import SignIn

SECONDS = 30.0
"""The time limit for the whole sign-in."""

_RESERVED = frozenset(
    {"grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"}
)


def sign_in_as_client(sign_in: SignIn) -> Tokens:
    """Return the tokens of the client itself. The extra parameters are sent, as kubelogin does.

    Raises:
        ProviderError: The provider failed, or refused the client or this grant.
        IdTokenError: The ID token is not valid; or there is none, and --oidc-use-access-token was not given.
    """
    request = sign_in.request
    deadline = request.timeout.deadline(SECONDS)
    response = _request_tokens(sign_in, deadline)
    if response.id_token is not None:
        return sign_in.accept(response, deadline)._replace(refresh_token=None)
    if not request.use_access_token:
        raise IdTokenError(
            "the provider's answer to --grant-type=client-credentials has no ID token",
            "add --oidc-use-access-token to use the access token instead. Set up the API server for it: issuer, audience, and a claim for the user name",
            topic="client-credentials",
        )
    return client_tokens(response, request, now=sign_in.system.clock())


def _request_tokens(sign_in: SignIn, deadline: Deadline) -> TokenResponse:
    """Send the token request (§4.4.2).

    Okta and Entra ID refuse the scope openid here, which only an ID token needs. If the access token is used, the request is
    repeated without that scope. The refused request issued nothing.
    """
    request, provider = sign_in.request, sign_in.provider
    metadata = provider.metadata(deadline)
    extra = {name: value for name, value in request.extra_params if name not in _RESERVED}

    def ask(scopes: tuple[str, ...]) -> TokenResponse:
        parameters = {**extra, "scope": " ".join(scopes) or None}
        return provider.request_tokens("client_credentials", parameters, metadata, deadline)

    try:
        return ask(request.scopes)
    except OAuthErrorResponse as error:
        if error.code != "invalid_scope" or not request.use_access_token:
            raise
    return ask(request.extra_scopes)
