"""Whether a token will do at a cluster: what kube-apiserver reads from it, and what role bindings need.

Each check is a function of the facts and yields what it finds. The rules are kube-apiserver's (package
``plugin/pkg/authenticator/token/oidc``) and, for the words on sessions, OpenID Connect Core 11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard
from urllib.parse import urlsplit

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.manifests import DEFAULT_ALGORITHM
from kubectl_oidc.oidc.claims import moment
from kubectl_oidc.oidc.key_set import ALGORITHMS
from kubectl_oidc.oidc.vendors import Vendor, groups_hint, offers, refresh_hint, vendor
from kubectl_oidc.text import json_quoted, sanitize
from kubectl_oidc.urls import issuer_of

from . import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_MINUTE = 60  # seconds
_HEADER_LIMIT = 8 << 10  # bytes: what nginx, Apache and many load balancers take as one header field
_KEPT = "system:"  # what the names of Kubernetes' own users and groups begin with


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """A token and what it is to be used for.

    Args:
        issuer: The issuer URL.
        client_id: The client ID, which the cluster expects as the audience.
        scopes: The scopes that were asked for.
        claims: The claims of the token that the cluster gets.
        algorithm: What it is signed with; None when that is not known.
        has_refresh_token: Whether the provider gave a refresh token.
        scopes_supported: The scopes that the provider's metadata lists; empty if that is not known.
        size: The token's length in bytes.
        username_claim: The claim that the cluster takes as the user name.
        groups_claim: The claim that the cluster takes as the groups.
        username_prefix: What the cluster puts before the user name.
        groups_prefix: What the cluster puts before the groups' names.
    """

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    claims: Mapping[str, object]
    algorithm: str | None
    has_refresh_token: bool
    scopes_supported: tuple[str, ...] = ()
    size: int = 0
    username_claim: str = "email"
    groups_claim: str = "groups"
    username_prefix: str = ""
    groups_prefix: str = ""

    @property
    def username(self) -> str | None:
        """The claim that is the user name, if it is what kube-apiserver takes."""
        value = self.claims.get(self.username_claim)
        return value if isinstance(value, str) else None

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups as kube-apiserver reads them: a list of strings, or a string that is one group."""
        value = self.claims.get(self.groups_claim)
        if isinstance(value, str):
            return (value,)
        return tuple(value) if _is_words(value) else ()


def _is_words(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def lint(facts: TokenFacts) -> list[Finding]:
    """Return everything that will not work at a cluster, the worst first."""
    found = [finding for check in CHECKS for finding in check(facts)]
    return sorted(found, key=lambda finding: finding.severity is not Severity.PROBLEM)


def check_issuer(facts: TokenFacts) -> Iterator[Finding]:
    """kube-apiserver takes https issuers only."""
    if urlsplit(facts.issuer).scheme != "https":
        yield Finding(
            Severity.PROBLEM,
            "the issuer is not https, and kube-apiserver takes no other",
            "serve the provider over TLS; an http issuer on localhost is good for trying out only",
            "claims-issuer",
        )


def check_token_issuer(facts: TokenFacts) -> Iterator[Finding]:
    """The token is of the issuer that is configured; only an access token can be of another."""
    issuer = facts.claims.get("iss")
    if issuer_of(issuer) == facts.issuer:
        return
    v1 = vendor(facts.issuer) is Vendor.ENTRA and str(issuer).startswith("https://sts.windows.net/")
    yield Finding(
        Severity.WARNING,
        f"the token is of the issuer {json_quoted(issuer)}, not of {sanitize(facts.issuer)}",
        "in Entra: App registrations > the API's app > Manifest: requestedAccessTokenVersion 2 makes it one of v2.0; or leave out "
        "--oidc-use-access-token"
        if v1
        else "the cluster must name that issuer; or leave out --oidc-use-access-token, because the ID token is of the issuer",
        "claims-issuer",
    )


def check_audience(facts: TokenFacts) -> Iterator[Finding]:
    """The audience that the cluster expects is in ``aud``; only an access token can be without it."""
    audience = facts.claims.get("aud")
    names = [audience] if isinstance(audience, str) else audience
    if not isinstance(names, list) or facts.client_id not in names:
        yield Finding(
            Severity.WARNING,
            f"the token is for the audience {json_quoted(audience)}, not for the client {sanitize(facts.client_id)}",
            "the cluster must name one of these audiences as its client ID; "
            "or leave out --oidc-use-access-token, because the ID token names the client",
            "claims-audience",
        )


def check_username(facts: TokenFacts) -> Iterator[Finding]:
    """The user name claim is there and a string; kube-apiserver answers 401 otherwise."""
    claim, value = facts.username_claim, facts.claims.get(facts.username_claim)
    if isinstance(value, str) and (facts.username_prefix + value).startswith(_KEPT):
        yield Finding(
            Severity.PROBLEM,
            f"the user name {sanitize(facts.username_prefix + value)} begins with {_KEPT}, which Kubernetes keeps for itself",
            "choose another claim with --oidc-username-claim, or a prefix with --oidc-username-prefix",
            "claims-system",
        )
    if isinstance(value, str) and value:
        return
    what = "has no" if value is None else f"has {json_quoted(value, limit=60)} as"
    ask = (
        "add --oidc-extra-scope=email"
        if claim == "email" and "email" not in facts.scopes and offers("email", facts.scopes_supported)
        else f"let the provider put {sanitize(claim)} into the token, or choose another claim with --oidc-username-claim"
    )
    yield Finding(
        Severity.PROBLEM,
        f"the token {what} claim {sanitize(claim)}, which is the user name: the API server answers Unauthorized",
        ask,
        "claims-username",
    )


def check_email_verified(facts: TokenFacts) -> Iterator[Finding]:
    """Where ``email`` is the user name, an ``email_verified`` that is there must be true."""
    if facts.username_claim != "email" or "email_verified" not in facts.claims:
        return
    value = facts.claims["email_verified"]
    if value is True:
        return
    yield Finding(
        Severity.PROBLEM,
        f"the claim email_verified is {json_quoted(value, limit=40)}, and the user name is email: "
        "the API server answers Unauthorized",
        "verify the address at the provider (or let it send true, not a string), "
        "or choose another claim with --oidc-username-claim",
        "claims-email-verified",
    )


def check_groups_present(facts: TokenFacts) -> Iterator[Finding]:
    """Without groups no role that is bound to a group applies: Forbidden."""
    name, value = sanitize(facts.groups_claim), facts.claims.get(facts.groups_claim)
    if value == []:
        yield Finding(
            Severity.WARNING,
            f"the claim {name} is an empty list: no role that is bound to a group applies",
            "join a group that the provider's filter lets through, then sign in again",
            "claims-groups",
        )
    if value is not None:
        return
    if _overage(facts.claims, facts.groups_claim):
        message = f"you are in more groups than Entra puts into a token, so the claim {name} is left out"
        hint = "in Entra: Token configuration > groups claim > only groups assigned to the application"
    else:
        message = f"the token has no claim {name}: no role that is bound to a group applies"
        other = _looks_like_groups(facts)
        hint = (
            f"the claim {other} may be it: --oidc-groups-claim={other}"
            if other
            else groups_hint(facts.issuer, scopes_supported=facts.scopes_supported)
        )
        if vendor(facts.issuer) is Vendor.OKTA_ORG:
            message = f"{message} (Okta's org authorization server cannot carry groups)"
            hint = groups_hint(facts.issuer)
    yield Finding(Severity.WARNING, message, hint, "claims-groups")


def _overage(claims: Mapping[str, object], groups_claim: str) -> bool:
    """Entra leaves too many groups out and says so: ``hasgroups``, or ``_claim_names`` (Core 5.6.2)."""
    names = claims.get("_claim_names")
    return claims.get("hasgroups") is True or (isinstance(names, dict) and groups_claim in names)


def _looks_like_groups(facts: TokenFacts) -> str:
    """Return the name of a claim that holds groups under another name."""
    for name, value in facts.claims.items():
        if (
            value
            and _is_words(value)
            and name not in ("aud", "amr")
            and ("group" in name.lower() or name == "roles")
        ):
            return sanitize(name)
    return ""


def check_groups_shape(facts: TokenFacts) -> Iterator[Finding]:
    """``groups`` is a list of strings; kube-apiserver takes a single string too, and refuses anything else."""
    name, value = sanitize(facts.groups_claim), facts.claims.get(facts.groups_claim)
    if isinstance(value, str):
        yield Finding(
            Severity.WARNING,
            f"the claim {name} is a string, not a list: the API server takes {json_quoted(value, limit=80)} as one group",
            "let the provider send a list of strings",
            "claims-groups",
        )
    elif value is not None and not (
        isinstance(value, list) and all(isinstance(group, str) for group in value)
    ):
        yield Finding(
            Severity.PROBLEM,
            f"the claim {name} is not a list of strings: the API server answers Unauthorized",
            "let the provider send the groups' names as a list of strings",
            "claims-groups",
        )


def check_groups_names(facts: TokenFacts) -> Iterator[Finding]:
    """Group names are honest words, and none is one that Kubernetes keeps for itself."""
    seen = [facts.groups_prefix + group for group in facts.groups]
    kept = [group for group in seen if group.startswith(_KEPT)]
    if kept:
        yield Finding(
            Severity.WARNING,
            f"the group {sanitize(kept[0])} begins with {_KEPT}, which Kubernetes keeps for itself "
            "(system:masters may do everything, whatever the role bindings say)",
            "filter it out at the provider, or choose a prefix with --oidc-groups-prefix; "
            "the AuthenticationConfiguration below refuses such tokens",
            "claims-system",
        )
    if any(sanitize(group) != group for group in facts.groups):
        yield Finding(
            Severity.WARNING,
            "a group's name is overlong or has characters that a terminal does not show; it is left out below",
            "rename the group at the provider",
            "claims-groups",
        )


def check_algorithm(facts: TokenFacts) -> Iterator[Finding]:
    """kube-apiserver takes RS256 unless told otherwise, and no algorithm at all that is not in its list."""
    if facts.algorithm is None or facts.algorithm == DEFAULT_ALGORITHM:
        return
    if facts.algorithm in ALGORITHMS:
        yield Finding(
            Severity.WARNING,
            f"the token is signed with {facts.algorithm}; by its flags kube-apiserver takes {DEFAULT_ALGORITHM} only",
            f"let the provider sign with {DEFAULT_ALGORITHM}, or set --oidc-signing-algs as below "
            "(Amazon EKS has no such setting); an AuthenticationConfiguration takes it as it is",
            "claims-algorithm",
        )
    else:
        yield Finding(
            Severity.PROBLEM,
            f"the token is signed with {sanitize(facts.algorithm, limit=40)}, which kube-apiserver cannot verify",
            f"let the provider sign with {DEFAULT_ALGORITHM}",
            "claims-algorithm",
        )


def check_refresh_token(facts: TokenFacts) -> Iterator[Finding]:
    """Without a refresh token the browser opens again each time the token ends."""
    if facts.has_refresh_token:
        return
    asked = "offline_access" in facts.scopes
    why = "though offline_access was asked for" if asked else "because offline_access was not asked for"
    yield Finding(
        Severity.WARNING,
        f"the provider gave no refresh token, {why}: the browser opens again {_each(facts.claims)}",
        f"{refresh_hint(facts.issuer, asked=asked, scopes_supported=facts.scopes_supported)}; without it, "
        "who is still signed in at the provider types nothing when the browser opens",
        "claims-refresh-token",
    )


def _each(claims: Mapping[str, object]) -> str:
    try:
        begin, end = moment(claims, "iat"), moment(claims, "exp")
    except IdTokenError:
        return "each time the token ends"
    if end > begin:
        return (
            f"every {(end - begin) // _MINUTE} minutes"
            if end - begin >= 2 * _MINUTE
            else f"every {end - begin} seconds"
        )
    return "each time the token ends"


def check_size(facts: TokenFacts) -> Iterator[Finding]:
    """The token fits into a header field of every usual proxy; kube-apiserver itself takes 1 MB."""
    if facts.size <= _HEADER_LIMIT:
        return
    groups = f", {len(facts.groups)} groups among it" if facts.groups else ""
    yield Finding(
        Severity.WARNING,
        f"the token has {facts.size / 1024:.1f} KB{groups}: load balancers and proxies before an API server often take headers of 8 KB "
        "(they answer 400, 431 or 502)",
        "let the provider put fewer groups and claims into the token, such as only the groups that the cluster uses; or raise the "
        "limit at the proxy",
        "claims-size",
    )


CHECKS: tuple[Callable[[TokenFacts], Iterator[Finding]], ...] = (
    check_issuer,
    check_token_issuer,
    check_audience,
    check_username,
    check_email_verified,
    check_groups_present,
    check_groups_shape,
    check_groups_names,
    check_algorithm,
    check_refresh_token,
    check_size,
)
