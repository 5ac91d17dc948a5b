"""``kubectl oidc-login completion``: print a shell's completion script."""

from __future__ import annotations

from importlib.resources import files

import click

from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.options.flags import NO_LOG

SHELLS = ("bash", "zsh", "fish", "powershell")


@click.command("completion")
@options(*NO_LOG)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(*, shell: str) -> int:
    """Print the script with which a shell completes kubectl-oidc_login.

    kubectl 1.26 and later completes `kubectl oidc-login` by itself, where kubectl's own completion is loaded.

    \b
    bash:        source <(kubectl-oidc_login completion bash)
    zsh:         source <(kubectl-oidc_login completion zsh)
    fish:        kubectl-oidc_login completion fish | source
    powershell:  kubectl-oidc_login completion powershell | Out-String | Invoke-Expression
    """  # noqa: D301 - click needs the character itself to keep the lines after it
    # As bytes: on Windows text mode ends lines with \r\n, which bash cannot read.
    click.echo(files("kubectl_oidc.cli").joinpath("scripts", shell).read_bytes(), nl=False)
    return 0
