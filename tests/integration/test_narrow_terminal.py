"""A terminal of 60 columns: what is laid out fits, and is plain where the terminal or the person wants it plain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .on_terminal import OnTerminal

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

COLUMNS = 60
ASCII_ALONE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
COMMANDS = ("get-token", "login", "setup", "status", "whoami")
BOLD = "\x1b[1m"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|4[0-7]|9[0-7]|38;|48;)[0-9;]*m")


def shown(laptop: Laptop, command: str, env: dict[str, str] | None = None) -> tuple[str, str]:
    """Return what a command shows on a narrow terminal, with and without escape sequences; it ends well."""
    words = ["status"] if command == "status" else laptop.words(command=command)
    if command == "whoami":
        words = [word for word in words if not word.startswith(("--browser", "--listen"))]
    with OnTerminal(*words, columns=COLUMNS, env=env) as terminal:
        ended = terminal.ended()
        assert ended.status == 0, ended.stderr
        return terminal.raw() + ended.stdout, ended.stderr + ended.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_no_colour_where_none_is_wanted(signed_in: Laptop, command: str) -> None:
    """NO_COLOR leaves colours out; a dumb terminal gets no escape sequence at all."""
    raw, _ = shown(signed_in, command, {"NO_COLOR": "1"})
    assert not COLOUR.search(raw)
    raw, _ = shown(signed_in, command, {"TERM": "dumb"})
    assert "\x1b" not in raw


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_beyond_ascii_where_the_locale_has_no_more(signed_in: Laptop, command: str) -> None:
    """LANG=C is no crash, and no terminal is sent what it cannot show."""
    raw, _ = shown(signed_in, command, ASCII_ALONE)
    assert raw.isascii()


def test_what_is_laid_out_fits(signed_in: Laptop) -> None:
    """On the page of setup a wider line is one word, such as an address, or stands there to be copied (indented)."""
    raw, _ = shown(signed_in, "setup")
    page = ESCAPE.sub("", raw.partition(BOLD)[2]).splitlines()  # it begins with a heading
    assert len(page) > 20
    wide = [line for line in page if len(line) > COLUMNS]
    assert [line for line in wide if not line.startswith("  ") and " " in line.strip()] == []


def test_the_wait_for_the_browser_is_one_line(laptop: Laptop) -> None:
    """What is redrawn is narrower than the terminal: else each redrawing would leave a line behind."""
    words = laptop.words("--authentication-timeout-sec=3")
    laptop.scripted.is_left_alone()
    with OnTerminal(*words, columns=COLUMNS) as terminal:
        ended = terminal.ended()
        redrawn = [line for line in re.split(r"[\r\n]", terminal.raw()) if "Ctrl-C" in line]
    assert ended.status == 1
    plain = [ESCAPE.sub("", line) for line in redrawn]
    assert plain
    assert [line for line in plain if len(line) > COLUMNS] == []


def test_an_error_is_coloured_and_breaks_between_words(laptop: Laptop) -> None:
    """``error:`` is red, ``hint:`` is bold; a flag and a command in backquotes are in one piece."""
    with OnTerminal("whoami", "--session=nope", columns=COLUMNS) as terminal:
        ended = terminal.ended()
        raw = terminal.raw()
    assert ended.status == 1
    assert "\x1b[1;31merror:\x1b[0m" in raw
    assert f"{BOLD}hint:\x1b[0m" in raw
    assert "`kubectl oidc-login status`" in ended.stderr
    lines = ended.stderr.splitlines()
    assert [line for line in lines if len(line) > COLUMNS and "`" not in line] == []
    with OnTerminal("whoami", "--session=nope", columns=COLUMNS, env={"NO_COLOR": "1"}) as terminal:
        terminal.ended()
        assert not COLOUR.search(terminal.raw())
    with OnTerminal("whoami", "--session=nope", columns=COLUMNS, env={"TERM": "dumb"}) as terminal:
        terminal.ended()
        assert "\x1b" not in terminal.raw()
    assert "\x1b" not in laptop.run("whoami", "--session=nope").stderr
