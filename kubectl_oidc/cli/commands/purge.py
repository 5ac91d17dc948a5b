"""``kubectl oidc-login purge`` and ``clean``: remove stored sessions, without telling the provider."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.flag import Flag
from kubectl_oidc.cli.options.flags import FORCE, LOG, SIGN_IN, USER_OPTIONS, log_at, rare
from kubectl_oidc.cli.options.kinds import SWITCH
from kubectl_oidc.cli.options.to_request import cache_directory
from kubectl_oidc.cli.prompts import can_ask, confirm_change, needs_confirmation
from kubectl_oidc.cli.removal_report import EVERY_CLIENT, report_removal
from kubectl_oidc.cli.users.orphans import NO_ORPHANS, named_issuers
from kubectl_oidc.cli.users.search import session_to_purge
from kubectl_oidc.cli.users.selection import (
    NAMES_A_SESSION,
    SESSION_OPTIONS,
    Candidate,
    candidates,
    selector,
    sessions_named,
    several_sessions,
)
from kubectl_oidc.cli.users.suggestions import unknown_session
from kubectl_oidc.errors import UsageError
from kubectl_oidc.kubeconfig import read_kubeconfig
from kubectl_oidc.sessions import kubelogin_cache
from kubectl_oidc.sessions.listing import known_entries
from kubectl_oidc.sessions.purge import known_sessions, purge_session
from kubectl_oidc.sessions.upgrade_from_1_0 import session_left_by_1_0
from kubectl_oidc.system.terminal import Terminal
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from kubectl_oidc.errors import StoreError
    from kubectl_oidc.system.log import Log

# `purge` accepts all arguments of a kubeconfig user. Those that do not identify a session are ignored.
_NAMES = tuple(
    flag
    for flag in rare(SESSION_OPTIONS, "--session", "--token-cache-dir")
    if flag.name != "--token-cache-storage"
)
_HOW = tuple(
    flag._replace(hidden=True, ignored=True)
    for flag in (*SESSION_OPTIONS, *SIGN_IN, FORCE)
    if flag.key not in {name.key for name in _NAMES}
)


@command(
    "purge",
    *USER_OPTIONS,
    Flag("--all", SWITCH, help="Remove every session.", has_variable=False),
    Flag(
        "--orphans",
        SWITCH,
        help="Remove the sessions of issuers that neither the kubeconfig nor a settings file names. It lists them and asks.",
        has_variable=False,
    ),
    Flag("--yes", SWITCH, help="Let --orphans remove sessions without asking.", has_variable=False),
    *_NAMES,
    *_HOW,
    *LOG,
    examples=(
        ("Remove the current context's session", "kubectl oidc-login purge"),
        ("Remove the sessions that no kubeconfig user needs", "kubectl oidc-login purge --orphans"),
    ),
)
def purge(**values: Any) -> int:
    """Remove a stored session without telling the provider. The next kubectl signs in again.

    The command removes the session of the current context. Choose another one with --session, --context or --user, or give
    --all. It also removes kubelogin's session of the same client. It removes nothing else.
    """
    log = log_at(values.pop("v"), values.pop("log_format"))
    conflicts.check(conflicts.PURGE, values)
    cache_dir, _ = cache_directory(values.get("token_cache_dir"))
    if values["all"]:
        return _remove_all(cache_dir, log)
    if values["orphans"]:
        return _remove_orphans(values, cache_dir, log)
    name = values.get("session") or ""
    # With issuer and client the flags may be those of a kubeconfig, and nothing to remove is no error, as in version 1.0.0.
    must = bool(name) and not all(values.get(flag) for flag in ("oidc_issuer_url", "oidc_client_id"))
    lost = _lost(cache_dir, log)
    target = session_to_purge(values, lost)
    if target:
        request = target.request
        client = (request.issuer, request.client_id)
        former = session_left_by_1_0(request.key(), request.storage)
        ids = dict.fromkeys((target.session_id, *former))
        return _remove(ids, target.cache_dir, client, name=name, must=must)
    clients: list[tuple[str, str]] = []
    if any(values.get(flag) for flag in NAMES_A_SESSION):
        lost = sessions_named(name, lost)
    elif not lost:
        clients = _only_kubelogin_client(cache_dir)
    if len(lost) > 1:
        raise several_sessions(lost, lost, every=True)
    return _remove([one.session_id for one in lost], cache_dir, *clients, name=name, must=must)


@command(
    "clean",
    *(flag for flag in _NAMES if flag.name == "--token-cache-dir"),
    *LOG,
    examples=(
        ("Remove every session", "kubectl oidc-login clean"),
        ("Remove those of another directory", "kubectl oidc-login clean --token-cache-dir=DIR"),
    ),
)
def clean(**values: Any) -> int:
    """Remove every stored session, as `purge --all` does. kubelogin has this command too.

    The command removes this program's sessions and those of kubelogin. Other files in the directory are not removed.
    """
    log = log_at(values.pop("v"), values.pop("log_format"))
    cache_dir, _ = cache_directory(values.get("token_cache_dir"))
    return _remove_all(cache_dir, log)


def _only_kubelogin_client(cache_dir: Path) -> list[tuple[str, str]]:
    """Return the issuer and client of kubelogin's sessions, if there are any. Several clients are an error."""
    clients = kubelogin_cache.kubelogin_clients(cache_dir, os.environ)
    if len(clients) > 1:
        named = "; ".join(sanitize(f"{issuer}, client {client}", limit=300) for issuer, client in clients)
        raise UsageError(
            f"kubelogin left sessions of {len(clients)} clients: {named}",
            "give --oidc-issuer-url and --oidc-client-id of one, or --all to remove all",
            topic="purge",
        )
    return clients


def _lost(cache_dir: Path, log: Log) -> list[Candidate]:
    """Return the sessions of which only files or keys were found, without an index entry."""
    known = {entry.session_id for entry in known_entries(cache_dir, log)}
    ids = (one for one in known_sessions(cache_dir, log) if one not in known)
    return [Candidate(one, cache_dir, None, lost=True) for one in ids]


def _remove_orphans(values: dict[str, Any], cache_dir: Path, log: Log) -> int:
    """Show the sessions of issuers that neither the kubeconfig nor a settings file names, and remove them if the user agrees."""
    issuers = named_issuers(read_kubeconfig(values["kubeconfig"], os.environ))
    every = known_entries(cache_dir, log)
    found = [entry for entry in every if entry.issuer and entry.issuer not in issuers]
    if not found:
        click.echo(NO_ORPHANS, err=True)
        return 0
    sessions = f"{len(found)} session{'s' if len(found) > 1 else ''}"
    asks = not values["yes"]
    if asks and not can_ask(Terminal()):
        raise needs_confirmation(
            f"removing {sessions}",
            "add --yes to remove them, or run `kubectl oidc-login status --orphans` to list them",
        )
    shown = [Candidate(entry.session_id, cache_dir, entry) for entry in every]
    for one in shown:
        if one.entry in found:
            click.echo(f"  {selector(one, shown)}   {one.description()}", err=True)
    if asks:
        confirm_change(f"Remove {sessions} of issuers that neither the kubeconfig nor a settings file names?")
    return _remove([entry.session_id for entry in found], cache_dir)


def _remove_all(cache_dir: Path, log: Log) -> int:
    failures: list[StoreError] = []
    ids = known_sessions(cache_dir, log, failures=failures)
    return _remove(ids, cache_dir, EVERY_CLIENT, failures=failures)


def _remove(
    ids: Iterable[str],
    cache_dir: Path,
    *clients: tuple[str, str],
    name: str = "",
    must: bool = False,
    failures: Sequence[StoreError] = (),
) -> int:
    """Remove sessions, and kubelogin's of the same clients, and report them.

    Args:
        name: The value of ``--session``, or empty.
        must: Whether nothing to remove is an error.
    """
    purged = [purge_session(session_id, cache_dir) for session_id in ids]
    if must and not any(one.places or one.failures for one in purged):
        raise unknown_session(candidates((), [cache_dir]), word=name)
    return report_removal(purged, cache_dir, *clients, name=name, failures=failures)
