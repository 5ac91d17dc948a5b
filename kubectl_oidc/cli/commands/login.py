"""``kubectl oidc-login login``: sign in now, even if there is a session."""

from __future__ import annotations

from typing import Any

import click

from kubectl_oidc.authentication.authenticate import authenticate
from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.flags import LOG, SIGN_IN, USER_OPTIONS, log_at, rare
from kubectl_oidc.cli.users.search import find_target
from kubectl_oidc.cli.users.second_session import about_second_session, is_stored
from kubectl_oidc.cli.users.selection import SESSION_OPTIONS
from kubectl_oidc.system.system import System
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import remaining

_COMMON = ("--session", "--token-cache-dir", "--grant-type", "--username", "--login-hint", "--prompt")
_BROWSER = ("--listen-address", "--skip-open-browser", "--browser-command", "--authentication-timeout-sec")


@command(
    "login",
    *USER_OPTIONS,
    *rare((*SESSION_OPTIONS, *SIGN_IN), *_COMMON, *_BROWSER),
    *LOG,
    examples=(
        ("Sign in again, for example after your groups changed", "kubectl oidc-login login"),
        (
            "Sign in without a browser, for another context",
            "kubectl oidc-login login --context=prod --grant-type=device-code",
        ),
    ),
)
def login(**values: Any) -> int:
    """Sign in now, even if there is a session. That session stays until the new sign-in has worked.

    The command signs in to the current context's session, or to the one that --session, --context or --user names. A flag
    that you type replaces the flag in the kubeconfig this once.
    """
    system = System(log=log_at(values.pop("v"), values.pop("log_format")))
    conflicts.check(conflicts.LOGIN, values)
    target = find_target(values)
    new = not is_stored(target)
    outcome = authenticate(target.request.signing_in(), system)
    if not system.terminal.interactive:  # a terminal has shown it already
        left = remaining(outcome.expiry - system.clock())
        person = sanitize(outcome.session.person)
        click.echo(f"Signed in as {person}; the token is valid for {left}", err=True)
    kept = (
        f"stored in {outcome.storage}" if outcome.storage else "not stored: the next kubectl signs in again"
    )
    click.echo(f"The session at {sanitize(target.request.issuer)} is {kept}", err=True)
    if outcome.replaced:
        click.echo(f"It replaced the session of {sanitize(outcome.replaced)}", err=True)
    if outcome.storage:
        for line in about_second_session(target, new=new):
            click.echo(line, err=True)
    return 0
