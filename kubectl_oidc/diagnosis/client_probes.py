"""Two requests that cannot succeed, sent as a sign-in would send them, client authentication included.

An authorization request that is not followed and asks for no sign-in (``prompt=none``, OpenID Connect Core 3.1.2.1), and a token
request with a made-up code. No answer in time says nothing.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from kubectl_oidc.errors import (
    InvalidProviderResponse,
    OAuthErrorResponse,
    OidcLoginError,
    ProviderUnreachable,
)
from kubectl_oidc.oidc.provider import Provider
from kubectl_oidc.oidc.token_response import DEVICE_CODE
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline

from .discovery import known
from .probe_answers import REDIRECTED_ERRORS, TOKEN_ERRORS, Said, Verdict, authorization_answer, classify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .run import DoctorRun

_SECONDS = 6.0
"""The longest time for one request."""

_EPHEMERAL = 49152  # the first port that a system gives out by itself (RFC 6335 §6)
_OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
NOTHING = Said(Verdict.UNKNOWN)
"""No answer, or one that says nothing."""


def redirect_uri_of(examination: DoctorRun) -> str:
    """Return the redirect URI that a sign-in would use; any port where any is as good."""
    request = examination.request
    if request.redirect_url:
        return request.redirect_url
    if request.grant == "authcode-keyboard":
        return _OUT_OF_BAND
    address = request.listen_addresses[0]
    port = address.port or _EPHEMERAL + secrets.randbelow(1000)
    scheme = "https" if request.local_server else "http"
    return f"{scheme}://localhost:{port}"


def _deadline(examination: DoctorRun) -> Deadline:
    return Deadline.after(min(_SECONDS, examination.deadline.left()))


def ask_authorization(examination: DoctorRun, redirect_uri: str) -> Said:
    """Send an authorization request that asks nobody, and do not follow the answer."""
    from kubectl_oidc.authentication.grants.authorization_request import (
        AuthorizationSecrets,
        authorization_parameters,
        authorization_url,
    )

    request, metadata = examination.request, known(examination)
    attempt = AuthorizationSecrets.generate(pkce=request.pkce)
    parameters = {**authorization_parameters(request, attempt, redirect_uri), "prompt": "none"}
    if _must_be_pushed(examination):
        return _pushed(examination, parameters)
    try:
        response = examination.http.get(
            authorization_url(metadata, parameters), deadline=_deadline(examination), follow=False
        )
    except (ProviderUnreachable, InvalidProviderResponse) as error:
        examination.system.log.info(1, f"the authorization request says nothing: {error.message}")
        return NOTHING
    return authorization_answer(response, metadata.authorization_endpoint, redirect_uri)


def _must_be_pushed(examination: DoctorRun) -> bool:
    wanted = examination.request.pushed_authorization
    return wanted == "required" or (wanted == "auto" and known(examination).pushed_authorization_required)


def _pushed(examination: DoctorRun, parameters: Mapping[str, str | Secret]) -> Said:
    """Push the request, which the provider checks at once (RFC 9126 §2.3); nobody opens what it stands for."""
    metadata = known(examination)
    url = metadata.pushed_authorization_request_endpoint
    if url is None:
        return NOTHING
    try:
        endpoint = _provider(examination).endpoint(url, metadata, "pushed authorization request endpoint")
        endpoint.ask(parameters, _deadline(examination))
    except OAuthErrorResponse as refused:
        return classify((*REDIRECTED_ERRORS, *TOKEN_ERRORS), refused.code, _words(refused))
    except OidcLoginError as error:
        examination.system.log.info(1, f"the pushed request says nothing: {error.message}")
        return NOTHING
    return Said(Verdict.ACCEPTED)


def _provider(examination: DoctorRun) -> Provider:
    """Return the provider as a sign-in asks it; nothing of it is cached."""
    request, system = examination.request, examination.system
    return Provider(
        issuer=request.issuer,
        client=request.client(),
        http=examination.http,
        cache_dir=None,
        clock=system.clock,
        log=system.log,
    )


def _words(refused: OAuthErrorResponse) -> str:
    """Return the provider's description as the error shows it: made plain, without what was sent."""
    return refused.message.partition(refused.code)[2].strip(" :)")


def ask_token(examination: DoctorRun, redirect_uri: str) -> tuple[Said, str]:
    """Send a token request with a made-up code; return what the error says, and its hint."""
    from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets

    request = examination.request
    made_up = Secret(secrets.token_urlsafe(32))
    if request.grant == "device-code":
        grant_type = DEVICE_CODE
        parameters: dict[str, str | Secret | None] = {"device_code": made_up, "client_id": request.client_id}
    else:
        grant_type = "authorization_code"
        verifier = AuthorizationSecrets.generate(pkce=request.pkce).code_verifier
        parameters = {"code": made_up, "redirect_uri": redirect_uri, "code_verifier": verifier}
    try:
        provider = _provider(examination)
        provider.request_tokens(grant_type, parameters, known(examination), _deadline(examination))
    except OAuthErrorResponse as refused:
        return classify(TOKEN_ERRORS, refused.code, _words(refused)), refused.hint
    except OidcLoginError as error:
        examination.system.log.info(1, f"the token request says nothing: {error.message}")
        return NOTHING, ""
    return Said(Verdict.ACCEPTED), ""
