"""Help: flags under their headings, within two screens, each line within the terminal; ``--help-all`` has every flag."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from kubectl_oidc.cli.command import Command, command
from kubectl_oidc.cli.command_list import COMMANDS, START
from kubectl_oidc.cli.help_text import FEW, HEADINGS, by_heading
from kubectl_oidc.cli.options.click_options import Option
from kubectl_oidc.cli.options.flag import Flag, Group
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.kinds import SWITCH, TEXT, choice
from kubectl_oidc.cli.program import program
from tests.project.test_docs_commands import fault, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = ["", *COMMANDS]
TWO_SCREENS = 100  # lines


def context(name: str) -> click.Context:
    """Return the context of a command, or of the program itself."""
    root = click.Context(program, info_name="kubectl oidc-login", **program.context_settings)
    found = program.get_command(root, name) if name else None
    return click.Context(found, root, name) if found else root


def help_of(name: str, *, everything: bool = False) -> str:
    ctx = context(name)
    assert isinstance(ctx.command, Command)
    return ctx.command.get_help(ctx, everything=everything)


def flags_in(text: str) -> list[str]:
    """Return the flags that have a line of their own."""
    return [names[-1] for line in text.splitlines() if (names := re.findall(r"^  (?:-\w, )?(--\S+)", line))]


def flags_of(name: str) -> Iterator[Flag]:
    return (param.flag for param in context(name).command.params if isinstance(param, Option))


@pytest.mark.parametrize("columns", [60, 80, 100, 120])
@pytest.mark.parametrize("name", ALL)
def test_no_line_is_wider_than_the_terminal(name: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """But one that a single word fills."""
    monkeypatch.setenv("COLUMNS", str(columns))
    wide = [
        line
        for everything in (False, True)
        for line in help_of(name, everything=everything).splitlines()
        if len(line) > columns and len(line.split()) > 1
    ]
    assert wide == []


@pytest.mark.parametrize("name", ALL)
def test_help_fits_two_screens(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert len(help_of(name).splitlines()) <= TWO_SCREENS


@pytest.mark.parametrize("name", ALL)
def test_no_flag_is_broken_at_its_dashes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag at the end of a line is a whole one, so that it can be copied."""
    known = {
        opt for each in ALL for param in context(each).command.get_params(context(each)) for opt in param.opts
    }
    for columns in range(60, 101, 7):
        monkeypatch.setenv("COLUMNS", str(columns))
        text = help_of(name, everything=True)
        named = {
            flag for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", text) if not flag.startswith("--exec")
        }
        assert named <= known, columns


@pytest.mark.parametrize("name", ALL)
def test_help_all_has_every_flag(name: str) -> None:
    """Hidden ones and those without effect too."""
    text = help_of(name, everything=True)
    missing = [
        flag.name for flag in flags_of(name) if not re.search(rf"(?<![\w-]){flag.name}(?![\w-])", text)
    ]
    assert missing == []


@pytest.mark.parametrize("name", ALL)
def test_help_has_neither_rare_nor_hidden_flags_and_says_where_they_are(name: str) -> None:
    text, flags = help_of(name), list(flags_of(name))
    shown = set(flags_in(text))
    assert {flag.name for flag in flags if not (flag.rare or flag.hidden)} <= shown
    left_out = {flag.name for flag in flags if flag.rare or flag.hidden}
    assert not left_out & shown
    useful = {flag.name for flag in flags if flag.name in left_out and not flag.ignored}
    offer = rf"`{context(name).command_path} --help-all` .*\b{len(useful)}\b"
    assert bool(re.search(offer, " ".join(text.split()))) is bool(useful)


@pytest.mark.parametrize("name", ALL)
def test_headings_are_those_of_the_table_in_their_order(name: str) -> None:
    """More than a handful of flags are in groups."""
    text = help_of(name)
    headings = [heading for heading in HEADINGS if f"\n{heading}:\n" in text]
    assert headings == sorted(headings, key=lambda heading: text.index(f"\n{heading}:\n"))
    assert len(headings) > 1 or len(flags_in(text)) <= FEW


def test_a_few_flags_have_one_heading() -> None:
    options = [Option(["--a"], flag=Flag("--a", group=Group.TLS))]
    assert by_heading(options) == {Group.OWN: options}


def test_the_flags_of_a_sign_in_each_have_a_group() -> None:
    """A flag that is added is not left without one."""
    assert [flag.name for flag in FLAGS if flag.group == Group.OWN] == []


@pytest.mark.parametrize("name", ALL)
def test_two_examples_are_at_the_end_and_are_accepted(name: str) -> None:
    """Each is a command line of this command, which the command itself parses."""
    found = context(name).command
    assert isinstance(found, Command)
    assert len(found.examples) >= 2
    for _, line in found.examples:
        called = re.sub(r"^source <\((.*)\)$", r"\1", line).partition(" | ")[0]
        words = words_of(re.sub(r"^(?:kubectl oidc-login|kubectl-oidc_login)", "", called))
        assert fault(words) is None, line
        assert not name or words[0] == name
    after = help_of(name).partition("\nExamples:\n")[2]
    assert after.count("\n  # ") == len(found.examples) - 1


@pytest.mark.parametrize("name", ALL)
def test_the_rule_for_variables_is_there_once_and_true(name: str) -> None:
    """It names the flags that have none."""
    text = " ".join(help_of(name).split())
    shown = set(flags_in(help_of(name)))
    flags = [flag for flag in flags_of(name) if flag.name in shown]
    with_variable = [flag for flag in flags if flag.has_variable]
    assert text.count("KUBECTL_OIDC_") == bool(with_variable)
    rule = help_of(name).partition("KUBECTL_OIDC_")[2].partition("\n\n")[0]
    example, *named = re.findall(r"(?<!\S)--?[a-z][\w-]*", rule) or [""]
    without = [flag.name for flag in flags if not flag.has_variable] if with_variable else []
    assert sorted(named) == sorted(without)
    assert example in {flag.name for flag in with_variable} | {""}


@pytest.mark.parametrize("name", ALL)
def test_a_sentence_has_at_most_25_words(name: str) -> None:
    texts = [flag.description.partition(" One of ")[0] for flag in flags_of(name)]
    texts += (context(name).command.help or "").split("\n\n")
    for text in texts:
        for sentence in re.split(r"(?<=[.:;]) ", " ".join(text.split())):
            assert len(sentence.split()) <= 25, sentence


def test_the_program_begins_with_three_commands() -> None:
    """Those that people need; the rest follows in groups."""
    text = help_of("")
    first = text.partition(f"\n{START}:\n")[2].partition("\n\n")[0]
    assert re.findall(r"^  (\S+)", first, re.MULTILINE) == ["setup", "status", "doctor"]
    assert all(re.search(rf"^  {name} +\S", text, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize(
    ("flag", "term", "description"),
    [
        (Flag("--a", TEXT, help="It is."), "--a TEXT", "It is."),
        (Flag("--a", TEXT, help="It is.", metavar="B", short="-a"), "-a, --a B", "It is."),
        (Flag("--a", SWITCH, help="It is."), "--a", "It is."),
        (Flag("--a", TEXT, help="One. Two.", default="x"), "--a TEXT", r"One \(.+\bx\). Two."),
        (Flag("--a", choice(["x", "y"]), help="It is."), "--a VALUE", r"It is\. .+\bx, y\."),
        (Flag("--a", choice(["x"]), help="It is.", metavar="x"), "--a x", "It is."),
    ],
)
def test_a_row_says_its_values_and_its_default(flag: Flag, term: str, description: str) -> None:
    assert flag.term == term
    assert re.fullmatch(description, flag.description)


def test_a_long_name_has_its_description_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No space is left at the end of its line."""
    monkeypatch.setenv("COLUMNS", "80")

    @command("made-up", Flag(f"--{'long-' * 9}name", help="It is."), examples=())
    def made_up() -> None: ...

    lines = made_up.get_help(click.Context(made_up)).splitlines()
    at = next(number for number, line in enumerate(lines) if "long-name" in line)
    assert lines[at].endswith("name TEXT")
    assert lines[at + 1].split() == ["It", "is."]
