"""Which issuers the kubeconfig and the settings files name, so that sessions of all others can be listed and removed as orphans."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING

from kubectl_oidc.cli.options.variables import variable
from kubectl_oidc.cli.settings.load import load
from kubectl_oidc.errors import KubeconfigError, OidcLoginError, SettingsError
from kubectl_oidc.kubeconfig.exec_stanza import exec_of, exec_variables
from kubectl_oidc.kubeconfig.read import auth_provider_config

from .from_stanza import stanza_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kubectl_oidc.kubeconfig import Entry, Kubeconfig
    from kubectl_oidc.system.terminal import Terminal

NO_ORPHANS = "No orphans: the kubeconfig or a settings file names every session's issuer"
"""What the user reads if there is no orphan."""

_ISSUER = "--oidc-issuer-url"


def named_issuers(kubeconfig: Kubeconfig, environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """Return every issuer that a user of the kubeconfig names in any way, and those of the variable and the settings files.

    Raises:
        KubeconfigError: There is no kubeconfig, or a file of it is missing: its users may name issuers.
        SettingsError: A settings file is wrong: it may name issuers.
    """
    missing = kubeconfig.missing_files()
    if missing:
        raise KubeconfigError(
            f"cannot tell which issuers the kubeconfig names: {missing}",
            "set KUBECONFIG to all kubeconfigs that you use, or give one with --kubeconfig",
        )
    of_users = (issuer for user in kubeconfig.users.values() for issuer in _issuers(user))
    return frozenset({*of_users, *load().named_issuers(), environ.get(variable(_ISSUER), "")})


def say_orphans(terminal: Terminal, kubeconfig: Kubeconfig, issuers: Iterable[str]) -> None:
    """Tell the user at the terminal how many sessions, at these issuers, are orphans, if any is and if that is known."""
    try:
        named = named_issuers(kubeconfig)
    except (KubeconfigError, SettingsError):
        return
    count = sum(issuer not in named for issuer in issuers)
    if count:
        sessions = "session is" if count == 1 else "sessions are"
        terminal.say(
            f"{count} {sessions} of issuers that neither the kubeconfig nor a settings file names. Run `kubectl oidc-login purge --orphans` to remove them."
        )


def _issuers(user: Entry) -> Iterator[str]:
    """Return the issuers of a user, also if its exec section cannot be parsed or belongs to another program."""
    try:
        yield stanza_request(user).issuer
    except OidcLoginError:
        exec_ = exec_of(user)
        args = exec_.get("args")
        words = [str(word) for word in args] if isinstance(args, list) else []
        for word, following in pairwise([*words, ""]):
            flag, equals, value = word.partition("=")
            if flag == _ISSUER:
                yield value if equals else following
        yield exec_variables(exec_).get(variable(_ISSUER), "")
        yield str((auth_provider_config(user.value) or {}).get("idp-issuer-url") or "")
