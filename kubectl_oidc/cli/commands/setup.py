"""``kubectl oidc-login setup``: sign in, show the token, and print or write what cluster and kubeconfig need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.authentication.authenticate import authenticate
from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.flags import FLAGS, LOG, log_at, rare
from kubectl_oidc.cli.options.setup import CLUSTER, KUBECONFIG
from kubectl_oidc.cli.page import Page
from kubectl_oidc.cli.prompts import can_ask
from kubectl_oidc.cli.settings.effective import apply_to
from kubectl_oidc.cli.setup.context import plan_context
from kubectl_oidc.cli.setup.first_kubectl import offer_first_command
from kubectl_oidc.cli.setup.guide import explain_setup
from kubectl_oidc.cli.setup.manifest_files import check_files, write_files, write_stream
from kubectl_oidc.cli.setup.plan import Plan, make_plan
from kubectl_oidc.cli.setup.questions import ask_for_missing, ask_for_scopes
from kubectl_oidc.cli.setup.report import Report, render_report
from kubectl_oidc.cli.setup.token import authorities, token_name
from kubectl_oidc.cli.setup.user_name import choose_user_name
from kubectl_oidc.cli.users.other_sessions import other_sessions, uses_another_session
from kubectl_oidc.diagnosis.token.facts import facts_of_session, scopes_supported
from kubectl_oidc.diagnosis.token.findings import token_findings
from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import Kubeconfig, check_user, read_kubeconfig, write_user
from kubectl_oidc.kubeconfig.write_context import write_context
from kubectl_oidc.manifests.rbac import Binding
from kubectl_oidc.system.programs import find_program
from kubectl_oidc.system.shell import is_powershell
from kubectl_oidc.system.system import System

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.outcome import Outcome
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.kubeconfig import Change


_COMMON = (
    *("--oidc-issuer-url", "--oidc-client-id", "--oidc-extra-scope", "--oidc-client-secret"),
    *("--grant-type", "--listen-address", "--skip-open-browser", "--token-cache-storage"),
    *("--certificate-authority", "--insecure-skip-tls-verify"),
)
"""The flags of a sign-in that ``--help`` shows."""


@command(
    "setup",
    *rare(FLAGS, *_COMMON),
    *CLUSTER,
    *KUBECONFIG,
    *LOG,
    examples=(
        ("Answer questions at the terminal", "kubectl oidc-login setup"),
        (
            "Add a user to the kubeconfig without questions",
            "kubectl oidc-login setup --oidc-issuer-url=https://idp.example.com --oidc-client-id=kubernetes --write-kubeconfig",
        ),
    ),
)
@click.pass_context
def setup(ctx: click.Context, /, **values: Any) -> int:
    """Sign in, check the token, and print what to add to the cluster and the kubeconfig.

    The command shows the token's claims, warns about anything that a cluster would reject, and prints commands and manifests.
    At a terminal, it asks for the issuer, the client and the scopes if you do not give them. The kubeconfig user gets the
    sign-in flags that you give here.
    """
    system = System(log=log_at(values["v"], values["log_format"]))
    page = Page.on_stderr(powershell=is_powershell())
    kubeconfig = _kubeconfig(values["kubeconfig"], system.environ)
    at_terminal = can_ask(system.terminal)
    apply_to(ctx)
    values = ctx.params
    asking = not (values["oidc_issuer_url"] and values["oidc_client_id"]) and at_terminal
    if asking:
        conflicts.check(conflicts.SIGN_IN, values)
        ask_for_missing(ctx, system, page, kubeconfig)
    elif at_terminal:
        conflicts.check(conflicts.SETUP, values)
        ask_for_scopes(ctx, system, kubeconfig)
    given = apply_to(ctx)
    conflicts.check(conflicts.SETUP, values, sources=given.sources)
    if not values["oidc_issuer_url"] and not values["oidc_client_id"]:
        with page.printed_on(system.terminal):
            explain_setup(page)
        return 0
    request = given.request().signing_in()
    values["user"] = choose_user_name(ctx, request, kubeconfig, system)
    context = plan_context(values, kubeconfig, system)
    plan = make_plan(ctx, values, request, kubeconfig, context)
    report = _carry_out(plan, request, system)
    with page.printed_on(system.terminal):
        render_report(page, report)
    if report.cluster_setup.written.on_stdout:
        write_stream(report.cluster_setup.manifests())
    # A user who had the kubeconfig written will run kubectl next.
    return offer_first_command(report, system) if asking or (plan.write and at_terminal) else 0


def _carry_out(plan: Plan, request: SignInRequest, system: System) -> Report:
    """Sign in and write the kubeconfig; what can be checked is checked before the sign-in."""
    check_files(plan.directory, _file_names(plan, request))
    if plan.write:
        check_user(plan.user, plan.exec_section, explicit=plan.kubeconfig, environ=system.environ)
    outcome = authenticate(request, system)
    change = (
        write_user(plan.user, plan.exec_section, explicit=plan.kubeconfig, environ=system.environ)
        if plan.write
        else None
    )
    written = None
    if plan.context and change:
        kubeconfig = _kubeconfig(plan.kubeconfig, system.environ)
        has_backup = change.action != "unchanged"
        written = write_context(plan.context, kubeconfig, change.path, has_backup=has_backup)
    report = _report(plan, request, outcome, change, system)
    return replace(report, context=plan.context, context_written=written)


def _file_names(plan: Plan, request: SignInRequest) -> list[str]:
    """Return the names of all files that may be written, before the token is known."""
    given = request.tls.ca_files or request.tls.ca_data
    trust = replace(plan.cluster_setup.trust, ca_pem="given" if given else None)
    cluster_setup = replace(plan.cluster_setup, trust=trust, binding=Binding("view", ()))
    return [manifest.name for manifest in cluster_setup.manifests()]


def _kubeconfig(explicit: str | None, environ: Mapping[str, str]) -> Kubeconfig:
    """Return the merged kubeconfig files; an empty one if they are missing or broken, because `setup` can go on without."""
    try:
        return read_kubeconfig(explicit, environ)
    except KubeconfigError:
        return Kubeconfig(())


def _report(
    plan: Plan, request: SignInRequest, outcome: Outcome, change: Change | None, system: System
) -> Report:
    kubeconfig = _kubeconfig(plan.kubeconfig, system.environ)  # read again, because the user was written
    others = list(other_sessions(kubeconfig, request)) if outcome.storage else []
    listed = scopes_supported(request, system)
    token = facts_of_session(request, outcome.session, plan.cluster_setup.trust, scopes_supported=listed)
    cluster_setup = replace(
        plan.cluster_setup,
        trust=replace(plan.cluster_setup.trust, algorithm=token.algorithm, ca_pem=authorities(request)),
        binding=plan.binding(token.groups),
        groups=tuple(map(plan.cluster_setup.trust.group, token.groups)),
        username=token.username,
    )
    if plan.directory:
        files = write_files(plan.directory, cluster_setup.manifests())
        cluster_setup = replace(cluster_setup, written=replace(cluster_setup.written, files=files))
    return Report(
        person=outcome.session.person,
        replaced=outcome.replaced,
        expiry=outcome.expiry,
        now=system.clock(),
        storage=outcome.storage,
        token_name=token_name(request),
        claims=token.claims,
        findings=[*token_findings(request, token), *others],
        cluster_setup=cluster_setup,
        exec_section=plan.exec_section,
        user=plan.user,
        kubeconfig=str(Path(plan.kubeconfig).expanduser().absolute()) if plan.kubeconfig else "",
        has_user=plan.user in kubeconfig.users,
        other_session=uses_another_session(kubeconfig.users.get(plan.user), request),
        has_context=bool(kubeconfig.current_context),
        is_current=kubeconfig.context_user() == plan.user,
        has_contexts=bool(kubeconfig.contexts),
        change=change,
        on_path=find_program(plan.exec_section.command) is not None,
        variables=plan.variables,
    )
