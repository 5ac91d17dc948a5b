"""Report the sessions that `purge` and `logout` removed, and remove kubelogin's sessions of the same clients."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from kubectl_oidc.errors import StoreError
from kubectl_oidc.sessions import kubelogin_cache
from kubectl_oidc.system.private_files import shown_directory
from kubectl_oidc.text import sanitize

from .users.suggestions import near_sessions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kubectl_oidc.sessions.purge import Purged

EVERY_CLIENT = ("", "")
"""Stands for every issuer and client."""


def report_removal(
    purged: Sequence[Purged],
    cache_dir: Path,
    *clients: tuple[str, str],
    name: str = "",
    failures: Sequence[StoreError] = (),
) -> int:
    """Report what was removed, and remove kubelogin's sessions of the same clients.

    Args:
        clients: Issuers and clients that the command line named, in addition to those of the removed sessions.
        name: The value of ``--session``, or empty.
        failures: Why there may be more sessions than those that were found.

    Raises:
        StoreError: Something could not be removed.
    """
    removed = [one for one in purged if one.places]
    for one in removed:
        who = (
            f"the session of {sanitize(one.person)} at {sanitize(one.issuer)}" if one.person else "a session"
        )
        click.echo(f"Removed {who} from {' and '.join(one.places)}", err=True)
    named = {*clients, *((one.issuer, one.client_id) for one in purged if one.issuer)}
    of_kubelogin = _remove_kubelogin_sessions(named, cache_dir)
    for failure in (*(failure for one in purged for failure in one.failures), *failures):
        raise StoreError(f"could not remove everything: {failure.message}", failure.hint, topic="purge")
    if not removed and not of_kubelogin:
        issuer, client_id = next(iter(clients), ("", ""))
        near = near_sessions(cache_dir, issuer=issuer, client_id=client_id, name=name)
        click.echo(
            f"No {'session' if EVERY_CLIENT in named else 'matching session'} found under {shown_directory(cache_dir)}; nothing was removed.\n"
            "A session may still be in your keyring without being listed here. To remove it, run `kubectl oidc-login purge` with "
            "the flags that you signed in with, such as --oidc-issuer-url and --oidc-client-id.",
            err=True,
        )
        if near:
            click.echo("These sessions are stored:", err=True)
        for line in near:
            click.echo(f"  {line}", err=True)
    return 0


def _remove_kubelogin_sessions(clients: set[tuple[str, str]], cache_dir: Path) -> list[str]:
    """Remove and report kubelogin's sessions of these clients, and return their places."""
    places: list[str] = []
    # Each search of the keyring is slow, so one search covers every client.
    for issuer, client_id in {EVERY_CLIENT} if EVERY_CLIENT in clients else clients:
        places += kubelogin_cache.remove_kubelogin_sessions(cache_dir, os.environ, issuer, client_id)
    for place in places:
        click.echo(f"Removed the session that kubelogin left in {place}", err=True)
    return places
