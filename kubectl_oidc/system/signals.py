"""Turn signals that end the process into an exception, so that ports, locks and the terminal are released."""

from __future__ import annotations

import _thread
import contextlib
import signal
import sys
from time import monotonic, sleep

TYPE_CHECKING = False  # a plugin that only waits does not import the module typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Protocol

    class Handover(Protocol):
        """Work that another process can finish when a signal ends this one."""

        def leave(self, *, impatient: bool) -> bool:
            """Return whether this process may end now.

            Args:
                impatient: Whether the user has asked a second time.
            """

        def fate(self) -> str:
            """Return what happens to the work if this process ends now, as in ``Interrupted.refresh``."""


NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Signals to handle. Windows has no SIGHUP; only Windows has SIGBREAK (Ctrl-Break, or the console is closed)."""

GRACE = 1.0
"""Seconds that work inside `held` may continue in this process after a signal."""


class Interrupted(BaseException):
    """A signal asks the process to end. As an exception it releases ports, locks and the terminal.

    ``refresh`` tells what happens to a refresh that was sent: ``goes on`` in another process, ``given up``, else empty.
    """

    def __init__(self, signum: int, refresh: str = "") -> None:
        super().__init__(signum)
        self.signum = signum
        self.refresh = refresh


class _State:
    """The signal that `held` delays.

    Attributes:
        holding: How many `held` blocks are active.
        pending: The delayed signal; 0 for none.
        since: When it came, on the monotonic clock.
        impatient: Whether the user has asked a second time.
        handover: The work of the inner `held` block, if another process can finish it.
        unraisable: What shows other exceptions that Python drops.
    """

    holding = 0
    pending = 0
    since = 0.0
    impatient = False
    handover: Handover | None = None
    unraisable: Callable[[sys.UnraisableHookArgs], object] = sys.__unraisablehook__


def listen() -> None:
    """Turn the signals into `Interrupted`. A signal that is ignored, as under nohup, stays ignored."""
    for name in NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    if sys.unraisablehook is not _send_again:
        _State.unraisable = sys.unraisablehook
        sys.unraisablehook = _send_again


def _send_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Send the signal again if Python dropped its exception, as it does in a destructor and in the callback of a weak reference."""
    dropped = unraisable.exc_value
    if not isinstance(dropped, Interrupted):
        _State.unraisable(unraisable)
        return
    signal.signal(dropped.signum, _stop)
    main = _thread.get_ident()

    def send() -> None:
        sleep(0.01)  # until the destructor has ended
        if sys.platform == "win32":
            _thread.interrupt_main(signal.Signals(dropped.signum))
        else:
            signal.pthread_kill(main, dropped.signum)

    _thread.start_new_thread(send, ())


def _stop(signum: int, _frame: FrameType | None) -> None:
    if not _State.holding or _State.pending or _State.handover is None:
        signal.signal(signum, signal.SIG_DFL)  # the next signal ends the process at once, without clean-up
    if not _State.holding:
        raise Interrupted(signum)
    if _State.pending:
        _State.impatient = True
        return
    _State.pending, _State.since = signum, monotonic()


@contextlib.contextmanager
def held(handover: Handover | None = None) -> Iterator[None]:
    """Delay signals until the block has ended, for a limited time: losing the answer to a refresh may cost the session.

    Code that waits inside the block calls `look` from time to time.

    Args:
        handover: The work inside, if another process can finish it when it takes too long.

    Raises:
        Interrupted: At the end of the block, if a signal came.
    """
    _State.holding += 1
    outer, _State.handover = _State.handover, handover
    try:
        yield
    finally:
        _State.holding -= 1
        _State.handover = outer
        _end()


def drop_pending() -> None:
    """Drop a delayed signal: it was for the parent of this forked process."""
    _State.pending, _State.impatient = 0, False


def raise_pending() -> None:
    """Raise a delayed signal if its grace period is over, or if the user has asked a second time.

    Raises:
        Interrupted: The process must end now.
    """
    if not _State.pending or (monotonic() - _State.since < GRACE and not _State.impatient):
        return
    held_back = _State.handover
    if held_back is None:
        _end()
    elif held_back.leave(impatient=_State.impatient):
        _end(held_back.fate())


def _end(refresh: str = "") -> None:
    signum, _State.pending, _State.impatient = _State.pending, 0, False
    if signum:
        raise Interrupted(signum, refresh)
