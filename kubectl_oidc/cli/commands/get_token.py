"""``kubectl oidc-login get-token``: print a credential for kubectl; sign in if needed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.authentication.authenticate import authenticate
from kubectl_oidc.authentication.refresh import refresh_ahead
from kubectl_oidc.authentication.rejected_token import renew_if_rejected
from kubectl_oidc.authentication.remember_command import remember_command
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.flags import GET_TOKEN, log_at, options
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.exec_credential import ExecInfo, credential
from kubectl_oidc.fast_path import write
from kubectl_oidc.system import caller
from kubectl_oidc.system.system import System

if TYPE_CHECKING:
    from kubectl_oidc.cli.program import Call


@click.command("get-token")
@options(*GET_TOKEN)
@click.pass_obj
def get_token(call: Call, /, **values: Any) -> int:
    """Print an ExecCredential for kubectl; sign in, mostly through the browser, if there is no session yet.

    kubectl runs this from the kubeconfig's exec stanza. Standard output carries the one document and nothing else;
    everything for people goes to standard error.
    """
    log = log_at(values.pop("v"))
    info = ExecInfo.parse(os.environ.get("KUBERNETES_EXEC_INFO"))
    conflicts.check(conflicts.SIGN_IN, values)
    request = token_request(values)
    system = System(log=log)
    if call.ahead:
        return 0 if refresh_ahead(request, system) else 1
    with caller.watched():
        outcome = renew_if_rejected(request, system, authenticate(request, system, call.lock), call.times)
        remember_command(request, outcome, api_version=info.api_version, margin=outcome.margin, log=log)
    return write(credential(outcome.token, outcome.expiry).exec_credential(info.api_version))
