"""``kubectl oidc-login version``: print the version of the program and of Python, and how it was installed."""

from __future__ import annotations

import platform

import click

from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.options.flags import NO_LOG
from kubectl_oidc.system.installation import installed_as
from kubectl_oidc.version import __version__


@click.command()
@options(*NO_LOG)
def version() -> int:
    """Print the version of the program and of the Python that runs it, and how the program was installed."""
    system = f"{platform.system()} {platform.machine()}"
    click.echo(f"kubectl-oidc {__version__} (Python {platform.python_version()}, {system}, {installed_as()})")
    return 0
