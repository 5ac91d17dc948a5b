"""The Client Credentials grant (RFC 6749 §4.4): the client signs in as itself, and nobody is asked.

It brings an ID token at few providers (OpenID Connect knows no such thing); at the others the access token is what a
cluster can be given. A refresh token is not kept (§4.4.3): asking again is one request as well.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.accept import accept, of_the_client
from kubectl_oidc.errors import IdTokenError, OAuthErrorResponse
from kubectl_oidc.system.deadline import Deadline

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.system.system import System

SECONDS = 30.0
"""The longest that all of it may take."""


def sign_in(request: SignInRequest, system: System, provider: Provider) -> Tokens:
    """Return the tokens of the client itself.

    Args:
        request: What is asked for; its extra parameters go along, as in kubelogin.
        system: Clock, environment, terminal.
        provider: The OpenID provider.

    Raises:
        ProviderError: The provider failed, or refuses the client or this grant.
        IdTokenError: There is no ID token and the access token was not asked for, or it must not be believed.
    """
    deadline = Deadline.after(min(request.timeout, SECONDS))
    response = _asked(request, provider, deadline)
    if response.id_token is not None:
        tokens = accept(response, provider, request, deadline=deadline, now=system.clock())
        return replace(tokens, refresh_token=None)
    if not request.use_access_token:
        raise IdTokenError(
            "the provider's answer to --grant-type=client-credentials has no ID token",
            "most providers give none by this grant: --oidc-use-access-token hands out the access token instead, which "
            "the API server must be set up to take (issuer, audience, a claim for the user name)",
            topic="client-credentials",
        )
    return of_the_client(response, request, now=system.clock())


def _asked(request: SignInRequest, provider: Provider, deadline: Deadline) -> TokenResponse:
    """Ask for the tokens (§4.4.2).

    Okta and Entra refuse the scope openid here, which is of use for an ID token alone. Where the access token is wanted it
    is left out after such a refusal: nothing was issued by then.
    """
    metadata = provider.metadata(deadline)
    extra = {name: value for name, value in request.extra_params if name not in _OURS}
    scopes = [request.scopes]
    if request.use_access_token:
        scopes.append(tuple(scope for scope in request.scopes if scope != "openid"))
    for scope in scopes[:-1]:
        try:
            return provider.request_tokens(
                "client_credentials", {**extra, "scope": " ".join(scope)}, metadata, deadline
            )
        except OAuthErrorResponse as error:
            if error.code != "invalid_scope":
                raise
    last = " ".join(scopes[-1]) or None
    return provider.request_tokens("client_credentials", {**extra, "scope": last}, metadata, deadline)


_OURS = frozenset(
    {"grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"}
)
