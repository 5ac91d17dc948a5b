"""Ctrl-Z at a prompt whose keys are not shown, and fg: the shell has its terminal as it was, and what is typed stays hidden."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import wait_until

from .laptop import Laptop
from .on_terminal import OnTerminal
from .said import locks_held

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin import Running

    from .realm import OpenIdProvider
    from .scripted_browser import ScriptedBrowser

PASSWORD = "password of alice"
PROMPTS = {
    "password": ("Password of alice", ("--username=alice",), "device"),
    "pasted code": ("paste the code", ("--grant-type=authcode-keyboard",), "kubernetes"),
    "pasted address": ("copy its address", ("--skip-open-browser", "--grant-type=authcode"), "kubernetes"),
}


class Bash(OnTerminal):
    """An interactive bash with job control at a terminal of its own."""

    def __init__(self) -> None:
        shell = f"PS1='$ ' exec {shlex.quote(parts.program('bash'))} --norc --noprofile -i >&2"
        super().__init__(through=("sh", "-c", shell, "sh"))
        self.shows("$ ")

    def does(self, words: str) -> None:
        """Type a command at the shell's prompt."""
        wait_until(lambda: self.text().endswith("$ "), "the shell waits for a command")
        self.type(words.encode() + b"\n")

    def times(self, words: str) -> int:
        """Return how often these words have been shown."""
        return self.text().count(words)

    def shows_again(self, words: str, times: int) -> None:
        """Wait until words were shown more often than that."""
        try:
            wait_until(lambda: self.times(words) > times, f"{words!r} is shown again")
        except AssertionError as error:
            error.add_note(self.text())
            raise

    def echoes(self) -> bool:
        """Tell whether a program that bash runs would show what is typed."""
        before = self.times("echo is o")
        self.does(
            "stty -a | grep -qE '(^| )echo( |$)' && printf 'echo is %s\\n' on || printf 'echo is %s\\n' off"
        )
        self.shows_again("echo is o", before)
        return self.text().rpartition("echo is ")[2].startswith("on")


@pytest.fixture
def laptop(
    openid_provider: OpenIdProvider, scripted_browser: ScriptedBrowser, start_plugin: Callable[..., Running]
) -> Laptop:
    """Have a laptop whose provider takes passwords."""
    return Laptop(
        openid_provider.new_realm(more_grants=True), scripted_browser, start_plugin, client="device"
    )


def begun(bash: Bash, laptop: Laptop, which: str) -> str:
    """Begin a sign-in that asks for something hidden, and return the words of its prompt."""
    prompt, flags, laptop.client = PROMPTS[which]
    words = [str(parts.plugin()), *laptop.words(*flags)]
    # Standard output is kubectl's, and no terminal.
    bash.does(f"{shlex.join(words)} > ~/answer")
    bash.shows_again(prompt, 0)
    wait_until(bash.hides, "no key is shown")
    return prompt


@pytest.mark.parametrize("which", PROMPTS)
def test_ctrl_z_gives_the_terminal_back_and_fg_hides_again(laptop: Laptop, which: str) -> None:
    """The prompt is shown again, and what was typed before it is forgotten."""
    with Bash() as bash:
        prompt = begun(bash, laptop, which)
        bash.type(b"half of it")
        bash.type(b"\x1a")
        bash.shows("Stopped")
        assert bash.echoes()
        before = bash.times(prompt)
        bash.does("fg")
        bash.shows_again(prompt, before)
        wait_until(bash.hides, "no key is shown")
        bash.type(b"SECRET")
        bash.type(b"\x03")
        bash.shows("interrupted by Ctrl-C")
        assert "SECRET" not in bash.raw()
        assert "half of it" not in bash.raw()
        assert bash.echoes()
    assert locks_held() == []


def test_a_password_can_be_typed_after_fg(laptop: Laptop) -> None:
    """Stopped in the middle of it, and stopped again: the whole password counts, and nothing of it is seen."""
    with Bash() as bash:
        prompt = begun(bash, laptop, "password")
        for _ in range(2):
            bash.type(b"wrong")
            stopped, asked = bash.times("Stopped"), bash.times(prompt)
            bash.type(b"\x1a")
            bash.shows_again("Stopped", stopped)
            bash.does("fg")
            bash.shows_again(prompt, asked)
            wait_until(bash.hides, "no key is shown")
        bash.type(PASSWORD.encode() + b"\r")
        answer = Path.home() / "answer"
        wait_until(lambda: answer.exists() and "token" in answer.read_text(), "the token is given")
        assert PASSWORD not in bash.raw()
        assert "wrong" not in bash.raw()
        assert bash.echoes()


def test_in_the_background_nothing_is_asked_and_the_terminal_is_the_shell_s(laptop: Laptop) -> None:
    """Bg after Ctrl-Z: the shell's terminal stays as it is; after fg the prompt is there again."""
    with Bash() as bash:
        prompt = begun(bash, laptop, "password")
        bash.type(b"\x1a")
        bash.shows("Stopped")
        bash.does("bg")
        asked = bash.times(prompt)
        assert bash.echoes()
        assert bash.times(prompt) == asked
        bash.does("fg")
        bash.shows_again(prompt, asked)
        wait_until(bash.hides, "no key is shown")
        bash.type(PASSWORD.encode() + b"\r")
        answer = Path.home() / "answer"
        wait_until(lambda: answer.exists() and "token" in answer.read_text(), "the token is given")


def test_ctrl_backslash_leaves_no_terminal_without_echo(laptop: Laptop) -> None:
    """SIGQUIT ends the program as it ends others, with the terminal as it was."""
    with OnTerminal(*laptop.words("--username=alice")) as terminal:
        terminal.shows(" 127.0.0.1: ")
        wait_until(terminal.hides, "no key is shown")
        terminal.type(b"\x1c")
        assert terminal.ended().status == -signal.SIGQUIT
        assert not terminal.hides()
