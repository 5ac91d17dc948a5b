"""What the exec stanza of a kubeconfig user asks ``get-token`` for, understood as get-token itself understands it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.azure_kubelogin import AZURES, is_azures
from kubectl_oidc.cli.get_token import get_token
from kubectl_oidc.cli.values import token_request
from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig.stanza import is_ours
from kubectl_oidc.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kubectl_oidc.kubeconfig import Entry
    from kubectl_oidc.token_request import TokenRequest


def stanza_request(user: Entry, instead: Mapping[str, Any] = MappingProxyType({})) -> TokenRequest:
    """Return what a user's stanza asks for, by its arguments and variables and those of this process.

    Args:
        user: The kubeconfig user.
        instead: Values of options that replace those of its arguments.

    Raises:
        KubeconfigError: It has no stanza that runs ``get-token`` of this program or of kubelogin, or one that get-token refuses.
    """
    with _variables(_ours(user)):
        return token_request({**stanza_context(user).params, **instead})


def stanza_context(user: Entry) -> click.Context:
    """Return the options that a user's stanza gives to get-token, and where each comes from.

    Args:
        user: The kubeconfig user.

    Raises:
        KubeconfigError: As in ``stanza_request``.
    """
    named = f"the user {plain(user.name)} in {plain(user.path)}"
    ours = _ours(user)
    exec_ = user.value.get("exec")
    if isinstance(exec_, dict) and is_azures(exec_.get("args")):
        raise KubeconfigError(
            f"{named} signs in with {AZURES}, another program",
            "use that program for this user; `kubectl oidc-login setup` writes a user that starts this one",
            topic="azure-kubelogin",
        )
    words = [str(word) for word in ours.get("args") or []]
    if get_token.name not in words:
        raise KubeconfigError(
            f"{named} does not sign in with this program",
            "name another with --user or --context; `kubectl oidc-login setup` writes such a user",
            topic="stanza",
        )
    args = words[words.index(get_token.name) + 1 :]
    with _variables(ours):
        try:
            # Without --help, which would be answered on standard output.
            return get_token.make_context(get_token.name, args, help_option_names=[])
        except click.ClickException as error:
            raise KubeconfigError(
                f"get-token refuses the arguments of {named}: {error.format_message().rstrip('.')}",
                "mend them; `kubectl oidc-login get-token --help` names the flags",
                topic="stanza",
            ) from None


def _ours(user: Entry) -> Mapping[str, Any]:
    exec_ = user.value.get("exec")
    return exec_ if isinstance(exec_, dict) and is_ours(exec_) else {}


@contextmanager
def _variables(exec_: Mapping[str, object]) -> Iterator[None]:
    """Set the stanza's variables, as kubectl does for the program, while the block runs."""
    given = exec_.get("env") or []
    pairs = [pair for pair in given if isinstance(pair, dict)] if isinstance(given, list) else []
    before = os.environ.copy()
    for pair in pairs:
        name, value = str(pair.get("name") or ""), str(pair.get("value") or "")
        if name and "=" not in name and "\0" not in name + value:
            os.environ[name] = value
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
