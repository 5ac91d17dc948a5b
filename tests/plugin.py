"""Run the installed program as a child process, as kubectl does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from . import parts
from .fork_server import Forked

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping

    from .fork_server import ForkServer


class Ended(NamedTuple):
    """What a run of the program left behind."""

    status: int
    stdout: str
    stderr: str


class Running:
    """A program that was started and is not waited for yet.

    Args:
        process: The child process, with pipes for its output.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ended(self, timeout: float = 30.0) -> Ended:
        """Wait for the end, at most ``timeout`` seconds, and return what came out."""
        stdout, stderr = self.process.communicate(timeout=timeout)
        return Ended(self.process.returncode, stdout, stderr)

    def send(self, signum: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(signum)

    def is_running(self) -> bool:
        """Tell whether the program has not ended."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it for good, if it has not ended by itself."""
        self.killed()

    def killed(self) -> Ended:
        """End it for good, if it has not ended by itself, and return what came out that nobody has read."""
        if self.is_running():
            self.process.kill()
        stdout, stderr = self.process.communicate()
        return Ended(self.process.returncode, stdout, stderr)


server: ForkServer | None = None
"""What runs the program while a test has the fixture ``fork_server``."""


def begin(words: list[str], environ: dict[str, str], stdin: int) -> subprocess.Popen[str]:
    """Start a command or a script in Python, or fork where that is as good."""
    options: dict[str, Any] = {
        "stdin": stdin,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "encoding": "utf-8",
        "errors": "surrogateescape",
    }
    script = words[0].endswith(".py")
    own = parts.start_program == "script" and words[0] == str(parts.plugin())
    if server is not None and (script or own) and server.takes(environ):
        return Forked(server, words, environ, **options)
    words = [sys.executable, *words] if script else words
    return subprocess.Popen(words, env=environ, **options)


def begin_at_terminal(
    words: list[str], environ: dict[str, str], slave: int, *, controlling: bool, through: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """Start the program in a session of its own, with standard output as a pipe, or fork where that is as good.

    Args:
        words: The command line after the program's name.
        environ: The environment.
        slave: The terminal, which becomes standard input and standard error.
        controlling: Whether it becomes the controlling terminal, so that Ctrl-C typed there reaches the program.
        through: A command that runs the program, which stands behind it.
    """
    options: dict[str, Any] = {
        "stdin": slave,
        "stdout": subprocess.PIPE,
        "stderr": slave,
        "encoding": "utf-8",
    }
    words = [str(parts.plugin()), *words]
    if server is not None and not through and server.takes(environ):
        return Forked(server, words, environ, terminal=controlling, **options)
    words = [parts.program("setsid"), *(["--ctty"] if controlling else []), *through, *words]
    return subprocess.Popen(words, env=environ, **options)


def start(*arguments: str, env: Mapping[str, str] | None = None, command: list[str] | None = None) -> Running:
    """Start the installed program and do not wait for it; tests do it with the fixture ``start_plugin``.

    Args:
        arguments: The command line after the program's name.
        env: Variables beside the test's own environment.
        command: Another command than the program itself, such as kubectl.
    """
    words = [*(command or [str(parts.plugin())]), *arguments]
    process = begin(words, {**os.environ, **(env or {})}, subprocess.DEVNULL)
    return Running(process)


def run_plugin(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    input: str | None = None,  # noqa: A002 - the name that subprocess.run has for it
    timeout: float = 30.0,
) -> subprocess.CompletedProcess[str]:
    """Run the installed program to its end.

    Args:
        arguments: The command line after the program's name.
        env: Variables beside the test's own environment.
        input: What stands on standard input; nothing by default.
        timeout: Seconds after which the test fails.
    """
    return run([str(parts.plugin()), *arguments], {**os.environ, **(env or {})}, input, timeout)


def run(
    words: list[str],
    environ: dict[str, str],
    input: str | None = None,  # noqa: A002 - as above
    timeout: float = 60.0,
) -> subprocess.CompletedProcess[str]:
    """Begin a command or a script and wait for its end.

    Args:
        words: The command line.
        environ: The environment.
        input: What stands on standard input.
        timeout: Seconds after which the test fails.
    """
    with begin(words, environ, subprocess.DEVNULL if input is None else subprocess.PIPE) as process:
        try:
            stdout, stderr = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)


def wait_until(holds: Callable[[], object], what: str, *, timeout: float = 20.0) -> None:
    """Wait until ``holds()`` is true, or fail.

    Args:
        holds: The condition, asked every 20 ms.
        what: The condition in words, for the failure.
        timeout: Seconds.
    """
    end = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < end, f"waited {timeout:g} s in vain until {what}"
        time.sleep(0.02)
