"""A page for people: nothing is markup, what is to be copied is not wrapped."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st
from rich.console import Console

from kubectl_oidc.cli.page import Page
from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.system.terminal import NARROWEST, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

MARKUP = "[bold red]evil[/bold red] [link=https://evil.example]x[/link] :warning: https://a.example 42 'q'"


class Sheet(Terminal):
    """A terminal that keeps what needs a person."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def need(self, line: str) -> None:
        self.text += line


def shown(
    write: Callable[[Page], None], *, width: int = 80, colour: bool = False, powershell: bool = False
) -> str:
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    sheet = Sheet()
    with Page(console, powershell=powershell).written(sheet) as page:
        write(page)
    return sheet.text


def test_nothing_is_read_as_markup() -> None:
    """Brackets, emoji names and links in words stay what they are, in every element."""

    def write(page: Page) -> None:
        page.heading(MARKUP)
        page.paragraph(MARKUP)
        page.verbatim(MARKUP)
        page.rows([(MARKUP[:20], MARKUP)], titles=("[b]A[/b]", "[b]B[/b]"))
        page.finding(Finding(Severity.WARNING, MARKUP, MARKUP, "topic"))

    text = shown(write, width=200)
    assert text.count("[bold red]evil[/bold red] [link=https://evil.example]x[/link] :warning:") == 6
    assert "[b]A[/b]" in text


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60))
def test_any_words_can_be_written(words: str) -> None:
    """What stands there is what was given, but for where lines break."""
    text = shown(lambda page: page.paragraph(words))
    assert "".join(text.split()) == "".join(words.split())


def test_without_colour_there_is_no_escape_sequence() -> None:
    """A file or a pipe gets text alone."""

    def write(page: Page) -> None:
        page.heading("A heading")
        page.command(["kubectl", "get", "pods"])
        page.finding(Finding(Severity.PROBLEM, "it is wrong", "do this", "topic"))

    assert "\x1b" not in shown(write)
    assert "\x1b[1mA heading" in shown(write, colour=True)


def test_what_is_to_be_copied_is_not_wrapped() -> None:
    """However narrow the terminal is, a command or manifest keeps its lines, unindented."""
    line = "--exec-arg=--oidc-issuer-url=https://idp.example.com/" + "x" * 200
    text = shown(lambda page: page.verbatim(f"first\n  {line}"), width=NARROWEST)
    assert f"first\n  {line}" in text


def test_paragraphs_are_wrapped_and_not_too_wide() -> None:
    """They fill the terminal, and at most a hundred columns of it."""
    words = " ".join(["word"] * 100)
    for width, most in ((NARROWEST, NARROWEST), (80, 80), (300, 100)):
        longest = max(map(len, shown(lambda page: page.paragraph(words), width=width).splitlines()))
        assert most - 5 < longest <= most


def test_a_path_in_a_paragraph_stays_whole() -> None:
    """What is longer than a line is not broken, so that it can be copied."""
    path = "/a-directory" * 12 + "/config"
    assert (
        path in shown(lambda page: page.paragraph(f"The file as it was: {path} (a copy)", indent=2)).split()
    )


def test_an_indented_paragraph_is_indented_in_every_line() -> None:
    """The whole paragraph stands to the right."""
    lines = shown(lambda page: page.paragraph("x\n" + "word " * 40, indent=4)).splitlines()
    assert len(lines) > 2
    assert all(re.match(r" *\S", line) for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])


def test_long_values_in_a_table_go_on_in_the_next_line() -> None:
    """No claim is cut off."""
    value = "".join(f"{n:04}" for n in range(100))
    text = shown(lambda page: page.rows([("claim", value)], titles=("Claim", "Value")), width=NARROWEST)
    assert "".join(re.findall(r"\d+", text)) == value
    assert max(map(len, text.splitlines())) <= NARROWEST
    assert "…" not in text


def test_lines_end_without_spaces_and_paragraphs_are_one_line_apart() -> None:
    """So that what is copied from a terminal is what was meant."""

    def write(page: Page) -> None:
        page.verbatim("a")
        page.verbatim("b")
        page.rows([("c", "d")])
        page.heading("e")

    text = shown(write)
    assert not re.search(r" $", text, re.MULTILINE)
    assert "\n\n\n" not in text
    assert not text.startswith("\n")
    assert not text.endswith("\n")


@pytest.mark.parametrize(
    ("powershell", "line"), [(False, "echo 'a b' '$(rm -rf)'"), (True, "echo 'a b' '$(rm -rf)'")]
)
def test_a_command_is_quoted_for_its_shell(powershell: bool, line: str) -> None:  # noqa: FBT001
    """Nothing in a word reaches the shell as more than a word."""
    assert line in shown(lambda page: page.command(["echo", "a b", "$(rm -rf)"]), powershell=powershell)


def test_shells_differ_in_their_quotes() -> None:
    """A quote inside a word is doubled in PowerShell."""
    words = ["echo", "it's"]
    assert "'it''s'" in shown(lambda page: page.command(words), powershell=True)
    assert """'it'"'"'s'""" in shown(lambda page: page.command(words))


def test_a_finding_says_what_and_what_to_do() -> None:
    """A problem or a warning, and no error, because the command works; the hint names the page's heading."""
    problem = shown(lambda page: page.finding(Finding(Severity.PROBLEM, "it is wrong", "do this", "groups")))
    assert problem.splitlines() == ["problem: it is wrong", "  hint: do this (troubleshooting: groups)"]
    warning = shown(lambda page: page.finding(Finding(Severity.WARNING, "odd", "see", "groups")))
    assert warning.startswith("warning: odd")


def test_a_page_is_written_only_when_it_is_whole() -> None:
    """An error in the middle leaves no half of a page."""
    sheet = Sheet()
    page = Page(Console(file=io.StringIO(), width=80))

    def write() -> None:
        with page.written(sheet):
            page.paragraph("half")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write()
    assert sheet.text == ""


def test_the_page_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is kubectl's alone."""
    with Page.on_stderr(powershell=False).written(Terminal()) as page:
        page.paragraph("hello")
    shown_ = capsys.readouterr()
    assert (shown_.out, shown_.err) == ("", "hello\n")


def test_a_very_narrow_terminal_gets_sixty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below that a table could not be read."""
    monkeypatch.setenv("COLUMNS", "20")
    sheet = Sheet()
    with Page.on_stderr(powershell=False).written(sheet) as page:
        page.paragraph("word " * 30)
    assert 50 < max(map(len, sheet.text.splitlines())) <= NARROWEST


@pytest.mark.parametrize("titles", [None, ("Claim", "Value")])
@pytest.mark.parametrize(
    "whole",
    ["https://login.example.com/" + "realms/" * 12, "--oidc-auth-request-extra-params=" + "a=b," * 12],
)
def test_an_address_or_flag_in_a_table_is_not_broken(whole: str, titles: tuple[str, str] | None) -> None:
    """It can be copied, also on a narrow terminal; words around it are wrapped."""
    text = shown(
        lambda page: page.rows([("name", f"{WORDS} {whole} {WORDS}")], titles=titles), width=NARROWEST
    )
    assert whole in text
    assert max(len(line) for line in text.splitlines() if whole not in line) <= NARROWEST


WORDS = "words that are wrapped where the line ends " * 3
