"""Finish a refresh in a child process when a signal ends this one: the response may contain the only valid refresh token.

The thread that waits for the response forks between two reads. The child continues where the thread was: it has the connection,
its TLS state and all data read so far. The parent exits at once. The child still holds the session's lock, because a flock
belongs to the open file that both share. It reads the response, stores the session and exits. It shows nothing, and nobody waits
for it, because it closes everything that it inherited.

On macOS, system frameworks do not work after a fork without exec, and Windows has no fork. There, this process waits for
the response itself.
"""

from __future__ import annotations

import os
import sys
import warnings
from threading import Event
from time import monotonic, sleep
from typing import TYPE_CHECKING, Generic, TypeVar

from kubectl_oidc.fast_path.refresh_ahead import open_descriptors
from kubectl_oidc.http.progress import carried_by
from kubectl_oidc.sessions import write_lock
from kubectl_oidc.system import signals

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread
    from typing import NoReturn

    from kubectl_oidc.http.exchange import Response
    from kubectl_oidc.http.progress import RequestProgress

T = TypeVar("T")

LONGEST = 60
"""Seconds until the system ends the child, whatever it is doing, because it holds the session's lock."""

_FORK_SECONDS = 2.0
"""How long the parent waits for the fork, and the child for the parent's exit."""


class Handover(Generic[T]):
    """One refresh that a child process can finish.

    Args:
        work: The refresh. The child repeats it: its request then returns the response that has already come.
        describe: Sets what processes that wait for the session's lock show about the child.
        say: Shows the user that this process waits, if there can be no child.
        at_end: Called in the child when it has finished, however it ended.

    Attributes:
        progress: The progress of the request that is being sent.
        left: Whether a child finishes the refresh.
    """

    def __init__(
        self,
        work: Callable[[], T],
        describe: Callable[[str], None],
        say: Callable[[str], None],
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._work = work
        self._describe = describe
        self._say = say
        self._at_end = at_end
        self.progress: RequestProgress | None = None
        self._busy: Thread | None = None
        self._response: Response | None = None
        self._fork_wanted = False
        self._told = False
        self._news = Event()  # the thread has forked, or has the response
        self._is_child = False
        self.left = False

    def run(self) -> T:
        """Refresh while signals are held back, with the requests sent through `carry`.

        Raises:
            Interrupted: A signal came meanwhile.
        """
        with signals.held(self), carried_by(self):
            return self._work()

    def fate(self) -> str:
        """Return what happens to the refresh if this process exits now; see ``Interrupted.refresh``."""
        if self.left:
            return "goes on"
        return "given up" if self.progress is not None and self.progress.sent else ""

    def answer(self) -> Response | None:
        """Return the response that came before the fork, once. Only the child has it."""
        if not self._is_child:
            return None
        response, self._response = self._response, None
        return response

    def carry(
        self, progress: RequestProgress, exchange: Callable[[], Response], busy: Thread | None = None
    ) -> Response:
        """Send the request and return the response. The child does not return: it finishes the refresh and exits.

        Args:
            progress: Records how far the request gets.
            exchange: Sends the request and reads the response.
            busy: A thread that runs meanwhile. While it may hold a lock, there is no fork, because the child would never get it.
        """
        self._response, self.progress = None, progress
        self._busy = busy or self._busy
        self._news.clear()
        try:
            self._response = exchange()
        finally:
            if self._is_child:
                self._finish()
            self._news.set()
        return self._response

    def between_reads(self) -> None:
        """Fork between two reads of the response if `leave` asked for it. In the parent, this call then never returns."""
        if not self._fork_wanted or self._is_child or (self._busy is not None and self._busy.is_alive()):
            return
        if self._fork():
            return
        if self.left:
            Event().wait()

    def leave(self, *, impatient: bool) -> bool:
        """Stop sending, let a child finish the refresh if there can be one, and return whether this process may exit.

        Args:
            impatient: Whether this is the second signal: exit although the response is lost.
        """
        if self._is_child or self.progress is None:
            return True
        self.progress.give_up()  # from now on, nothing more is sent
        if not self.progress.sent:
            return True
        if sys.platform not in {"darwin", "win32"}:
            if self._response is not None:
                if self._fork():
                    self._finish()
            else:
                self._fork_wanted = True
                self._news.wait(_FORK_SECONDS)
        if self.left or self._response is not None:
            return self.left or impatient
        if not self._told:
            self._told = True
            self._say(
                "Waiting for the provider's answer, so that the session is not lost (press Ctrl-C again to give up)"
            )
        return impatient

    def _fork(self) -> bool:
        """Return True in the child. In the parent, `left` then says whether there is a child."""
        if sys.platform == "win32":
            return False
        warnings.simplefilter("ignore", DeprecationWarning)  # the other threads end with the parent
        parent = os.getpid()
        try:
            child = os.fork()
        except OSError:
            self._fork_wanted = False
            return False
        if child:
            self.left = True
            self._news.set()
            return False
        self._is_child = True
        signals.drop_pending()
        write_lock.release_in_child()
        _detach()
        self._describe("storing the answer to a refresh that was interrupted")
        end = monotonic() + _FORK_SECONDS
        while os.getppid() == parent and monotonic() < end:  # a thread of the parent may still be storing
            sleep(0.01)
        return True

    def _finish(self) -> NoReturn:
        """Finish the refresh in the child, and exit. Without a response there is nothing to store."""
        status = 1
        try:
            if self._response is not None:
                try:
                    self.run()
                finally:
                    self._at_end()
                status = 0
        finally:
            os._exit(status)


def _detach() -> None:
    """Become a process that nobody waits for: without terminal, pipes and inherited files."""
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
    for descriptor in open_descriptors():
        try:
            # Files that this program opens are close-on-exec; inherited ones are not.
            if descriptor > 2 and not fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:  # noqa: PLR2004
                os.close(descriptor)
        except OSError:
            continue
