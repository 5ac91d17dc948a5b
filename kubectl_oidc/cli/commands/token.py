"""``kubectl oidc-login token``: print the token that kubectl gets, one claim of it, or the header for curl."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.flag import Flag
from kubectl_oidc.cli.options.flags import USER_OPTIONS, log_at
from kubectl_oidc.cli.options.kinds import SWITCH, TEXT
from kubectl_oidc.cli.users.search import find_target
from kubectl_oidc.cli.users.selection import ONE_SESSION
from kubectl_oidc.cli.users.valid_token import session_with_valid_token
from kubectl_oidc.errors import OidcLoginError, UsageError
from kubectl_oidc.system import caller
from kubectl_oidc.system.standard_error import is_terminal
from kubectl_oidc.system.system import System
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 1000  # the most characters of the names of claims in an error


@command(
    "token",
    *USER_OPTIONS,
    Flag(
        "--claim",
        TEXT,
        help="Print this claim instead of the token: text as it is, other values as JSON.",
        metavar="NAME",
        has_variable=False,
    ),
    Flag(
        "--header",
        SWITCH,
        help="Print an HTTP header with the token, for `curl --header @-`.",
        has_variable=False,
    ),
    Flag("--show", SWITCH, help="Print the token even if standard output is a terminal.", has_variable=False),
    *ONE_SESSION,
    examples=(
        ("Print your email address", "kubectl oidc-login token --claim=email"),
        (
            "Call the API server with curl",
            "kubectl oidc-login token --header | curl --header @- $API_SERVER/version",
        ),
    ),
)
def token(**values: Any) -> int:
    """Print the token that kubectl gets, for scripts and curl.

    The token is that of the current context's session, or of the one that --session, --context or --user names. An expired
    token is renewed. If there is no session, you sign in.

    Anyone who has the token can use it until it expires. It is not printed on a terminal without --show.
    """
    system = System(log=log_at(values.pop("v"), values.pop("log_format")))
    conflicts.check(conflicts.TOKEN, values)
    claim = values["claim"]
    if claim == "":  # as of a script whose variable is empty: it must not get the token instead
        raise UsageError("--claim needs a name", "give the name of a claim, such as --claim=email")
    if claim is None and not values["show"] and is_terminal(sys.stdout):
        raise UsageError(
            "standard output is a terminal, where others may see the token",
            "redirect the output or pipe it into a program, or print the token here with --show",
            topic="token",
        )
    target = find_target(values, "use")
    with caller.watched():
        session, _ = session_with_valid_token(target, system, may_prompt=True)
    if claim is not None:
        click.echo(_claim(session.claims(), claim))
    else:
        before = "Authorization: Bearer " if values["header"] else ""
        click.echo(before + session.token().reveal())
    return 0


def _claim(claims: Mapping[str, object], name: str) -> str:
    """Return a claim as text: a string as it is, anything else as JSON.

    Raises:
        OidcLoginError: The token does not have it.
    """
    if name in claims:
        value = claims[name]
        if not isinstance(value, str):
            return json.dumps(value)  # ASCII, which every terminal may show
        return sanitize(value, limit=len(value) + 1) if is_terminal(sys.stdout) else value
    if not claims:
        raise OidcLoginError(
            f"the token has no claim {sanitize(name, limit=80)}: it is not a JWT",
            "leave out --oidc-use-access-token to get the ID token: only the API server can read this one",
            topic="token",
        )
    raise OidcLoginError(
        f"the token has no claim {sanitize(name, limit=80)}",
        f"give one of its claims: {sanitize(', '.join(sorted(claims)), limit=_LONGEST)}",
        topic="token",
    )
