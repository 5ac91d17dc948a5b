"""What the provider says of itself (OpenID Connect Discovery 1.0 §3, §4), and whether that is enough for this client."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from kubectl_oidc.deadline import Deadline
from kubectl_oidc.errors import ProviderError
from kubectl_oidc.issuer import shown
from kubectl_oidc.json_answer import parse_object
from kubectl_oidc.key_set import ALGORITHMS, KeySet
from kubectl_oidc.manifests import DEFAULT_ALGORITHM
from kubectl_oidc.provider_metadata import (
    PUBLIC_ADDRESS,
    check_status,
    discovery_url,
    is_inside,
    parse_metadata,
)
from kubectl_oidc.terminal import remaining
from kubectl_oidc.text import plain
from kubectl_oidc.token_response import DEVICE_CODE

from . import Finding, Severity
from .examination import Skipped
from .issuers import unlisted
from .wrong_issuer import advised

if TYPE_CHECKING:
    from kubectl_oidc.http import Response
    from kubectl_oidc.provider_metadata import Metadata

    from .examination import Examination, Seen

_SECONDS = 6.0
"""The longest time for one document."""

_SKEW = 60
"""Seconds: what is forgiven when a token is validated."""

_GRANTS = {
    "password": "password",
    "device-code": DEVICE_CODE,
    "client-credentials": "client_credentials",
}


def check_discovery(examination: Examination) -> Seen:
    """The discovery document is there, is this issuer's byte for byte, and names https endpoints."""
    issuer = examination.request.issuer
    url = discovery_url(issuer)
    try:
        response = _get(examination, url)
        check_status(response, url, issuer=issuer)
        document = parse_object(response, f"the discovery document {shown(url)}")
        examination.metadata = parse_metadata(document, issuer)
    except ProviderError as error:
        raise advised(error, issuer, examination.http, examination.deadline) from error.__cause__
    examination.dates = _dates(response, examination.world.clock())
    found = examination.metadata
    endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
    inside = next((url for url in endpoints if is_inside(url, issuer)), None)
    if inside:
        yield Finding(
            Severity.WARNING,
            f"the metadata names {shown(inside)}, which seems to be inside the provider's network",
            PUBLIC_ADDRESS,
            "provider-misbehaves",
        )
        return
    yield "the issuer is equal, and its endpoints are named"


def _get(examination: Examination, url: str) -> Response:
    deadline = Deadline.after(min(_SECONDS, examination.deadline.left()))
    return examination.http.get(url, headers=dict(examination.request.request_headers), deadline=deadline)


def known(examination: Examination) -> Metadata:
    """Return the metadata, which a check that needs discovery has."""
    if examination.metadata is None:
        raise LookupError("discovery comes first")
    return examination.metadata


def _dates(response: Response, now: float) -> tuple[float, float] | None:
    """Return the provider's clock (RFC 9110 §6.6.1) and ours; an answer from a cache is as old as it says (RFC 9111 §5.1)."""
    try:
        date = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
        return date + max(0, int(response.headers.get("age", "0"))), now
    except (ValueError, TypeError, OverflowError):
        return None


def check_grant(examination: Examination) -> Seen:
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


def check_scopes(examination: Examination) -> Seen:
    """The provider knows the scopes that are asked for; it may know more than it names (Discovery §3)."""
    asked, named = examination.request.scopes, known(examination).scopes_supported
    strange = unlisted(asked, named)
    if strange:
        words = plain(", ".join(strange), limit=200)
        yield Finding(
            Severity.WARNING,
            f"the provider does not name the scope {words}: it may refuse the sign-in with invalid_scope",
            "leave it out of --oidc-extra-scope, or let the provider have it",
            "scopes",
        )
        return
    yield plain(" ".join(asked), limit=200)


def check_pkce(examination: Examination) -> Seen:
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
            f"the provider names the PKCE methods {plain(', '.join(methods), limit=80)} and not S256, which is sent",
            "let the provider take S256; if it refuses the request, --oidc-pkce-method=no leaves it out",
            "pkce",
        )
    else:
        yield "S256" if methods else "S256 is sent; the metadata does not say"


def check_algorithms(examination: Examination) -> Seen:
    """The provider signs with something that kube-apiserver can be told to take."""
    named = known(examination).id_token_algorithms
    usable = [name for name in named if name in ALGORITHMS]
    if named and not usable:
        yield Finding(
            Severity.PROBLEM,
            f"the provider signs ID tokens with {plain(', '.join(named), limit=120)}, and kube-apiserver verifies none of them",
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
        yield plain(", ".join(usable), limit=120) if named else "the metadata does not say"


def check_keys(examination: Examination) -> Seen:
    """The key set is there and has a key that can verify an ID token (RFC 7517 §5)."""
    url = known(examination).jwks_uri
    response = _get(examination, url)
    check_status(response, url, issuer=examination.request.issuer)
    keys = KeySet.from_jwks(parse_object(response, f"the key set {shown(url)}"))
    if not keys.keys:
        why = f": {keys.left_out[0]}" if keys.left_out else ""
        yield Finding(
            Severity.PROBLEM,
            f"the provider's key set has no key that can verify an ID token{why}",
            f"the provider must publish the key that it signs with, such as one for {DEFAULT_ALGORITHM}",
            "id-token-key",
        )
        return
    yield f"{len(keys.keys)} that can verify ID tokens"


def check_clock(examination: Examination) -> Seen:
    """This machine's clock and the provider's agree."""
    if examination.dates is None:
        yield Skipped("the provider does not say what time it is")
        return
    theirs, ours = examination.dates
    ahead = ours - theirs
    if abs(ahead) <= _SKEW / 2:
        yield "agrees with the provider's"
        return
    which = "ahead of" if ahead > 0 else "behind"
    severity = Severity.PROBLEM if abs(ahead) > _SKEW else Severity.WARNING
    yield Finding(
        severity,
        f"this computer's clock is {remaining(abs(ahead))} {which} the provider's; tokens forgive a minute",
        "set the clock (`timedatectl`, `chronyc tracking`), or tell who runs the provider",
        "clock",
    )
