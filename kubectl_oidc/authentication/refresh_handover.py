"""A refresh that a signal interrupts goes on in a process of its own: its answer may hold the only good refresh token.

The thread that waits for the answer forks between two reads, so the copy goes on where it was: it has the connection, its
TLS state and all that was read so far. The first process ends at once. The copy holds the session's lock (a flock belongs to
the open file, which both have), takes the answer in, stores the session and ends. Nothing of it is seen, and nobody waits
for it: it lets go of everything that was inherited.

macOS' frameworks do not survive a fork without exec, and Windows has none: there the first process waits for the answer.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from threading import Event
from time import monotonic, sleep
from typing import TYPE_CHECKING

from kubectl_oidc.fast_path.refresh_ahead import descriptors
from kubectl_oidc.http import progress
from kubectl_oidc.sessions import write_lock
from kubectl_oidc.system import signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Thread
    from typing import NoReturn

    from kubectl_oidc.http.exchange import Response
    from kubectl_oidc.http.progress import RequestProgress

LONGEST = 60
"""Seconds after which the system ends the process that goes on, whatever holds it up: it holds the session's lock."""

_LEAVING = 2.0  # seconds for it to do so


class Handover:
    """One refresh that can be handed over to a process of its own.

    Args:
        again: Does the refresh once more; its request is answered at once with what came.
        describe: Tells those who wait for the session's lock what the process that goes on does.
        say: Tells a person that this process waits, where it cannot hand the refresh over.

    Attributes:
        flight: The request that is on its way.
        left: Whether another process goes on with the refresh.
    """

    def __init__(
        self, again: Callable[[], object], describe: Callable[[str], None], say: Callable[[str], None]
    ) -> None:
        self._again = again
        self._describe = describe
        self._say = say
        self.flight: RequestProgress | None = None
        self._busy: Thread | None = None
        self._response: Response | None = None
        self._asked = False
        self._said = False
        self._news = Event()  # the thread has forked, or has its answer
        self._goes_on = False
        self.left = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold signals back while the refresh runs inside, and take part in its requests.

        Raises:
            Interrupted: A signal came meanwhile.
        """
        with signals.held(self), progress.carried_by(self):
            yield

    def fate(self) -> str:
        """Return what becomes of the refresh when this process ends now, as ``Interrupted.refresh`` has it."""
        if self.left:
            return "goes on"
        return "given up" if self.flight is not None and self.flight.sent else ""

    def answer(self) -> Response | None:
        """Return, once, what the request was answered with before; only the process that goes on has that."""
        if not self._goes_on:
            return None
        response, self._response = self._response, None
        return response

    def carry(
        self, flight: RequestProgress, exchange: Callable[[], Response], busy: Thread | None = None
    ) -> Response:
        """Make the request, in the thread that waits for its answer; the process that goes on finishes here and ends.

        Args:
            flight: Takes note of how far it gets.
            exchange: Sends the request and reads the answer.
            busy: A thread that uses the time; it may hold a lock that the copy would never get.

        Returns:
            The answer.
        """
        self._response, self.flight = None, flight
        self._busy = busy or self._busy
        self._news.clear()
        try:
            self._response = exchange()
        finally:
            if self._goes_on:
                self._finish()
            self._news.set()
        return self._response

    def between_reads(self) -> None:
        """Fork if that is asked for. In the first process the thread then never reads again."""
        if not self._asked or self._goes_on or (self._busy is not None and self._busy.is_alive()):
            return
        if self._fork():
            return
        if self.left:
            Event().wait()

    def leave(self, *, impatient: bool) -> bool:
        """Tell whether this process may end: nothing was sent, or another process goes on with the refresh.

        Args:
            impatient: Whether somebody has asked a second time.
        """
        if self._goes_on or self.flight is None:
            return True
        self.flight.give_up()  # what has not left by now does not leave any more
        if not self.flight.sent:
            return True
        if sys.platform not in {"darwin", "win32"}:
            if self._response is not None:
                if self._fork():
                    self._finish()
            else:
                self._asked = True
                self._news.wait(_LEAVING)
        if self.left or self._response is not None:
            return self.left or impatient
        if not self._said:
            self._said = True
            self._say(
                "The provider's answer is awaited, so that the session is not lost (Ctrl-C again gives it up)"
            )
        return impatient

    def _fork(self) -> bool:
        """Return True in the process that goes on; in the first one `left` then says whether there is such a process."""
        if sys.platform == "win32":
            return False
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads run, and end with this process
        parent = os.getpid()
        try:
            child = os.fork()
        except OSError:
            self._asked = False
            return False
        if child:
            self.left = True
            self._news.set()
            return False
        self._goes_on = True
        signals.forget()
        write_lock.let_go()
        _let_go()
        self._describe("storing the answer to a refresh that was interrupted")
        end = monotonic() + _LEAVING
        while os.getppid() == parent and monotonic() < end:  # a thread of it may still be storing
            sleep(0.01)
        return True

    def _finish(self) -> NoReturn:
        """Take the answer in, in the process that goes on, and end; where none came, there is nothing to lose."""
        status = 1
        try:
            if self._response is not None:
                self._again()
                status = 0
        finally:
            os._exit(status)


def _let_go() -> None:
    """Become a process that nobody waits for: no terminal, no pipe, none of the files that were handed to us."""
    if sys.platform == "win32":
        return
    import fcntl
    import signal

    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LONGEST)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.close(null)
    for descriptor in descriptors():
        try:
            # What we have opened is closed at exec; what was inherited came through one.
            if descriptor > 2 and not fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:  # noqa: PLR2004
                os.close(descriptor)
        except OSError:
            continue
