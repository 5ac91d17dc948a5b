"""What a terminal that others use gets to see: k9s' raw screen, a background job's shell, a pager."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import wait_until
from tests.reasons import BEFORE_THE_HOST

from .laptop import V1, cache, claims_of, exec_info, token_of
from .on_terminal import OnTerminal
from .said import locks_held
from .test_terminal import AWAITED, sign_in_by_hand

if TYPE_CHECKING:
    from .laptop import Laptop

# What k9s does: its own terminal in raw mode, handed to the plugin as standard input and standard error, and the answer
# read from a pipe. It asks so often, and ends with the last plugin's status. "leaves" gives the terminal back first.
K9S = """
import subprocess, sys, termios, time, tty
times, *words = sys.argv[1:]
before = termios.tcgetattr(0)
tty.setraw(0)
try:
    for _ in range(int(times)):
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True)
finally:
    termios.tcsetattr(0, termios.TCSANOW, before)
print(done.stdout, end="")
sys.exit(done.returncode)
"""

# A shell with job control: the plugin in a process group of its own, in the background; a line from the person brings it
# to the foreground.
SHELL = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = subprocess.Popen(sys.argv[1:], process_group=0)
if sys.stdin.readline() == "fg\\n":
    os.tcsetpgrp(0, job.pid)
status = job.wait()
os.tcsetpgrp(0, os.getpgrp())
sys.exit(status)
"""


def k9s(times: int) -> tuple[str, ...]:
    """Return the words of a k9s that runs what stands behind them."""
    return (sys.executable, "-c", K9S, str(times))


def test_a_raw_terminal_sees_nothing_and_one_browser(laptop: Laptop) -> None:
    """k9s asks again and again while nobody signs in: one tab, no word, no colour, no cursor on its screen."""
    laptop.scripted.is_left_alone()
    words = laptop.words("--authentication-timeout-sec=1", "-v", "1")
    with OnTerminal(*words, through=k9s(5), env=exec_info(V1, interactive=True)) as terminal:
        ended = terminal.ended()
    assert (ended.status, ended.stdout) == (1, "")
    assert terminal.raw() == ""
    assert len(laptop.browser.opened()) == 1, "the pause after a failed sign-in applies"


def test_a_sign_in_from_a_raw_terminal_works_in_silence(laptop: Laptop) -> None:
    """The person signs in in the browser; k9s has its token, and its screen is as it was."""
    with OnTerminal(*laptop.words(), through=k9s(2)) as terminal:
        ended = terminal.ended()
    assert ended.status == 0
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert terminal.raw() == ""


@pytest.mark.parametrize("grant", ["password", "authcode-keyboard"])
def test_no_key_is_read_from_a_raw_terminal(laptop: Laptop, grant: str) -> None:
    """What would have to be typed is an error at once, although the client says that standard input is the person's."""
    words = laptop.words(f"--grant-type={grant}")
    with OnTerminal(*words, through=k9s(1), env=exec_info(V1, interactive=True)) as terminal:
        ended = terminal.ended(15)
    assert (ended.status, terminal.raw()) == (1, "")


def test_without_a_browser_a_raw_terminal_ends_at_once(laptop: Laptop) -> None:
    """There is no way to show the address, so nobody is waited for; the reason is remembered for the next that can say it."""
    with OnTerminal(*laptop.words("--skip-open-browser"), through=k9s(1)) as terminal:
        ended = terminal.ended(15)
    assert (ended.status, terminal.raw()) == (1, "")
    assert "kubectl oidc-login login" in laptop.get_token().stderr


def test_a_background_job_writes_nothing_until_it_is_in_the_foreground(laptop: Laptop) -> None:
    """A job that is put to the background, then fg: what it had to say is said once it is the person's, and the wait is shown."""
    laptop.scripted.is_left_alone()
    with OnTerminal(*laptop.words(), through=(sys.executable, "-c", SHELL)) as terminal:
        laptop.wait_for_browser()
        wait_until(lambda: locks_held() != [], "it waits for the person")
        assert terminal.raw() == ""
        terminal.type(b"fg\n")
        terminal.shows(f"{BEFORE_THE_HOST}127.0.0.1")
        terminal.shows(AWAITED)
        sign_in_by_hand(laptop, laptop.browser.opened()[0])
        ended = terminal.ended()
    assert ended.status == 0
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"


def test_a_background_job_counts_as_a_background_program(laptop: Laptop) -> None:
    """It opens no tab after a sign-in that failed, and does not stop to write."""
    laptop.scripted.is_left_alone()
    laptop.get_token("--authentication-timeout-sec=1")
    with OnTerminal(*laptop.words(), through=(sys.executable, "-c", SHELL)) as terminal:
        terminal.type(b"wait\n")
        ended = terminal.ended(15)
    assert ended.status == 1
    assert terminal.text().replace("wait\n", "") == ""
    assert len(laptop.browser.opened()) == 1


def test_a_command_that_a_person_typed_speaks_in_the_background_too(laptop: Laptop) -> None:
    """A sign-in by `login` in the background says that it is signed in, or why not; only the plugin is silent."""
    with OnTerminal(*laptop.words(command="login"), through=(sys.executable, "-c", SHELL)) as terminal:
        terminal.shows(f"{BEFORE_THE_HOST}127.0.0.1")
        terminal.type(b"wait\n")
        assert terminal.ended().status == 0


def test_under_a_pipe_a_person_is_still_a_person(laptop: Laptop) -> None:
    """The plugin and cat in one foreground job of a shell: standard error is the person's terminal, in line mode."""
    pipe = (parts.program("sh"), "-c", '"$@" | cat', "sh")
    with OnTerminal(*laptop.words(), through=pipe) as terminal:
        ended = terminal.ended()
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert "alice@example.com" in terminal.text()
    assert list((cache() / "failed").glob("*")) == []
