"""Keys typed at a pseudo-terminal: lines, corrections, what is shown, and a terminal that is given back as it was."""

from __future__ import annotations

import itertools
import os
import select
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import SignInError, SignInTimeout
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.keyboard import LONGEST, Keyboard, _keys, keyboard, no_terminal
from kubectl_oidc.system.terminal import Terminal
from tests.plugin import wait_until
from tests.topics import about

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":
    pytest.skip("the console of Windows is no pseudo-terminal", allow_module_level=True)

import pty
import termios

from kubectl_oidc.system.hidden_input import hidden_keys


class Screen(Terminal):
    """A terminal whose words are kept."""

    interactive = True

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""

    def prompt(self, words: str) -> None:
        self.shown += words


class Desk:
    """A keyboard, and the hands of a person."""

    def __init__(self) -> None:
        self.hands, self.terminal = pty.openpty()
        self.screen = Screen()
        self.keys = Keyboard(self.terminal, self.screen)

    def close(self) -> None:
        os.close(self.hands)
        os.close(self.terminal)

    def hides(self) -> bool:
        return not termios.tcgetattr(self.terminal)[3] & termios.ECHO

    def asked(self, typed: bytes, *, shown: bool = False, seconds: float = 10.0) -> str:
        """Return what is asked for, which is typed as soon as the terminal is ready."""

        def hands() -> None:
            wait_until(self.hides, "the terminal shows no keys")
            os.write(self.hands, typed)

        typist = threading.Thread(target=hands)
        typist.start()
        try:
            return self.keys.ask("Word: ", Deadline.after(seconds), shown=shown)
        finally:
            typist.join()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (b"word\r", "word"),
        (b"word\n", "word"),
        (b"word\x04", "word"),
        ("pässwörd€\r".encode(), "pässwörd€"),
        (b" blanks  count \r", " blanks  count "),
        (b"wort\x7fd\r", "word"),
        ("wor€\bd\r".encode(), "word"),
        (b"\x7f\x7fword\r", "word"),
        (b"something else\x15word\r", "word"),
        (b"wo\x00\x01rd\r", "word"),
        (b"XEROX\r", "XEROX"),
        ("woré\x7fd\r".encode(), "word"),
    ],
)
def test_a_line_is_what_was_typed(desk: Desk, typed: bytes, line: str) -> None:
    """Enter ends it, backspace and Ctrl-U correct it, a character of several bytes is one."""
    before = termios.tcgetattr(desk.terminal)
    assert desk.asked(typed) == line
    assert termios.tcgetattr(desk.terminal) == before
    assert desk.screen.shown == "Word: \n", "nothing of it is seen"


def test_a_name_is_seen_as_it_is_typed(desk: Desk) -> None:
    """With its corrections."""
    assert desk.asked("adé€x\x7f\r".encode(), shown=True) == "adé€"
    assert desk.screen.shown == "Word: adé€x\b \b\n"


def test_ctrl_u_takes_a_name_from_the_screen(desk: Desk) -> None:
    """As many characters as were there."""
    assert desk.asked("ö€\x15x\r".encode(), shown=True) == "x"
    assert desk.screen.shown == "Word: ö€" + 2 * "\b \b" + "x\n"
    desk.screen.shown = ""
    assert desk.asked(b"\xc3\x15x\r", shown=True) == "x"  # half a character
    assert desk.screen.shown == "Word: \b \bx\n"


def test_a_pasted_address_may_be_longer_than_a_line_of_the_terminal(desk: Desk) -> None:
    """The terminal's own line editing would cut it after 4,096 bytes (1,024 on macOS)."""
    address = "http://localhost:8000/?code=" + "x" * 20_000
    assert desk.asked(address.encode() + b"\r") == address


def test_a_line_has_an_end(desk: Desk) -> None:
    """Whatever is pasted."""
    assert len(desk.asked(b"x" * (LONGEST + 1000) + b"\r")) == LONGEST


def test_what_stands_behind_a_line_is_for_the_next_question(desk: Desk) -> None:
    """Input that is typed ahead, or pasted with a second line, is not lost."""
    assert desk.asked(b"one\rtwo\r") == "one"
    assert desk.keys.ask("Next: ", Deadline.after(5)) == "two"
    assert "two" not in desk.screen.shown


@pytest.mark.parametrize("typed", [b"\r", b"\x04"])
def test_nothing_is_no_answer(desk: Desk, typed: bytes) -> None:
    """Only Enter, or Ctrl-D; the terminal is restored."""
    with pytest.raises(SignInError) as caught:
        desk.asked(typed)
    assert caught.value.hint
    assert not desk.hides()


def test_bytes_that_are_not_utf8_are_refused(desk: Desk) -> None:
    """A password that is changed in silence would be a wrong one."""
    with pytest.raises(SignInError, check=about("sign-in", "UTF-8")) as caught:
        desk.asked(b"p\xe4TYPED\r")
    assert "TYPED" not in caught.value.message + caught.value.hint


def test_keys_that_ctrl_z_discards_are_not_awaited(desk: Desk) -> None:
    """The terminal discards what was typed, after the program saw that it is there."""
    calls = itertools.count()

    def may_read() -> bool:
        if next(calls):
            termios.tcflush(desk.terminal, termios.TCIFLUSH)
        return True

    with hidden_keys(desk.terminal, lambda: None):
        os.write(desk.hands, b"half of it")
        wait_until(lambda: select.select([desk.terminal], [], [], 0)[0], "the keys are there")
        assert list(_keys(desk.terminal, 0.1, may_read)) == []


def test_nobody_is_awaited_for_ever(desk: Desk) -> None:
    """The deadline ends it, half a line or not."""
    with pytest.raises(SignInTimeout) as caught:
        desk.asked(b"half", seconds=0.5)
    assert "--authentication-timeout-sec" in caught.value.hint
    assert not desk.hides()


def test_a_half_line_waits_for_its_other_half(desk: Desk) -> None:
    """Looking at it now and then loses nothing."""
    with desk.keys.reading():
        os.write(desk.hands, b"on")
        wait_until(lambda: desk.keys.poll(0) is None, "it is no line yet")
        os.write(desk.hands, b"e\r")
        assert desk.keys.poll(5) == "one"
    assert desk.screen.shown == "", "nothing of it is seen, unless that is asked for"


def test_only_lines_and_echo_are_switched_off(desk: Desk) -> None:
    """Ctrl-C still ends us, and a read returns what is there at once."""
    before = termios.tcgetattr(desk.terminal)
    with desk.keys.reading():
        during = termios.tcgetattr(desk.terminal)
    assert during[3] == before[3] & ~(termios.ICANON | termios.ECHO)
    assert (during[6][termios.VMIN], during[6][termios.VTIME]) == (0, 0)


def test_a_terminal_that_goes_away_is_no_crash(desk: Desk) -> None:
    """As when the window is closed, before it is read or meanwhile; SIGHUP says the rest."""
    with desk.keys.reading():
        os.close(desk.hands)
        desk.hands = os.open(os.devnull, os.O_RDONLY)
        assert desk.keys.poll(0.01) is None
    with pytest.raises(SignInError) as caught:
        desk.keys.ask("Word: ", Deadline.after(5))
    assert caught.value.hint
    assert caught.value.topic == "no-terminal"


def test_where_nobody_can_type_it_is_said_what_and_what_else_can_be_done() -> None:
    """The same for every grant that asks."""
    error = no_terminal("a name is needed", "give it")
    assert error.message.startswith("a name is needed")
    assert error.hint.endswith("give it")
    assert error.topic == "no-terminal"


def test_nobody_is_asked_where_standard_error_is_no_terminal() -> None:
    """A full-screen program may own the keys."""
    with keyboard(Terminal(), {}) as keys:
        assert keys is None
