"""The bench measures and writes its page; what it finds makes no test fail."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.sessions import linux_only

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = linux_only


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the bench with the program that is installed here."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "bench",
            "--programs",
            parts.launcher().parent,
            parts.plugin().parent,
            *arguments,
        ],
        cwd=parts.REPOSITORY,
        env={**os.environ, "PATH": "/usr/bin:/bin"},  # no kubelogin of the developer's
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def table(text: str) -> list[list[str]]:
    """Return the cells of the first table's rows, without its head."""
    lines = text[text.index("\n| ") + 1 :].split("\n\n", maxsplit=1)[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


def test_the_page_has_every_goal_and_what_was_measured(tmp_path: Path) -> None:
    """Every goal has a line, the parts that were left out too; there is a plot beside the page."""
    page = tmp_path / "page.md"
    done = bench("--quick", "--only", "cached", "--runs", "4", "--output", str(page))
    assert done.returncode == 0, done.stderr

    text = page.read_text(encoding="utf-8")
    launcher, pure = text.split("The pure wheel:")
    goals = {"launcher": table(launcher), "pure": table(pure)}
    assert len(goals["launcher"]) >= 15
    assert len(goals["pure"]) >= 20
    for whose, most in (("launcher", "0.35"), ("pure", "1.15")):
        (disk,) = [row for row in goals[whose] if row[0] == "cached, `disk`" and most in row[2]]
        assert "ms" in disk[3]
    rows = [row for table_ in goals.values() for row in table_]
    assert sum("left out by --only" in row[3] for row in rows) >= 25
    assert all(row[4] in {"", "met", "**NOT MET**", "not judged: the machine is busy"} for row in rows)
    assert "![" in text
    assert "prefers-color-scheme" in (tmp_path / "page-cached.svg").read_text(encoding="utf-8")
    assert "a console script written by" in text
    assert "`.pth`" in text
    assert "load average" in text
    assert "pinned to CPUs" in text
    assert str(parts.REPOSITORY) not in text


@pytest.mark.parametrize("arguments", [("--runs", "1"), ("--only", "nothing")])
def test_a_mistyped_command_line_measures_nothing(arguments: tuple[str, str]) -> None:
    """It is said at once what is wrong."""
    done = bench(*arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr


def test_a_peer_that_is_not_there_is_said() -> None:
    """The program that is to be compared with is looked for before anything else."""
    done = bench("--vs", "no-such-program")
    assert done.returncode == 1
    assert "no program no-such-program" in done.stderr
