"""Choose the name of the kubeconfig user that `setup` writes, so that no user of another client is overwritten."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from click.core import ParameterSource

from kubectl_oidc.cli.prompts import Questions, can_ask
from kubectl_oidc.cli.users.from_stanza import stanza_context
from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig.exec_stanza import exec_of, is_oidc_login_exec
from kubectl_oidc.kubeconfig.read import auth_provider_config
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    import click

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.kubeconfig import Entry, Kubeconfig
    from kubectl_oidc.system.system import System

UNKNOWN = ("", "")


def choose_user_name(
    ctx: click.Context, request: SignInRequest, kubeconfig: Kubeconfig, system: System
) -> str:
    """Return the name of the user to write or to show.

    A user of another issuer or client is changed only if its name or ``--yes`` was typed, or if the person at the terminal
    agrees. If nothing is written, the shown command gets a free name.

    Raises:
        KubeconfigError: The user would be changed, and nobody can be asked.
        Abort: The input has ended.
    """
    name: str = ctx.params["user"]
    entry = kubeconfig.users.get(name)
    typed = ctx.get_parameter_source("user") is ParameterSource.COMMANDLINE
    if entry is None or typed or ctx.params["yes"]:
        return name
    target = _issuer_and_client(entry)
    if target in (None, (request.issuer, request.client_id)):
        return name
    free = free_name(kubeconfig, request)
    if not ctx.params["write_kubeconfig"]:
        return free
    now = _described(target) if any(target) else "an unknown issuer"
    if not can_ask(system.terminal):
        raise KubeconfigError(
            f"the user {sanitize(name)} in {sanitize(entry.path)} has another issuer or client than you give: it signs in at {now}",
            f"give --yes to change this user, or --user={free} to write another one",
        )
    system.terminal.say(
        f"The user {sanitize(name)} in {sanitize(entry.path)} signs in at {now}.\n"
        f"You are setting up {_described((request.issuer, request.client_id))}."
    )
    questions = Questions(system.terminal)
    if questions.confirm(f"Change the user {sanitize(name)}?", proposal=False):
        return name
    while (chosen := questions.ask("Name of the new user", free)) in kubeconfig.users:
        system.terminal.say(f"The kubeconfig has a user {sanitize(chosen)} already.")
    return chosen


def other_client(entry: Entry, issuer: str, client_id: str) -> bool:
    """Return whether a kubeconfig user signs in, with OpenID Connect, to another issuer or client than these."""
    return _issuer_and_client(entry) not in (None, (issuer, client_id))


def free_name(kubeconfig: Kubeconfig, request: SignInRequest) -> str:
    """Return a user name that the kubeconfig does not have, such as ``oidc-login.example.com``."""
    base = "oidc-" + (re.sub(r"[^A-Za-z0-9.-]+", "-", request.host).strip("-.") or "2")
    names = (base, *(f"{base}-{number}" for number in range(2, len(kubeconfig.users) + 3)))
    return next(name for name in names if name not in kubeconfig.users)


def _issuer_and_client(entry: Entry) -> tuple[str, str] | None:
    """Return the issuer and client of a user; empty if they are unknown, None for a user that `setup` would not overwrite."""
    config = auth_provider_config(entry.value)
    if config is not None:
        return str(config.get("idp-issuer-url") or ""), str(config.get("client-id") or "")
    if not is_oidc_login_exec(exec_of(entry)):
        return None  # `write_user` refuses it, or it has no way to sign in
    try:
        params: dict[str, Any] = stanza_context(entry).params
    except KubeconfigError:
        return UNKNOWN
    return params.get("oidc_issuer_url") or "", params.get("oidc_client_id") or ""


def _described(target: tuple[str, str]) -> str:
    issuer, client_id = (sanitize(part) or "(none)" for part in target)
    return f"{issuer} as the client {client_id}"
