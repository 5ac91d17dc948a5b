"""Run a program in our place: with our standard streams and our signals, and its exit status becomes ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.text import sanitize

from .programs import find_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType, TracebackType
    from typing import Self

PASSED_ON = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGBREAK")
"""The signals that the program gets; each system has some of them."""

NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""The exit statuses of shells and of env(1) for a program that cannot be run (POSIX, 2.8.2)."""


class CannotRun(OidcLoginError):
    """A program cannot be started."""

    default_topic = "exec"

    def __init__(self, message: str, hint: str, status: int) -> None:
        super().__init__(message, hint)
        self.exit_status = status


def program_path(name: str, environ: Mapping[str, str]) -> str:
    """Return the path of a program, a name on PATH or a path.

    Raises:
        CannotRun: It is not found, or it is not executable.
    """
    found = find_program(name, environ)
    if found:
        return found
    directories = [""] if os.path.dirname(name) else environ.get("PATH", os.defpath).split(os.pathsep)  # noqa: PTH120 - "./x" has one
    there = next(
        (path for path in (os.path.join(each, name) for each in directories) if os.path.exists(path)),  # noqa: PTH110, PTH118 - of texts
        None,
    )
    if there:
        raise _not_executable(there, "it is a directory" if os.path.isdir(there) else "it is not executable")  # noqa: PTH112 - of a text
    raise CannotRun(
        f"cannot find the program {sanitize(name)}",
        "check its name, and that its directory is on PATH",
        NOT_FOUND,
    )


def _not_executable(path: str, why: str) -> CannotRun:
    return CannotRun(
        f"{sanitize(path)} cannot be run: {why}", "give a program that you may execute", NOT_EXECUTABLE
    )


class ForegroundProgram:
    """A program that gets our signals, from the beginning of the ``with`` block on; what comes before its start is passed on then.

    What a key sends, such as Ctrl-C, is not passed on: the terminal sends it to the program too.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for name in PASSED_ON:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                self._before[number] = signal.signal(number, self._pass_on)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def run(self, path: str, words: Sequence[str], environ: Mapping[str, str]) -> int:
        """Run the program to its end, and return its exit status; 128 + N if signal N has ended it.

        Args:
            words: Its command line, the name first.

        Raises:
            CannotRun: The system does not start it.
        """
        try:
            # Descriptors that the shell made for it, such as those of <(…), stay open; ours close by themselves (PEP 446).
            self._process = subprocess.Popen(list(words), executable=path, env=dict(environ), close_fds=False)
        except OSError as error:
            raise _not_executable(path, error.strerror or str(error)) from error
        for signum in self._early:
            self._process.send_signal(signum)
        status = self._process.wait()
        if sys.platform == "win32":
            return status - (1 << 32) if status >= 1 << 31 else status  # as os._exit takes it
        return status if status >= 0 else 128 - status

    def _pass_on(self, signum: int, _frame: FrameType | None) -> None:
        if self._process is None:
            self._early.append(signum)
        elif sys.platform != "win32" and not _is_of_the_terminal(signum):
            self._process.send_signal(signum)


def _is_of_the_terminal(signum: int) -> bool:
    """Return whether the terminal sends a signal to its whole foreground process group, in which the program is too."""
    if sys.platform == "win32" or signum not in {signal.SIGINT, signal.SIGQUIT}:
        return False
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False  # there is no terminal
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
