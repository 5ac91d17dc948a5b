"""``kubectl oidc-login convert``: rewrite kubelogin's users so that kubectl starts this program directly."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options import checks, conflicts
from kubectl_oidc.cli.options.flag import Flag
from kubectl_oidc.cli.options.flags import INSTALL_HINT, KUBECONFIG_FILE, LOG, log_at
from kubectl_oidc.cli.options.kinds import SWITCH, USER_NAMES
from kubectl_oidc.cli.prompts import can_ask, confirm_change, needs_confirmation
from kubectl_oidc.kubeconfig.convert import plan_conversion, secret_warning, write_plan
from kubectl_oidc.kubeconfig.exec_stanza import COMMAND
from kubectl_oidc.system.programs import find_program, kubectl_dispatcher
from kubectl_oidc.system.terminal import Terminal
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_oidc.kubeconfig.convert import Plan


@command(
    "convert",
    KUBECONFIG_FILE,
    Flag("--user", USER_NAMES, help="User to convert; repeatable (default: every user of kubelogin)."),
    Flag("--yes", SWITCH, help="Write without asking.", has_variable=False),
    INSTALL_HINT,
    Flag("--dry-run", SWITCH, help="Show the changes without writing them."),
    *LOG,
    examples=(
        ("Show what would change", "kubectl oidc-login convert --dry-run"),
        (
            "Convert one user of another kubeconfig",
            "kubectl oidc-login convert --kubeconfig=FILE --user=oidc",
        ),
    ),
)
def convert(**values: Any) -> int:
    """Replace kubelogin in a kubeconfig, so that kubectl starts this program directly.

    kubelogin's exec section (`command: kubectl`) starts a second kubectl each time. Arguments, variables and sessions stay
    the same. Users that sign in another way are not changed.

    The command shows the changes without secrets and asks before it writes. It keeps a backup next to the file.
    """
    log_at(values["v"], values["log_format"])
    conflicts.check(conflicts.CONVERT, values)
    hint = checks.install_hint(values["install_hint"])
    plans = plan_conversion(values["kubeconfig"], os.environ, values["user"], hint)
    changing = [one for one in plans if one.conversions]
    asks = bool(changing) and not (values["yes"] or values["dry_run"])
    if asks and not can_ask(Terminal()):
        raise needs_confirmation(
            f"rewriting {_users(changing)}", "add --yes to write, or --dry-run to show the difference only"
        )
    _warn_of_missing_plugin(plans)
    for one in changing:
        for conversion in one.conversions:
            click.echo(conversion.difference)
    _report_unchanged(plans, values["user"])
    if not changing:
        click.echo("Nothing to convert", err=True)
        return 0
    if values["dry_run"]:
        click.echo("Nothing was written (--dry-run)", err=True)
        return 0
    if asks:
        confirm_change(f"Rewrite {_users(changing)} as shown?")
    for one in changing:
        backup = write_plan(one, values["user"], hint)
        users = ", ".join(sanitize(conversion.name) for conversion in one.conversions)
        click.echo(f"Converted in {sanitize(one.path)}: {users}. Backup: {sanitize(backup)}", err=True)
        readable = secret_warning(one)
        if readable:
            Terminal().warn(*readable)
    return 0


def _warn_of_missing_plugin(plans: Sequence[Plan]) -> None:
    """Warn if kubectl will not find the plugin, and of what kubelogin's exec section does then."""
    if find_program(COMMAND) is not None or not any(one.conversions or one.direct for one in plans):
        return
    click.echo(f"warning: {COMMAND} is not on PATH, where kubectl looks for it", err=True)
    dispatcher = kubectl_dispatcher()
    if dispatcher and any(one.conversions for one in plans):
        click.echo(
            f"warning: without the plugin on PATH, kubelogin's exec section (command: kubectl) makes {sanitize(dispatcher)} start itself endlessly: "
            "install the plugin first",
            err=True,
        )


def _report_unchanged(plans: Sequence[Plan], named: Sequence[str]) -> None:
    for one in plans:
        for name in one.direct:
            click.echo(
                f"User {sanitize(name)} in {sanitize(one.path)} already uses the direct form", err=True
            )
        for name in one.others if named else ():
            click.echo(
                f"User {sanitize(name)} in {sanitize(one.path)} has no exec section of kubelogin; it was not changed",
                err=True,
            )


def _users(changing: Sequence[Plan]) -> str:
    count = sum(len(one.conversions) for one in changing)
    return f"{count} user" if count == 1 else f"{count} users"
