"""``kubectl oidc-login purge``, and ``clean``, its name in kubelogin."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc import predecessor
from kubectl_oidc.cli import combinations
from kubectl_oidc.cli.grants import OTHER_GRANTS
from kubectl_oidc.cli.options import FORCE, IDENTITY, IGNORED, SIGN_IN, VERBOSE, Switch, log_at, options
from kubectl_oidc.cli.removed import EVERY, report
from kubectl_oidc.cli.values import cache_directory, scopes, token_request
from kubectl_oidc.errors import UsageError
from kubectl_oidc.purge import known_sessions, purge_session
from kubectl_oidc.sessions import known_entries
from kubectl_oidc.sessions_of_1_0 import left
from kubectl_oidc.text import plain
from kubectl_oidc.trust import in_words

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.log import Log
    from kubectl_oidc.stores import index


# A kubeconfig's arguments can be given as they stand there; how somebody signs in, and where the session rests, names none.
_STORAGE = "--token-cache-storage"
_NAMES = tuple(row for row in IDENTITY if row[0][0] != _STORAGE)
_HOW = tuple(
    (names, {**settings, "hidden": True, "expose_value": False})
    for names, settings in (*IDENTITY, *SIGN_IN, FORCE)
    if (names, settings) not in _NAMES
)


@click.command("purge", short_help="Remove a cached session, or all of them")
@options(
    (("--all",), {"cls": Switch, "help": "Remove every session."}),
    *_NAMES,
    *_HOW,
    VERBOSE,
    *IGNORED,
)
def purge(**values: Any) -> int:
    """Remove a cached session: the one of these flags, the only one, or with --all every one.

    It takes every flag of get-token. The next kubectl signs in again. What kubelogin left for the same client is removed as
    well, so that it is not taken over; beside that nothing but this program's own files and keys is.
    """
    log = log_at(values.pop("v"))
    combinations.check(combinations.PURGE, values)
    everything = values.pop("all")
    cache_dir, _ = cache_directory(values.get("token_cache_dir"))
    if everything:
        return _remove(known_sessions(cache_dir, log), cache_dir, EVERY)
    issuer, client_id = values.get("oidc_issuer_url"), values.get("oidc_client_id")
    named: tuple[tuple[str, str], ...] = ((issuer, client_id),) if issuer and client_id else ()
    if named:
        request = token_request(values)
        ids = (request.key().id(), *left(request))
        exact = [purge_session(session_id, cache_dir) for session_id in ids]
        if any(one.places or one.failures for one in exact):
            return report(exact, cache_dir, *named)
    sessions = _the_one_that_agrees(values, cache_dir, log)
    if not sessions and not any(values.get(name) for name in (*_IN_THE_INDEX, *_NOT_IN_THE_INDEX)):
        named = tuple(_the_one_that_kubelogin_left(cache_dir))
    purged = [purge_session(session_id, cache_dir) for session_id in sessions]
    return report(purged, cache_dir, *named, name=values.get("session") or "")


@click.command("clean", short_help="The same as purge --all, as kubelogin names it")
@options((("--token-cache-dir",), {"metavar": "DIR", "help": "Directory of the cache."}), VERBOSE, *IGNORED)
def clean(**values: Any) -> int:
    """Remove every cached session, as purge --all does; the name is kubelogin's.

    Nothing but this program's own files and keys, and the sessions that kubelogin left, is removed, whatever else the
    directory holds.
    """
    log = log_at(values.pop("v"))
    cache_dir, _ = cache_directory(values.get("token_cache_dir"))
    return _remove(known_sessions(cache_dir, log), cache_dir, EVERY)


def _the_one_that_kubelogin_left(cache_dir: Path) -> list[tuple[str, str]]:
    """Return the issuer and client of the only ones that kubelogin left sessions of; none where there are none.

    Raises:
        UsageError: There are several.
    """
    clients = predecessor.clients(cache_dir, os.environ)
    if len(clients) > 1:
        named = "; ".join(plain(f"{issuer}, client {client}", limit=300) for issuer, client in clients)
        raise UsageError(
            f"kubelogin left sessions of {len(clients)} clients: {named}",
            "name one by --oidc-issuer-url and --oidc-client-id, or remove all with --all",
            topic="purge",
        )
    return clients


def _the_one_that_agrees(values: dict[str, Any], cache_dir: Path, log: Log) -> list[str]:
    """Return the one session that agrees with every flag that was given; with no flag, the only one.

    Raises:
        UsageError: There are several.
    """
    if any(values.get(name) for name in _NOT_IN_THE_INDEX) or values.get("grant_type") in OTHER_GRANTS:
        return []  # such a session is named by all of its flags, and it was not found
    entries = known_entries(cache_dir, log)
    found = {entry.session_id: _named(entry) for entry in entries if _agrees(entry, values)}
    if not any(values.get(name) for name in _IN_THE_INDEX):
        for session_id in known_sessions(cache_dir, log):  # also what cannot be read any more
            found.setdefault(session_id, f"a session that cannot be read, {session_id}")
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} sessions are meant: {'; '.join(found.values())}",
            "name one by the flags of its kubeconfig user (--oidc-issuer-url, --oidc-client-id, --oidc-extra-scope, "
            "--session), or remove all with --all",
            topic="purge",
        )
    return list(found)


_IN_THE_INDEX = ("oidc_issuer_url", "oidc_client_id", "oidc_extra_scope", "session")
_NOT_IN_THE_INDEX = (
    "oidc_auth_request_extra_params",
    "oidc_request_header",
    "oidc_use_access_token",
    "oidc_token_exchange_audience",
    "username",
)


def _agrees(entry: index.Entry, values: dict[str, Any]) -> bool:
    given = values.get("oidc_extra_scope")
    return (
        values.get("oidc_issuer_url") in {None, "", entry.issuer}
        and values.get("oidc_client_id") in {None, "", entry.client_id}
        and (not given or set(scopes(given)) == set(entry.scopes))
        and values.get("session") in {None, "", entry.name}
    )


def _named(entry: index.Entry) -> str:
    """Return what tells a session from others, in words."""
    words = f"{entry.person} at {entry.issuer}, client {entry.client_id}, scopes {' '.join(entry.scopes)}"
    words += f", session {entry.name}" if entry.name else ""
    return plain(f"{words}, trusting {in_words(entry.trust)}" if entry.trust else words, limit=300)


def _remove(session_ids: list[str], cache_dir: Path, *clients: tuple[str, str]) -> int:
    return report([purge_session(session_id, cache_dir) for session_id in session_ids], cache_dir, *clients)
