"""What the provider says of itself (OpenID Connect Discovery 1.0 §3, §4), and whether that is enough for this client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import ProviderError
from kubectl_oidc.http.json_body import odd_content_type, parse_object
from kubectl_oidc.manifests import DEFAULT_ALGORITHM
from kubectl_oidc.oidc.key_set import ALGORITHMS, KeySet
from kubectl_oidc.oidc.metadata import PUBLIC_ADDRESS, discovery_url, is_inside, parse_metadata
from kubectl_oidc.oidc.response_status import check_status
from kubectl_oidc.oidc.token_response import DEVICE_CODE
from kubectl_oidc.oidc.vendors import unlisted
from kubectl_oidc.oidc.wrong_issuer import advised
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.terminal import remaining
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown

from . import Finding, Severity
from .clocks import SKEW, dates
from .run import Skipped

if TYPE_CHECKING:
    from kubectl_oidc.http.exchange import Response
    from kubectl_oidc.oidc.metadata import Metadata

    from .run import DoctorRun, Observations

_SECONDS = 6.0
"""The longest time for one document."""

_GRANTS = {
    "password": "password",
    "device-code": DEVICE_CODE,
    "client-credentials": "client_credentials",
}


def check_discovery(examination: DoctorRun) -> Observations:
    """The discovery document is there, is this issuer's byte for byte, and names https endpoints."""
    issuer = examination.request.issuer
    url = discovery_url(issuer)
    try:
        response = _get(examination, url)
        check_status(response, url, issuer=issuer)
        document = parse_object(response, f"the discovery document {shown(url)}", public=True)
        examination.metadata = parse_metadata(document, issuer)
    except ProviderError as error:
        raise advised(error, issuer, examination.http, examination.deadline) from error.__cause__
    examination.dates = dates(response.headers, examination.system.clock())
    found = examination.metadata
    odd = [*_oddities(response, found.oddities, "discovery document"), *_inside(found, issuer)]
    yield from odd or ("the issuer is equal, and its endpoints are named",)


def _inside(found: Metadata, issuer: str) -> Observations:
    """Yield an endpoint that only machines inside the provider's network can reach."""
    endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
    inside = next((url for url in endpoints if is_inside(url, issuer)), None)
    if inside:
        yield Finding(
            Severity.WARNING,
            f"the metadata names {shown(inside)}, which seems to be inside the provider's network",
            PUBLIC_ADDRESS,
            "provider-misbehaves",
        )


def _oddities(response: Response, oddities: tuple[str, ...], what: str) -> Observations:
    """Yield what is accepted here though it breaks the standard: other programs, such as the API server, may refuse it."""
    kind = odd_content_type(response)
    served = (f"it is served as {sanitize(kind, limit=60)}, not as JSON",) if kind else ()
    for oddity in (*served, *oddities):
        yield Finding(
            Severity.WARNING,
            f"the provider's {what} breaks the standard, and is accepted here: {oddity}",
            "tell the provider's administrator: other programs may refuse it (Discovery 1.0 §3, §4.2)",
            "provider-misbehaves",
        )


def _get(examination: DoctorRun, url: str) -> Response:
    deadline = Deadline.after(min(_SECONDS, examination.deadline.left()))
    return examination.http.get(url, headers=dict(examination.request.request_headers), deadline=deadline)


def known(examination: DoctorRun) -> Metadata:
    """Return the metadata, which a check that needs discovery has."""
    if examination.metadata is None:
        raise LookupError("discovery comes first")
    return examination.metadata


def check_grant(examination: DoctorRun) -> Observations:
    """The provider offers the way in which this client signs in."""
    request, metadata = examination.request, known(examination)
    if request.grant == "device-code" and metadata.device_authorization_endpoint is None:
        yield Finding(
            Severity.PROBLEM,
            "the provider names no device_authorization_endpoint, which --grant-type=device-code needs",
            "allow the device authorization grant at the provider, or leave the flag out",
            "device-code",
        )
        return
    if metadata.pushed_authorization_required and request.pushed_authorization == "no":
        yield Finding(
            Severity.PROBLEM,
            "the provider takes pushed authorization requests alone, and --oidc-pushed-authorization-requests=no is given",
            "leave the flag out",
            "pushed-authorization",
        )
        return
    grant = _GRANTS.get(request.grant, "authorization_code")
    if metadata.grant_types and grant not in metadata.grant_types:
        yield Finding(
            Severity.WARNING,
            f"the provider does not name the grant {grant}",
            "allow it at the provider, for this client too, or choose another --grant-type",
            "provider-refused",
        )
        return
    yield grant.rpartition(":")[2]


def check_scopes(examination: DoctorRun) -> Observations:
    """The provider knows the scopes that are asked for; it may know more than it names (Discovery §3)."""
    asked, named = examination.request.scopes, known(examination).scopes_supported
    strange = unlisted(asked, named)
    if strange:
        words = sanitize(", ".join(strange), limit=200)
        yield Finding(
            Severity.WARNING,
            f"the provider does not name the scope {words}: it may refuse the sign-in with invalid_scope",
            "leave it out of --oidc-extra-scope, or let the provider have it",
            "scopes",
        )
        return
    yield sanitize(" ".join(asked), limit=200)


def check_pkce(examination: DoctorRun) -> Observations:
    """PKCE with S256 is used (RFC 7636, RFC 9700 §2.1.1); metadata that does not say is no reason to leave it out."""
    methods = known(examination).code_challenge_methods
    if not examination.request.pkce:
        yield Finding(
            Severity.WARNING,
            "PKCE is left out (--oidc-pkce-method=no): a code that is intercepted can be redeemed",
            "leave the flag out",
            "pkce",
        )
    elif methods and "S256" not in methods:
        yield Finding(
            Severity.WARNING,
            f"the provider names the PKCE methods {sanitize(', '.join(methods), limit=80)} and not S256, which is sent",
            "let the provider take S256; if it refuses the request, --oidc-pkce-method=no leaves it out",
            "pkce",
        )
    else:
        yield "S256" if methods else "S256 is sent; the metadata does not say"


def check_algorithms(examination: DoctorRun) -> Observations:
    """The provider signs with something that kube-apiserver can be told to take."""
    named = known(examination).id_token_algorithms
    usable = [name for name in named if name in ALGORITHMS]
    if named and not usable:
        yield Finding(
            Severity.PROBLEM,
            f"the provider signs ID tokens with {sanitize(', '.join(named), limit=120)}, and kube-apiserver verifies none of them",
            f"let the provider sign with {DEFAULT_ALGORITHM}",
            "claims-algorithm",
        )
    elif named and DEFAULT_ALGORITHM not in named:
        yield Finding(
            Severity.WARNING,
            f"the provider does not sign with {DEFAULT_ALGORITHM}, the one that kube-apiserver takes by its flags",
            f"let it sign with {DEFAULT_ALGORITHM}, or set --oidc-signing-algs={usable[0]} at the API server",
            "claims-algorithm",
        )
    else:
        yield sanitize(", ".join(usable), limit=120) if named else "the metadata does not say"


def check_keys(examination: DoctorRun) -> Observations:
    """The key set is there and has a key that can verify an ID token (RFC 7517 §5)."""
    url = known(examination).jwks_uri
    response = _get(examination, url)
    check_status(response, url, issuer=examination.request.issuer)
    keys = KeySet.from_jwks(parse_object(response, f"the key set {shown(url)}", public=True))
    odd = list(_oddities(response, (), "key set"))
    if not keys.keys:
        why = f": {keys.left_out[0]}" if keys.left_out else ""
        yield Finding(
            Severity.PROBLEM,
            f"the provider's key set has no key that can verify an ID token{why}",
            f"the provider must publish the key that it signs with, such as one for {DEFAULT_ALGORITHM}",
            "id-token-key",
        )
        return
    yield from odd or (f"{len(keys.keys)} that can verify ID tokens",)


def check_clock(examination: DoctorRun) -> Observations:
    """This machine's clock and the provider's agree."""
    if examination.dates is None:
        yield Skipped("the provider does not say what time it is")
        return
    theirs, ours = examination.dates
    ahead = ours - theirs
    if abs(ahead) <= SKEW / 2:
        yield "agrees with the provider's"
        return
    which = "ahead of" if ahead > 0 else "behind"
    severity = Severity.PROBLEM if abs(ahead) > SKEW else Severity.WARNING
    yield Finding(
        severity,
        f"this computer's clock is {remaining(abs(ahead))} {which} the provider's; tokens forgive a minute",
        "set the clock (`timedatectl`, `chronyc tracking`), or tell who runs the provider",
        "clock",
    )
