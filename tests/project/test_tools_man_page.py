"""The manual page: what the program says, in macros that every reader of such pages takes."""

from __future__ import annotations

import re
import subprocess

import click
import pytest

from kubectl_oidc.cli.command import Command
from kubectl_oidc.cli.command_list import COMMANDS
from kubectl_oidc.cli.options.click_options import Option
from kubectl_oidc.cli.program import program
from tests import parts
from tools import man_page


def test_it_is_what_the_program_says() -> None:
    """packaging/kubectl-oidc_login.1 is what `make pages` writes."""
    assert man_page.PAGE.read_text(encoding="utf-8") == man_page.page(), "make pages writes it"


def test_every_command_and_flag_is_there() -> None:
    """A command has its heading, its flags that are not hidden, each with its variable, and its examples."""
    page = man_page.page().replace("\\-", "-")
    for name in COMMANDS:
        command = program.get_command(click.Context(program), name)
        assert isinstance(command, Command)
        of_command = page.partition(f"\n.SS {name}\n")[2].partition("\n.S")[0]
        for option in command.params:
            if isinstance(option, Option) and not option.hidden:
                assert f"\n\\fB{option.flag.term}\\fR\n" in of_command
                assert str(option.envvar or "") in of_command
        assert command.examples
        assert all(f"\n{line}\n" in of_command.replace("\\(ti", "~") for _, line in command.examples)


def test_only_variables_are_under_their_heading() -> None:
    page = man_page.page().partition("\n.SH ENVIRONMENT\n")[2].partition("\n.SH ")[0]
    terms = re.findall(r"^\\fB(.*)\\fR$", page, re.MULTILINE)
    assert {"KUBECACHEDIR", "NO_COLOR"} <= set(terms)
    assert all(re.match(r"\w+(?:,| |$)", term) for term in terms)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a `--flag`", r"a \fB\-\-flag\fR"),
        (".profile", r"\&.profile"),
        ("'quoted'", r"\&'quoted'"),
        (r"DIR\x", r"DIR\ex"),
        ("~ and ^", r"\(ti and \(ha"),
        ("two  spaces\nand a line", "two spaces and a line"),
    ],
)
def test_no_character_of_the_text_is_taken_for_a_command(text: str, shown: str) -> None:
    """A dot or an apostrophe at the beginning of a line is one for roff, and so is a backslash anywhere."""
    assert man_page.roff(text) == shown


def test_mandoc_finds_nothing_wrong() -> None:
    """Nothing but that there is no date: the same program has the same page."""
    mandoc = parts.program("mandoc")
    done = subprocess.run(
        [mandoc, "-T", "lint", str(man_page.PAGE)], capture_output=True, text=True, check=False
    )
    found = [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line]
    assert not found, "\n".join(found)
