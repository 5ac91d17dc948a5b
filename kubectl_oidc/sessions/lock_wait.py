"""What the user is told while another process holds the session's lock, and when the wait was too long."""

from __future__ import annotations

import sys

from kubectl_oidc.errors import LockError
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.standard_error import is_muted
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import remaining

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kubectl_oidc.system.file_lock import FileLock
    from kubectl_oidc.system.terminal import Terminal

_AWAITED = {
    "waiting for a sign-in in the browser": "finish the sign-in in the browser",
    "waiting for a device code to be entered": "enter the code that it shows",
    "waiting for a code to be pasted": "paste the code where it asks for it",
    "waiting for a password to be typed": "type the password where it asks for it",
}
"""What a lock's holder is doing while it waits for a person, and what that person can do."""

_BROWSER, _DEVICE, _PASTE, _PASSWORD = _AWAITED

PATIENCE = 1.0
"""Seconds before a person at a terminal is told about the wait."""

LONG = 5.0
"""Seconds before it is told without a terminal, if the holder waits for a person."""


def signing_in(grant: str, *, asks: bool = True) -> str:
    """Return what a process that signs in is doing, for display.

    Args:
        grant: The value of --grant-type.
        asks: Whether it prompts for a password, if the grant has one.
    """
    if grant == "client-credentials":
        return "signing in as the client itself"
    if grant == "jwt-bearer":
        return "signing in with the platform's token"
    if grant == "password":
        return _PASSWORD if asks else "signing in with a password"
    return {"device-code": _DEVICE, "authcode-keyboard": _PASTE}.get(grant, _BROWSER)


class LockWait:
    """Tell the user once, after a moment, what this process is waiting for.

    Without a terminal it is told only if the holder waits for a person. A call that succeeds without a person writes nothing.
    """

    def __init__(self, lock: FileLock, terminal: Terminal, deadline: Deadline) -> None:
        self._lock = lock
        self._terminal = terminal
        self._deadline = deadline
        self._patience = Deadline.after(PATIENCE)
        self._long = Deadline.after(LONG)
        self._told = False

    def tell_when_due(self) -> bool:
        """Tell the user if it is time to. Return False: the wait goes on."""
        if not self._told and self._patience.passed():
            if self._terminal.interactive:
                self._told = True
                self._terminal.say(f"{self._waiting_for(_holder(self._lock))}; Ctrl-C stops waiting")
            elif self._long.passed() and not is_muted():
                holder = _holder(self._lock)
                finish = _what_ends(holder[1])
                self._told = bool(finish)
                if finish:
                    self._terminal.need(f"{self._waiting_for(holder)}: {finish}")
        return False

    def _waiting_for(self, holder: tuple[int, str]) -> str:
        pid, doing = holder
        return (
            f"Waiting for another kubectl oidc-login ({_named(pid)}{', ' + doing if doing else ''}), "
            f"at most {remaining(self._deadline.left())}"
        )


def still_held(lock: FileLock, seconds: float) -> LockError:
    """Return the error for a wait of ``seconds``, which was too long: who holds the lock, what it is doing, and how to end it."""
    pid, doing = _holder(lock)
    message = f"{_named(pid)} still holds this session's lock after {seconds:.0f} s"
    if pid and _is_stopped(pid):
        # A stopped process takes no other signal than these two.
        hint = f"continue that process (kill -CONT {pid}) or end it (kill -KILL {pid}), and try again"
    else:
        kill = "taskkill /F /PID" if sys.platform == "win32" else "kill"
        end = f"end that process{f' ({kill} {pid})' if pid else ''}, and try again"
        finish = _what_ends(doing)
        hint = f"{finish}, or {end}" if finish else end
    return LockError(message + (f", {doing}" if doing else ""), hint)


def _what_ends(doing: str) -> str:
    """Return what a person can do so that the holder continues; empty if it does not wait for a person."""
    return next((action for awaited, action in _AWAITED.items() if awaited in doing), "")


def _holder(lock: FileLock) -> tuple[int, str]:
    """Return the process that holds the lock and what it is doing, made safe to show: other programs can write the file."""
    pid, doing = lock.holder()
    return pid, sanitize(doing)


def _named(pid: int) -> str:
    if not pid:
        return "another process"
    return f"process {pid}" + (", which is stopped," if _is_stopped(pid) else "")


def _is_stopped(pid: int) -> bool:
    """Return whether a process of this machine is stopped, as by Ctrl-Z; False if there is no /proc."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - pathlib is heavy
            state = file.read(4096).rpartition(b")")[2].split()[:1]
    except OSError:
        return False
    return state in ([b"T"], [b"t"])
