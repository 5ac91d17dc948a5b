"""What a page has its reader do, step by step: read a sentence, copy a manifest, type a command and see what is shown below it."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from tests.pages import PAGES, lines
from tests.parts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READ = [page for page in PAGES if page.name not in {"CHANGELOG.md", "modules.md"}]
"""The pages that a reader follows. The changelog is about former versions, and the list of modules about code."""

_SHELL = frozenset({"sh", "bash", "console"})
_IN_A_SENTENCE = re.compile(r"(?<!`)`(kubectl oidc-login [a-z][^`]*)`(?!`)")
_PROGRAM = re.compile(r"(?:^|\| )(?:\w+=\S+ )?(?:exec )?(?:/\S*/)?([a-z][\w-]*)(?= )")
_BUILT_IN = frozenset({"export", "printf", "umask"})


class Step(NamedTuple):
    """One step.

    Attributes:
        place: The page and the line.
        kind: ``sentence``, ``command``, or the language of a block, such as ``yaml``.
        text: The line, or the whole block.
        shown: What the page shows below a command as its output.
    """

    place: str
    kind: str
    text: str
    shown: str = ""


def steps(page: Path) -> list[Step]:
    """Return the steps of a page; a `text` block shows the output of the last command before it in the same section."""
    found: list[Step] = []
    last = None  # the last command of this section, whose output has not been shown
    for (fence, language), block in groupby(lines(page), key=lambda line: (line.fence, line.language)):
        if language == "text" and last is not None and fence is not None:
            found[last] = found[last]._replace(shown=fence)
            last = None
            continue
        for line in block:
            if language in _SHELL:
                command = re.sub(r"  +", " ", line.text.strip())
                if command and not command.startswith("#"):
                    last = len(found)
                    found.append(Step(str(line), "command", command))
            elif fence is None:
                last = None if line.text.startswith("#") else last
                found.append(Step(str(line), "sentence", line.text))
            else:
                found.append(Step(str(line), language, fence))
                break
    return found


def programs(command: str) -> set[str]:
    """Return the names of the programs that a command runs."""
    return set(_PROGRAM.findall(command)) - _BUILT_IN


def name(page: Path) -> str:
    """Return what a page is called in this repository."""
    return str(page.relative_to(REPOSITORY))


def commands() -> Iterator[Step]:
    """Return every command in a block of a page."""
    yield from (step for page in READ for step in steps(page) if step.kind == "command")


def commands_in_sentences() -> Iterator[Step]:
    """Return every whole command of ours that stands in code type in a sentence."""
    for page in READ:
        for step in steps(page):
            if step.kind == "sentence":
                yield from (
                    Step(step.place, "command", command) for command in _IN_A_SENTENCE.findall(step.text)
                )
