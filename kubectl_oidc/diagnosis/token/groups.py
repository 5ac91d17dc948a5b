"""Whether the token has groups, in a form that the API server accepts and with names that role bindings can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, problem, warning
from kubectl_oidc.oidc.vendors import Vendor, groups_hint, vendor_of
from kubectl_oidc.text import json_quoted, sanitize

from .facts import RESERVED_PREFIX, is_string_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .facts import TokenFacts


def check_groups_present(facts: TokenFacts) -> Iterator[Finding]:
    """Check that there are groups: without them so no group's role applies to you."""
    name, value = sanitize(facts.groups_claim), facts.claims.get(facts.groups_claim)
    if value == []:
        yield warning(
            f"the claim {name} is an empty list, so no group's role applies to you",
            "have the provider put one of your groups into the token, then sign in again",
            "claims-groups",
        )
    if value is not None:
        return
    if _overage(facts.claims, facts.groups_claim):
        message = f"you are in too many groups for Entra's tokens, so the claim {name} is left out"
        hint = "in Entra: Token configuration > groups claim > only groups assigned to the application"
    else:
        message = f"the token has no claim {name}: so no group's role applies to you"
        other = _looks_like_groups(facts)
        hint = (
            f"if your groups are in the claim {other}, give --oidc-groups-claim={other}"
            if other
            else groups_hint(facts.issuer, scopes_supported=facts.scopes_supported)
        )
        if vendor_of(facts.issuer) is Vendor.OKTA_ORG:
            message = f"{message} (Okta's org authorization server cannot carry groups)"
            hint = groups_hint(facts.issuer)
    yield warning(message, hint, "claims-groups")


def _overage(claims: Mapping[str, object], groups_claim: str) -> bool:
    """Return whether Entra left out too many groups: ``hasgroups``, or ``_claim_names`` (OpenID Connect Core 5.6.2)."""
    names = claims.get("_claim_names")
    return claims.get("hasgroups") is True or (isinstance(names, dict) and groups_claim in names)


def _looks_like_groups(facts: TokenFacts) -> str:
    """Return the name of another claim that seems to hold groups; empty if there is none."""
    for name, value in facts.claims.items():
        if (
            value
            and is_string_list(value)
            and name not in ("aud", "amr")
            and ("group" in name.lower() or name == "roles")
        ):
            return sanitize(name)
    return ""


def check_groups_shape(facts: TokenFacts) -> Iterator[Finding]:
    """Check that the groups are a list of strings; kube-apiserver also accepts one string, and rejects anything else."""
    name, value = sanitize(facts.groups_claim), facts.claims.get(facts.groups_claim)
    if isinstance(value, str):
        yield warning(
            f"the claim {name} is a string, not a list: the API server takes {json_quoted(value, limit=80)} as one group",
            "have the provider send a list of strings",
            "claims-groups",
        )
    elif value is not None and not is_string_list(value):
        yield problem(
            f"the claim {name} is not a list of strings: the API server answers Unauthorized",
            "have the provider send the groups' names as a list of strings",
            "claims-groups",
        )


def check_groups_names(facts: TokenFacts) -> Iterator[Finding]:
    """Check that no group has a reserved name, and that a terminal can show all names."""
    seen = [facts.groups_prefix + group for group in facts.groups]
    kept = [group for group in seen if group.startswith(RESERVED_PREFIX)]
    if kept:
        yield warning(
            f"the group {sanitize(kept[0])} begins with {RESERVED_PREFIX}, which Kubernetes reserves (system:masters may do everything)",
            "filter it out at the provider, or choose a prefix with --oidc-groups-prefix; the AuthenticationConfiguration below rejects such tokens",
            "claims-system",
        )
    if any(sanitize(group) != group for group in facts.groups):
        yield warning(
            "a group's name is too long or has characters that a terminal does not show; it is not shown below",
            "rename the group at the provider",
            "claims-groups",
        )
