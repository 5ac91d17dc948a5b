"""The ``grant``, ``scopes``, ``pkce`` and ``algorithms`` checks: whether the provider's metadata supports this sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.manifests.trust import DEFAULT_ALGORITHM
from kubectl_oidc.oidc.key_set import ALGORITHMS
from kubectl_oidc.oidc.token_response import DEVICE_CODE, JWT_BEARER
from kubectl_oidc.oidc.vendors import unlisted_scopes
from kubectl_oidc.text import sanitize

from . import problem, warning

if TYPE_CHECKING:
    from .run import DoctorRun, Observation

_GRANTS = {
    "password": "password",
    "device-code": DEVICE_CODE,
    "client-credentials": "client_credentials",
    "jwt-bearer": JWT_BEARER,
}


def check_grant(run: DoctorRun) -> Observation:
    """Check that the provider supports the grant that this client uses."""
    request, metadata = run.request, run.require_metadata()
    if request.grant == "device-code" and metadata.device_authorization_endpoint is None:
        return problem(
            "the provider names no device_authorization_endpoint, which --grant-type=device-code needs",
            "allow the device authorization grant at the provider, or leave the flag out",
            "device-code",
        )
    if metadata.pushed_authorization_required and request.pushed_authorization == "no":
        return problem(
            "the provider requires pushed authorization requests, but --oidc-pushed-authorization-requests=no is given",
            "leave the flag out",
            "pushed-authorization",
        )
    grant = _GRANTS.get(request.grant, "authorization_code")
    if metadata.grant_types and grant not in metadata.grant_types:
        return warning(
            f"the provider does not name the grant {grant}",
            "allow it at the provider, for this client too, or choose another --grant-type",
            "provider-refused",
        )
    return grant.rpartition(":")[2]


def check_scopes(run: DoctorRun) -> Observation:
    """Check that the provider lists the requested scopes; it may know more than it lists (Discovery §3)."""
    asked, named = run.request.scopes, run.require_metadata().scopes_supported
    strange = unlisted_scopes(asked, named)
    if strange:
        words = sanitize(", ".join(strange), limit=200)
        return warning(
            f"the provider does not name the scope {words}: it may refuse the sign-in with invalid_scope",
            "leave it out of --oidc-extra-scope, or add it at the provider",
            "scopes",
        )
    return sanitize(" ".join(asked), limit=200)


def check_pkce(run: DoctorRun) -> Observation:
    """Check that PKCE with S256 is used (RFC 7636, RFC 9700 §2.1.1); metadata need not mention it."""
    methods = run.require_metadata().code_challenge_methods
    if not run.request.pkce:
        return warning(
            "PKCE is off (--oidc-pkce-method=no): anyone who intercepts a code can use it",
            "leave the flag out",
            "pkce",
        )
    if methods and "S256" not in methods:
        return warning(
            f"the provider names the PKCE methods {sanitize(', '.join(methods), limit=80)} and not S256, which is sent",
            "have the provider accept S256; if it refuses the request, use --oidc-pkce-method=no",
            "pkce",
        )
    return "S256" if methods else "S256 is sent; the metadata does not say"


def check_algorithms(run: DoctorRun) -> Observation:
    """Check that the provider signs with an algorithm that kube-apiserver can accept."""
    named = run.require_metadata().id_token_algorithms
    usable = [name for name in named if name in ALGORITHMS]
    if named and not usable:
        return problem(
            f"the provider signs ID tokens with {sanitize(', '.join(named), limit=120)}, which kube-apiserver cannot verify",
            f"have the provider sign with {DEFAULT_ALGORITHM}",
            "claims-algorithm",
        )
    if named and DEFAULT_ALGORITHM not in named:
        return warning(
            f"the provider does not sign with {DEFAULT_ALGORITHM}, the default of kube-apiserver",
            f"have it sign with {DEFAULT_ALGORITHM}, or set --oidc-signing-algs={usable[0]} at the API server",
            "claims-algorithm",
        )
    return sanitize(", ".join(usable), limit=120) if named else "the metadata does not say"
