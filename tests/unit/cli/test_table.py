"""Tables: columns where there is room, lists where a terminal is narrow, and nothing that moves a terminal."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kubectl_oidc.cli.table import echo_rows, echo_table

TITLES = ("PERSON", "ISSUER")
ROWS = [("ada@example.com", "https://issuer.example.com"), ("", "https://other.example.com")]


def test_columns_line_up_and_an_empty_cell_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(TITLES, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "PERSON            ISSUER",
        "ada@example.com   https://issuer.example.com",
        "-                 https://other.example.com",
    ]


def test_wide_characters_take_two_columns(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(("A", "B"), [("日本", "x"), ("ab", "y")])
    assert capsys.readouterr().out.splitlines()[1:] == ["日本   x", "ab     y"]


def test_what_comes_from_outside_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(("A",), [("\x1b[31mred\nline",)])
    echo_rows([("name", "\u202eover")])
    assert capsys.readouterr().out == "A\n[31mred line\nname   over\n"


def on_terminal(columns: int, rows: list[tuple[str, str]]) -> list[str]:
    """Return what a terminal of so many columns shows of the table."""
    if sys.platform == "win32":
        pytest.skip("its console is no pseudo-terminal")
    import pty
    import termios

    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    code = f"from kubectl_oidc.cli.table import echo_table; echo_table({TITLES!r}, {rows!r})"
    subprocess.run([sys.executable, "-c", code], stdout=slave, check=True, timeout=60)
    os.close(slave)
    seen = os.read(master, 65536).decode()
    os.close(master)
    return seen.splitlines()


def test_a_terminal_with_room_has_columns() -> None:
    assert on_terminal(60, ROWS)[0] == "PERSON            ISSUER"


def test_a_narrow_terminal_has_lists_and_no_line_is_broken() -> None:
    issuer = "https://issuer.example.com/" + "a" * 30
    assert on_terminal(60, [("ada@example.com", issuer)]) == [
        "person   ada@example.com",
        f"issuer   {issuer}",
    ]
