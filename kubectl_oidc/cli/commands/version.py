"""``kubectl oidc-login version``: print the version of the program and of Python, and how it was installed."""

from __future__ import annotations

import platform

import click

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options.flags import NO_LOG
from kubectl_oidc.cli.output import echo_document, output
from kubectl_oidc.system.installation import installed_as
from kubectl_oidc.version import __version__

# As before -o was added, KUBECTL_OIDC_OUTPUT does not change what this command prints.
OUTPUT = output("json", "yaml")._replace(has_variable=False)


@command(
    "version",
    OUTPUT,
    *NO_LOG,
    examples=(
        ("Print the version", "kubectl oidc-login version"),
        ("Print it as JSON", "kubectl oidc-login version -o json"),
    ),
)
def version(*, output: str | None = None) -> int:
    """Print the version of the program and of its Python, and how the program was installed."""
    python, system, machine = platform.python_version(), platform.system(), platform.machine()
    if output:
        document = {
            "version": __version__,
            "python": python,
            "system": system,
            "machine": machine,
            "installedAs": installed_as(),
        }
        echo_document(document, output)
    else:
        click.echo(f"kubectl-oidc {__version__} (Python {python}, {system} {machine}, {installed_as()})")
    return 0
