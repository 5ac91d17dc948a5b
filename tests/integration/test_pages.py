"""What the pages tell people to type is typed, from top to bottom, at a terminal, against the demo's provider and cluster.

A command must end as the page says, and show what the page shows below it. What cannot be typed here stands in `typed.toml`, with
the reason.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import parts
from tools import transcript
from tools.test_parts import PACKAGES

from . import page_steps
from .demo_world import playing
from .page_steps import READ, Step, commands, commands_in_sentences, steps
from .reader import DEEDS, Reader
from .shell import Typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .demo_world import Demo

pytestmark = pytest.mark.usefixtures("fork_server")  # for what is not typed

TABLE = tomllib.loads(Path(__file__).with_name("typed.toml").read_text(encoding="utf-8"))
NOT_TYPED: dict[str, str] = TABLE["not-typed"]
ENDS_OTHERWISE: dict[str, dict[str, str]] = TABLE["ends-otherwise"]

PORT_8000 = pytest.mark.together("port8000")
IN_BLOCKS = {step.text for step in commands()}
IN_SENTENCES = sorted({step.text for step in commands_in_sentences()} - IN_BLOCKS)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run the demo's provider and cluster."""
    with playing(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture
def reader(demo: Demo, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Sit somebody down at a terminal."""
    if request.node.get_closest_marker(PORT_8000.name):
        request.getfixturevalue("port_8000")
    with Reader(demo, lambda: request.getfixturevalue("openid_provider")) as somebody:
        yield somebody


def normal(text: str) -> list[str]:
    """Return the rows of a text as words with single spaces, times, ports and the IDs of sessions replaced; an indented line belongs to the row above."""
    text = re.sub(r"\d+ (s|min|h|d)\b", r"1 \1", transcript.repeatable(text))
    text = re.sub(r"\b(?=[a-f]*[0-9])[0-9a-f]{8}\b", "1a2b3c4d", text)
    rows = re.split(r"\n(?!\s)", re.sub(r"─+", "─", text))
    return [" ".join(row.split()) for row in rows if row.strip()]


def fault(step: Step, typed: Typed, *, shown: str) -> str | None:
    """Return how a command ended otherwise than its page says, or None.

    Args:
        step: The command.
        typed: What came of it.
        shown: What the page shows, with the reader's names.
    """
    status = 1 if re.search(r"^(✗|[Ee]rror\b)", shown, re.MULTILINE) else 0
    if step.text in ENDS_OTHERWISE:
        status, shown = 1, ENDS_OTHERWISE[step.text]["says"]
    if typed.status != status:
        return f"ended with {typed.status}, not {status}"
    if "Traceback" in typed.said:
        return "wrote a traceback"
    said, position = " ".join(normal(typed.said)), 0
    for row in normal(shown) if shown else ():
        position = said.find(row, position)
        if position < 0:
            return f"does not show: {row}"
    return None


def case(value: Any, *typed: str) -> Any:
    """Return the parameter of a test in which these commands are typed; the redirect URI of some is the story's."""
    alone = any(re.search(r"\bdemo\b|:8000", command) for command in typed)
    return pytest.param(value, marks=[PORT_8000] if alone else [])


def typed_on(page: Path) -> list[str]:
    """Return the commands of a page that are typed."""
    return [step.text for step in steps(page) if step.kind == "command" and step.text not in NOT_TYPED]


def types(reader: Reader, step: Step) -> None:
    """Type a command of a page and hold it to what the page says."""
    for program in page_steps.programs(step.text) & {"kubectl", *PACKAGES}:
        parts.program(program)  # what else is missing fails
    typed = reader.types(step.text)
    wrong = fault(step, typed, shown=reader.sees(step.shown))
    assert wrong is None, f"{step.place}: {step.text}\n{wrong}\n{typed.said}"


@pytest.mark.parametrize(
    "page", [case(page, *typed_on(page)) for page in READ if typed_on(page)], ids=page_steps.name
)
def test_a_page_can_be_followed(page: Path, reader: Reader) -> None:
    """Its commands are typed in their order, its manifests copied, and what it asks for between them is done.

    Where the page has no `setup`, somebody has signed in before.
    """
    if not any(" setup " in command for command in typed_on(page)):
        reader.is_signed_in()
    for step in steps(page):
        if step.kind == "sentence":
            reader.reads(step.text)
        elif step.kind == "yaml":
            reader.copies(step.text)
        elif step.kind == "command" and step.text not in NOT_TYPED:
            types(reader, step)


@pytest.mark.parametrize(
    "command", [case(command, command) for command in IN_SENTENCES if command not in NOT_TYPED]
)
def test_a_command_in_a_sentence_works(command: str, reader: Reader) -> None:
    """Where somebody has signed in."""
    reader.is_signed_in()
    types(reader, Step("in a sentence", "command", command))


def test_the_table_has_nothing_that_no_page_has() -> None:
    """A row goes with the command that it is about, a deed with the words that ask for it; a test that a reason names exists."""
    rows = {*NOT_TYPED, *ENDS_OTHERWISE}
    assert rows <= {*IN_BLOCKS, *IN_SENTENCES}, rows - {*IN_BLOCKS, *IN_SENTENCES}
    assert len(rows) < len(IN_BLOCKS) / 2
    pages = "\n".join(step.text for page in READ for step in steps(page))
    assert {phrase: pages.count(phrase) for phrase in DEEDS} == dict.fromkeys(DEEDS, 1)
    named = re.findall(r"tests/\S+\.py", "\n".join(NOT_TYPED.values()))
    assert named
    assert all((parts.REPOSITORY / name).is_file() for name in named)


FORBIDDEN = Step(
    "a page", "command", "kubectl get pods", "Error from server (Forbidden): pods\n  is forbidden\n"
)


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (Typed(1, "Signed in\nError from server (Forbidden): pods is\n    forbidden\n"), None),
        (Typed(1, "Error from server (NotFound): pods\n"), "does not show: Error from server (Forbidden)"),
        (Typed(0, FORBIDDEN.shown), "ended with 0, not 1"),
        (Typed(1, f"Traceback (most recent call last):\n{FORBIDDEN.shown}"), "wrote a traceback"),
    ],
)
def test_what_is_otherwise_than_on_the_page_is_named(typed: Typed, wrong: str | None) -> None:
    """The status that the shown output means, its rows wherever they break, and no traceback."""
    assert (fault(FORBIDDEN, typed, shown=FORBIDDEN.shown) or "").startswith(wrong or "")
    assert (fault(FORBIDDEN, typed, shown=FORBIDDEN.shown) is None) == (wrong is None)


def test_a_block_of_text_belongs_to_the_command_above_it_in_its_section() -> None:
    """What a provider's token says stands under a heading of its own, and is no output."""
    shown = [step.shown for step in commands() if step.shown]
    assert any(text.startswith("Error from server (Forbidden)") for text in shown)
    assert not any(text.startswith("iss ") for text in shown)
    assert len(shown) >= 4


SHELLS = {"sh": (), "bash": ("--norc",), "zsh": ("-fi",)}
"""At a terminal zsh, which macOS has, knows no comments, and a pattern that fits no file is an error."""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Have, in the place of every program that a command runs, one that notes its own words in `said` and does nothing."""
    directory = tmp_path / "programs"
    directory.mkdir()
    recorder = directory / "recorder"
    # In one write, because those of a pipe run at once.
    recorder.write_text('#!/bin/sh\nwords=$(printf "<%s>" "${0##*/}" "$@")\necho "$words" >>"$SAID"\n')
    recorder.chmod(0o700)
    for step in commands():
        for name in page_steps.programs(step.text):
            if not (directory / name).exists():
                (directory / name).symlink_to(recorder)
    return directory


def words_in(shell: str, command: str, programs: Path) -> list[str]:
    """Return what each program of a command is given when it is typed into a shell."""
    noted = programs.parent / "said"
    noted.write_text("")
    subprocess.run(
        [parts.program(shell), *SHELLS[shell]],
        input=f"(\n{command}\n)\n",
        env={**os.environ, "PATH": str(programs), "SAID": str(noted)},
        text=True,
        capture_output=True,
        check=False,
    )
    return sorted(noted.read_text().splitlines())


def test_a_command_has_the_same_words_in_every_shell(programs: Path) -> None:
    """Quotes, patterns and what stands behind a command: nothing is left to which shell a reader happens to have."""
    Path("wheels").mkdir()
    Path("wheels", "kubectl_oidc-1.whl").touch()
    for command in sorted(IN_BLOCKS):
        text = command.replace("/opt/kubectl-oidc/bin/", "")
        words = words_in("sh", text, programs)
        assert len(words) >= len(page_steps.programs(text)), command
        assert words == words_in("bash", text, programs) == words_in("zsh", text, programs), command
