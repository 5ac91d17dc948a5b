"""docs/events.md has every event of the log, and their names are promised."""

from __future__ import annotations

import re

from tests.project.test_stability import LIST
from tools.events import PAGE, events, page


def test_the_page_is_what_the_code_says() -> None:
    """`make pages` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_name_is_promised() -> None:
    """Programs read them: one that has gone or is called otherwise breaks somebody, and a new one is to be added to the list."""
    assert sorted({event.name for event in events()}) == LIST["events"]


def test_names_are_words_with_hyphens() -> None:
    """As the topics of errors are."""
    assert not [event.name for event in events() if not re.fullmatch(r"[a-z]+(-[a-z]+)*", event.name)]
