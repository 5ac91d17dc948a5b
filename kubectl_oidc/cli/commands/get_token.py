"""``kubectl oidc-login get-token``: print a credential for kubectl; sign in if needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli import get_token as credential
from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options.flags import GET_TOKEN

if TYPE_CHECKING:
    from kubectl_oidc.cli.call import Call


@command(
    "get-token",
    *GET_TOKEN,
    examples=(
        (
            "Print a credential as kubectl gets it",
            "kubectl oidc-login get-token --oidc-issuer-url=https://idp.example.com --oidc-client-id=kubernetes",
        ),
        (
            "Sign in with a device code",
            "kubectl oidc-login get-token --oidc-issuer-url=https://idp.example.com --oidc-client-id=kubernetes --grant-type=device-code",
        ),
    ),
)
@click.pass_obj
def get_token(call: Call, /, **values: Any) -> int:
    """Print the credential for kubectl, an ExecCredential. If you are not signed in, you sign in first.

    kubectl runs this command, as the kubeconfig's exec section says. Standard output is only the credential. Messages are on
    standard error.
    """
    return credential.get_token(values, call)
