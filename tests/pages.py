"""The pages that people read, line by line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .parts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])


class Line(NamedTuple):
    """A line of a page, and whether it stands in a fenced block."""

    page: Path
    number: int
    text: str
    fence: str | None  # the whole fenced block that it stands in
    language: str = ""  # and what that block is in

    def __str__(self) -> str:
        return f"{self.page.relative_to(REPOSITORY)}:{self.number}"


def lines(page: Path) -> Iterator[Line]:
    """Read a page line by line; a line of a fenced block that ends in a backslash is joined with the next."""
    text = page.read_text(encoding="utf-8")
    blocks = {
        match.start(2): (match[2], match[1])
        for match in re.finditer(r"^ *```([^\n]*)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    }
    position, fence, language, fence_ends, joined, joined_at = 0, None, "", 0, "", 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if position in blocks:
            fence, language = blocks[position]
            fence_ends = position + len(fence)
        if position >= fence_ends:
            fence, language = None, ""
        position += len(line)
        joined, joined_at = joined + line, joined_at or number
        if fence is not None and line.endswith("\\\n"):
            joined = joined[:-2]
            continue
        yield Line(page, joined_at, joined.rstrip("\n"), fence, language)
        joined, joined_at = "", 0
