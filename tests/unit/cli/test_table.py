"""Tables: columns, lists on a narrow terminal, and no escape sequences."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kubectl_oidc.cli.table import echo_rows, echo_table

TITLES = ("PERSON", "ISSUER")
ROWS = [("ada@example.com", "https://issuer.example.com"), ("", "https://other.example.com")]


def test_columns_are_aligned_and_an_empty_cell_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(TITLES, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "PERSON            ISSUER",
        "ada@example.com   https://issuer.example.com",
        "-                 https://other.example.com",
    ]


def test_wide_characters_take_two_columns(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(("A", "B"), [("日本", "x"), ("ab", "y")])
    assert capsys.readouterr().out.splitlines()[1:] == ["日本   x", "ab     y"]


def test_cells_are_sanitized(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(("A",), [("\x1b[31mred\nline",)])
    echo_rows([("name", "\u202eover")])
    assert capsys.readouterr().out == "A\n[31mred line\nname   over\n"


def on_terminal(columns: int, rows: list[tuple[str, str]]) -> list[str]:
    """Return what a terminal of this width shows of the table."""
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals here")
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


def test_a_wide_terminal_gets_columns() -> None:
    assert on_terminal(60, ROWS)[0] == "PERSON            ISSUER"


def test_a_narrow_terminal_gets_lists_with_unbroken_lines() -> None:
    issuer = "https://issuer.example.com/" + "a" * 30
    assert on_terminal(60, [("ada@example.com", issuer)]) == [
        "person   ada@example.com",
        f"issuer   {issuer}",
    ]
