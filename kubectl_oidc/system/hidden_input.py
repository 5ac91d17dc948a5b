"""Read keys without echo, like readpassphrase(3), also across Ctrl-Z and fg.

A signal that stops or ends the process must not leave the shell a terminal without echo. Keys that are typed after fg must
not be shown.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING

from kubectl_oidc.errors import SignInError

from .standard_error import in_foreground

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    _Handler = Callable[[int, FrameType | None], None]

if sys.platform != "win32":  # has neither these modes nor these signals
    import termios

    class _Mode:
        """The terminal's mode, with a way to hide keys and to restore it.

        Raises:
            termios.error: The terminal has gone.
        """

        def __init__(self, descriptor: int) -> None:
            self._descriptor = descriptor
            self._before = termios.tcgetattr(descriptor)
            self.continued = False
            """Whether `hides` found keys shown: the process had been stopped."""

        def hide(self) -> bool:
            """Turn echo and line mode off. Return whether one was on; then `restore` returns to the mode found now."""
            now = termios.tcgetattr(self._descriptor)
            if not now[3] & (termios.ICANON | termios.ECHO):
                return False
            self._before = termios.tcgetattr(self._descriptor)
            now[3] &= ~(termios.ICANON | termios.ECHO)
            # A read ends even if there is nothing: Ctrl-Z discards keys that were there.
            now[6][termios.VMIN], now[6][termios.VTIME] = 0, 0
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, now)
            return True

        def hides(self) -> bool:
            """Hide keys if this process is in the foreground. Return whether they are hidden."""
            if not in_foreground(self._descriptor):
                return False
            try:
                self.continued = self.hide() or self.continued
            except termios.error:  # interrupted, or the terminal was closed
                return False
            return True

        def restore(self) -> None:
            """Restore the former mode. Not in the background: the shell owns the terminal then, and would stop us."""
            if in_foreground(self._descriptor):
                with contextlib.suppress(termios.error):  # the terminal was closed
                    termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    @contextlib.contextmanager
    def hidden_keys(descriptor: int, resumed: Callable[[], None]) -> Iterator[Callable[[], bool]]:
        """Make a terminal return each key at once, without echo, while the block runs.

        Yields a function to call before each key is read. It returns whether this process may read keys and they are hidden.
        A signal handler is not enough: a shell sends no signal to a process that continued in the background before fg.

        Args:
            resumed: Called when the process continues in the foreground after it was stopped. Keys are hidden again by then.

        Raises:
            SignInError: The terminal has gone.
        """
        gone = SignInError("the terminal was closed", "run it again", topic="no-terminal")
        try:
            mode = _Mode(descriptor)
        except termios.error:
            raise gone from None

        def may_read() -> bool:
            if not mode.hides():
                return False
            continued, mode.continued = mode.continued, False
            if continued:
                resumed()
            return not continued

        try:
            with _handled(_handlers(mode)):
                try:
                    mode.hide()  # from here on, a signal restores the terminal first
                except termios.error:
                    raise gone from None
                yield may_read
        finally:
            mode.restore()

    def _handlers(mode: _Mode) -> dict[signal.Signals, _Handler]:
        """Return handlers that restore the terminal before the process stops or ends, and hide keys when it continues."""

        def restore_first(signum: int, _frame: FrameType | None) -> None:
            mode.restore()
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)  # Ctrl-Z: the process stops here
            signal.signal(signum, restore_first)

        def continued(_signum: int, _frame: FrameType | None) -> None:
            mode.hides()  # nothing is written here: the signal may have stopped the process within a write

        return {signal.SIGTSTP: restore_first, signal.SIGQUIT: restore_first, signal.SIGCONT: continued}

    @contextlib.contextmanager
    def _handled(handlers: dict[signal.Signals, _Handler]) -> Iterator[None]:
        """Handle signals in the block. An ignored signal stays ignored."""
        former = {}
        for signum, handler in handlers.items():
            if signal.getsignal(signum) == signal.SIG_DFL:
                former[signum] = signal.signal(signum, handler)
        try:
            yield
        finally:
            for signum, before in former.items():
                signal.signal(signum, before)
