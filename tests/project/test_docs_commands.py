"""What the pages tell people to type is understood: each command of ours parses as its command line does, and so does each stanza."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

import click
import pytest
from ruamel.yaml import YAML

from kubectl_oidc.cli.command_list import COMMANDS
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.program import program
from kubectl_oidc.cli.users.to_stanza import stanza_args
from kubectl_oidc.errors import UsageError
from kubectl_oidc.kubeconfig.exec_stanza import Stanza
from tests.pages import PAGES, lines
from tests.parts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS = re.compile(r"(?<![\w/-])(?:kubectl oidc-login|kubectl-oidc_login)(?=\s|$)")
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
LEFT_OUT = "…"
"""What a page leaves out of a command; as a value it stands for any."""


class Example(NamedTuple):
    """A command of ours on a page.

    Attributes:
        place: The page and the line.
        words: The words behind the program's name.
    """

    place: str
    words: list[str]


def commands(page: Path) -> Iterator[Example]:
    """Find the commands of ours in a page's fenced blocks, and in code type in its sentences."""
    for line in lines(page):
        if line.text.strip().startswith("installHint:"):
            continue  # a sentence, which begins with the program's name
        said = line.language == "text" and "`" in line.text  # the program's own words hold code type too
        texts = INLINE.findall(line.text) if line.fence is None or said else [line.text]
        for text in texts:
            for found in OURS.finditer(text):
                yield Example(str(line), words_of(text[found.end() :]))


def words_of(text: str) -> list[str]:
    """Split what follows the program's name as a shell does, up to where another command or a comment begins."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("|&;<>()"):
            break
        words.append(word)
    return words


def stanzas(page: Path) -> Iterator[Example]:
    """Find what the exec stanzas in a page's fenced blocks run, in YAML and as `kubectl config set-credentials` takes it."""
    for fence in dict.fromkeys(line.fence for line in lines(page) if line.fence):
        if "- get-token" in fence:
            for args in lists_of_args(YAML(typ="safe").load(fence)):
                yield Example(f"{page.name}, a stanza", [str(arg) for arg in args])
        given = re.findall(r"--exec-arg=(\S+)", fence)
        if given:
            yield Example(f"{page.name}, --exec-arg", given)


def lists_of_args(tree: object) -> Iterator[list[object]]:
    """Find each `args` that runs get-token, however deep it stands."""
    if isinstance(tree, dict):
        args = tree.get("args")
        if isinstance(args, list) and "get-token" in args:
            yield args
        for value in tree.values():
            yield from lists_of_args(value)
    if isinstance(tree, list):
        for value in tree:
            yield from lists_of_args(value)


def fault(words: list[str]) -> str | None:
    """Return what the command line does not like about these words, or None.

    Args:
        words: The words behind the program's name; a value that the page leaves out is not looked at.
    """
    words = [word for word in words if word != LEFT_OUT]
    name, *rest = words or ["--help"]
    if name == "oidc-login":  # kubelogin's stanza
        name, *rest = rest
    if name == "$@":  # a script that hands its own words on
        return None
    if name.startswith("-"):
        return _parsed(program, "kubectl oidc-login", words)
    if name not in COMMANDS:
        return f"there is no command {name}"
    command = program.get_command(click.Context(program), name)
    assert command is not None
    known = {flag for param in command.params for flag in param.opts}
    open_ended = [word for word in rest if word.endswith(f"={LEFT_OUT}")]
    unknown = [word for word in open_ended if word.partition("=")[0] not in known]
    if unknown:
        return f"{name} has no {unknown[0]}"
    return _parsed(command, name, [word for word in rest if word not in open_ended])


def _parsed(command: click.Command, name: str, words: list[str]) -> str | None:
    try:
        with command.make_context(name, words) as context:
            if "grant_type" in context.params:
                conflicts.check(conflicts.SIGN_IN, context.params)
    except (click.exceptions.Exit, click.MissingParameter):  # --help; a command that is only spoken of
        return None
    except click.ClickException as error:
        return f"{name}: {error.format_message()}"
    except UsageError as error:
        return f"{name}: {error.message}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_ours_on_a_page_parses(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags exist for that very command, values are such that it takes, and flags that stand together go together.

    What a page exports is there: a secret, mostly, that no example has among its flags.
    """
    for name in re.findall(r"^export (KUBECTL_OIDC_\w+)=", page.read_text(encoding="utf-8"), re.MULTILINE):
        monkeypatch.setenv(name, "exported")
    wrong = [
        f"{example.place}: {said}"
        for example in [*commands(page), *stanzas(page)]
        if (said := fault(example.words)) is not None
    ]
    assert not wrong, "\n".join(wrong)


def test_commands_and_stanzas_are_found_at_all() -> None:
    """The search sees fenced commands with continued lines, commands in sentences, and stanzas."""
    found = [example for page in PAGES for example in [*commands(page), *stanzas(page)]]
    assert {"setup", "get-token", "status", "convert", "purge"} <= {
        word for example in found for word in example.words[:1]
    }
    assert any("--write-kubeconfig" in example.words for example in found)
    assert any("a stanza" in example.place for example in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" get-token --no-such-flag", "--no-such-flag"),
        (" whoami --write-kubeconfig", "--write-kubeconfig"),
        (" setup --no-such-flag=…", "--no-such-flag"),
        (" setup --cluster-type=windmill", "windmill"),
        (" get-token --authentication-timeout-sec=soon", "soon"),
        (" status extra", "extra"),
        (" signin", "signin"),
    ],
)
def test_what_is_not_understood_is_named(text: str, said: str) -> None:
    """A page with such a command would fail."""
    assert said in (fault(words_of(text)) or "")


def test_every_target_of_make_on_a_page_is_there() -> None:
    """`make TARGET`, in a block or in a sentence. CHANGELOG.md also names targets that were removed."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        (str(line), target)
        for page in PAGES
        if page.name != "CHANGELOG.md"
        for line in lines(page)
        for text in (INLINE.findall(line.text) if line.fence is None else [line.text])
        for target in re.findall(r"^make ([a-z-]+)", text)
    }
    assert len(named) > 50
    assert not {where for where in named if where[1] not in there}


def test_what_a_page_leaves_out_stands_for_anything() -> None:
    """An ellipsis is no argument, and a pipe ends the command."""
    assert fault(words_of(" setup … --cluster-type=… -o yaml | yq '.kind' # and so on")) is None


def test_the_user_in_the_readme_is_what_its_command_writes() -> None:
    """Every field, in its order."""
    readme = REPOSITORY / "README.md"
    (words,) = (one.words for one in commands(readme) if one.words[:1] == ["setup"])
    (fence,) = {line.fence for line in lines(readme) if line.fence and "- get-token" in line.fence}
    setup = program.get_command(click.Context(program), "setup")
    assert setup is not None
    with setup.make_context("setup", words[1:]) as context:
        written = Stanza(args=tuple(stanza_args(context))).exec_mapping()
    ((shown,),) = ([one["user"]["exec"]] for one in YAML(typ="safe").load(fence)["users"])
    assert list(shown.items()) == list(written.items())
