"""A terminal that gives each key at once and shows none, as readpassphrase(3) does it: also across Ctrl-Z and fg.

A signal that stops or ends the process must not leave the terminal to the shell without echo, and what is typed after fg
must not be seen.
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

if sys.platform != "win32":  # which has neither these modes nor these signals
    import termios

    class _Mode:
        """The terminal's mode before, and while keys are read.

        Args:
            descriptor: The terminal.

        Attributes:
            went_on: Whether keys were shown when `hides` looked: the process had been stopped.

        Raises:
            termios.error: The terminal has gone.
        """

        def __init__(self, descriptor: int) -> None:
            self._descriptor = descriptor
            self._before = termios.tcgetattr(descriptor)
            self.went_on = False

        def hide(self) -> bool:
            """Show no key, and return whether keys were shown until now. What the shell has changed meanwhile is restored later."""
            now = termios.tcgetattr(self._descriptor)
            if not now[3] & (termios.ICANON | termios.ECHO):
                return False
            self._before = termios.tcgetattr(self._descriptor)
            now[3] &= ~(termios.ICANON | termios.ECHO)
            now[6][termios.VMIN], now[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, now)
            return True

        def hides(self) -> bool:
            """Hide keys where they are ours, and return whether they are hidden."""
            if not in_foreground(self._descriptor):
                return False
            try:
                self.went_on = self.hide() or self.went_on
            except termios.error:  # interrupted, or the terminal has gone
                return False
            return True

        def restore(self) -> None:
            """Give the terminal back as it was; in the background it is the shell's, and setting it would stop us."""
            if in_foreground(self._descriptor):
                with contextlib.suppress(termios.error):  # the terminal has gone
                    termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    @contextlib.contextmanager
    def hidden_keys(descriptor: int, resumed: Callable[[], None]) -> Iterator[Callable[[], bool]]:
        """Have a terminal give each key at once, and not show it, while the block runs.

        What is given is called before each key is read, and tells whether keys are ours to read and are hidden. A shell does not tell
        a process that it is in the foreground again if it went on in the background.

        Args:
            descriptor: The terminal.
            resumed: Called when the process goes on in the foreground after it was stopped; keys are hidden again by then.

        Raises:
            SignInError: The terminal has gone.
        """
        gone = SignInError("the terminal has gone", "run it again", topic="no-terminal")
        try:
            mode = _Mode(descriptor)
        except termios.error:
            raise gone from None

        def let_go(signum: int, _frame: FrameType | None) -> None:
            """Do what the signal does by itself, with the terminal as it was."""
            mode.restore()
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)  # Ctrl-Z: the process stops here
            signal.signal(signum, let_go)

        def ours() -> bool:
            if not mode.hides():
                return False
            went_on, mode.went_on = mode.went_on, False
            if went_on:
                resumed()
            return not went_on

        def go_on(_signum: int, _frame: FrameType | None) -> None:
            """Hide keys at once. Nothing is written here: the signal may have stopped us within a write."""
            mode.hides()

        try:
            with _handled({signal.SIGTSTP: let_go, signal.SIGQUIT: let_go, signal.SIGCONT: go_on}):
                try:
                    mode.hide()  # now that a signal no longer leaves it so
                except termios.error:
                    raise gone from None
                yield ours
        finally:
            mode.restore()

    @contextlib.contextmanager
    def _handled(handlers: dict[signal.Signals, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
        """Handle signals in the block; one that is ignored stays ignored."""
        former = {}
        for signum, handler in handlers.items():
            if signal.getsignal(signum) == signal.SIG_DFL:
                former[signum] = signal.signal(signum, handler)
        try:
            yield
        finally:
            for signum, before in former.items():
                signal.signal(signum, before)
