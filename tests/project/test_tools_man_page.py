"""The manual page: what the program says, in macros that every reader of such pages takes."""

from __future__ import annotations

import subprocess

import pytest

from kubectl_oidc.cli.command_list import COMMANDS
from tests import parts
from tools import man_page


def test_it_is_what_the_program_says() -> None:
    """packaging/kubectl-oidc_login.1 is what `make pages` writes."""
    assert man_page.PAGE.read_text(encoding="utf-8") == man_page.page(), "make pages writes it"


def test_every_command_and_flag_is_there() -> None:
    """A command has its heading, and a flag its paragraph with its variable."""
    page = man_page.page().replace("\\-", "-")
    assert all(f"\n.SS {name}\n" in page for name in COMMANDS)
    assert "\n\\fB--oidc-issuer-url URL\\fR\n" in page
    assert "KUBECTL_OIDC_ISSUER_URL" in page
    assert "\n\\fBKUBECACHEDIR\\fR\n" in page


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
