"""`get-token`: print a credential for kubectl; sign in if needed."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import UsageError
from kubectl_oidc.exec_credential import ExecInfo, credential
from kubectl_oidc.fast_path import write
from kubectl_oidc.fast_path.known_command import settings_state
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.early_connection import SECONDS
from kubectl_oidc.system import caller
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.system import System

from .options import conflicts
from .options.arguments import read
from .options.flags import GET_TOKEN, log_at
from .options.variables import DEFAULT
from .settings.effective import effective

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.system.log import Log

    from .call import Call
    from .settings.effective import Effective


def answer(arguments: Sequence[str], call: Call) -> int | None:
    """Run get-token with these arguments, unless click must read them.

    Returns:
        The exit status; None if click must read the arguments, for example to say what is wrong with them.

    Raises:
        OidcLoginError: There is no token, or two flags do not go together.
    """
    given = read(arguments, GET_TOKEN, os.environ)
    return None if given is None else get_token(given.values, call, given.sources)


def get_token(values: dict[str, Any], call: Call, sources: Mapping[str, str] | None = None) -> int:
    """Run get-token, and return the exit status.

    Args:
        values: The flags' values, by their names.
        sources: Where they come from; by default the current click context knows it.

    Raises:
        OidcLoginError: There is no token, two flags do not go together, or a settings file is wrong or forbids it.
    """
    if sources is None:
        from .options.click_options import current_sources

        sources = current_sources()
    log = _log(values, sources)
    info = ExecInfo.parse(os.environ.get("KUBERNETES_EXEC_INFO"))
    given = _settings(values, sources)
    request = given.request()
    if request.refusal:
        raise request.refusal
    system = System(log=log)
    if call.ahead:
        from kubectl_oidc.authentication.refresh import refresh_ahead

        return 0 if refresh_ahead(request, system) else 1
    with caller.watched(), closing(HttpClient(tls=request.tls, log=log)) as http:
        _connect_early(http, request, system, call)
        from kubectl_oidc.authentication.authenticate import authenticate
        from kubectl_oidc.authentication.rejected_token import renew_if_rejected
        from kubectl_oidc.authentication.remember_command import remember_command

        outcome = authenticate(request, system, call.lock, http)
        outcome = renew_if_rejected(request, system, outcome, call.times)
        remember_command(
            request,
            outcome,
            api_version=info.api_version,
            margin=outcome.margin,
            settings=given.state,
            log=log,
        )
    return write(credential(outcome.token, outcome.expiry).exec_credential(info.api_version))


def _log(values: dict[str, Any], sources: Mapping[str, str]) -> Log:
    """Return the log that flags, variables or settings files ask for; take its flags from the values."""
    names = ("v", "log_format")
    if settings_state():
        from .settings.load import defaults_of_commands

        defaults = defaults_of_commands()
        values.update(
            (name, defaults[name]) for name in names if name in defaults and sources[name] == DEFAULT
        )
    level, style = (values.pop(name) for name in names)
    return log_at(level, style)


def _settings(values: dict[str, Any], sources: Mapping[str, str]) -> Effective:
    """Return the values that apply, with those of settings files."""
    given = effective(values, sources, in_exec_section=True)
    conflicts.check(conflicts.SIGN_IN, given.values, sources=given.sources)
    return given


def _connect_early(http: HttpClient, request: SignInRequest, system: System, call: Call) -> None:
    """Connect to the issuer while the rest is imported, unless nobody will be asked."""
    with suppress(UsageError):  # the request reports it
        if not _is_answered_from_store(request, system):
            http.load_trust()
            http.connect_early(request.issuer, deadline=Deadline.after(SECONDS), opened=call.opened)


def _is_answered_from_store(request: SignInRequest, system: System) -> bool:
    """Return whether the index knows a good credential, so that probably nobody is asked."""
    from kubectl_oidc.authentication.request import MARGIN
    from kubectl_oidc.sessions.stores.index import read_host_entries

    if request.renewal.force_refresh or request.renewal.sign_in:
        return False
    entries = read_host_entries(request.storage.cache_dir, request.key().id())
    return any(entry.storage and entry.expiry - MARGIN > system.clock() for entry in entries)
