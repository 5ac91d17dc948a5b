"""Define the session that a command acts on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from kubectl_oidc.authentication.wiring import build_session_repository
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.sessions.listing import kept_session
from kubectl_oidc.sessions.stores import open_store
from kubectl_oidc.system.shell import one_line
from kubectl_oidc.text import sanitize

from .from_stanza import typed_params

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.kubeconfig import Kubeconfig
    from kubectl_oidc.kubeconfig.select import KubeconfigSelection
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.system import System
    from kubectl_oidc.system.terminal import Terminal

    from .selection import Candidate

Purpose = Literal["sign in", "use", "show", "end"]
"""What a command does with the session. `login` and `doctor` need all of its flags ("sign in"), `token` and `exec` also need one that
is stored or that a kubeconfig user asks for, if --session names it ("use"), `whoami` needs a stored one ("show"), `logout` and
`purge` end one ("end")."""

GIVE_CLUSTER = (
    "give --context=NAME of a context with a cluster; "
    "if there is none, `kubectl oidc-login setup` writes one with --context, --server and --write-kubeconfig"
)
"""The hint if a command needs a cluster."""

USER_PARAMETERS = ("kubeconfig", "context", "user")


@dataclass(frozen=True, slots=True)
class TargetSession:
    """The session that a command acts on.

    Attributes:
        request: The request that kubectl would make with get-token.
        kubeconfig: The merged kubeconfig files; empty if they cannot be read and flags select the session.
        kubeconfig_user: The context and its cluster, and the user if the kubeconfig has one for this session.
        selected: The stored session if its flags are not all known, so that ``request`` does not lead to it; else None.
    """

    request: SignInRequest
    kubeconfig: Kubeconfig
    kubeconfig_user: KubeconfigSelection
    selected: Candidate | None = None

    @property
    def session_id(self) -> str:
        """The session's ID."""
        return self.selected.session_id if self.selected else self.request.key().id()

    @property
    def cache_dir(self) -> Path:
        """The cache directory whose index has the session."""
        return self.selected.cache_dir if self.selected else self.request.storage.cache_dir

    def trust(self) -> tuple[str, ...] | None:
        """Return the trust under which the session was obtained; None for one that version 1.0.0 stored."""
        entry = self.selected.entry if self.selected else None
        return entry.trust if entry else self.request.key().trust

    def load(self, system: System, *, storage: str = "") -> tuple[Session | None, str]:
        """Return the session's record, or None, and the name of the place where it is stored.

        A ``storage`` replaces the request's --token-cache-storage.

        Raises:
            StoreError: It cannot be read.
        """
        if self.selected:
            kept = kept_session(self.session_id, self.cache_dir, system.log)
            return (kept.record(), kept.place) if kept else (None, "")
        repository = build_session_repository(self.request, system, storage=storage)
        session, store = repository.load(), repository.store
        entry = repository.index_entry.read()
        if session and entry and entry.storage not in ("", store.name):  # it was not moved yet
            store = open_store(entry.storage, self.cache_dir)
        return session, store.where()

    def warn_of_missing_kubeconfig(self, terminal: Terminal) -> None:
        """Warn if no file that KUBECONFIG names exists, as kubectl does (``WarnIfAllMissing`` of client-go)."""
        kubeconfig = self.kubeconfig
        if kubeconfig.named_by and not any(path.exists() for path in kubeconfig.paths):
            terminal.warn(kubeconfig.missing_files(), "correct KUBECONFIG, or create the file")

    def command_line(self, command: str) -> str:
        """Return another command's command line for this session; short if the kubeconfig names the session."""
        context = click.get_current_context()
        if self.kubeconfig_user.user is None or typed_params(context).keys() & {flag.key for flag in FLAGS}:
            return self.request.command_line(command)
        given = ((name, context.params.get(name)) for name in USER_PARAMETERS)
        return one_line(
            ["kubectl", "oidc-login", command, *(f"--{name}={value}" for name, value in given if value)]
        )


def no_user(
    chosen: KubeconfigSelection, kubeconfig: Kubeconfig, purpose: Purpose = "sign in"
) -> KubeconfigError:
    """Return the error for a context without a user in the kubeconfig, or for no context."""
    if not kubeconfig.users:
        change = "give --oidc-issuer-url and --oidc-client-id"
        if purpose != "end":
            change += ", or run `kubectl oidc-login setup` to write a user"
    elif chosen.context:
        name = sanitize(chosen.context.name)
        command = one_line(["kubectl", "config", "set-context", name, "--user=NAME"])
        change = f"give the context a user with `{command}`, or give --user or --session"
    elif kubeconfig.contexts:
        change = (
            "choose a context with `kubectl config use-context NAME`, or give --context, --user or --session"
        )
    else:
        change = "give --user or --session"
    return KubeconfigError(_no_user(chosen, kubeconfig), change, topic="stanza")


def _no_user(chosen: KubeconfigSelection, kubeconfig: Kubeconfig) -> str:
    if chosen.context is None:
        where = ", ".join(sanitize(path) for path in kubeconfig.paths if path.exists())
        gone = kubeconfig.missing_files()
        if kubeconfig.current_context:
            words = (
                f"the current context {sanitize(kubeconfig.current_context)} is not in the kubeconfig {where}"
            )
        else:
            words = f"the kubeconfig {where} has no current context" if where else "there is no kubeconfig"
        return f"{words}: {gone}" if gone else words
    name = str(chosen.context.value.get("user") or "")
    what = f"the user {sanitize(name)}, which the kubeconfig does not have" if name else "no user"
    gone = kubeconfig.missing_files() if name and kubeconfig.named_by else ""
    return f"the context {sanitize(chosen.context.name)} names {what}" + (f"; {gone}" if gone else "")
