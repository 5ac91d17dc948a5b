"""Waiting for another plugin that holds the session's lock: said on a terminal, bounded, and light."""

from __future__ import annotations

from kubectl_oidc.deadline import Deadline
from kubectl_oidc.errors import LockError
from kubectl_oidc.terminal import remaining

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kubectl_oidc.lock import SessionLock
    from kubectl_oidc.terminal import Terminal

PATIENCE = 1.0
"""Seconds of waiting before a person is told of it."""


class Waiting:
    """Say once, after a moment, for whom we wait.

    Args:
        lock: The lock that another holds.
        terminal: Where it is said.
        deadline: When the wait ends.
    """

    def __init__(self, lock: SessionLock, terminal: Terminal, deadline: Deadline) -> None:
        self._lock = lock
        self._terminal = terminal
        self._deadline = deadline
        self._patience = Deadline.after(PATIENCE)
        self._said = False

    def look(self) -> bool:
        """Say it when the moment has come; return False, because nothing ends the wait from here."""
        if self._patience.passed() and not self._said:
            self._said = True
            pid, doing = self._lock.holder()
            self._terminal.say(
                f"Waiting for another kubectl oidc-login ({_named(pid)}{', ' + doing if doing else ''}), "
                f"at most {remaining(self._deadline.left())}; Ctrl-C ends the wait"
            )
        return False


def still_held(lock: SessionLock, seconds: float) -> LockError:
    """Return the error of a wait that was too long.

    Args:
        lock: The lock that another still holds.
        seconds: How long was waited.
    """
    pid, doing = lock.holder()
    return LockError(
        f"{_named(pid)} still holds this session's lock after {seconds:.0f} s"
        + (f", {doing}" if doing else ""),
        f"finish the sign-in in the browser, or end that process{f' (kill {pid})' if pid else ''}, and try again",
    )


def _named(pid: int) -> str:
    return f"process {pid}" if pid else "another process"
