"""Send two requests that cannot succeed, as a sign-in would send them, with client authentication.

An authorization request with ``prompt=none`` (OpenID Connect Core 3.1.2.1), whose redirect is not followed, and a token request
with a made-up code. If no answer comes in time, nothing is known.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from kubectl_oidc.errors import (
    InvalidProviderResponse,
    NoFreeListenAddress,
    OAuthErrorResponse,
    OidcLoginError,
    ProviderUnreachable,
)
from kubectl_oidc.oidc.provider import Provider
from kubectl_oidc.oidc.token_response import DEVICE_CODE
from kubectl_oidc.secret import Secret

from .probe_answers import (
    REDIRECTED_ERRORS,
    TOKEN_ERRORS,
    ProbeAnswer,
    Verdict,
    authorization_answer,
    classify,
)
from .redirect_port import would_listen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_oidc.loopback.listen_address import ListenAddress

    from .run import DoctorRun

NO_ANSWER = ProbeAnswer(Verdict.UNKNOWN)
"""No answer, or one that fits no row of the tables."""


def redirect_uri_of(run: DoctorRun) -> str:
    """Return the redirect URI that a sign-in would use now."""
    request = run.request
    if request.redirect.url:
        return request.redirect.url
    if request.grant == "authcode-keyboard":
        from kubectl_oidc.authentication.grants.authorization_request import OUT_OF_BAND

        return OUT_OF_BAND
    scheme = "https" if request.redirect.local_server else "http"
    return f"{scheme}://localhost:{_free_port(request.redirect.listen_addresses)}"


def _free_port(addresses: Sequence[ListenAddress]) -> int:
    """Return the port of the first listen address that is free, or of the first one if none is."""
    try:
        return would_listen(addresses).asked.port
    except NoFreeListenAddress:
        return addresses[0].port


def ask_authorization(run: DoctorRun, redirect_uri: str) -> ProbeAnswer:
    """Send an authorization request with ``prompt=none``, and interpret the answer without following it."""
    from kubectl_oidc.authentication.grants.authorization_request import (
        AuthorizationSecrets,
        authorization_parameters,
        authorization_url,
        must_be_pushed,
    )

    request, metadata = run.request, run.require_metadata()
    generated = AuthorizationSecrets.generate(pkce=request.pkce)
    parameters = {**authorization_parameters(request, generated, redirect_uri), "prompt": "none"}
    if must_be_pushed(request, metadata):
        return _pushed(run, parameters)
    try:
        response = run.http.get(
            authorization_url(metadata, parameters), deadline=run.request_deadline(), follow=False
        )
    except (ProviderUnreachable, InvalidProviderResponse) as error:
        run.system.log.info(1, "probe-unanswered", f"the authorization request says nothing: {error.message}")
        return NO_ANSWER
    return authorization_answer(response, metadata.authorization_endpoint, redirect_uri)


def _pushed(run: DoctorRun, parameters: Mapping[str, str | Secret]) -> ProbeAnswer:
    """Push the request: the provider checks it at once (RFC 9126 §2.3). Nobody opens its request URI."""
    metadata = run.require_metadata()
    url = metadata.pushed_authorization_request_endpoint
    if url is None:
        return NO_ANSWER
    try:
        endpoint = _provider(run).endpoint(url, metadata, "pushed authorization request endpoint")
        endpoint.post(parameters, run.request_deadline())
    except OAuthErrorResponse as refused:
        return classify((*REDIRECTED_ERRORS, *TOKEN_ERRORS), refused.code, _description(refused))
    except OidcLoginError as error:
        run.system.log.info(1, "probe-unanswered", f"the pushed request says nothing: {error.message}")
        return NO_ANSWER
    return ProbeAnswer(Verdict.ACCEPTED)


def _provider(run: DoctorRun) -> Provider:
    """Return the provider as a sign-in uses it, without its cache."""
    request, system = run.request, run.system
    return Provider(
        issuer=request.issuer,
        client=request.client(),
        http=run.http,
        cache_dir=None,
        clock=system.clock,
        log=system.log,
    )


def _description(refused: OAuthErrorResponse) -> str:
    """Return the provider's description from the error: sanitized, without what was sent."""
    return refused.message.partition(refused.code)[2].strip(" :)")


def ask_token(run: DoctorRun, redirect_uri: str) -> tuple[ProbeAnswer, str]:
    """Send a token request with a made-up code; return the interpreted error and its hint."""
    from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets

    request = run.request
    made_up = Secret(secrets.token_urlsafe(32))
    if request.grant == "device-code":
        grant_type = DEVICE_CODE
        parameters: dict[str, str | Secret | None] = {"device_code": made_up, "client_id": request.client_id}
    else:
        grant_type = "authorization_code"
        verifier = AuthorizationSecrets.generate(pkce=request.pkce).code_verifier
        parameters = {"code": made_up, "redirect_uri": redirect_uri, "code_verifier": verifier}
    try:
        provider = _provider(run)
        provider.request_tokens(grant_type, parameters, run.require_metadata(), run.request_deadline())
    except OAuthErrorResponse as refused:
        return classify(TOKEN_ERRORS, refused.code, _description(refused)), refused.hint
    except OidcLoginError as error:
        run.system.log.info(1, "probe-unanswered", f"the token request says nothing: {error.message}")
        return NO_ANSWER, ""
    return ProbeAnswer(Verdict.ACCEPTED), ""
