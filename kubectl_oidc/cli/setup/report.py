"""Write the report of `setup` after a sign-in: account, claims, findings, and the steps for cluster and kubeconfig.

Everything that comes from the provider is sanitized and never parsed as markup. Commands and manifests are not wrapped, so
that they can be copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Severity
from kubectl_oidc.kubeconfig.exec_stanza import kubeconfig_flag
from kubectl_oidc.system.shell import one_line
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import local_time, remaining

from .claims import MOST_ITEMS, claim_rows
from .cluster_steps import render_role, render_trust

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_oidc.cli.page import Page
    from kubectl_oidc.diagnosis import Finding
    from kubectl_oidc.kubeconfig import Change, Stanza
    from kubectl_oidc.kubeconfig.write_context import NewContext, WrittenContext

    from .cluster_steps import ClusterSetup


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The values that the report shows.

    Args:
        replaced: Whose session the sign-in replaced; None if nobody else's.
        expiry: Epoch seconds.
        now: Epoch seconds.
        storage: Where the session is stored; empty if it is not.
        token_name: ``ID token``, for example.
        claims: The claims of the token that the cluster receives.
        exec_section: What the kubeconfig user has.
        kubeconfig: The file that ``--kubeconfig`` names; empty if kubectl uses its default.
        has_user: Whether the kubeconfig has the user; likewise a current context, and any context.
        other_session: Whether the kubeconfig's user of this name uses another session than the one that was stored now.
        change: The change to the kubeconfig; None if none was requested.
        on_path: Whether kubectl will find the exec section's command.
        variables: The variables whose flags are not in the exec section, because get-token reads the variables.
        context: The context that was written too, if one was, and what was done.
    """

    person: str
    replaced: str | None
    expiry: int
    now: float
    storage: str
    token_name: str
    claims: Mapping[str, object]
    findings: Sequence[Finding]
    cluster_setup: ClusterSetup
    exec_section: Stanza
    user: str
    kubeconfig: str
    has_user: bool
    other_session: bool
    has_context: bool
    is_current: bool
    has_contexts: bool
    change: Change | None
    on_path: bool
    variables: tuple[str, ...] = ()
    context: NewContext | None = None
    context_written: WrittenContext | None = None


def render_report(page: Page, report: Report) -> None:
    """Write the whole report."""
    _account(page, report)
    page.heading(f"Claims of the {report.token_name}")
    page.rows(list(claim_rows(report.claims, report.now)), titles=("Claim", "Value"))
    _findings(page, report)
    _as_seen_by_the_cluster(page, report)
    render_trust(page, report.cluster_setup)
    render_role(page, report.cluster_setup)
    _kubeconfig(page, report)
    page.heading("4. Try it")
    if not report.has_context:
        page.paragraph(
            "The kubeconfig has no current context. Choose one first: `kubectl config use-context NAME`."
            if report.has_contexts
            else "The kubeconfig has no context yet. Add one first: for EKS with `aws eks update-kubeconfig`, else with `kubectl config set-cluster` and `set-context`."
        )
    page.command(first_command(report))
    page.paragraph(f"If the cluster refuses it, `{doctor_command(report)}` explains why.")


def doctor_command(report: Report) -> str:
    """Return the command that explains why the cluster rejects the new user, on one line."""
    in_file = kubeconfig_flag(report.kubeconfig)
    return one_line(["kubectl", "oidc-login", "doctor", *in_file, _chosen(report)])


def first_command(report: Report) -> list[str]:
    """Return the first kubectl command to run as the new user."""
    in_file = kubeconfig_flag(report.kubeconfig)
    return ["kubectl", *in_file, _chosen(report), "get", "pods", "--all-namespaces"]


def _chosen(report: Report) -> str:
    """Return the flag that chooses the new context, or else the new user in the current one."""
    return f"--context={report.context.name}" if report.context else f"--user={report.user}"


def is_ready(report: Report) -> bool:
    """Return whether the first command can run as it is shown."""
    return report.has_user and report.has_context and report.on_path


def is_rejected(report: Report) -> bool:
    """Return whether a cluster will reject the token, judging by its claims."""
    return any(finding.severity is Severity.PROBLEM for finding in report.findings)


def _account(page: Page, report: Report) -> None:
    page.heading("Signed in")
    kept = report.storage + (
        "" if report.other_session else ";\nthe kubeconfig user uses it: no second sign-in"
    )
    rows = [
        ("account", sanitize(report.person)),
        ("issuer", sanitize(report.cluster_setup.trust.issuer, limit=2000)),
        ("token", f"valid until {local_time(report.expiry)} ({remaining(report.expiry - report.now)})"),
        ("session", f"kept in {kept}" if report.storage else "not stored: the first kubectl signs in again"),
    ]
    if report.replaced:
        rows.append(("replaces", f"the session of {sanitize(report.replaced)}, which was kept here"))
    page.rows(rows)


def _findings(page: Page, report: Report) -> None:
    if report.findings:
        page.heading("Warnings")
        for finding in report.findings:
            page.finding(finding)


def _as_seen_by_the_cluster(page: Page, report: Report) -> None:
    """Write the names that role bindings must use, unless the cluster will reject the token."""
    setup = report.cluster_setup
    if setup.username is None or is_rejected(report):
        return
    page.heading("What the cluster sees")
    groups = [sanitize(group) for group in setup.groups[:MOST_ITEMS]]
    user = sanitize(setup.trust.user(setup.username), limit=1000)
    page.rows([("user", user), ("groups", "\n".join(groups) or "(none)")])


def _kubeconfig(page: Page, report: Report) -> None:
    page.heading("3. Let kubectl use it (once for each kubeconfig)")
    if report.change:
        _change(page, report.change, report.user, secret=report.exec_section.holds_secret)
        page.paragraph("The same by hand, or on another machine (kubectl 1.30 or newer):")
    else:
        page.paragraph("With kubectl 1.30 or newer; --write-kubeconfig does it for you:")
    page.command(report.exec_section.set_credentials(report.user, report.kubeconfig))
    if report.exec_section.holds_secret:
        page.paragraph(
            "Replace the values in capitals, which are secrets. Anyone who can read the kubeconfig can read them; a native client with PKCE needs none.",
            style="yellow",
        )
    if report.variables:
        page.paragraph(
            f"Set by variables, and not in the kubeconfig: {', '.join(report.variables)}. "
            "kubectl needs these variables too."
        )
    if not report.on_path:
        page.paragraph(
            f"warning: kubectl will not find {sanitize(report.exec_section.command)} on PATH; "
            "--absolute-path writes the whole path",
            style="yellow",
        )
    if report.context:
        _context(page, report, report.context)
    elif report.has_context and not report.is_current:
        page.paragraph("To make it the current context's user, so that --user is not needed:")
        in_file = kubeconfig_flag(report.kubeconfig)
        page.command(["kubectl", "config", "set-context", "--current", f"--user={report.user}", *in_file])


def _context(page: Page, report: Report, context: NewContext) -> None:
    """Write what was done about the context, and the same as commands."""
    in_file = kubeconfig_flag(report.kubeconfig)
    done = report.context_written
    cluster = f"cluster {sanitize(context.cluster)}{' at ' + sanitize(context.server['server']) if context.server else ''}"
    page.paragraph(f"Wrote the context {sanitize(context.name)}: {cluster}, user {sanitize(context.user)}.")
    for backup in done.backups if done else ():
        page.paragraph(f"Backup: {sanitize(backup)}")
    page.paragraph("The same by hand:")
    if context.server:
        has_authority = "certificate-authority-data" in context.server
        authority = ["--certificate-authority=FILE", "--embed-certs"] if has_authority else []
        server = f"--server={context.server['server']}"
        page.command(["kubectl", "config", "set-cluster", context.cluster, *in_file, server, *authority])
    to = [f"--cluster={context.cluster}", f"--user={context.user}"]
    page.command(["kubectl", "config", "set-context", context.name, *in_file, *to])
    if done and done.current:
        page.paragraph("It is the current context.")
    else:
        page.paragraph("To make it the current context:")
        page.command(["kubectl", "config", "use-context", context.name, *in_file])


def _change(page: Page, change: Change, user: str, *, secret: bool) -> None:
    messages = {
        "created": f"Wrote {sanitize(change.path)} with the user {sanitize(user)}.",
        "added": f"Added the user {sanitize(user)} to {sanitize(change.path)}.",
        "updated": f"Updated the user {sanitize(user)} in {sanitize(change.path)}:",
        "unchanged": f"{sanitize(change.path)} already has the user {sanitize(user)}, exactly so.",
    }
    page.paragraph(messages[change.action])
    for line in change.details:
        page.paragraph(line, indent=2)
    if change.backup:
        page.paragraph(f"Backup: {sanitize(change.backup)}")
    if secret and change.readable_by_others:
        page.paragraph(
            f"warning: others on this machine can read the secret in {sanitize(change.path)} (mode {change.mode:04o}); "
            f"run {sanitize(one_line(['chmod', '600', str(change.path)]))}",
            style="yellow",
        )
