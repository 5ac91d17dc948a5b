"""The ``client`` check: whether the provider accepts the client's ID, authentication, redirect URI, scopes and grant.

``client_probes`` sends the requests, and ``probe_answers`` interprets the answers. No answer is not an error of the client.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kubectl_oidc.oidc.client import PRIVATE_KEY_JWT
from kubectl_oidc.oidc.vendor_errors import redirect_uri_settings, vendor_hint
from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.system.browser import Browser
from kubectl_oidc.text import sanitize

from . import Finding, problem, warning
from .client_probes import NO_ANSWER, ask_authorization, ask_token, redirect_uri_of
from .probe_answers import ProbeAnswer, Verdict
from .run import Skipped

if TYPE_CHECKING:
    from kubectl_oidc.sessions.failed_sign_ins import Failure

    from .run import DoctorRun, Observation

BROWSER_GRANTS = frozenset({"auto", "authcode", "authcode-keyboard"})


def last_failures(run: DoctorRun) -> tuple[Failure | None, Failure | None]:
    """Return the last failed sign-in and the last rejected refresh, each None if the session succeeded since.

    If the session is stored, the success of another session of the same client counts for the sign-in too.
    """
    request, system = run.request, run.system
    session_id = request.key().id()
    last, refused = FailedSignIns(request.storage.cache_dir, session_id, system).last()
    entry = index.read_entry(request.storage.cache_dir, session_id)
    if entry is None or not entry.storage:
        return last, refused
    since = entry.obtained_at()
    others = index.read_entries(request.storage.cache_dir) if last else []
    client = (entry.issuer, entry.client_id)
    signed_in = max(
        (one.signed_in_at for one in others if (one.issuer, one.client_id) == client), default=since
    )
    return (
        last if last and last.at >= max(since, signed_in) else None,
        refused if refused and refused.at >= since else None,
    )


def check_client(run: DoctorRun) -> Observation:
    """Check that the provider accepts the client; nothing is sent if it issued the session and nothing failed since."""
    request = run.request
    entry = index.read_entry(request.storage.cache_dir, request.key().id())
    if entry and entry.storage and not any(last_failures(run)):
        return "the stored session is from this client"
    redirect_uri = redirect_uri_of(run)
    authorization = ask_authorization(run, redirect_uri) if _by_browser(run) else NO_ANSWER
    token, hint = ask_token(run, redirect_uri)
    found = _first_rejection(run, authorization, token, redirect_uri, hint)
    if found:
        return found
    if Verdict.ACCEPTED in {authorization.verdict, token.verdict}:
        return f"the provider knows the client {sanitize(request.client_id, limit=100)}; only a sign-in shows whether it accepts everything else"
    return Skipped("the provider's answers do not say whether it accepts this client")


def _by_browser(run: DoctorRun) -> bool:
    """Return whether a sign-in sends an authorization request; ``auto`` uses a device code if no browser can be opened."""
    request, metadata = run.request, run.require_metadata()
    if request.grant != "auto" or not request.browser.open or metadata.device_authorization_endpoint is None:
        return request.grant in BROWSER_GRANTS
    environ = run.system.environ
    browser = Browser.from_environment(
        command=request.browser.command, environ=environ, platform=sys.platform
    )
    return browser.available() is None


def _first_rejection(
    run: DoctorRun, authorization: ProbeAnswer, token: ProbeAnswer, redirect_uri: str, hint: str
) -> Finding | None:
    """Return the first thing that the provider rejects, in the order of a sign-in; None if it rejects nothing."""
    request = run.request
    both = {authorization.verdict, token.verdict}
    unknown = authorization.verdict is Verdict.CLIENT and Verdict.ACCEPTED not in both
    if token.verdict is Verdict.CLIENT or unknown:
        return _rejected_client(authorization, token, run, hint)
    by_browser = _by_browser(run)
    if Verdict.GRANT in both and (by_browser or request.grant == "device-code"):
        return _rejected_request(run, token if token.verdict is Verdict.GRANT else authorization)
    if Verdict.REDIRECT in both and by_browser:
        return _rejected_redirect_uri(run, redirect_uri)
    if authorization.verdict is Verdict.ERROR_PAGE:
        return _unknown_error_page(authorization, token, redirect_uri)
    return _rejected_request(run, authorization)


def _rejected_request(run: DoctorRun, said: ProbeAnswer) -> Finding | None:
    """Return the rejected grant, scope or PKCE; None for another verdict."""
    request, words = run.request, _in_brackets(said.words)
    of_vendor = vendor_hint(request.issuer, None, said.words)
    if said.verdict is Verdict.GRANT:
        grant = "device_code" if request.grant == "device-code" else "authorization_code"
        return problem(
            f"the provider does not allow the client {sanitize(request.client_id, limit=100)} the grant {grant}{words}",
            of_vendor
            or f"allow the grant {grant} in the client's settings at the provider, or choose another --grant-type",
            "provider-refused",
        )
    if said.verdict is Verdict.SCOPE:
        return problem(
            f"the provider refuses one of the scopes {sanitize(' '.join(request.scopes), limit=200)}{words}",
            of_vendor or "leave it out of --oidc-extra-scope, or allow it for this client at the provider",
            "scopes",
        )
    if said.verdict is Verdict.PKCE:
        return problem(
            f"the provider refuses the request for its PKCE parameters{words}",
            of_vendor or "compare the client's PKCE setting at the provider with --oidc-pkce-method",
            "pkce",
        )
    return None


def _rejected_client(authorization: ProbeAnswer, token: ProbeAnswer, run: DoctorRun, hint: str) -> Finding:
    request, words = run.request, _in_brackets(token.words)
    client = sanitize(request.client_id, limit=100)
    if authorization.verdict in {Verdict.ACCEPTED, Verdict.REDIRECT, Verdict.SCOPE}:
        proof = _rejected_authentication(run)
        message = f"the provider knows the client {client}, but {proof}{words}"
    elif authorization.verdict in {Verdict.CLIENT, Verdict.ERROR_PAGE}:
        message = f"the provider does not know the client {client}{words}"
        hint = "compare --oidc-client-id and --oidc-issuer-url with the client's settings at the provider"
    else:
        message = f"the provider refuses the client {client}{words}"
    return problem(message, hint, "client")


def _rejected_authentication(run: DoctorRun) -> str:
    """Return which client authentication the provider rejects."""
    client = run.request.client()
    if client.method(run.require_metadata().token_endpoint_auth_methods) == PRIVATE_KEY_JWT:
        return "rejects its private key"
    return "refuses its client secret" if client.client_secret else "refuses it without a client secret"


def _rejected_redirect_uri(run: DoctorRun, redirect_uri: str) -> Finding:
    request, address = run.request, sanitize(redirect_uri, limit=200)
    where = redirect_uri_settings(request.issuer) or "in the client's settings at the provider"
    hint = f"{where}: add exactly {address}, or choose another port with --listen-address or another redirect URI with --oidc-redirect-url"
    if not request.redirect.url and not any(one.port for one in request.redirect.listen_addresses):
        hint = f"{where}: give the registered port with --listen-address; now the port is random"
    return problem(
        f"the provider does not accept the redirect URI {address} for the client {sanitize(request.client_id, limit=100)}",
        hint,
        "redirect-uri",
    )


def _unknown_error_page(authorization: ProbeAnswer, token: ProbeAnswer, redirect_uri: str) -> Finding:
    """Return what an unknown error page probably means: only a warning, because it may be about the probe itself."""
    address = sanitize(redirect_uri, limit=200)
    likely = (
        f"it knows the client, so it may not accept the redirect URI {address}"
        if token.verdict is Verdict.ACCEPTED
        else f"it may not know the client, or not accept the redirect URI {address}"
    )
    return warning(
        f"the provider answers an authorization request with an error page ({authorization.words}): {likely}",
        "open the sign-in in a browser and read its page; compare client ID and redirect URI with the client's settings",
        "redirect-uri",
    )


def _in_brackets(words: str) -> str:
    return f" ({words})" if words else ""
