"""The options that say which claims a cluster reads: kube-apiserver's flags have the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.manifests import Trust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.request import SignInRequest

    from .types import Option

CLAIMS: tuple[Option, ...] = (
    (
        ("--oidc-username-claim",),
        {
            "metavar": "CLAIM",
            "default": "email",
            "show_default": True,
            "help": "Claim that the cluster takes as the user name.",
        },
    ),
    (
        ("--oidc-groups-claim",),
        {
            "metavar": "CLAIM",
            "default": "groups",
            "show_default": True,
            "help": "Claim that the cluster takes as the groups.",
        },
    ),
)
PREFIXES: tuple[Option, ...] = (
    (
        ("--oidc-username-prefix",),
        {
            "metavar": "PREFIX",
            "default": "",
            "help": "What the cluster puts before user names; - is nothing (default: nothing before email, else ISSUER#).",
        },
    ),
    (
        ("--oidc-groups-prefix",),
        {
            "metavar": "PREFIX",
            "default": "",
            "help": "What the cluster puts before the groups' names (default: nothing).",
        },
    ),
)


def trust_of(values: Mapping[str, Any], request: SignInRequest) -> Trust:
    """Return what the cluster is thought to know of the issuer, by these options.

    Args:
        values: The values of CLAIMS and PREFIXES, among others.
        request: What is asked for.
    """
    return Trust(
        issuer=request.issuer,
        audience=request.audience(),
        username_claim=values["oidc_username_claim"],
        groups_claim=values["oidc_groups_claim"],
        own_username_prefix=values["oidc_username_prefix"],
        groups_prefix=values["oidc_groups_prefix"],
    )
