"""The authorization request and its code: parameters, address, and the code's exchange for tokens (OpenID Connect Core 3.1, RFC 7636)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.request import OUR_PARAMETERS
from kubectl_oidc.digests import sha256
from kubectl_oidc.errors import SignInRefused
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.oidc.token_response import ACCESS_DENIED_HINT
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import with_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
    from kubectl_oidc.oidc.error_hints import SentRequest
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.tokens import Tokens

    from .sign_in import SignIn

EXCHANGE_SECONDS = 30.0
"""The time limit for the token request and the key set, once the browser has come back."""

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
"""The redirect URI for which a provider shows the code on its own page; kubelogin's default."""


class AuthorizationSecrets(NamedTuple):
    """The random values of one authorization request, each used once.

    Attributes:
        state: Binds the authorization response to this request (RFC 6749 §10.12).
        nonce: Binds the ID token to this request (OpenID Connect Core 3.1.2.1).
        code_verifier: Proves that the same client exchanges the code (RFC 7636 §4.1). None only with --oidc-pkce-method=no.
    """

    state: Secret
    nonce: Secret
    code_verifier: Secret | None

    @classmethod
    def generate(cls, *, pkce: bool) -> AuthorizationSecrets:
        """Return new values of 32 random bytes each."""

        def fresh() -> Secret:
            return Secret(token_urlsafe(32))

        return cls(fresh(), fresh(), fresh() if pkce else None)


def code_challenge(verifier: Secret) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2)."""
    # Authlib has this function too, but takes ten times as long to import as this module does.
    return urlsafe_b64encode(sha256(verifier.reveal().encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def must_be_pushed(request: SignInRequest, metadata: Metadata) -> bool:
    """Return whether the flag or the provider requires a pushed authorization request (RFC 9126 §5)."""
    setting = request.pushed_authorization
    return setting == "required" or (setting == "auto" and metadata.pushed_authorization_required)


def authorization_parameters(
    request: SignInRequest, secrets: AuthorizationSecrets, redirect_uri: str
) -> dict[str, str | Secret]:
    """Return the authorization request's parameters (RFC 6749 §4.1.1, RFC 7636 §4.3), each once (§3.1).

    The request's extra parameters replace only those that ask for a refresh token.
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
        "state": secrets.state,
        "nonce": secrets.nonce,
    }
    if secrets.code_verifier:
        parameters["code_challenge"] = code_challenge(secrets.code_verifier)
        parameters["code_challenge_method"] = "S256"
    return parameters


def authorization_url(metadata: Metadata, parameters: Mapping[str, str | Secret]) -> str:
    """Return the address of the authorization endpoint with these parameters added to its own query."""
    revealed = [
        (name, value.reveal() if isinstance(value, Secret) else value) for name, value in parameters.items()
    ]
    return with_parameters(metadata.authorization_endpoint, revealed)


def redeem(
    sign_in: SignIn, redirect_uri: str, secrets: AuthorizationSecrets, response: AuthorizationResponse
) -> Tokens:
    """Exchange the code for tokens, and validate them. The verifier goes nowhere else.

    Raises:
        SignInRefused: The authorization response is an error.
        ProviderError: The provider failed.
        IdTokenError: The ID token is not valid.
    """
    if response.code is None:
        raise sign_in_refused(response, sent_by(sign_in.request, sign_in.provider, redirect_uri))
    deadline = Deadline.after(EXCHANGE_SECONDS)
    tokens = sign_in.provider.exchange_code(
        code=response.code,
        redirect_uri=redirect_uri,
        code_verifier=secrets.code_verifier,
        deadline=deadline,
    )
    return sign_in.accept(tokens, deadline, nonce=secrets.nonce)


_SEE_THE_LOG = "look into the provider's log for the reason"
_NEEDS_THE_USER = ("login_required", "interaction_required", "consent_required", "account_selection_required")
"""Error codes of a provider that must ask the user something (OpenID Connect Core 3.1.2.6)."""
_HINTS = {
    "access_denied": ACCESS_DENIED_HINT,
    "unauthorized_client": "allow the authorization code grant for this client at the provider",
    **dict.fromkeys(
        _NEEDS_THE_USER,
        "sign in at the provider in the browser first, where it asks you something, then run the command again",
    ),
    "server_error": "try again; if the provider fails again, see its log",
    "temporarily_unavailable": "try again later: the provider is overloaded or in maintenance",
}


def sent_by(request: SignInRequest, provider: Provider, redirect_uri: str) -> SentRequest:
    """Return what the authorization request contained, for the hint about an error response."""
    from kubectl_oidc.oidc.error_hints import SentRequest

    return SentRequest(
        issuer=request.issuer,
        parameters=(
            *("scope", "redirect_uri"),
            *(("code_challenge",) if request.pkce else ()),
            *request.account.parameters(),
        ),
        scopes=request.scopes,
        scopes_supported=provider.scopes_supported(),
        redirect_uri=redirect_uri,
        came_by_browser=True,
    )


def sign_in_refused(response: AuthorizationResponse, sent: SentRequest) -> SignInRefused:
    """Return the error for an authorization error response (RFC 6749 §4.1.2.1); its text is sanitized."""
    from kubectl_oidc.oidc.error_hints import error_hint, invalid_request_hint

    code = sanitize(response.error or "an unnamed error", limit=80)
    description = f": {sanitize(response.error_description)}" if response.error_description else ""
    otherwise = {"invalid_request": invalid_request_hint(sent), **_HINTS}.get(
        response.error or "", _SEE_THE_LOG
    )
    if response.error in _NEEDS_THE_USER and "prompt" in sent.parameters:
        otherwise += ", or change --prompt"
    return SignInRefused(
        f"the provider refused the sign-in with {code}{description}",
        error_hint(response.error, response.error_description, sent, otherwise),
    )
