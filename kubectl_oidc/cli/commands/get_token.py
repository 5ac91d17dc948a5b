"""``kubectl oidc-login get-token``: print a credential for kubectl; sign in if needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli import get_token as command
from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.options.flags import GET_TOKEN

if TYPE_CHECKING:
    from kubectl_oidc.cli.call import Call


@click.command("get-token")
@options(*GET_TOKEN)
@click.pass_obj
def get_token(call: Call, /, **values: Any) -> int:
    """Print an ExecCredential for kubectl; sign in, mostly through the browser, if there is no session yet.

    kubectl runs this from the kubeconfig's exec stanza. Standard output carries the one document and nothing else;
    everything for people goes to standard error.
    """
    return command.get_token(values, call)
