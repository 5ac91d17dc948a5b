"""Whether the provider accepts this client, as far as that shows without a person.

``client_probes`` asks, ``probe_answers`` understands the answers. A provider that does not answer is no error of the client.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kubectl_oidc.oidc.client import PRIVATE_KEY_JWT
from kubectl_oidc.oidc.vendor_errors import explain, registration
from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.system.browser import Browser
from kubectl_oidc.text import sanitize

from . import Finding, Severity
from .client_probes import NOTHING, ask_authorization, ask_token, redirect_uri_of
from .discovery import known
from .probe_answers import Said, Verdict
from .run import Skipped

if TYPE_CHECKING:
    from kubectl_oidc.sessions.failed_sign_ins import Failure

    from .run import DoctorRun, Observations

_BROWSER = frozenset({"auto", "authcode", "authcode-keyboard"})


def last_failures(examination: DoctorRun) -> tuple[Failure | None, Failure | None]:
    """Return the last failed sign-in and the last refused refresh of the session; None for one that was before its last success."""
    request, system = examination.request, examination.system
    session_id = request.key().id()
    last, refused = FailedSignIns(request.cache_dir, session_id, clock=system.clock, log=system.log).last()
    entry = index.read(request.cache_dir, session_id)
    since = max(entry.signed_in_at, entry.refreshed_at) if entry and entry.storage else 0
    return (last if last and last.at >= since else None, refused if refused and refused.at >= since else None)


def check_client(examination: DoctorRun) -> Observations:
    """The provider accepts the client: its ID, how it authenticates, its redirect URI, scopes and grant."""
    request = examination.request
    entry = index.read(request.cache_dir, request.key().id())
    if entry and entry.storage and not any(last_failures(examination)):
        yield "the provider gave it the session that is stored"
        return
    redirect_uri = redirect_uri_of(examination)
    authorization = ask_authorization(examination, redirect_uri) if _by_browser(examination) else NOTHING
    token, hint = ask_token(examination, redirect_uri)
    found = _finding(examination, authorization, token, redirect_uri, hint)
    if found:
        yield found
    elif Verdict.ACCEPTED in {authorization.verdict, token.verdict}:
        yield f"the provider accepts {sanitize(request.client_id, limit=100)}, as far as that shows without a sign-in"
    else:
        yield Skipped("the provider's answers do not say whether it accepts this client")


def _by_browser(examination: DoctorRun) -> bool:
    """Return whether a sign-in sends an authorization request; ``auto`` uses a device code where no browser can be opened."""
    request, metadata = examination.request, known(examination)
    if request.grant != "auto" or not request.open_browser or metadata.device_authorization_endpoint is None:
        return request.grant in _BROWSER
    environ = examination.system.environ
    browser = Browser.from_environment(
        command=request.browser_command, environ=environ, platform=sys.platform
    )
    return browser.available() is None


def _finding(
    examination: DoctorRun, authorization: Said, token: Said, redirect_uri: str, hint: str
) -> Finding | None:
    """Return the first thing that the provider does not accept, in the order in which a sign-in would meet it."""
    request = examination.request
    both = {authorization.verdict, token.verdict}
    unknown = authorization.verdict is Verdict.CLIENT and Verdict.ACCEPTED not in both
    if token.verdict is Verdict.CLIENT or unknown:
        return _client(authorization, token, examination, hint)
    by_browser = _by_browser(examination)
    if Verdict.GRANT in both and (by_browser or request.grant == "device-code"):
        return _grant(examination, (token if token.verdict is Verdict.GRANT else authorization).words)
    if Verdict.REDIRECT in both and by_browser:
        return _redirect(examination, redirect_uri)
    if authorization.verdict is Verdict.ERROR_PAGE:
        return _error_page(authorization, token, redirect_uri)
    return _parameters(examination, authorization)


def _grant(examination: DoctorRun, words: str) -> Finding:
    request = examination.request
    grant = "device_code" if request.grant == "device-code" else "authorization_code"
    return Finding(
        Severity.PROBLEM,
        f"the provider does not allow the client {sanitize(request.client_id, limit=100)} the grant {grant}{_in_brackets(words)}",
        explain(request.issuer, None, words)
        or f"allow the grant {grant} in the client's settings at the provider, or choose another --grant-type",
        "provider-refused",
    )


def _parameters(examination: DoctorRun, said: Said) -> Finding | None:
    request, words = examination.request, _in_brackets(said.words)
    if said.verdict is Verdict.SCOPE:
        return Finding(
            Severity.PROBLEM,
            f"the provider refuses one of the scopes {sanitize(' '.join(request.scopes), limit=200)}{words}",
            explain(request.issuer, None, said.words)
            or "leave it out of --oidc-extra-scope, or allow it for this client at the provider",
            "scopes",
        )
    if said.verdict is Verdict.PKCE:
        return Finding(
            Severity.PROBLEM,
            f"the provider refuses the request for its PKCE parameters{words}",
            explain(request.issuer, None, said.words)
            or "compare the client's PKCE setting at the provider with --oidc-pkce-method",
            "pkce",
        )
    return None


def _client(authorization: Said, token: Said, examination: DoctorRun, hint: str) -> Finding:
    request, words = examination.request, _in_brackets(token.words)
    client = sanitize(request.client_id, limit=100)
    if authorization.verdict in {Verdict.ACCEPTED, Verdict.REDIRECT, Verdict.SCOPE}:
        proof = _proof(examination)
        message = f"the provider knows the client {client}, but {proof}{words}"
    elif authorization.verdict in {Verdict.CLIENT, Verdict.ERROR_PAGE}:
        message = f"the provider does not know the client {client}{words}"
        hint = "compare --oidc-client-id and --oidc-issuer-url with the client's settings at the provider"
    else:
        message = f"the provider refuses the client {client}{words}"
    return Finding(Severity.PROBLEM, message, hint, "client")


def _proof(examination: DoctorRun) -> str:
    """Return in words what the client proves itself with, and that the provider does not accept it."""
    client = examination.request.client()
    if client.method(known(examination).token_endpoint_auth_methods) == PRIVATE_KEY_JWT:
        return "refuses what its private key signs"
    return "refuses its client secret" if client.client_secret else "refuses it without a client secret"


def _redirect(examination: DoctorRun, redirect_uri: str) -> Finding:
    request, address = examination.request, sanitize(redirect_uri, limit=200)
    where = registration(request.issuer) or "in the client's settings at the provider"
    hint = f"{where}: add exactly {address}; --listen-address chooses another port, --oidc-redirect-url another redirect URI"
    if not request.redirect_url and not any(one.port for one in request.listen_addresses):
        hint = f"{where}: see which port is registered, and choose it with --listen-address; the port is a random one now"
    return Finding(
        Severity.PROBLEM,
        f"the provider does not accept the redirect URI {address} for the client {sanitize(request.client_id, limit=100)}",
        hint,
        "redirect-uri",
    )


def _error_page(authorization: Said, token: Said, redirect_uri: str) -> Finding:
    """Return what an error page without known words is likely to mean: a warning, because it may be about the probe itself."""
    address = sanitize(redirect_uri, limit=200)
    likely = (
        f"it knows the client, so it may not accept the redirect URI {address}"
        if token.verdict is Verdict.ACCEPTED
        else f"it may not know the client, or not accept the redirect URI {address}"
    )
    return Finding(
        Severity.WARNING,
        f"the provider answers an authorization request with an error page ({authorization.words}): {likely}",
        "open the sign-in in a browser and read the page; compare client ID and redirect URI with the client's settings",
        "redirect-uri",
    )


def _in_brackets(words: str) -> str:
    return f" ({words})" if words else ""
