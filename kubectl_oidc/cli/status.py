"""``kubectl oidc-login status``: the sessions that are kept here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli.cluster_claims import CLAIMS
from kubectl_oidc.cli.kubeconfig_sessions import asking
from kubectl_oidc.cli.options import DEFAULT_CACHE_DIR, IGNORED, VERBOSE, log_at, options
from kubectl_oidc.cli.output import echo_document, moment, output
from kubectl_oidc.cli.values import cache_directory
from kubectl_oidc.diagnosis.claims import Facts
from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import Kubeconfig, read
from kubectl_oidc.sessions import ENDED, GONE, GOOD, UNREADABLE, kept_sessions
from kubectl_oidc.stores.private_files import shown
from kubectl_oidc.table import echo_table
from kubectl_oidc.terminal import ago, remaining
from kubectl_oidc.token_request import World

if TYPE_CHECKING:
    from kubectl_oidc.cli.kubeconfig_sessions import Asking
    from kubectl_oidc.sessions import KeptSession

_TITLES = ("PERSON", "ISSUER", "CLIENT", "GROUPS", "KEPT IN", "EXPIRES IN", "LAST USED", "CONTEXTS")
_WIDE = ("SCOPES", "SESSION", "SIGNED IN", "PLACE", "ID")
_GROUPS_CLAIM = tuple(row for row in CLAIMS if row[0] == ("--oidc-groups-claim",))


@click.command("status", short_help="List the sessions that are kept here")
@options(
    output("wide", "json", "yaml"),
    (
        ("--kubeconfig",),
        {"metavar": "FILE", "help": "The kubeconfig (default: KUBECONFIG, else ~/.kube/config)."},
    ),
    *_GROUPS_CLAIM,
    (
        ("--token-cache-dir",),
        {
            "metavar": "DIR",
            "help": f"Directory of the cache (default {DEFAULT_CACHE_DIR}, or under KUBECACHEDIR, and those of the kubeconfig).",
        },
    ),
    VERBOSE,
    *IGNORED,
)
def status(**values: Any) -> int:
    """List the sessions that are kept here: who, at which issuer, until when, and which contexts of the kubeconfig use them.

    It asks nobody but the place where they rest, and prints no token. Where a session has ended, it says whether the next
    kubectl renews it or a sign-in is needed.
    """
    world = World(log=log_at(values["v"]))
    users = asking(_kubeconfig(values["kubeconfig"], world))
    cache_dir, is_default = cache_directory(values["token_cache_dir"])
    elsewhere = (one.cache_dir for one in users) if is_default else ()
    found = kept_sessions(dict.fromkeys((cache_dir, *elsewhere)), world.log)
    now = world.clock()
    sessions = [_Shown(kept, users, values["oidc_groups_claim"], now) for kept in found]
    if values["output"] in ("json", "yaml"):
        echo_document({"sessions": [one.document() for one in sessions]}, values["output"])
    elif sessions:
        wide = values["output"] == "wide"
        echo_table(_TITLES + _WIDE * wide, [one.cells() + one.more() * wide for one in sessions])
    else:
        click.echo(
            f"No session is kept under {shown(cache_dir)}; `kubectl oidc-login login` signs in", err=True
        )
    for kept in found:
        if kept.failure:
            world.terminal.warn(
                f"the session of {kept.entry.person} cannot be read: {kept.failure.message}",
                kept.failure.hint,
            )
    return 0


def _kubeconfig(explicit: str | None, world: World) -> Kubeconfig:
    """Return what the kubeconfig says; a broken one is only warned of where nobody named it."""
    try:
        return read(explicit, os.environ)
    except KubeconfigError as error:
        if explicit:
            raise
        world.terminal.warn(f"it is not known which contexts use which session: {error.message}", error.hint)
        return Kubeconfig(())


class _Shown:
    """One session as it is shown.

    Args:
        kept: The session.
        users: Who asks for sessions in the kubeconfig.
        groups_claim: The claim that the cluster takes as the groups.
        now: Epoch seconds.
    """

    def __init__(self, kept: KeptSession, users: list[Asking], groups_claim: str, now: float) -> None:
        self._kept = kept
        self._entry = kept.entry
        self._now = now
        self._state = kept.state(now)
        mine = (kept.entry.session_id, kept.cache_dir)
        self._users = [one for one in users if (one.session_id, one.cache_dir) == mine]
        self._groups = Facts(
            issuer=kept.entry.issuer,
            client_id=kept.entry.client_id,
            scopes=kept.entry.scopes,
            claims=kept.claims(),
            algorithm=None,
            has_refresh_token=kept.renewable(),
            groups_claim=groups_claim,
        ).groups

    def cells(self) -> tuple[str, ...]:
        """Return what stands in the table."""
        contexts = [name for user in self._users for name in user.contexts or (f"(user {user.user})",)]
        entry = self._entry
        return (
            entry.person,
            entry.issuer,
            entry.client_id,
            ",".join(self._groups),
            entry.storage,
            self._expires(),
            self._ago(self._kept.last_used()),
            ",".join(contexts),
        )

    def more(self) -> tuple[str, ...]:
        """Return what stands in it with ``-o wide``."""
        entry = self._entry
        return (
            " ".join(entry.scopes),
            entry.name,
            self._ago(entry.signed_in_at),
            self._kept.place,
            entry.session_id,
        )

    def _expires(self) -> str:
        renewal = "renewed when used" if self._kept.renewable() else "sign-in needed"
        words = {
            GOOD: remaining(self._kept.expiry() - self._now),
            ENDED: f"ended, {renewal}",
            GONE: "gone, sign-in needed",
            UNREADABLE: "unknown",
        }
        return words[self._state]

    def _ago(self, at: int) -> str:
        return ago(self._now - at) if at else ""

    def document(self) -> dict[str, object]:
        """Return what a program reads."""
        entry = self._entry
        return {
            "id": entry.session_id,
            "state": self._state,
            "person": entry.person,
            "issuer": entry.issuer,
            "clientID": entry.client_id,
            "scopes": list(entry.scopes),
            "name": entry.name,
            "groups": list(self._groups),
            "storage": entry.storage,
            "place": self._kept.place,
            "expires": moment(self._kept.expiry()),
            "renewable": self._kept.renewable(),
            "signedIn": moment(entry.signed_in_at),
            "lastUsed": moment(self._kept.last_used()),
            "users": [user.user for user in self._users],
            "contexts": [context for user in self._users for context in user.contexts],
        }
