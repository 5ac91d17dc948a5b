"""The options that say which claims a cluster reads: kube-apiserver's flags have the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_oidc.cli.options import Option

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
