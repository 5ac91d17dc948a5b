"""``kubectl oidc-login setup``: sign in, show what came, and print what the cluster and the kubeconfig need."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.authenticate import authenticate
from kubectl_oidc.cli import combinations
from kubectl_oidc.cli.cluster_claims import CLAIMS
from kubectl_oidc.cli.options import IDENTITY, IGNORED, SIGN_IN, VERBOSE, Option, Switch, log_at, options
from kubectl_oidc.cli.other_sessions import other_sessions
from kubectl_oidc.cli.stanza_args import stanza_args
from kubectl_oidc.cli.values import token_request
from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.diagnosis.claims import Facts, lint
from kubectl_oidc.errors import IdTokenError, KubeconfigError, UsageError
from kubectl_oidc.id_token import unverified_claims
from kubectl_oidc.kubeconfig import Kubeconfig, Stanza, check_user, read, write_user
from kubectl_oidc.kubeconfig.stanza import COMMAND
from kubectl_oidc.manifests import Trust, binding, eks_cluster
from kubectl_oidc.page import Page
from kubectl_oidc.setup_guide import explain
from kubectl_oidc.setup_report import Report, render
from kubectl_oidc.text import plain
from kubectl_oidc.token_request import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.kubeconfig import Change
    from kubectl_oidc.token_request import Outcome, TokenRequest

CLUSTER: tuple[Option, ...] = (
    *CLAIMS,
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
)
KUBECONFIG: tuple[Option, ...] = (
    (("--write-kubeconfig",), {"cls": Switch, "help": "Add the user to the kubeconfig, or update it."}),
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
    (
        ("--absolute-path",),
        {"cls": Switch, "help": "Name the program by its whole path: desktop programs have a short PATH."},
    ),
)


@click.command("setup", short_help="Sign in, show the ID token, and print what to do next")
@options(*IDENTITY, *SIGN_IN, *CLUSTER, *KUBECONFIG, VERBOSE, *IGNORED)
@click.pass_context
def setup(ctx: click.Context, /, **values: Any) -> int:
    """Sign in, show the ID token, and print what the cluster and the kubeconfig need.

    It shows the claims and what a cluster will not like about them, and prints commands and manifests with the flags that
    are given here. Without --oidc-issuer-url and --oidc-client-id it explains what is needed. The session is kept, so that
    the first kubectl of that user needs no second sign-in.
    """
    world = World(log=log_at(values.pop("v")))
    page = Page.on_stderr(powershell=sys.platform == "win32")
    combinations.check(combinations.SETUP, values)
    if not values["oidc_issuer_url"] and not values["oidc_client_id"]:
        with page.written(world.terminal):
            explain(page)
        return 0
    request = replace(token_request(values), sign_in=True)
    plan = _plan(ctx, values, request)
    if plan.write:
        check_user(plan.user, plan.stanza, explicit=plan.kubeconfig, environ=world.environ)
    outcome = authenticate(request, world)
    change = (
        write_user(plan.user, plan.stanza, explicit=plan.kubeconfig, environ=world.environ)
        if plan.write
        else None
    )
    with page.written(world.terminal):
        render(page, _report(plan, request, outcome, change, world))
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What the flags of `setup` itself ask for, understood and checked."""

    user: str
    stanza: Stanza
    write: bool
    kubeconfig: str | None
    username_claim: str
    groups_claim: str
    role: str | None
    groups: tuple[str, ...]


def _plan(ctx: click.Context, values: dict[str, Any], request: TokenRequest) -> _Plan:
    user = values["user"]
    if not user or user.startswith("-") or plain(user) != user:
        raise UsageError(
            f"--user {plain(user)!r} is not a name for a kubeconfig user", "give a name such as oidc"
        )
    return _Plan(
        user=user,
        stanza=Stanza(
            args=tuple(stanza_args(ctx, request)),
            command=_own_path() if values["absolute_path"] else COMMAND,
        ),
        write=values["write_kubeconfig"],
        kubeconfig=values["kubeconfig"],
        username_claim=values["oidc_username_claim"],
        groups_claim=values["oidc_groups_claim"],
        role=values["cluster_role"],
        groups=values["group"],
    )


def _own_path() -> str:
    """Return the path by which this program can be run again; links are kept, because updates move their targets."""
    found = shutil.which(COMMAND)
    return str(Path(found or sys.argv[0]).absolute())


def _kubeconfig(explicit: str | None, environ: Mapping[str, str]) -> Kubeconfig:
    """Return what the kubeconfig says, nothing where it is missing or broken: that is no obstacle here."""
    try:
        return read(explicit, environ)
    except KubeconfigError:
        return Kubeconfig(())


def _report(
    plan: _Plan, request: TokenRequest, outcome: Outcome, change: Change | None, world: World
) -> Report:
    claims, algorithm = _claims(request, outcome)
    kubeconfig = _kubeconfig(plan.kubeconfig, world.environ)  # as it is now, with the user that was written
    others = list(other_sessions(kubeconfig, request)) if outcome.storage else []
    facts = Facts(
        issuer=request.issuer,
        client_id=request.audience(),
        scopes=request.scopes,
        claims=claims,
        algorithm=algorithm,
        # A client that signs in as itself needs none: it asks again, and nobody is bothered.
        has_refresh_token=outcome.session.refresh_token is not None or request.grant == "client-credentials",
        username_claim=plan.username_claim,
        groups_claim=plan.groups_claim,
    )
    honest = [group for group in facts.groups if plain(group) == group and not group.startswith("system:")]
    return Report(
        person=outcome.session.person,
        replaced=outcome.replaced,
        expiry=outcome.expiry,
        now=world.clock(),
        storage=outcome.storage,
        token_name=_token_name(request),
        claims=claims,
        username=facts.username,
        groups=facts.groups,
        findings=[*(lint(facts) if claims else [_opaque(request)]), *others],
        trust=Trust(
            issuer=request.issuer,
            audience=request.audience(),
            username_claim=plan.username_claim,
            groups_claim=plan.groups_claim,
            algorithm=algorithm,
            ca_pem=_ca_pem(request),
        ),
        cluster=eks_cluster(kubeconfig.context_cluster()),
        binding=binding(honest, role=plan.role, chosen=plan.groups),
        stanza=plan.stanza,
        user=plan.user,
        kubeconfig=str(Path(plan.kubeconfig).expanduser().absolute()) if plan.kubeconfig else "",
        has_context=bool(kubeconfig.current_context),
        change=change,
        on_path=shutil.which(plan.stanza.command) is not None,
        powershell=sys.platform == "win32",
    )


def _opaque(request: TokenRequest) -> Finding:
    flag = "--oidc-token-exchange-type=access_token" if request.exchange else "--oidc-use-access-token"
    return Finding(
        Severity.PROBLEM,
        "the access token is no JWT, and no API server can read it",
        f"leave out {flag}: Kubernetes reads the ID token",
        "claims-access-token",
    )


def _token_name(request: TokenRequest) -> str:
    if request.exchange:
        return f"token for {plain(request.exchange.audience)}"
    return "access token" if request.use_access_token else "ID token"


def _claims(request: TokenRequest, outcome: Outcome) -> tuple[Mapping[str, object], str | None]:
    """Return the claims of the token that the cluster gets, and its algorithm; no claims where it is opaque."""
    if request.use_access_token or (request.exchange and request.exchange.opaque()):
        try:
            return unverified_claims(outcome.token), None
        except IdTokenError:
            return {}, None
    if outcome.id_token is None:
        return unverified_claims(outcome.token), None
    return outcome.id_token.claims, outcome.id_token.algorithm


def _ca_pem(request: TokenRequest) -> str | None:
    """Return the certificate authorities that were given, as one PEM text; they were read for the sign-in already."""
    pems = [*(path.read_bytes() for path in request.tls.ca_files), *request.tls.ca_data]
    lines = [line.rstrip() for pem in pems for line in pem.decode("utf-8", "replace").splitlines()]
    return "".join(f"{line}\n" for line in lines if line.strip()) or None
