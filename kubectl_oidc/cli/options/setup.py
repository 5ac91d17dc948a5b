"""The options that `setup` alone has: what the cluster reads, where its manifests go, and the kubeconfig."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kubectl_oidc.cli.options.install_hint import INSTALL_HINT
from kubectl_oidc.manifests import ClusterType

from .cluster_claims import CLAIMS, PREFIXES
from .types import Switch
from .variables import TYPED_ONLY

if TYPE_CHECKING:
    from .types import Option

CLUSTER: tuple[Option, ...] = (
    (
        ("--cluster-type",),
        {
            "type": click.Choice([str(one) for one in ClusterType]),
            "help": "Type of the cluster (default: as the kubeconfig's current context tells, else all that may fit).",
        },
    ),
    *CLAIMS,
    *PREFIXES,
    (
        ("--cluster-role",),
        {
            "metavar": "ROLE",
            "help": "ClusterRole to bind to the groups (default cluster-admin for groups of admins, else view).",
        },
    ),
    (
        ("--group",),
        {
            "multiple": True,
            "metavar": "GROUP",
            "help": "Group to bind the role to; repeatable (default: yours).",
        },
    ),
    (
        ("-o", "--output"),
        {
            "type": click.Choice(["yaml"]),
            # No variable: where KUBECTL_OIDC_OUTPUT says how the others print, it does not mean that setup prints these.
            **TYPED_ONLY,
            "help": "Write the cluster's manifests to standard output, and nothing else there.",
        },
    ),
    (
        ("--output-dir",),
        {
            "metavar": "DIR",
            "help": "Write the cluster's manifests to files in this directory; no file is overwritten.",
        },
    ),
)
KUBECONFIG: tuple[Option, ...] = (
    (
        ("--write-kubeconfig",),
        {**TYPED_ONLY, "cls": Switch, "help": "Add the user to the kubeconfig, or update it."},
    ),
    (
        ("--yes",),
        {
            **TYPED_ONLY,
            "cls": Switch,
            "help": "Let --write-kubeconfig change the issuer or client of a user without asking.",
        },
    ),
    (
        ("--kubeconfig",),
        {"metavar": "FILE", "help": "The kubeconfig (default: KUBECONFIG, else ~/.kube/config)."},
    ),
    (
        ("--user",),
        {
            "metavar": "NAME",
            "default": "oidc",
            "show_default": True,
            "help": "The user's name in the kubeconfig.",
        },
    ),
    INSTALL_HINT,
    (
        ("--absolute-path",),
        {"cls": Switch, "help": "Name the program by its whole path: desktop programs have a short PATH."},
    ),
)
