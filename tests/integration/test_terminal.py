"""What a person at a terminal sees, and what nobody is told where there is no terminal."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import qr_screen
from tests.plugin import wait_until
from tests.reasons import NOT_SIGNED_IN, NOT_STORED

from .laptop import claims_of, token_of
from .on_terminal import OnTerminal
from .said import beside_the_reason, failure, locks_held, reason, topics

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

AWAITED = "(Ctrl-C "  # what ends the wait for a person
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor


def test_a_terminal_shows_what_is_awaited_and_for_how_long(laptop: Laptop) -> None:
    """While a person is in the browser the terminal counts down; the answer alone stands on standard output."""
    laptop.scripted.is_left_alone()
    with OnTerminal(*laptop.words("--authentication-timeout-sec=100")) as terminal:
        laptop.wait_for_browser()
        terminal.shows(NOT_SIGNED_IN)
        (address,) = laptop.browser.opened()
        terminal.shows(f" {address}\n")
        assert reason(terminal.text()).startswith("127.0.0.1 (")
        wait_until(lambda: len(times(terminal)) >= 2, "the time that is left changes")
        assert times(terminal) <= {"1 min 40 s", *(f"1 min {seconds} s" for seconds in range(40))}
        assert "Ctrl-C" in terminal.text()

        sign_in_by_hand(laptop, address)
        ended = terminal.ended()
    assert ended.status == 0
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert json.loads(ended.stdout)["kind"] == "ExecCredential"
    assert "alice@example.com" in ended.stderr
    assert terminal.raw().rfind(SHOW) > terminal.raw().rfind(HIDE), "the cursor is there again"


def test_who_signs_in_is_told_of_a_flag_without_effect(laptop: Laptop) -> None:
    """--tls-renegotiation-*: a note at a terminal and at -v 1; a full-screen program sees none."""
    flag = "--tls-renegotiation-freely"
    with OnTerminal(*laptop.words(flag)) as terminal:
        ended = terminal.ended()
    assert ended.status == 0
    (note,) = [line for line in ended.stderr.splitlines() if line.startswith("note: ")]
    assert note.startswith(f"note: {flag} ")
    for level, said in ((0, ""), (1, f"[v1] {flag} ")):
        ended = laptop.get_token(flag, f"--session={level}", "-v", str(level))
        assert ended.status == 0
        assert said in ended.stderr
        assert said or not beside_the_reason(ended.stderr)


def test_ctrl_c_at_the_terminal_ends_the_wait(laptop: Laptop) -> None:
    """Ctrl-C typed while a person is awaited: 130, one error, one hint, the cursor back, lock and port free."""
    laptop.scripted.is_left_alone()
    with OnTerminal(*laptop.words()) as terminal:
        terminal.shows(AWAITED)
        terminal.type(b"\x03")
        ended = terminal.ended()
    assert (ended.status, ended.stdout) == (130, "")
    assert "Traceback" not in ended.stderr
    assert topics(ended.stderr) == ["interrupted"]
    assert terminal.raw().rfind(SHOW) > terminal.raw().rfind(HIDE), "the cursor is there again"
    assert locks_held() == []


def test_a_good_token_is_no_matter_for_the_terminal(signed_in: Laptop) -> None:
    """With a session nothing is shown, known words or not."""
    for _ in range(2):
        with OnTerminal(*signed_in.words()) as terminal:
            ended = terminal.ended()
        assert (ended.status, ended.stderr) == (0, "")
        assert token_of(ended.stdout)


def test_the_wait_for_another_plugin_is_said_at_a_terminal(laptop: Laptop) -> None:
    """Who waits for another's sign-in is told for whom, for what and for how long; it gets that one's answer."""
    laptop.scripted.is_left_alone()
    holder = laptop.start()
    laptop.wait_for_browser()
    with OnTerminal(*laptop.words("--authentication-timeout-sec=100")) as terminal:
        pid = holder.process.pid
        terminal.shows(f" {pid}, ")
        sign_in_by_hand(laptop, laptop.browser.opened()[0])
        first, second = holder.ended(), terminal.ended()
    assert token_of(first.stdout) == token_of(second.stdout)
    assert beside_the_reason(first.stderr) == "", "the holder has no terminal"
    (wait,) = [line for line in second.stderr.splitlines() if f" {pid}, " in line]
    assert "1 min" in wait


def test_without_a_terminal_a_wait_that_ends_well_is_not_spoken_of(laptop: Laptop) -> None:
    """Where there is no terminal, a sign-in leaves its reason on standard error, and the wait for another plugin nothing."""
    laptop.scripted.is_left_alone()
    holder = laptop.start()
    laptop.wait_for_browser()
    waiting = laptop.start("-v=0", "--authentication-timeout-sec=1")
    # It has waited for longer than at a terminal it would have kept silent.
    pid = holder.process.pid
    failure(waiting.ended(), "lock", " 1 s", f"kill {pid}")
    patient = laptop.start()
    sign_in_by_hand(laptop, laptop.browser.opened()[0])
    ended = [holder.ended(), patient.ended()]
    assert [(one.status, beside_the_reason(one.stderr)) for one in ended] == [(0, "")] * 2
    assert ended[1].stderr == ""
    assert len({token_of(one.stdout) for one in ended}) == 1


def test_without_a_terminal_what_needs_a_person_is_printed(laptop: Laptop) -> None:
    """Where no browser can be opened the address, and how to reach it from elsewhere, are printed all the same."""
    running = laptop.start("--skip-open-browser")
    assert running.process.stderr is not None
    said = ""
    while "ssh -L" not in said:
        said += running.process.stderr.readline()
    (address,) = re.findall(r"^ +(http://\S+)$", said, re.MULTILINE)
    assert address.startswith(f"{laptop.realm.issuer}/auth?")
    assert "--skip-open-browser" in said
    (port,) = re.findall(r"ssh -L (\d+):localhost:", said)
    assert f"localhost%3A{port}" in address
    sign_in_by_hand(laptop, address)
    assert claims_of(token_of(running.ended().stdout))["sub"] == "alice"


def test_the_ssh_line_leads_from_the_redirect_uris_port_to_ours(laptop: Laptop) -> None:
    """With another port in the redirect URL the line forwards that one to the one that listens, and says what does not fit."""
    running = laptop.start("--skip-open-browser", "--oidc-redirect-url=http://localhost:9999")
    assert running.process.stderr is not None
    said = ""
    while "ssh -L" not in said:
        said += running.process.stderr.readline()
    assert re.search(r"ssh -L 9999:localhost:(?!9999)\d+ ", said)
    (warning,) = [line for line in said.splitlines() if line.startswith("warning: ")]
    assert [name for name in ("localhost:9999", "--listen-address") if name not in warning] == []


def test_a_large_terminal_shows_the_sign_in_address_as_a_qr_code(laptop: Laptop) -> None:
    """A phone reads the address that is printed. In a window without room for it there is none."""
    with OnTerminal(*laptop.words("--skip-open-browser", "--grant-type=authcode"), rows=70) as terminal:
        terminal.shows("ssh -L")
        said = terminal.text().splitlines()
        (address,) = (line.strip() for line in said if "/auth?" in line)
        blocks = qr_screen.shown(said)
        assert qr_screen.decoded(qr_screen.modules(blocks, dark_text=True)) == address
        terminal.type(b"\x03")
        assert terminal.ended().status == 130
    with OnTerminal(*laptop.words("--skip-open-browser", "--grant-type=authcode"), rows=30) as terminal:
        terminal.shows("ssh -L")
        assert not {"▀", "▄", "█"} & set(terminal.text())


def test_a_redirect_uri_on_another_host_needs_no_ssh_line(laptop: Laptop) -> None:
    """What stands there must lead to our port, and that is said."""
    running = laptop.start("--skip-open-browser", "--oidc-redirect-url=https://sso.example.com/back")
    assert running.process.stderr is not None
    said = ""
    while "https://sso.example.com/back" not in said:
        said += running.process.stderr.readline()
    assert "ssh -L" not in said
    (port,) = re.findall(r" port (\d+) ", said)
    socket.create_connection(("localhost", int(port)), timeout=5).close()


def test_a_browser_that_is_not_there_is_named(laptop: Laptop) -> None:
    """The address is printed instead, with the name of what could not be started."""
    words = ["get-token", *laptop.realm.flags("--browser-command=no-such-browser --new-tab")]
    running = laptop.begin(*words, "--token-cache-storage=none", "--listen-address=127.0.0.1:0")
    assert running.process.stderr is not None
    why, line = (running.process.stderr.readline() for _ in range(2))
    assert NOT_STORED in reason(why)
    assert '"no-such-browser"' in line


def test_the_reason_for_a_sign_in_is_in_the_log(laptop: Laptop) -> None:
    """Without a terminal -v 1 tells why a sign-in was needed."""
    ended = laptop.get_token("-v", "1")
    assert ended.status == 0
    assert re.search(rf"\[v1\] .*127\.0\.0\.1.*{NOT_SIGNED_IN}", ended.stderr)


def times(terminal: OnTerminal) -> set[str]:
    """Return the spans of time that the terminal has shown as left."""
    return set(re.findall(r"((?:\d+ min )?\d+ s)\b.*Ctrl-C", terminal.text()))


def sign_in_by_hand(laptop: Laptop, address: str) -> None:
    """Open an address that the program has named, and sign in there."""
    laptop.scripted.signs_in_as("alice")
    subprocess.run([laptop.scripted.command, address], check=True, timeout=20)
