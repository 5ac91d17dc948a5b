"""Which claims a cluster uses as user name and groups, and with which prefixes: derived from the API server's answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_oidc.kube_api.responses import Identity

    from .token.facts import TokenFacts

EVERYBODY = ("system:authenticated", "system:unauthenticated")
"""The groups that kube-apiserver adds to every user."""

# String claims that never are a user name.
_NOT_USERNAMES = frozenset(
    {"iss", "aud", "azp", "nonce", "at_hash", "c_hash", "jti", "sid", "typ", "acr", "scope"}
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a user name or group of the cluster comes from.

    Attributes:
        claim: The claim; empty if it comes from none.
        prefix: The prefix that the cluster adds.
    """

    claim: str = ""
    prefix: str = ""


def own_groups(identity: Identity | None) -> list[str]:
    """Return the groups that the cluster sees, without those of every user."""
    return [group for group in (identity.groups if identity else ()) if group not in EVERYBODY]


def username_origin(facts: TokenFacts, username: str) -> Origin:
    """Return the claim that the cluster's user name comes from; the expected claim and names without a prefix go first."""
    names = {
        name: value
        for name, value in facts.claims.items()
        if isinstance(value, str) and value and name not in _NOT_USERNAMES
    }
    order = sorted(names, key=lambda name: name != facts.username_claim)
    for name in order:
        if names[name] == username:
            return Origin(name)
    for name in order:
        prefix = username.removesuffix(names[name])
        if prefix != username and (name == facts.username_claim or not prefix[-1:].isalnum()):
            return Origin(name, prefix)
    return Origin()


def groups_origin(facts: TokenFacts, groups: Iterable[str]) -> Origin:
    """Return the claim that the cluster's groups come from; the expected claim goes first."""
    seen = list(groups)
    for name in sorted(facts.claims, key=lambda name: name != facts.groups_claim):
        values = _strings(facts.claims[name])
        if not values or (name in {"aud", "amr", *_NOT_USERNAMES}):
            continue
        expected = name == facts.groups_claim
        for prefix in _prefixes(values if expected else values[:1], seen):
            if expected or (not prefix[-1:].isalnum() and all(prefix + value in seen for value in values)):
                return Origin(name, prefix)
    return Origin()


def _prefixes(values: Iterable[str], groups: Iterable[str]) -> Iterable[str]:
    return (
        group.removesuffix(value) for value in values for group in groups if value and group.endswith(value)
    )


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def differences(facts: TokenFacts, identity: Identity) -> list[str]:
    """Return one sentence for each difference between the user that the cluster sees and the one that the token names."""
    return [
        *_username_differences(facts, identity.username),
        *_group_differences(facts, own_groups(identity)),
    ]


def _username_differences(facts: TokenFacts, username: str) -> Iterable[str]:
    origin = username_origin(facts, username)
    if not origin.claim:
        yield "the user name comes from no claim of the token"
    elif origin.claim != facts.username_claim:
        own = facts.claims.get(facts.username_claim)
        has = f" ({sanitize(own, limit=120)})" if isinstance(own, str) else ""
        yield f"the user name is the claim {sanitize(origin.claim)}{_with_prefix(origin)}, not {sanitize(facts.username_claim)}{has}"
    elif origin.prefix != facts.username_prefix:
        yield f"it puts {sanitize(origin.prefix, limit=120) or 'nothing'} before the user name {sanitize(facts.username, limit=120)}"


def _group_differences(facts: TokenFacts, seen: list[str]) -> Iterable[str]:
    named = sanitize(", ".join(facts.groups), limit=200)
    origin = groups_origin(facts, seen)
    if not seen and facts.groups:
        yield f"it reads no groups, and the token's claim {sanitize(facts.groups_claim)} has {named}"
    elif origin.claim and origin.claim != facts.groups_claim:
        has = f" ({named})" if named else ""
        yield f"the groups are the claim {sanitize(origin.claim)}{_with_prefix(origin)}, not {sanitize(facts.groups_claim)}{has}"
    elif origin.claim and origin.prefix != facts.groups_prefix:
        yield f"it puts {sanitize(origin.prefix, limit=120) or 'nothing'} before the groups {named}"
    elif origin.claim:
        missing = [group for group in facts.groups if origin.prefix + group not in seen]
        if missing:
            yield f"it leaves out the groups {sanitize(', '.join(missing), limit=200)}"


def _with_prefix(origin: Origin) -> str:
    return f" with {sanitize(origin.prefix, limit=120)} before it" if origin.prefix else ""


def as_the_cluster_reads(facts: TokenFacts, identity: Identity) -> TokenFacts:
    """Return the facts with the claims that this API server uses as user name and groups; if unknown, with the expected ones."""
    username, groups = (username_origin(facts, identity.username), groups_origin(facts, own_groups(identity)))
    return replace(
        facts,
        username_claim=username.claim or facts.username_claim,
        groups_claim=(not facts.claims.get(facts.groups_claim) and groups.claim) or facts.groups_claim,
    )
