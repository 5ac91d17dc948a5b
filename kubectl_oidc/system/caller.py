"""The program that started this plugin, and waits for its answer: when it has gone, the plugin ends.

Else a plugin whose client was killed would hold the session's lock, and wait for a person, for minutes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

from kubectl_oidc.errors import Interrupted, OidcLoginError

TYPE_CHECKING = False  # a plugin that only waits does not import the module typing
if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY = 0.5
"""Seconds between two looks."""


def has_gone(parent: int) -> bool:
    """Tell whether the answer reaches nobody: the parent process has ended, or standard output has no reader any more.

    Args:
        parent: The parent's process id, from when this process began.
    """
    if sys.platform == "win32":  # which has neither
        return False
    return reader_has_gone() or os.getppid() != parent


def reader_has_gone() -> bool:
    """Tell whether standard output has no reader any more; a file or a terminal always has one."""
    if sys.platform == "win32":
        return False
    import select

    # poll(2) reports both of these however it is asked; POLLOUT because macOS reports nothing to who asks for nothing.
    looking = select.poll()
    looking.register(1, select.POLLOUT)
    events = looking.poll(0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in events)


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """End this process as SIGTERM does, when the caller goes while the block runs.

    The signal reaches whatever the block waits for: a person, a provider, a keyring, a lock.

    Raises:
        Interrupted: The caller has gone.
        OidcLoginError: It goes on, but nobody reads standard output any more.
    """
    if sys.platform == "win32":
        yield
        return
    import _thread  # threading is heavier, and no thread but this one may be needed

    done = unread = False
    parent, main = os.getppid(), _thread.get_ident()

    def look() -> None:
        nonlocal unread
        while not done:
            if has_gone(parent):
                unread = os.getppid() == parent
                signal.pthread_kill(main, signal.SIGTERM)
                return
            time.sleep(EVERY)

    _thread.start_new_thread(look, ())
    try:
        yield
    except Interrupted as interrupt:
        if unread:
            raise OidcLoginError(
                "standard output cannot be written: nobody reads it any more",
                "keep open what reads it, and run the command again",
                topic="standard-output",
            ) from interrupt
        raise
    finally:
        done = True
