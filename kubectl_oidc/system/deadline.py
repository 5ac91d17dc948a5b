"""Deadlines, and calls that end at one: nothing in this program waits without a limit.

Imports nothing heavy, because a plugin that only waits for another process uses it too.
"""

from __future__ import annotations

from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


class Deadline:
    """A moment in seconds of ``time.monotonic``."""

    __slots__ = ("_at",)

    def __init__(self, at: float) -> None:
        self._at = at

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline that is ``seconds`` from now."""
        return cls(monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds that are left, at least 0."""
        return max(0.0, self._at - monotonic())

    def passed(self) -> bool:
        """Return whether no time is left."""
        return self.left() <= 0.0


def bounded(work: Callable[[], T], seconds: float, late: Callable[[], Exception]) -> T:
    """Return the result of ``work``, or raise ``late()`` if it takes longer than ``seconds``.

    The work runs in a daemon thread, because a name look-up, a D-Bus call or a slow peer cannot be interrupted in
    another way. A thread that is too late ends with the process. Signals reach the caller while it waits.

    Raises:
        BaseException: The error of ``work``, or the one that ``late`` returns.
    """
    from threading import Thread

    from kubectl_oidc.system import signals

    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            failed.append(error)

    thread = Thread(target=run, daemon=True, name="bounded")
    thread.start()
    end = Deadline.after(seconds)
    while thread.is_alive() and not end.passed():
        # Short joins: on Windows, Ctrl-C does not interrupt a long one.
        thread.join(min(0.5, end.left()))
        signals.raise_pending()
    if failed:
        raise failed[0]
    if done:
        return done[0]
    raise late()
