"""One authorization request and the code that answers it (OpenID Connect Core 3.1, RFC 7636), however the code comes back."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.accept import accept
from kubectl_oidc.authentication.request import OUR_PARAMETERS
from kubectl_oidc.errors import SignInRefused
from kubectl_oidc.oidc.token_response import DENIED
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
    from kubectl_oidc.oidc.error_hints import Sent
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.tokens import Tokens
    from kubectl_oidc.system.system import System

EXCHANGE_SECONDS = 30.0
"""The longest that the provider's answers may take once the person is back."""


@dataclass(frozen=True, slots=True)
class AuthorizationSecrets:
    """The secrets of one authorization request, each used once.

    Attributes:
        state: Binds the answer to this request (RFC 6749 §10.12).
        nonce: Binds the ID token to this request (OpenID Connect Core 3.1.2.1).
        code_verifier: Proves that who redeems the code asked for it (RFC 7636 §4.1); None only with `no`.
    """

    state: Secret
    nonce: Secret
    code_verifier: Secret | None

    @classmethod
    def generate(cls, *, pkce: bool) -> AuthorizationSecrets:
        """Return fresh values of 32 random bytes each."""

        def fresh() -> Secret:
            return Secret(secrets.token_urlsafe(32))

        return cls(fresh(), fresh(), fresh() if pkce else None)


def code_challenge(verifier: Secret) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2).

    Args:
        verifier: The code verifier.
    """
    # Authlib has it too, and takes ten times as long to load as all of this; everybody who signs in would wait for it.
    return urlsafe_b64encode(sha256(verifier.reveal().encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def authorization_parameters(
    request: SignInRequest, attempt: AuthorizationSecrets, redirect_uri: str
) -> dict[str, str | Secret]:
    """Return the authorization request's parameters (RFC 6749 §4.1.1, RFC 7636 §4.3), each once (§3.1).

    Args:
        request: What is asked for; its extra parameters replace none of ours, but those for a refresh token.
        attempt: State, nonce and verifier.
        redirect_uri: Where the browser comes back to.
    """
    from kubectl_oidc.oidc.vendors import refresh_parameters

    parameters: dict[str, str | Secret] = {**refresh_parameters(request.issuer)}
    parameters |= {name: value for name, value in request.extra_params if name not in OUR_PARAMETERS}
    parameters |= request.account.parameters()
    parameters |= {
        "response_type": "code",
        "client_id": request.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(request.scopes),
        "state": attempt.state,
        "nonce": attempt.nonce,
    }
    if attempt.code_verifier:
        parameters["code_challenge"] = code_challenge(attempt.code_verifier)
        parameters["code_challenge_method"] = "S256"
    return parameters


def authorization_url(metadata: Metadata, parameters: Mapping[str, str | Secret]) -> str:
    """Return the address of the provider's authorization endpoint with these parameters; its own query is kept.

    Args:
        metadata: The provider's metadata.
        parameters: What is added.
    """
    from authlib.common.urls import add_params_to_uri

    revealed = [
        (name, value.reveal() if isinstance(value, Secret) else value) for name, value in parameters.items()
    ]
    url: str = add_params_to_uri(metadata.authorization_endpoint, revealed)
    return url


def redeem(
    request: SignInRequest,
    system: System,
    provider: Provider,
    redirect_uri: str,
    attempt: AuthorizationSecrets,
    answer: AuthorizationResponse,
) -> Tokens:
    """Exchange the code and validate what comes for it; the verifier goes nowhere else.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.
        provider: The OpenID provider.
        redirect_uri: The one that the authorization request named.
        attempt: State, nonce and verifier.
        answer: What the provider answered through the browser.

    Raises:
        SignInRefused: It is an error.
        ProviderError: The provider failed.
        IdTokenError: Its ID token must not be believed.
    """
    if answer.code is None:
        raise refused(answer, sent_by(request, provider, redirect_uri))
    deadline = Deadline.after(EXCHANGE_SECONDS)
    response = provider.exchange_code(
        code=answer.code,
        redirect_uri=redirect_uri,
        code_verifier=attempt.code_verifier,
        deadline=deadline,
    )
    return accept(response, provider, request, deadline=deadline, now=system.clock(), nonce=attempt.nonce)


_LOG = "the provider's log may say more"
_ASKS = ("login_required", "interaction_required", "consent_required", "account_selection_required")
"""Codes of a provider that must ask the person something (OpenID Connect Core 3.1.2.6)."""
_HINTS = {
    "access_denied": DENIED,
    "unauthorized_client": "allow the authorization code grant for this client at the provider",
    **dict.fromkeys(
        _ASKS,
        "the provider must ask the person something: sign in there in the browser first, then run the command again",
    ),
    "server_error": "the provider failed; try again, and see its log",
    "temporarily_unavailable": "the provider is overloaded or in maintenance; try again later",
}


def sent_by(request: SignInRequest, provider: Provider, redirect_uri: str) -> Sent:
    """Return what an authorization request sent, for the hint about its refusal.

    Args:
        request: What is asked for.
        provider: The OpenID provider.
        redirect_uri: The redirect URI.
    """
    from kubectl_oidc.oidc.error_hints import Sent

    return Sent(
        issuer=request.issuer,
        parameters=(
            *("scope", "redirect_uri"),
            *(("code_challenge",) if request.pkce else ()),
            *request.account.parameters(),
        ),
        scopes=request.scopes,
        scopes_supported=provider.scopes_supported(),
        redirect_uri=redirect_uri,
        came_back=True,
    )


def refused(answer: AuthorizationResponse, sent: Sent) -> SignInRefused:
    """Return the error for an error answer (RFC 6749 §4.1.2.1), its words made plain.

    Args:
        answer: The answer.
        sent: What it answers.
    """
    from kubectl_oidc.oidc.error_hints import hint, invalid_request

    code = sanitize(answer.error or "an unnamed error", limit=80)
    description = f": {sanitize(answer.error_description)}" if answer.error_description else ""
    otherwise = {"invalid_request": invalid_request(sent), **_HINTS}.get(answer.error or "", _LOG)
    if answer.error in _ASKS and "prompt" in sent.parameters:
        otherwise += ", or change --prompt"
    return SignInRefused(
        f"the provider refused the sign-in with {code}{description}",
        hint(answer.error, answer.error_description, sent, otherwise),
    )
