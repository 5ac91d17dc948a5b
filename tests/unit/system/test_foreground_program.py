"""A program that runs in our place. Signals and streams are tested with the installed program, in ``tests/integration/test_exec.py``."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.system.foreground_program import CannotRun, ForegroundProgram, program_path

if TYPE_CHECKING:
    from pathlib import Path


def test_a_program_is_found_on_path_or_by_its_path() -> None:
    directory, _, name = sys.executable.rpartition("/")
    assert program_path(name, {"PATH": directory}) == sys.executable
    assert program_path(sys.executable, {"PATH": ""}) == sys.executable


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no bit for execution")
@pytest.mark.parametrize(("name", "status"), [("missing", 127), ("text", 126), ("directory", 126)])
def test_a_program_that_cannot_be_run_has_the_status_of_shells(
    tmp_path: Path, name: str, status: int
) -> None:
    (tmp_path / "text").write_text("x")
    (tmp_path / "directory").mkdir()
    for word, path in ((name, str(tmp_path)), (str(tmp_path / name), "")):
        with pytest.raises(CannotRun) as raised:
            program_path(word, {"PATH": path})
        assert (raised.value.exit_status, raised.value.topic) == (status, "exec")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
def test_a_signal_that_comes_before_the_start_is_passed_on() -> None:
    """The kubeconfig is there by then, and is removed at the end as always; the old handlers come back."""
    before = signal.getsignal(signal.SIGTERM)
    with ForegroundProgram() as program:
        os.kill(os.getpid(), signal.SIGTERM)
        status = program.run("/bin/sh", ["sh", "-c", "sleep 20"], os.environ)
    assert status == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
