"""QR codes at the terminal: where they are drawn, and that a decoder reads them again."""

from __future__ import annotations

import io
import os
import re
import sys
import time
from typing import TYPE_CHECKING

import pytest
import segno

from kubectl_oidc.system.qr_code import QUIET, draw, qr_modules, show_qr_code
from kubectl_oidc.system.terminal import Terminal
from tests import qr_screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

if sys.platform == "win32":
    pytest.skip("the console of Windows is no pseudo-terminal", allow_module_level=True)

import fcntl
import pty
import struct
import termios

ADDRESS = "https://example.okta.com/activate?user_code=WDJB-MJHT"
WORDS = "Scan this:"
WHITE = "\x1b[38;2;0;0;0;48;2;255;255;255m"


class Screen(io.StringIO):
    """A standard error at a pseudo-terminal.

    Args:
        columns: Its width; 0 if nobody has set its size.
        lines: Its height.
        encoding: Its encoding.
    """

    encoding = "utf-8"

    def __init__(self, columns: int = 80, lines: int = 24, encoding: str = "utf-8") -> None:
        super().__init__()
        self._ends = pty.openpty()
        self.encoding = encoding
        fcntl.ioctl(self._ends[1], termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._ends[1]

    def close(self) -> None:
        for end in self._ends:
            os.close(end)
        super().close()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[At]]:
    """Have terminals to show a code at."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORFGBG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    At.monkeypatch = monkeypatch
    yield At
    monkeypatch.undo()


class At:
    """A terminal that is shown a code.

    Attributes:
        shown: What `show_qr_code` returned.
        said: What came to the screen.
    """

    monkeypatch: pytest.MonkeyPatch

    def __init__(
        self, screen: Screen, text: str = ADDRESS, *, environ: Mapping[str, str] | None = None, below: int = 1
    ) -> None:
        for name, value in (environ or {}).items():
            self.monkeypatch.setenv(name, value)
        with self.monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", screen)
            self.shown = show_qr_code(Terminal(), WORDS, text, os.environ, below=below)
            self.said = screen.getvalue()
        screen.close()

    def lines(self) -> list[str]:
        """Return the lines of the code, without escape sequences."""
        words, *lines, end = re.sub(r"\x1b\[[0-9;]*m", "", self.said).splitlines()
        assert (words, end) == (WORDS, "")
        return lines


@pytest.mark.parametrize("text", [ADDRESS, "https://a.example", "https://a.example/?" + "x" * 900])
@pytest.mark.parametrize("dark_text", [True, False])
def test_what_is_drawn_is_what_segno_made_and_a_decoder_reads_it(text: str, dark_text: bool) -> None:  # noqa: FBT001
    """Two modules in each character, on a light and on a dark ground."""
    drawn = qr_screen.modules(draw(qr_modules(text), dark_text=dark_text), dark_text=dark_text)
    made = [list(row) for row in segno.make_qr(text, error="l").matrix_iter(border=QUIET)]
    assert drawn[: len(made)] == made
    assert not any(any(row) for row in drawn[len(made) :]), "an odd number of rows ends in a light one"
    assert qr_screen.decoded(drawn) == text


def test_it_is_black_on_white_whatever_the_terminals_colours_are(at: type[At]) -> None:
    """A camera needs the code dark on a light ground; the terminal may be either."""
    terminal = at(Screen())
    assert terminal.shown
    assert qr_screen.decoded(qr_screen.modules(terminal.lines(), dark_text=True)) == ADDRESS
    assert terminal.said.count(WHITE) == len(terminal.lines())


@pytest.mark.parametrize(
    ("environ", "dark_text"),
    [
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1", "COLORFGBG": "15;0"}, False),
        ({"NO_COLOR": "1", "COLORFGBG": "15;default;0"}, False),
        ({"NO_COLOR": "1", "COLORFGBG": "0;15"}, True),
        ({"NO_COLOR": "1", "COLORFGBG": "0;default;7"}, True),
        ({"NO_COLOR": "1", "COLORFGBG": "light"}, False),
    ],
)
def test_without_colours_the_text_is_the_light_half_of_a_dark_terminal(
    at: type[At],
    environ: dict[str, str],
    dark_text: bool,  # noqa: FBT001
) -> None:
    """Most terminals are dark; one that says that it is light is believed."""
    terminal = at(Screen(), environ=environ)
    assert terminal.shown
    assert "\x1b" not in terminal.said
    assert qr_screen.decoded(qr_screen.modules(terminal.lines(), dark_text=dark_text)) == ADDRESS
    assert qr_screen.decoded(qr_screen.modules(terminal.lines(), dark_text=not dark_text)) is None


@pytest.mark.parametrize(
    ("columns", "lines", "below", "shown"),
    [
        (33, 24, 1, True),
        (32, 24, 1, False),
        (80, 20, 1, True),
        (80, 19, 1, False),
        (80, 24, 5, True),
        (80, 24, 6, False),
        (0, 0, 1, False),
    ],
)
def test_what_does_not_fit_the_terminal_is_not_shown(
    at: type[At],
    columns: int,
    lines: int,
    below: int,
    shown: bool,  # noqa: FBT001
) -> None:
    """33 modules: 17 lines, one above and one below, and what the caller writes. A part of a code is of no use."""
    terminal = at(Screen(columns, lines), below=below)
    assert terminal.shown is shown
    assert bool(terminal.said) is shown


@pytest.mark.parametrize("encoding", ["ascii", "iso8859-1", "cp1252", "no-such"])
def test_an_encoding_without_half_blocks_has_no_code(at: type[At], encoding: str) -> None:
    """They would be question marks."""
    terminal = at(Screen(encoding=encoding))
    assert (terminal.shown, terminal.said) == (False, "")


@pytest.mark.parametrize("encoding", ["utf-8", "cp437", "cp850"])
def test_the_code_pages_of_consoles_have_half_blocks(at: type[At], encoding: str) -> None:
    """Those of DOS, which consoles of Windows still have."""
    assert at(Screen(encoding=encoding)).shown


@pytest.mark.parametrize(("length", "columns"), [(2_900, 80), (2_960, 500), (100_000, 80)])
def test_an_address_that_no_code_holds_is_not_shown(at: type[At], length: int, columns: int) -> None:
    """A QR code holds 2,953 bytes; one of 2,900 is wider than the terminal, and is not even made."""
    began = time.monotonic()
    terminal = at(Screen(columns, 500), "https://example.com/" + "x" * (length - 20))
    assert (terminal.shown, terminal.said) == (False, "")
    assert time.monotonic() - began < 5


def test_a_code_that_cannot_fit_is_not_made(at: type[At], monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider may have a long address; the user does not wait for a code that nobody sees."""
    monkeypatch.setattr(segno, "make_qr", lambda *_, **__: pytest.fail("it was made"))
    assert not at(Screen(), "https://example.com/" + "x" * 2_000).shown


def test_without_a_terminal_segno_is_not_even_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that collects standard error has no use for it."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setitem(sys.modules, "segno", None)
    assert not show_qr_code(Terminal(), WORDS, ADDRESS, {}, below=1)
