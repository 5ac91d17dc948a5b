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
from kubectl_oidc.cli.options import IDENTITY, IGNORED, SIGN_IN, VERBOSE, log_at, options
from kubectl_oidc.cli.other_sessions import other_sessions
from kubectl_oidc.cli.questions import can_ask
from kubectl_oidc.cli.setup_manifests import check_files, directory, write_files, write_stream
from kubectl_oidc.cli.setup_offer import offer
from kubectl_oidc.cli.setup_options import CLUSTER, KUBECONFIG
from kubectl_oidc.cli.setup_questions import complete
from kubectl_oidc.cli.stanza_args import stanza_args
from kubectl_oidc.cli.values import token_request
from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.diagnosis.claims import Facts, lint
from kubectl_oidc.errors import IdTokenError, KubeconfigError, UsageError
from kubectl_oidc.id_token import unverified_claims
from kubectl_oidc.kubeconfig import Kubeconfig, Stanza, check_user, read, write_user
from kubectl_oidc.kubeconfig.stanza import COMMAND
from kubectl_oidc.manifests import Binding, Cluster, ClusterType, Trust, as_trusted_by, binding, guess
from kubectl_oidc.page import Page
from kubectl_oidc.setup_cluster import Placed, Side
from kubectl_oidc.setup_guide import explain
from kubectl_oidc.setup_report import Report, render
from kubectl_oidc.text import plain
from kubectl_oidc.token_request import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.kubeconfig import Change
    from kubectl_oidc.token_request import Outcome, TokenRequest


@click.command("setup", short_help="Sign in, show the ID token, and print what to do next")
@options(*IDENTITY, *SIGN_IN, *CLUSTER, *KUBECONFIG, VERBOSE, *IGNORED)
@click.pass_context
def setup(ctx: click.Context, /, **values: Any) -> int:
    """Sign in, show the ID token, and print what the cluster and the kubeconfig need.

    It shows the claims and what a cluster will not like about them, and prints commands and manifests with the flags that
    are given here. Where --oidc-issuer-url or --oidc-client-id is missing it asks for what it needs at a terminal, and runs the
    first kubectl if you say so; without a terminal and without both it explains what is needed. The session is kept, so that
    the first kubectl of that user needs no second sign-in.
    """
    world = World(log=log_at(values["v"]))
    page = Page.on_stderr(powershell=sys.platform == "win32")
    asking = not (values["oidc_issuer_url"] and values["oidc_client_id"]) and can_ask(world.terminal)
    if asking:
        combinations.check(combinations.SIGN_IN, values)
        complete(ctx, world, page, _kubeconfig(values["kubeconfig"], world.environ))
        values = ctx.params
    combinations.check(combinations.SETUP, values)
    if not values["oidc_issuer_url"] and not values["oidc_client_id"]:
        with page.written(world.terminal):
            explain(page)
        return 0
    request = replace(token_request(values), sign_in=True)
    plan = _plan(ctx, values, request, world)
    report = _carry_out(plan, request, world)
    with page.written(world.terminal):
        render(page, report)
    if report.side.placed.on_stdout:
        write_stream(report.side.manifests())
    return offer(report, world) if asking else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What the flags of `setup` itself ask for, understood and checked."""

    user: str
    stanza: Stanza
    write: bool
    kubeconfig: str | None
    side: Side  # without what the token tells
    role: str | None
    groups: tuple[str, ...]
    directory: Path | None


def _plan(ctx: click.Context, values: dict[str, Any], request: TokenRequest, world: World) -> _Plan:
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
        side=_side(values, request, _kubeconfig(values["kubeconfig"], world.environ)),
        role=values["cluster_role"],
        groups=values["group"],
        directory=directory(values["output_dir"]),
    )


def _side(values: dict[str, Any], request: TokenRequest, kubeconfig: Kubeconfig) -> Side:
    """Return the cluster's side as far as flags and the kubeconfig's current context tell."""
    entry, chosen = kubeconfig.clusters.get(kubeconfig.context_cluster()), values["cluster_type"]
    guessed = guess(entry.name, str(entry.value.get("server") or ""), entry.path) if entry else Cluster()
    cluster = guessed if chosen in (None, guessed.type) else Cluster(ClusterType(chosen))
    trust = Trust(
        issuer=request.issuer,
        audience=request.audience(),
        username_claim=values["oidc_username_claim"],
        groups_claim=values["oidc_groups_claim"],
        own_username_prefix=values["oidc_username_prefix"],
        groups_prefix=values["oidc_groups_prefix"],
        ca_pem=_ca_pem(request),
    )
    return Side(
        cluster=cluster,
        guessed=chosen is None,
        trust=as_trusted_by(cluster, trust),
        directory=str(directory(values["output_dir"]) or "."),
        placed=Placed(on_stdout=bool(values["output"])),
    )


_ANY = Binding("view", ())
"""A role binding, whatever the token will say."""


def _carry_out(plan: _Plan, request: TokenRequest, world: World) -> Report:
    """Sign in and write what is to be written; what cannot be is found before anybody signs in."""
    check_files(plan.directory, [one.name for one in replace(plan.side, binding=_ANY).manifests()])
    if plan.write:
        check_user(plan.user, plan.stanza, explicit=plan.kubeconfig, environ=world.environ)
    outcome = authenticate(request, world)
    change = (
        write_user(plan.user, plan.stanza, explicit=plan.kubeconfig, environ=world.environ)
        if plan.write
        else None
    )
    return _report(plan, request, outcome, change, world)


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
    facts = _facts(plan, request, outcome, claims, algorithm)
    side = replace(
        plan.side,
        trust=replace(plan.side.trust, algorithm=algorithm),
        binding=_binding(plan, facts.groups),
        groups=tuple(map(plan.side.trust.group, facts.groups)),
        username=facts.username,
    )
    if plan.directory:
        files = write_files(plan.directory, side.manifests())
        side = replace(side, placed=replace(side.placed, files=files))
    return Report(
        person=outcome.session.person,
        replaced=outcome.replaced,
        expiry=outcome.expiry,
        now=world.clock(),
        storage=outcome.storage,
        token_name=_token_name(request),
        claims=claims,
        findings=[*(lint(facts) if claims else [_opaque(request)]), *others],
        side=side,
        stanza=plan.stanza,
        user=plan.user,
        kubeconfig=str(Path(plan.kubeconfig).expanduser().absolute()) if plan.kubeconfig else "",
        has_user=plan.user in kubeconfig.users,
        has_context=bool(kubeconfig.current_context),
        change=change,
        on_path=shutil.which(plan.stanza.command) is not None,
        powershell=sys.platform == "win32",
    )


def _facts(
    plan: _Plan,
    request: TokenRequest,
    outcome: Outcome,
    claims: Mapping[str, object],
    algorithm: str | None,
) -> Facts:
    return Facts(
        issuer=request.issuer,
        client_id=request.audience(),
        scopes=request.scopes,
        claims=claims,
        algorithm=algorithm,
        # A client that signs in as itself needs none: it asks again, and nobody is bothered.
        has_refresh_token=outcome.session.refresh_token is not None or request.grant == "client-credentials",
        username_claim=plan.side.trust.username_claim,
        groups_claim=plan.side.trust.groups_claim,
        username_prefix=plan.side.trust.username_prefix,
        groups_prefix=plan.side.trust.groups_prefix,
    )


def _binding(plan: _Plan, groups: tuple[str, ...]) -> Binding | None:
    """Return the role binding to propose, with the groups' names as the cluster has them."""
    trust = plan.side.trust
    seen = [trust.group(group) for group in groups if plain(group) == group]
    chosen = [group if group.startswith(trust.groups_prefix) else trust.group(group) for group in plan.groups]
    honest = [group for group in seen if not group.startswith("system:")]
    return binding(honest, role=plan.role, chosen=chosen)


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
