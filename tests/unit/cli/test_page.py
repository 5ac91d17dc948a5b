"""A page for people: no text is parsed as markup, and text to copy is not wrapped."""

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
from tests.unit.cli.page_text import Screen, page_text

if TYPE_CHECKING:
    from collections.abc import Callable

MARKUP = "[bold red]evil[/bold red] [link=https://evil.example]x[/link] :warning: https://a.example 42 'q'"


def shown(
    write: Callable[[Page], object], *, width: int = 80, colour: bool = False, powershell: bool = False
) -> str:
    return page_text(write, width=width, colour=colour, powershell=powershell)


def test_no_text_is_parsed_as_markup() -> None:
    """Brackets, emoji names and links are shown as they are, in every element."""

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
def test_any_text_can_be_written(words: str) -> None:
    """The text is complete; only line breaks differ."""
    text = shown(lambda page: page.paragraph(words))
    assert "".join(text.split()) == "".join(words.split())


def test_without_colour_there_is_no_escape_sequence() -> None:
    """A file or a pipe gets only text."""

    def write(page: Page) -> None:
        page.heading("A heading")
        page.command(["kubectl", "get", "pods"])
        page.finding(Finding(Severity.PROBLEM, "it is wrong", "do this", "topic"))

    assert "\x1b" not in shown(write)
    assert "\x1b[1mA heading" in shown(write, colour=True)


def test_text_to_copy_is_not_wrapped() -> None:
    """On the narrowest terminal a command or manifest keeps its lines, without indentation."""
    line = "--exec-arg=--oidc-issuer-url=https://idp.example.com/" + "x" * 200
    text = shown(lambda page: page.verbatim(f"first\n  {line}"), width=NARROWEST)
    assert f"first\n  {line}" in text


def test_paragraphs_are_wrapped_and_not_too_wide() -> None:
    """They fill the terminal up to a hundred columns."""
    words = " ".join(["word"] * 100)
    for width, most in ((NARROWEST, NARROWEST), (80, 80), (300, 100)):
        longest = max(map(len, shown(lambda page: page.paragraph(words), width=width).splitlines()))
        assert most - 5 < longest <= most


def test_a_path_in_a_paragraph_is_not_broken() -> None:
    """A path longer than a line can still be copied."""
    path = "/a-directory" * 12 + "/config"
    assert path in shown(lambda page: page.paragraph(f"A file: {path} (a copy)", indent=2)).split()


def test_an_indented_paragraph_is_indented_in_every_line() -> None:
    """Also in the lines that wrapping adds."""
    lines = shown(lambda page: page.paragraph("x\n" + "word " * 40, indent=4)).splitlines()
    assert len(lines) > 2
    assert all(re.match(r" *\S", line) for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])


def test_long_values_in_a_table_continue_on_the_next_line() -> None:
    """No claim is cut off."""
    value = "".join(f"{n:04}" for n in range(100))
    text = shown(lambda page: page.rows([("claim", value)], titles=("Claim", "Value")), width=NARROWEST)
    assert "".join(re.findall(r"\d+", text)) == value
    assert max(map(len, text.splitlines())) <= NARROWEST
    assert "…" not in text


def test_lines_end_without_spaces_and_paragraphs_are_one_line_apart() -> None:
    """Text copied from a terminal has no trailing spaces."""

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
    """An argument reaches the shell as one argument."""
    assert line in shown(lambda page: page.command(["echo", "a b", "$(rm -rf)"]), powershell=powershell)


def test_shells_differ_in_their_quotes() -> None:
    """A quote inside a word is doubled in PowerShell."""
    words = ["echo", "it's"]
    assert "'it''s'" in shown(lambda page: page.command(words), powershell=True)
    assert """'it'"'"'s'""" in shown(lambda page: page.command(words))


def test_a_finding_says_what_and_what_to_do() -> None:
    """It is a problem or a warning, not an error, because the command itself works. The hint names its topic."""
    problem = shown(lambda page: page.finding(Finding(Severity.PROBLEM, "it is wrong", "do this", "groups")))
    assert problem.splitlines() == ["problem: it is wrong", "  hint: do this (troubleshooting: groups)"]
    warning = shown(lambda page: page.finding(Finding(Severity.WARNING, "odd", "see", "groups")))
    assert warning.startswith("warning: odd")


def test_a_page_is_printed_only_when_it_is_complete() -> None:
    """After an error nothing of the page is printed."""
    screen = Screen()
    page = Page(Console(file=io.StringIO(), width=80))

    def write() -> None:
        with page.printed_on(screen):
            page.paragraph("half")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write()
    assert screen.text == ""


def test_the_page_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is only for kubectl."""
    with Page.on_stderr(powershell=False).printed_on(Terminal()) as page:
        page.paragraph("hello")
    shown_ = capsys.readouterr()
    assert (shown_.out, shown_.err) == ("", "hello\n")


def test_a_very_narrow_terminal_gets_sixty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrower table could not be read."""
    monkeypatch.setenv("COLUMNS", "20")
    screen = Screen()
    with Page.on_stderr(powershell=False).printed_on(screen) as page:
        page.paragraph("word " * 30)
    assert 50 < max(map(len, screen.text.splitlines())) <= NARROWEST


@pytest.mark.parametrize("titles", [None, ("Claim", "Value")])
@pytest.mark.parametrize(
    "whole",
    ["https://login.example.com/" + "realms/" * 12, "--oidc-auth-request-extra-params=" + "a=b," * 12],
)
def test_an_address_or_flag_in_a_table_is_not_broken(whole: str, titles: tuple[str, str] | None) -> None:
    """It can be copied, also on a narrow terminal; the words around it are wrapped."""
    text = shown(
        lambda page: page.rows([("name", f"{WORDS} {whole} {WORDS}")], titles=titles), width=NARROWEST
    )
    assert whole in text
    assert max(len(line) for line in text.splitlines() if whole not in line) <= NARROWEST


WORDS = "words that are wrapped where the line ends " * 3
