"""``kubectl oidc-login purge``, and ``clean``, its name in kubelogin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli.options import IDENTITY, VERBOSE, Switch, log_at, options
from kubectl_oidc.cli.values import cache_directory, token_request
from kubectl_oidc.errors import StoreError, UsageError
from kubectl_oidc.purge import Purged, known_sessions, purge_session
from kubectl_oidc.stores import index
from kubectl_oidc.text import plain

if TYPE_CHECKING:
    from pathlib import Path


@click.command("purge", short_help="Remove a cached session, or all of them")
@options((("--all", "everything"), {"cls": Switch, "help": "Remove every session."}), *IDENTITY, VERBOSE)
def purge(**values: Any) -> int:
    """Remove a cached session: the one of these flags, the only one, or with --all every one.

    The next kubectl signs in again. Nothing but this program's own files and keys is removed.
    """
    log_at(values.pop("v"))
    everything = values.pop("everything")
    cache_dir, _ = cache_directory(values.get("token_cache_dir"))
    if everything:
        return _remove(known_sessions(cache_dir), cache_dir)
    if values.get("oidc_issuer_url") or values.get("oidc_client_id"):
        return _remove(_matching(values, cache_dir), cache_dir)
    return _remove(_the_only_one(cache_dir), cache_dir)


@click.command("clean", short_help="The same as purge --all, as kubelogin names it")
@options((("--token-cache-dir",), {"metavar": "DIR", "help": "Directory of the cache."}), VERBOSE)
def clean(**values: Any) -> int:
    """Remove every cached session; what kubelogin calls purge --all.

    Nothing but this program's own files and keys is removed, whatever else the directory holds.
    """
    log_at(values.pop("v"))
    cache_dir, _ = cache_directory(values.get("token_cache_dir"))
    return _remove(known_sessions(cache_dir), cache_dir)


def _matching(values: dict[str, Any], cache_dir: Path) -> list[str]:
    """Return the sessions that the flags name: the exact one, and with fewer flags all that agree with them."""
    request = token_request(values)
    wanted = [request.key().id()]
    for entry in index.read_all(cache_dir):
        agrees = (
            entry.issuer == request.issuer
            and entry.client_id == request.client_id
            and (not values.get("oidc_extra_scope") or set(entry.scopes) == set(request.scopes))
            and (not request.session_name or entry.name == request.session_name)
        )
        if agrees and entry.session_id not in wanted:
            wanted.append(entry.session_id)
    return wanted


def _the_only_one(cache_dir: Path) -> list[str]:
    """Return the one session that there is.

    Raises:
        UsageError: There are several, and none was named.
    """
    found = known_sessions(cache_dir)
    if len(found) > 1:
        entries = [entry for entry in index.read_all(cache_dir) if entry.storage]
        names = "; ".join(f"{entry.person} at {entry.issuer} (client {entry.client_id})" for entry in entries)
        raise UsageError(
            f"there are {len(found)} sessions: {plain(names, limit=400)}",
            "name one with --oidc-issuer-url and --oidc-client-id, or remove all with --all",
            topic="purge",
        )
    return found


def _remove(session_ids: list[str], cache_dir: Path) -> int:
    purged = [purge_session(session_id, cache_dir) for session_id in session_ids]
    removed = [one for one in purged if one.places]
    for one in removed:
        click.echo(_words(one), err=True)
    failures = [failure for one in purged for failure in one.failures]
    if failures:
        raise StoreError(
            f"not everything could be removed: {failures[0].message}", failures[0].hint, topic="purge"
        )
    if not removed:
        click.echo(f"There is no such session under {cache_dir}; nothing was removed", err=True)
    return 0


def _words(one: Purged) -> str:
    who = f"{plain(one.person)} at {plain(one.issuer)}" if one.person else one.session_id
    return f"Removed the session of {who} from {' and '.join(one.places)}"
