"""`get-token`: print a credential for kubectl; sign in if needed."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import UsageError
from kubectl_oidc.exec_credential import ExecInfo, credential
from kubectl_oidc.fast_path import write
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.early_connection import SECONDS
from kubectl_oidc.system import caller
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.system import System

from .options import conflicts
from .options.arguments import read
from .options.flags import GET_TOKEN, log_at
from .options.to_request import token_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .call import Call


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
        OidcLoginError: There is no token, or two flags do not go together.
    """
    log = log_at(values.pop("v"), values.pop("log_format"))
    info = ExecInfo.parse(os.environ.get("KUBERNETES_EXEC_INFO"))
    conflicts.check(conflicts.SIGN_IN, values, sources=sources)
    request = token_request(values)
    system = System(log=log)
    if call.ahead:
        from kubectl_oidc.authentication.refresh import refresh_ahead

        return 0 if refresh_ahead(request, system) else 1
    with caller.watched(), closing(HttpClient(tls=request.tls, log=log)) as http:
        if call.ended:
            # Most providers have their token endpoint there. The connection is made while the rest is imported.
            with suppress(UsageError):  # the request reports it
                http.load_trust()
                http.connect_early(request.issuer, deadline=Deadline.after(SECONDS), opened=call.opened)
        from kubectl_oidc.authentication.authenticate import authenticate
        from kubectl_oidc.authentication.rejected_token import renew_if_rejected
        from kubectl_oidc.authentication.remember_command import remember_command

        outcome = authenticate(request, system, call.lock, http)
        outcome = renew_if_rejected(request, system, outcome, call.times)
        remember_command(request, outcome, api_version=info.api_version, margin=outcome.margin, log=log)
    return write(credential(outcome.token, outcome.expiry).exec_credential(info.api_version))
