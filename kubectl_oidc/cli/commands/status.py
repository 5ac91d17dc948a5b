"""``kubectl oidc-login status``: list the sessions that are stored here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.listed_session import TITLES, WIDE_TITLES, ListedSession
from kubectl_oidc.cli.options.cluster_claims import CLAIMS
from kubectl_oidc.cli.options.flag import Flag, Group
from kubectl_oidc.cli.options.flags import KUBECONFIG_FILE, LOG, USER_OPTIONS, log_at
from kubectl_oidc.cli.options.kinds import DIR, SWITCH
from kubectl_oidc.cli.options.session import DEFAULT_CACHE_DIR
from kubectl_oidc.cli.output import echo_document, output
from kubectl_oidc.cli.table import echo_table
from kubectl_oidc.cli.users.from_stanza import stanza_request
from kubectl_oidc.cli.users.orphans import NO_ORPHANS, named_issuers, say_orphans
from kubectl_oidc.cli.users.selection import SESSION_OPTIONS, Candidate, selector, sessions_named
from kubectl_oidc.cli.users.sessions_of_users import cache_directories, kubeconfig_or_empty, session_users
from kubectl_oidc.cli.users.suggestions import no_session, unknown_session
from kubectl_oidc.cli.users.target import no_user
from kubectl_oidc.kubeconfig.select import select_user
from kubectl_oidc.sessions.listing import kept_sessions
from kubectl_oidc.system.private_files import shown_directory
from kubectl_oidc.system.system import System

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.kubeconfig import Kubeconfig

_HELP = {
    "--context": "List only the session of this context in the kubeconfig.",
    "--user": "List only the session of this user in the kubeconfig.",
    "--session": "List only the session with this name or ID.",
}
_CHOICE = tuple(
    flag._replace(help=_HELP[flag.name], has_variable=False)  # a variable must not hide the other sessions
    for flag in (*USER_OPTIONS, *SESSION_OPTIONS)
    if flag.name in _HELP
)
_NO_USER = "The kubeconfig has no user: run `kubectl oidc-login setup`."
_GROUPS_CLAIM = tuple(flag for flag in CLAIMS if flag.name == "--oidc-groups-claim")


@command(
    "status",
    output("wide", "json", "yaml"),
    KUBECONFIG_FILE,
    *_CHOICE,
    Flag(
        "--orphans",
        SWITCH,
        help="List only sessions of issuers that neither the kubeconfig nor a settings file names.",
        has_variable=False,
    ),
    *_GROUPS_CLAIM,
    Flag(
        "--token-cache-dir",
        DIR,
        help=f"Cache directory (default: those in the kubeconfig, and {DEFAULT_CACHE_DIR} or oidc-login in KUBECACHEDIR).",
        group=Group.SESSION,
    ),
    *LOG,
    examples=(
        ("List every session", "kubectl oidc-login status"),
        ("Show the session of another context as JSON", "kubectl oidc-login status --context=prod -o json"),
    ),
)
def status(**values: Any) -> int:
    """List the sessions that are stored here: the person, the issuer, the expiry, and the contexts that use them.

    `*` marks the current context. Give a value of the column SESSION to other commands as --session. The command sends no
    request and prints no token.
    """
    system = System(log=log_at(values["v"], values["log_format"]))
    kubeconfig, error = kubeconfig_or_empty(values["kubeconfig"], os.environ)
    if error and values["orphans"]:
        raise error
    if error:
        system.terminal.warn(f"cannot tell which contexts use which session: {error.message}", error.hint)
    users = session_users(kubeconfig)
    cache_dirs = cache_directories(values["token_cache_dir"], users)
    every = [
        ListedSession(kept, users, values["oidc_groups_claim"], system.clock(), kubeconfig.current_context)
        for kept in kept_sessions(cache_dirs, system.log)
    ]
    sessions = _selected(every, kubeconfig, values)
    if values["output"] in ("json", "yaml"):
        echo_document({"sessions": [one.document() for one in sessions]}, values["output"])
    elif sessions:
        _print_table(sessions, [one.candidate for one in every], wide=values["output"] == "wide")
    elif values["orphans"]:
        click.echo(NO_ORPHANS, err=True)
    else:
        where = shown_directory(cache_dirs[0])
        begin = "Run `kubectl oidc-login login` to sign in." if kubeconfig.users else _NO_USER
        click.echo(f"No session found under {where}. {begin}", err=True)
    for one in sessions:
        one.warn(system.terminal)
    say_orphans(system.terminal, kubeconfig, [one.candidate.client[0] for one in sessions])
    return 0


def _print_table(sessions: list[ListedSession], among: list[Candidate], *, wide: bool) -> None:
    rows = [
        (selector(one.candidate, among), *one.cells(), *(one.wide_cells() if wide else ()))
        for one in sessions
    ]
    echo_table(TITLES + WIDE_TITLES * wide, rows)


def _selected(
    every: list[ListedSession], kubeconfig: Kubeconfig, values: Mapping[str, Any]
) -> list[ListedSession]:
    """Return the sessions that --session, --context and --user select; all sessions without these flags.

    Raises:
        OidcLoginError: They select none.
    """
    found, word = every, values["session"]
    if values["orphans"]:
        issuers = named_issuers(kubeconfig)
        found = [one for one in found if one.candidate.client[0] not in issuers]
    if word:
        ids = {one.session_id for one in sessions_named(word, [one.candidate for one in every])}
        found = [one for one in found if one.candidate.session_id in ids]
        if not found:
            raise unknown_session([one.candidate for one in every], word=word)
    context, user = values["context"], values["user"]
    if context or user:
        chosen = select_user(kubeconfig, context=context, user=user)
        if chosen.user is None:
            raise no_user(chosen, kubeconfig)
        request = stanza_request(chosen.user)
        found = [one for one in found if one.candidate.session_id == request.key().id()]
        if not found:
            raise no_session(request, request.command_line("login"))
    return found
