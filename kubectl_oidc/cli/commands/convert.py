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
from kubectl_oidc.cli.prompts import Questions, can_ask
from kubectl_oidc.diagnosis.exec_stanza import STARTS_ITSELF_ENDLESSLY
from kubectl_oidc.errors import UsageError
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
        raise UsageError(
            f"convert would rewrite {_users(changing)}, and there is no terminal to ask on",
            "give --yes to write, or --dry-run to see the difference alone",
        )
    _warn_of_missing_plugin(plans)
    for one in changing:
        for conversion in one.conversions:
            click.echo(conversion.difference)
    _report_unchanged(plans, values["user"])
    if not changing:
        click.echo("Nothing is to be converted", err=True)
        return 0
    if values["dry_run"]:
        click.echo("Nothing was written (--dry-run)", err=True)
        return 0
    if asks and not Questions(Terminal()).confirm(f"Rewrite {_users(changing)} as shown?", proposal=False):
        click.echo("Nothing was written", err=True)
        return 1
    for one in changing:
        backup = write_plan(one, values["user"], hint)
        users = ", ".join(sanitize(conversion.name) for conversion in one.conversions)
        click.echo(f"Converted in {sanitize(one.path)}: {users}; as it was: {sanitize(backup)}", err=True)
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
            f"warning: with kubelogin's stanza (command: kubectl) and no plugin on PATH, {sanitize(dispatcher)} {STARTS_ITSELF_ENDLESSLY}: "
            "install the plugin first",
            err=True,
        )


def _report_unchanged(plans: Sequence[Plan], named: Sequence[str]) -> None:
    for one in plans:
        for name in one.direct:
            click.echo(
                f"User {sanitize(name)} in {sanitize(one.path)} starts this program itself already", err=True
            )
        for name in one.others if named else ():
            click.echo(
                f"User {sanitize(name)} in {sanitize(one.path)} does not sign in by kubelogin's stanza: left alone",
                err=True,
            )


def _users(changing: Sequence[Plan]) -> str:
    count = sum(len(one.conversions) for one in changing)
    return f"{count} user" if count == 1 else f"{count} users"
