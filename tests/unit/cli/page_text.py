"""Render a page into text, as a terminal would show it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from kubectl_oidc.cli.page import Page
from kubectl_oidc.system.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable


class Screen(Terminal):
    """A terminal that collects the messages which a user must see."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def need(self, line: str) -> None:
        self.text += line


def page_text(
    write: Callable[[Page], object], *, width: int = 160, colour: bool = False, powershell: bool = False
) -> str:
    """Return what a terminal of this width shows of a page."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    screen = Screen()
    with Page(console, powershell=powershell).printed_on(screen) as page:
        write(page)
    return screen.text
