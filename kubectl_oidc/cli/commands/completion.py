"""``kubectl oidc-login completion``: the script with which a shell completes ``kubectl-oidc_login``."""

from __future__ import annotations

from importlib.resources import files

import click

from kubectl_oidc.cli.options.shared import LOGGING, options

SHELLS = ("bash", "zsh", "fish", "powershell")


@click.command("completion")
@options(*LOGGING)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(*, shell: str) -> int:
    """Print the script with which a shell completes kubectl-oidc_login.

    kubectl 1.26 and later completes `kubectl oidc-login` by itself, where kubectl's own completion is loaded.

    \b
    bash:        source <(kubectl-oidc_login completion bash)
    zsh:         source <(kubectl-oidc_login completion zsh)
    fish:        kubectl-oidc_login completion fish | source
    powershell:  kubectl-oidc_login completion powershell | Out-String | Invoke-Expression
    """  # noqa: D301 - click wants the character itself: the lines behind it stay as they are
    # As bytes: a bash on Windows reads no line that ends as Windows' do.
    click.echo(files("kubectl_oidc.cli").joinpath("scripts", shell).read_bytes(), nl=False)
    return 0
