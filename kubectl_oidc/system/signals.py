"""The signals that end us, as an exception: port, lock and terminal are freed on the way out."""

from __future__ import annotations

import contextlib
import signal
from time import monotonic

from kubectl_oidc.errors import Interrupted

TYPE_CHECKING = False  # whoever waits for another plugin does not pay for the module typing
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Protocol

    class Handover(Protocol):
        """Work that another process can finish when a signal ends this one."""

        def leave(self, *, impatient: bool) -> bool:
            """Tell whether this process may end now.

            Args:
                impatient: Whether the user has asked a second time.
            """

        def fate(self) -> str:
            """Return what becomes of the work when this process ends now, as ``Interrupted.refresh`` says it."""


NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Those that a system has of them: SIGHUP is not on Windows, SIGBREAK (Ctrl-Break, or the console is closed) only there."""

GRACE = 1.0
"""Seconds that what is held may go on after a signal, in this process."""


class _State:
    """What came while it was held back: the signal and when; 0 for none.

    Attributes:
        impatient: Whether somebody has asked a second time.
        handover: The work that is held, if another process can finish it.
    """

    holding = 0
    pending = 0
    since = 0.0
    impatient = False
    handover: Handover | None = None


def listen() -> None:
    """Turn the signals into `Interrupted`; one that is ignored, as under nohup, stays ignored."""
    for name in NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(signum: int, _frame: FrameType | None) -> None:
    if not _State.holding or _State.pending or _State.handover is None:
        signal.signal(signum, signal.SIG_DFL)  # who asks once more does not wait until all is tidied up
    if not _State.holding:
        raise Interrupted(signum)
    if _State.pending:
        _State.impatient = True
        return
    _State.pending, _State.since = signum, monotonic()


@contextlib.contextmanager
def held(handover: Handover | None = None) -> Iterator[None]:
    """Finish what is inside before a signal ends us, if it is soon done: a refresh whose answer is lost may cost the session.

    What waits inside asks `look` now and then.

    Args:
        handover: The work inside, if another process can finish it when it takes too long.

    Raises:
        Interrupted: At the end, a signal came meanwhile.
    """
    _State.holding += 1
    outer, _State.handover = _State.handover, handover
    try:
        yield
    finally:
        _State.holding -= 1
        _State.handover = outer
        _end()


def forget() -> None:
    """Let what was held back end nobody: this is another process than the one that it was for."""
    _State.pending, _State.impatient = 0, False


def look() -> None:
    """Let a signal that was held back end us, once its time of grace is over or somebody has asked a second time.

    Raises:
        Interrupted: It is.
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
