"""The ``discovery`` and ``keys`` checks: whether the provider's discovery document and key set are usable.

OpenID Connect Discovery 1.0 §3, §4; RFC 7517 §5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import ProviderError
from kubectl_oidc.http.json_body import odd_content_type, parse_object
from kubectl_oidc.manifests.trust import DEFAULT_ALGORITHM
from kubectl_oidc.oidc.key_set import KeySet
from kubectl_oidc.oidc.metadata import PUBLIC_ADDRESS, discovery_url, is_inside, parse_metadata
from kubectl_oidc.oidc.response_status import check_status
from kubectl_oidc.oidc.wrong_issuer import with_issuer_hint
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown_url

from . import problem, warning
from .clocks import server_and_own_time

if TYPE_CHECKING:
    from kubectl_oidc.http.exchange import Response
    from kubectl_oidc.oidc.metadata import Metadata

    from .run import DoctorRun, Observations


def check_discovery(run: DoctorRun) -> Observations:
    """Check that the discovery document is there, has exactly this issuer, and names https endpoints."""
    issuer = run.request.issuer
    url = discovery_url(issuer)
    try:
        response = _get(run, url)
        check_status(response, url, issuer=issuer)
        document = parse_object(response, f"the discovery document {shown_url(url)}", public=True)
        run.metadata = parse_metadata(document, issuer)
    except ProviderError as error:
        raise with_issuer_hint(error, issuer, run.http, run.deadline) from error.__cause__
    run.dates = server_and_own_time(response.headers, run.system.clock())
    metadata = run.metadata
    odd = [
        *_oddities(response, metadata.oddities, "discovery document"),
        *_internal_endpoint(metadata, issuer),
    ]
    yield from odd or ("issuer matches; all endpoints present",)


def _internal_endpoint(metadata: Metadata, issuer: str) -> Observations:
    """Yield a warning if an endpoint seems to be reachable only inside the provider's network."""
    endpoints = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
    inside = next((url for url in endpoints if is_inside(url, issuer)), None)
    if inside:
        yield warning(
            f"the metadata names {shown_url(inside)}, which seems to be internal to the provider's network",
            PUBLIC_ADDRESS,
            "provider-misbehaves",
        )


def _oddities(response: Response, oddities: tuple[str, ...], what: str) -> Observations:
    """Yield what breaks the standard and is accepted here: other programs, such as the API server, may reject it."""
    kind = odd_content_type(response)
    served = (f"it is served as {sanitize(kind, limit=60)}, not as JSON",) if kind else ()
    for oddity in (*served, *oddities):
        yield warning(
            f"the provider's {what} violates the standard but is accepted here: {oddity}",
            "tell the provider's administrator: other programs may refuse it (Discovery 1.0 §3, §4.2)",
            "provider-misbehaves",
        )


def _get(run: DoctorRun, url: str) -> Response:
    headers = dict(run.request.request_headers)
    return run.http.get(url, headers=headers, deadline=run.request_deadline())


def check_keys(run: DoctorRun) -> Observations:
    """Check that the key set is there and has a key that can verify an ID token (RFC 7517 §5)."""
    url = run.require_metadata().jwks_uri
    response = _get(run, url)
    check_status(response, url, issuer=run.request.issuer)
    keys = KeySet.from_jwks(parse_object(response, f"the key set {shown_url(url)}", public=True))
    odd = list(_oddities(response, (), "key set"))
    if not keys.keys:
        why = f": {keys.left_out[0]}" if keys.left_out else ""
        yield problem(
            f"the provider's key set has no key that can verify an ID token{why}",
            f"have the provider publish its signing key, for example one for {DEFAULT_ALGORITHM}",
            "id-token-key",
        )
        return
    yield from odd or (f"{len(keys.keys)} key{'s' if len(keys.keys) > 1 else ''} can verify ID tokens",)
