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

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Those that a system has of them: SIGHUP is not on Windows, SIGBREAK (Ctrl-Break, or the console is closed) only there."""

GRACE = 1.0
"""Seconds that what is held may go on after a signal."""


class _State:
    """What came while it was held back: the signal and when; 0 for none."""

    holding = 0
    pending = 0
    since = 0.0


def listen() -> None:
    """Turn the signals into `Interrupted`; one that is ignored, as under nohup, stays ignored."""
    for name in NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(signum: int, _frame: FrameType | None) -> None:
    signal.signal(signum, signal.SIG_DFL)  # who asks a second time does not wait until all is tidied up
    if not _State.holding:
        raise Interrupted(signum)
    _State.pending, _State.since = signum, monotonic()


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Finish what is inside before a signal ends us, if it is soon done: a refresh whose answer is lost may cost the session.

    What waits inside asks `look` now and then.

    Raises:
        Interrupted: At the end, a signal came meanwhile.
    """
    _State.holding += 1
    try:
        yield
    finally:
        _State.holding -= 1
        _end()


def look() -> None:
    """Let a signal that was held back end us, once its time of grace is over.

    Raises:
        Interrupted: It is.
    """
    if _State.pending and monotonic() - _State.since >= GRACE:
        _end()


def _end() -> None:
    signum, _State.pending = _State.pending, 0
    if signum:
        raise Interrupted(signum)
