"""``-o``: the formats, and documents in ASCII."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.output import echo_document, output


@click.command()
@options(output("json", "yaml"))
def shown(output: str | None) -> None:
    """Print a document."""
    if output:
        echo_document({"name": "ä\x1b", "at": None}, output)
    else:
        click.echo("for people")


def test_a_document_is_ascii() -> None:
    """Every locale can print it, and it holds no escape sequence."""
    result = CliRunner().invoke(shown, ["-o", "json"])
    assert json.loads(result.stdout) == {"name": "ä\x1b", "at": None}
    assert result.stdout.isascii()
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_the_variable_chooses_a_format_that_the_command_has(form: str) -> None:
    """The variable applies to every command."""
    result = CliRunner(env={"KUBECTL_OIDC_OUTPUT": form}).invoke(shown, [])
    assert (result.exit_code, "for people" in result.stdout) == (0, False)


def test_a_format_of_another_command_in_the_variable_is_ignored() -> None:
    """As a flag it is an error. A format that no command has is always an error."""
    assert CliRunner(env={"KUBECTL_OIDC_OUTPUT": "wide"}).invoke(shown, []).stdout == "for people\n"
    assert CliRunner().invoke(shown, ["-o", "wide"]).exit_code == 2
    assert CliRunner(env={"KUBECTL_OIDC_OUTPUT": "xml"}).invoke(shown, []).exit_code == 2
