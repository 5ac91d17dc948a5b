"""Watch the program that started this plugin, and end when it has ended.

Otherwise a plugin whose client was killed would hold the session's lock, and wait for the user, for minutes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.system.signals import Interrupted

TYPE_CHECKING = False  # a plugin that only waits does not import the module typing
if TYPE_CHECKING:
    from collections.abc import Iterator

_INTERVAL = 0.5
"""Seconds between two checks."""


def has_gone(parent: int) -> bool:
    """Return whether nobody can receive the answer: ``parent``, which started this process, has ended, or standard output has no reader."""
    if sys.platform == "win32":  # has neither
        return False
    return reader_has_gone() or os.getppid() != parent


def reader_has_gone() -> bool:
    """Return whether standard output has no reader any more. A file or a terminal always has one."""
    if sys.platform == "win32":
        return False
    import select

    # poll(2) always reports both of these, but macOS reports nothing unless some event is asked for.
    poll = select.poll()
    poll.register(1, select.POLLOUT)
    events = poll.poll(0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in events)


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Send this process SIGTERM if the caller ends while the block runs.

    The signal interrupts whatever the block waits for: the user, the provider, a keyring, a lock.

    Raises:
        Interrupted: The caller has ended.
        OidcLoginError: The caller still runs, but nobody reads standard output any more.
    """
    if sys.platform == "win32":
        yield
        return
    import _thread  # lighter than threading, which may not be needed otherwise

    done = unread = False
    parent, main = os.getppid(), _thread.get_ident()

    def watch() -> None:
        nonlocal unread
        while not done:
            if has_gone(parent):
                unread = os.getppid() == parent
                signal.pthread_kill(main, signal.SIGTERM)
                return
            time.sleep(_INTERVAL)

    _thread.start_new_thread(watch, ())
    try:
        yield
    except Interrupted as interrupt:
        if unread:
            raise OidcLoginError(
                "standard output cannot be written: the program that read it has ended",
                "keep that program running, and run the command again",
                topic="standard-output",
            ) from interrupt
        raise
    finally:
        done = True
