"""Messages for the user on standard error, with and without a terminal."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.system import standard_error
from kubectl_oidc.system.log import Log
from kubectl_oidc.system.terminal import Terminal
from tests import streams
from tests.plugin import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if sys.platform == "win32":
    pytest.skip("the console of Windows is no pseudo-terminal", allow_module_level=True)

import pty
import termios


class Screen(io.StringIO):
    """A standard error whose mode is a pseudo-terminal's, and whose words are kept."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self._ends = pty.openpty()

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._ends[1]

    def close(self) -> None:
        for end in self._ends:
            os.close(end)
        super().close()

    def set_mode(self, *, raw: bool) -> None:
        """Set the terminal's mode, as a full-screen program does it."""
        mode = termios.tcgetattr(self.fileno())
        mode[3] = mode[3] & ~termios.ICANON if raw else mode[3] | termios.ICANON
        termios.tcsetattr(self.fileno(), termios.TCSANOW, mode)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Screen]]:
    """Make standard error a terminal when it is called: in the test itself, because pytest's capture replaces it before that."""
    made = Screen()

    def become() -> Screen:
        monkeypatch.setattr(sys, "stderr", made)
        monkeypatch.setenv("TERM", "xterm")
        return made

    yield become
    monkeypatch.undo()
    made.close()


def test_without_a_terminal_only_what_needs_a_person_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Full-screen programs own the screen: news and the wait's clock stay away from it."""
    terminal = Terminal()
    assert not terminal.interactive
    terminal.say("good to know")
    with terminal.waiting("waiting"):
        terminal.tick("still waiting")
    terminal.need("open this address")
    terminal.warn("not stored", "unlock it")
    shown = capsys.readouterr()
    assert shown.err == "open this address\nwarning: not stored (unlock it)\n"
    assert shown.out == ""


def test_on_a_terminal_everything_is_said(screen: Callable[[], Screen]) -> None:
    """What is good to know is written there, too."""
    shown = screen()
    terminal = Terminal()
    assert terminal.interactive
    terminal.say("good to know")
    terminal.need("open this address")
    assert shown.getvalue() == "good to know\nopen this address\n"


def test_a_wait_is_shown_on_a_terminal_and_is_gone_afterwards(screen: Callable[[], Screen]) -> None:
    """The text is shown during the wait. Brackets in it are not markup."""
    shown = screen()
    terminal = Terminal()
    with terminal.waiting("waiting for [bold]you[/bold]"):
        wait_until(lambda: "waiting for [bold]you[/bold]" in shown.getvalue(), "the words are there")
        terminal.tick("2:58 [left]")
        wait_until(lambda: "2:58 [left]" in shown.getvalue(), "the words have changed")
    before = len(shown.getvalue())
    terminal.tick("nobody waits any more")
    assert len(shown.getvalue()) == before
    assert shown.getvalue().rfind("\x1b[?25h") > shown.getvalue().rfind("\x1b[?25l")


def test_a_wait_that_ends_in_an_error_is_gone_as_well(screen: Callable[[], Screen]) -> None:
    """The terminal has its cursor back, whatever happened."""
    shown = screen()
    terminal = Terminal()
    with pytest.raises(ValueError, match="stop"), terminal.waiting("waiting"):
        raise ValueError("stop")
    assert shown.getvalue().rfind("\x1b[?25h") > shown.getvalue().rfind("\x1b[?25l")


def test_a_terminal_in_raw_mode_is_no_persons(screen: Callable[[], Screen]) -> None:
    """A full-screen program has it: a command that a person typed still says what it must."""
    shown, terminal = screen(), Terminal()
    shown.set_mode(raw=True)
    terminal.say("good to know")
    terminal.need("open this address")
    assert shown.getvalue() == "open this address\n"
    states = [terminal.interactive]
    with terminal.reading_keys():  # raw mode is our own
        states.append(terminal.interactive)
    states.append(terminal.interactive)
    assert states == [False, True, False]


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be what kubectl runs."""
    monkeypatch.setattr(sys, "argv", ["kubectl-oidc_login", "get-token"])
    monkeypatch.setattr(standard_error.State, "kept", "")
    monkeypatch.setattr(standard_error.State, "spoken", False)


@pytest.mark.usefixtures("plugin")
def test_the_plugin_writes_nothing_to_a_raw_terminal_and_says_it_later(screen: Callable[[], Screen]) -> None:
    """Kept messages are written once the terminal is the user's again, before anything else."""
    shown, terminal = screen(), Terminal()
    shown.set_mode(raw=True)
    with terminal.waiting("waiting"):
        terminal.need("open this address")
        terminal.warn("not stored", "unlock it")
        Log(9).info(1, "event", "decided")
        terminal.tick("still waiting")
        assert shown.getvalue() == ""
        shown.set_mode(raw=False)
        terminal.tick("waiting again")
        assert shown.getvalue().startswith("open this address\nwarning: not stored (unlock it)\n")
        wait_until(lambda: "waiting again" in shown.getvalue(), "what is awaited is shown")
        shown.set_mode(raw=True)
        terminal.tick("raw again")
        before = shown.getvalue()
        terminal.tick("still raw")
    assert shown.getvalue() == before
    assert "raw again" not in before


@pytest.mark.usefixtures("plugin")
def test_without_a_terminal_a_warning_waits_for_words_that_need_a_person(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A call that succeeds without a user writes nothing. If it fails, warnings are written with the error."""
    terminal = Terminal()
    terminal.warn("not stored", "unlock it")
    assert capsys.readouterr().err == ""
    terminal.need("open this address")
    assert capsys.readouterr().err == "warning: not stored (unlock it)\nopen this address\n"
    terminal.warn("not locked", "")
    assert capsys.readouterr().err == "warning: not locked\n", "a person reads along now"


@pytest.mark.parametrize(
    ("message", "hint", "line"),
    [
        ("it failed", "do this", "warning: it failed (do this)\n"),
        ("it failed", "", "warning: it failed\n"),
        ("a\x1b[2Jb\nc", "d\u202ee\r\n", "warning: a [2Jb c (d e)\n"),
    ],
)
def test_a_warning_is_one_plain_line(
    capsys: pytest.CaptureFixture[str], message: str, hint: str, line: str
) -> None:
    """Words from outside in it bring no control characters along."""
    Terminal().warn(message, hint)
    assert capsys.readouterr().err == line


def _ascii() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict", write_through=True)


def test_words_that_the_terminal_cannot_write_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """With LANG=C a name with an umlaut is a question mark, and no crash."""
    stream = _ascii()
    monkeypatch.setattr(sys, "stderr", stream)
    Terminal().need("Jürgen \udcff")
    assert isinstance(stream.buffer, io.BytesIO)
    assert stream.buffer.getvalue() == b"J?rgen ?\n"


@pytest.mark.parametrize(
    "stream", [lambda: None, streams.closed, streams.Full], ids=["none", "closed", "full"]
)
def test_a_standard_error_that_takes_nothing_is_no_error(
    monkeypatch: pytest.MonkeyPatch, stream: Callable[[], object]
) -> None:
    """Standard error has no reader; the token is still printed."""
    target = stream()
    monkeypatch.setattr(sys, "stderr", target)
    terminal = Terminal()
    terminal.need("anybody?")
    terminal.warn("hello", "hello")
    with terminal.waiting("waiting"):
        terminal.tick("still waiting")
    assert not terminal.interactive
