"""What a command about a session is about: the session of flags, or of a user of the kubeconfig."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kubectl_oidc.cli.kubeconfig_sessions import asking
from kubectl_oidc.cli.names import names
from kubectl_oidc.cli.stanza_request import stanza_request
from kubectl_oidc.cli.values import token_request
from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import Kubeconfig, read
from kubectl_oidc.kubeconfig.choose import Chosen, choose
from kubectl_oidc.shell_words import one_line
from kubectl_oidc.text import plain

if TYPE_CHECKING:
    from kubectl_oidc.cli.options import Option
    from kubectl_oidc.kubeconfig import Entry
    from kubectl_oidc.token_request import TokenRequest

SUBJECT: tuple[Option, ...] = (
    (
        ("--kubeconfig",),
        {"metavar": "FILE", "help": "The kubeconfig (default: KUBECONFIG, else ~/.kube/config)."},
    ),
    (
        ("--context",),
        {
            "metavar": "NAME",
            "shell_complete": names("contexts"),
            "help": "The context that is meant (default: the current one).",
        },
    ),
    (
        ("--user",),
        {
            "metavar": "NAME",
            "shell_complete": names("users"),
            "help": "The user of the kubeconfig that is meant, whatever the context.",
        },
    ),
)
"""The options that name a user of the kubeconfig; beside them stand those of get-token."""

_MOST = 5  # users that are proposed
_OF_THE_KUBECONFIG = ("kubeconfig", "context", "user")
_NOT_OF_IT = frozenset(
    {
        *(*_OF_THE_KUBECONFIG, "output", "cluster", "v", "oidc_username_claim", "oidc_groups_claim"),
        *("oidc_username_prefix", "oidc_groups_prefix"),
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is meant.

    Attributes:
        request: What kubectl would ask get-token for.
        kubeconfig: What the kubeconfig files say; nothing where flags say it all and they cannot be read.
        chosen: The context, its cluster, and the user if it is one of the kubeconfig's.
    """

    request: TokenRequest
    kubeconfig: Kubeconfig
    chosen: Chosen

    def command_line(self, command: str) -> str:
        """Return a command of ours about the same session, short where the kubeconfig names it.

        Args:
            command: Its name, such as ``login``.
        """
        context, typed = click.get_current_context(), ParameterSource.COMMANDLINE
        if self.chosen.user is None or any(
            context.get_parameter_source(name) is typed for name in context.params if name not in _NOT_OF_IT
        ):
            return self.request.command_line(command)
        given = ((name, context.params.get(name)) for name in _OF_THE_KUBECONFIG)
        return one_line(
            ["kubectl", "oidc-login", command, *(f"--{name}={value}" for name, value in given if value)]
        )


def subject(values: dict[str, Any]) -> Subject:
    """Return what a command line is about.

    The issuer and the client of flags or variables name it where the command line names no user or context; else the user
    does, and flags that are typed beside it replace those of its stanza.

    Args:
        values: The options' values by their names, as click gives them.

    Raises:
        KubeconfigError: The kubeconfig cannot be read, has no such context or user, or a user that does not sign in with us.
        UsageError: A flag is malformed.
    """
    typed = _typed(values)
    explicit, context, user = (values.get(name) for name in _OF_THE_KUBECONFIG)
    both = all(values.get(name) for name in ("oidc_issuer_url", "oidc_client_id"))
    by_flags = both and (not (context or user) or {"oidc_issuer_url", "oidc_client_id"} <= typed.keys())
    try:
        kubeconfig = read(explicit, os.environ)
        chosen = choose(kubeconfig, context=context, user=user)
    except KubeconfigError:
        if not by_flags or explicit or context or user:
            raise
        kubeconfig, chosen = Kubeconfig(()), Chosen(None, None, None)
    if by_flags:
        return Subject(token_request(values), kubeconfig, Chosen(chosen.context, None, chosen.cluster))
    try:
        return Subject(stanza_request(_user(chosen, kubeconfig), typed), kubeconfig, chosen)
    except KubeconfigError as error:
        right = [plain(one.user, limit=60) for one in asking(kubeconfig)[:_MOST]]
        if right:
            error.hint = f"users that sign in with this program: {', '.join(right)}; {error.hint}"
        raise


def _user(chosen: Chosen, kubeconfig: Kubeconfig) -> Entry:
    if chosen.user is None:
        raise KubeconfigError(
            _no_user(chosen, kubeconfig),
            "name one with --context or --user, or the session with --oidc-issuer-url and --oidc-client-id; "
            "`kubectl oidc-login setup` writes such a user",
            topic="stanza",
        )
    return chosen.user


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that stand on the command line itself."""
    context = click.get_current_context()
    typed = ParameterSource.COMMANDLINE
    return {name: value for name, value in values.items() if context.get_parameter_source(name) is typed}


def _no_user(chosen: Chosen, kubeconfig: Kubeconfig) -> str:
    if chosen.context is None:
        where = ", ".join(plain(path) for path in kubeconfig.paths if path.exists())
        gone = kubeconfig.gone()
        words = f"the kubeconfig {where} has no current context" if where else "there is no kubeconfig"
        return f"{words}: {gone}" if gone else words
    name = str(chosen.context.value.get("user") or "")
    what = f"the user {plain(name)}, which is not there" if name else "no user"
    gone = kubeconfig.gone() if name and kubeconfig.named_by else ""
    return f"the context {plain(chosen.context.name)} names {what}" + (f"; {gone}" if gone else "")
