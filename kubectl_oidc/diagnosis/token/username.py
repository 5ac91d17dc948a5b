"""Whether the token has a user name that the API server accepts, and a verified email address if that is the user name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, problem
from kubectl_oidc.oidc.vendors import may_have_scope
from kubectl_oidc.text import json_quoted, sanitize

from .facts import RESERVED_PREFIX
from .scope_repair import add_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import TokenFacts


def check_username(facts: TokenFacts) -> Iterator[Finding]:
    """Check that the user name claim is a string and not a reserved name; otherwise kube-apiserver answers 401."""
    claim, value = facts.username_claim, facts.claims.get(facts.username_claim)
    if isinstance(value, str) and (facts.username_prefix + value).startswith(RESERVED_PREFIX):
        yield problem(
            f"the user name {sanitize(facts.username_prefix + value)} begins with {RESERVED_PREFIX}, which Kubernetes reserves",
            "choose another claim with --oidc-username-claim, or a prefix with --oidc-username-prefix",
            "claims-system",
        )
    if isinstance(value, str) and value:
        return
    what = "is not in the token" if value is None else f"is {json_quoted(value, limit=60)}"
    lacks_scope = (
        claim == "email" and "email" not in facts.scopes and may_have_scope("email", facts.scopes_supported)
    )
    ask = (
        "add --oidc-extra-scope=email"
        if lacks_scope
        else f"have the provider put {sanitize(claim)} into the token, or choose another claim with --oidc-username-claim"
    )
    yield problem(
        f"the claim {sanitize(claim)} {what}, and the cluster uses it as user name, so it rejects the token",
        ask,
        "claims-username",
        repair=add_scope("email", facts.scopes) if lacks_scope else None,
    )


def check_email_verified(facts: TokenFacts) -> Iterator[Finding]:
    """Check ``email_verified``: if it is in the token, and ``email`` is the user name, it must be true."""
    if facts.username_claim != "email" or "email_verified" not in facts.claims:
        return
    value = facts.claims["email_verified"]
    if value is True:
        return
    yield problem(
        f"the claim email_verified is {json_quoted(value, limit=40)}, and email is the user name, "
        "so the API server answers Unauthorized",
        "verify the address at the provider (it must send true, not a string), or choose another claim with --oidc-username-claim",
        "claims-email-verified",
    )
