"""Time that ends: no step of any path is without a deadline.

Kept free of heavy imports, because the light waiters of ``lock`` use it too.
"""

from __future__ import annotations

from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


class Deadline:
    """A moment on the monotonic clock.

    Args:
        at: The moment, in seconds of ``time.monotonic``.
    """

    __slots__ = ("_at",)

    def __init__(self, at: float) -> None:
        self._at = at

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline that passes in ``seconds`` from now."""
        return cls(monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds that are left, never less than 0."""
        return max(0.0, self._at - monotonic())

    def passed(self) -> bool:
        """Tell whether no time is left."""
        return self.left() <= 0.0


def bounded(work: Callable[[], T], seconds: float, late: Callable[[], Exception]) -> T:
    """Return what ``work`` returns, or raise ``late()`` when that takes longer than ``seconds``.

    The work runs in a daemon thread, because a name look-up, a D-Bus call or a slow-dripping peer cannot be
    interrupted in any other way; a thread that is given up ends with the process. Signals reach the caller
    while it waits.

    Args:
        work: What to do.
        seconds: The longest time to wait for it.
        late: Makes the error for a wait that was too long.

    Returns:
        The result of ``work``.

    Raises:
        BaseException: Whatever ``work`` or ``late`` gives.
    """
    from threading import Thread

    from kubectl_oidc.system import signals

    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the caller, whole
            failed.append(error)

    thread = Thread(target=run, daemon=True, name="bounded")
    thread.start()
    end = Deadline.after(seconds)
    while thread.is_alive() and not end.passed():
        # Short joins: on Windows a join without end cannot be interrupted by Ctrl-C.
        thread.join(min(0.5, end.left()))
        signals.look()
    if failed:
        raise failed[0]
    if done:
        return done[0]
    raise late()
