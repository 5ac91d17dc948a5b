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
