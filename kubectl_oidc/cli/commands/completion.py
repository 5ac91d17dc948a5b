"""``kubectl oidc-login completion``: print a shell's completion script."""

from __future__ import annotations

from importlib.resources import files

import click

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options.flags import NO_LOG

SHELLS = ("bash", "zsh", "fish", "powershell")


@command(
    "completion",
    *NO_LOG,
    examples=(
        ("bash, for example in ~/.bashrc", "source <(kubectl-oidc_login completion bash)"),
        ("zsh, for example in ~/.zshrc", "source <(kubectl-oidc_login completion zsh)"),
        ("fish", "kubectl-oidc_login completion fish | source"),
        ("PowerShell", "kubectl-oidc_login completion powershell | Out-String | Invoke-Expression"),
    ),
)
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
def completion(*, shell: str) -> int:
    """Print the script that completes kubectl-oidc_login in a shell.

    `kubectl oidc-login` needs no script: kubectl 1.26 and later completes it if kubectl's own completion is loaded.
    """
    # As bytes: on Windows text mode ends lines with \r\n, which bash cannot read.
    click.echo(files("kubectl_oidc.cli").joinpath("scripts", shell).read_bytes(), nl=False)
    return 0
