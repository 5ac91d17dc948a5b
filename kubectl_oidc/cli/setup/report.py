"""What `setup` shows after a sign-in: the account, the claims, what to look at, and what to do next.

Values in, text out. Everything that a provider says goes through ``plain`` and is never read as markup; commands and
manifests are written without wrapping, so that they can be copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Severity
from kubectl_oidc.kubeconfig.exec_stanza import kubeconfig_flag
from kubectl_oidc.system.shell import one_line
from kubectl_oidc.system.terminal import remaining
from kubectl_oidc.text import json_quoted, sanitize

from .cluster_steps import render_role, render_trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kubectl_oidc.cli.page import Page
    from kubectl_oidc.diagnosis import Finding
    from kubectl_oidc.kubeconfig import Change, Stanza

    from .cluster_steps import ClusterSetup

_MOST_ITEMS = 40  # items of a list claim that are shown
_FIRST = (
    "iss",
    "sub",
    "aud",
    "azp",
    "email",
    "email_verified",
    "preferred_username",
    "name",
    "groups",
    "exp",
    "iat",
)
_TIMES = frozenset({"exp", "iat", "nbf", "auth_time", "updated_at"})
# Of no meaning to a cluster: what ties a token to its sign-in (OpenID Connect Core 3.1.3.6, 3.3.2.11).
_LEFT_OUT = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What there is to show.

    Args:
        person: Who signed in.
        replaced: Whose session was replaced, if another's.
        expiry: When the token ends, epoch seconds.
        now: Epoch seconds.
        storage: Where the session rests, in words; empty where it was not kept.
        token_name: ``ID token`` or ``access token``.
        claims: The claims of the token that the cluster gets.
        findings: What does not work, or not as people expect.
        side: The cluster's side.
        stanza: The kubeconfig user.
        user: Its name.
        kubeconfig: The file that ``--kubeconfig`` named; empty where kubectl finds its own.
        has_user: Whether the kubeconfig has that user.
        has_context: Whether the kubeconfig has a current context.
        has_contexts: Whether it has any context.
        change: What was done to the kubeconfig; None where it was not asked for.
        on_path: Whether kubectl will find the stanza's command.
        powershell: Whether commands are for PowerShell.
        variables: The variables whose flags the kubeconfig user does not have, because it reads the variables.
    """

    person: str
    replaced: str | None
    expiry: int
    now: float
    storage: str
    token_name: str
    claims: Mapping[str, object]
    findings: Sequence[Finding]
    side: ClusterSetup
    stanza: Stanza
    user: str
    kubeconfig: str
    has_user: bool
    has_context: bool
    has_contexts: bool
    change: Change | None
    on_path: bool
    powershell: bool
    variables: tuple[str, ...] = ()


def render_report(page: Page, report: Report) -> None:
    """Write the whole report on the page."""
    _account(page, report)
    page.heading(f"Claims of the {report.token_name}")
    page.rows(list(claim_rows(report.claims, report.now)), titles=("Claim", "Value"))
    _findings(page, report)
    _as_seen_by_the_cluster(page, report)
    render_trust(page, report.side)
    render_role(page, report.side)
    _kubeconfig(page, report)
    page.heading("4. Try it")
    if not report.has_context:
        page.paragraph(
            "The kubeconfig has no current context; choose one first: `kubectl config use-context NAME`."
            if report.has_contexts
            else "The kubeconfig has no cluster and no context yet. Have them written first, as "
            "`aws eks update-kubeconfig` does for EKS, or use `kubectl config set-cluster` and `set-context`."
        )
    page.command(first_command(report))
    page.paragraph(f"If the cluster refuses it, `{doctor_command(report)}` says why.")


def doctor_command(report: Report) -> str:
    """Return the command that tells why the new user is refused, on one line."""
    in_file = kubeconfig_flag(report.kubeconfig)
    return one_line(["kubectl", "oidc-login", "doctor", *in_file, f"--user={report.user}"])


def first_command(report: Report) -> list[str]:
    """Return the words of the first real command as the new user."""
    in_file = kubeconfig_flag(report.kubeconfig)
    return ["kubectl", *in_file, f"--user={report.user}", "get", "pods", "--all-namespaces"]


def is_ready(report: Report) -> bool:
    """Tell whether the first command can be run as it stands on the page."""
    return report.has_user and report.has_context and report.on_path


def is_refused(report: Report) -> bool:
    """Tell whether a cluster will refuse the token, as far as its claims tell."""
    return any(finding.severity is Severity.PROBLEM for finding in report.findings)


def _account(page: Page, report: Report) -> None:
    page.heading("Signed in")
    kept = f"{report.storage};\nthe first kubectl of the user below needs no second sign-in"
    rows = [
        ("account", sanitize(report.person)),
        ("issuer", sanitize(report.side.trust.issuer, limit=2000)),
        ("token", f"good until {local_time(report.expiry)} ({remaining(report.expiry - report.now)})"),
        ("session", f"kept in {kept}" if report.storage else "not kept: the first kubectl signs in again"),
    ]
    if report.replaced:
        rows.append(("replaces", f"the session of {sanitize(report.replaced)}, which was kept here"))
    page.rows(rows)


def claim_rows(claims: Mapping[str, object], now: float) -> Iterator[tuple[str, str]]:
    """Return the claims as names and values for people, the well-known ones first.

    Args:
        claims: The claims.
        now: Epoch seconds, for what is in the future.
    """
    order = {name: place for place, name in enumerate(_FIRST)}
    for name in sorted(claims.keys() - _LEFT_OUT, key=lambda name: (order.get(name, len(order)), name)):
        yield sanitize(name, limit=100), _value(name, claims[name], now)


def _value(name: str, value: object, now: float) -> str:
    if isinstance(value, str):
        return sanitize(value, limit=1000)
    if isinstance(value, list):
        more = [f"(and {len(value) - _MOST_ITEMS} more)"] if len(value) > _MOST_ITEMS else []
        items = [
            sanitize(item) if isinstance(item, str) else json_quoted(item) for item in value[:_MOST_ITEMS]
        ]
        return "\n".join([*items, *more]) or "(empty list)"
    if name in _TIMES and isinstance(value, int | float) and (moment := local_time(value)):
        ends = f", in {remaining(value - now)}" if name == "exp" and value > now else ""
        return f"{value} ({moment}{ends})"
    return json_quoted(value, limit=1000)


def local_time(seconds: float) -> str:
    """Return epoch seconds as local date and time with its offset; empty where no calendar has them."""
    try:
        return datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return ""


def _findings(page: Page, report: Report) -> None:
    if report.findings:
        page.heading("What to look at")
        for finding in report.findings:
            page.finding(finding)


def _as_seen_by_the_cluster(page: Page, report: Report) -> None:
    """Show the names that role bindings must use, unless the cluster will refuse the token."""
    side = report.side
    if side.username is None or is_refused(report):
        return
    page.heading("What the cluster sees")
    groups = [sanitize(group) for group in side.groups[:_MOST_ITEMS]]
    user = sanitize(side.trust.user(side.username), limit=1000)
    page.rows([("user", user), ("groups", "\n".join(groups) or "(none)")])


def _kubeconfig(page: Page, report: Report) -> None:
    page.heading("3. Let kubectl use it (once for each kubeconfig)")
    if report.change:
        _change(page, report.change, report.user, secret=report.stanza.holds_secret)
        page.paragraph("The same by hand, or on another machine (kubectl 1.30 or newer):")
    else:
        page.paragraph("With kubectl 1.30 or newer; --write-kubeconfig does it for you:")
    page.command(report.stanza.set_credentials(report.user, report.kubeconfig))
    if report.stanza.holds_secret:
        page.paragraph(
            "The values in capitals are secrets and are not printed: put them in yourself. "
            "Who can read the kubeconfig can read them; a native client with PKCE needs none.",
            style="yellow",
        )
    if report.variables:
        page.paragraph(
            f"Not in the kubeconfig, because variables say it: {', '.join(report.variables)}. "
            "kubectl needs these variables too."
        )
    if not report.on_path:
        page.paragraph(
            f"warning: kubectl will not find {sanitize(report.stanza.command)} on PATH; "
            "--absolute-path writes the whole path",
            style="yellow",
        )
    if report.has_context:
        page.paragraph("To make it the current context's user, so that --user is not needed:")
        in_file = kubeconfig_flag(report.kubeconfig)
        page.command(["kubectl", "config", "set-context", "--current", f"--user={report.user}", *in_file])


def _change(page: Page, change: Change, user: str, *, secret: bool) -> None:
    said = {
        "created": f"Wrote {sanitize(change.path)} with the user {sanitize(user)}.",
        "added": f"Added the user {sanitize(user)} to {sanitize(change.path)}.",
        "updated": f"Updated the user {sanitize(user)} in {sanitize(change.path)}:",
        "unchanged": f"{sanitize(change.path)} already has the user {sanitize(user)}, exactly so.",
    }
    page.paragraph(said[change.action])
    for line in change.details:
        page.paragraph(line, indent=2)
    if change.backup:
        page.paragraph(f"The file as it was: {sanitize(change.backup)}")
    if secret and change.readable_by_others:
        page.paragraph(
            f"warning: others on this machine can read the secret in {sanitize(change.path)} (mode {change.mode:04o}); "
            f"run {sanitize(one_line(['chmod', '600', str(change.path)]))}",
            style="yellow",
        )
