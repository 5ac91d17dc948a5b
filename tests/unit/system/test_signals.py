"""Signals as exceptions, and what may finish first; the phases of the whole program are the integration tests'."""

from __future__ import annotations

import os
import signal
import time
import weakref

import pytest

from kubectl_oidc.system import signals
from kubectl_oidc.system.deadline import bounded
from kubectl_oidc.system.signals import Interrupted
from tests.sessions import begin, forked, posix_only

pytestmark = posix_only

SIGNALS = [getattr(signal, name) for name in signals.NAMES if hasattr(signal, name)]


def interrupt(signum: signal.Signals = signal.SIGINT) -> None:
    """Send ourselves a signal, which has been looked at when this returns."""
    os.kill(os.getpid(), signum)


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_becomes_an_exception_that_says_which(signum: signal.Signals) -> None:
    """Clean-up code runs, as after any other exception."""

    def work() -> int:
        signals.listen()
        with pytest.raises(Interrupted) as caught:
            interrupt(signum)
        return caught.value.signum

    assert forked(work) == signum


@pytest.mark.parametrize("where", ["weak-reference", "destructor"])
def test_a_signal_is_not_lost_where_python_drops_exceptions(where: str) -> None:
    """Python calls the hook for such exceptions and goes on; the signal comes again."""

    class Thing:
        def __del__(self) -> None:
            if where == "destructor":
                interrupt(signal.SIGTERM)

    def work() -> int:
        signals.listen()
        things = [Thing()]
        if where == "weak-reference":
            weakref.finalize(things[0], interrupt, signal.SIGTERM)
        try:
            things.clear()
            time.sleep(20)
        except Interrupted as caught:
            return caught.signum
        return 0

    assert forked(work) == signal.SIGTERM


def test_what_is_ignored_stays_ignored() -> None:
    """Under nohup SIGHUP does nothing."""

    def work() -> bool:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signals.listen()
        interrupt(signal.SIGHUP)
        return signal.getsignal(signal.SIGHUP) is signal.SIG_IGN

    assert forked(work)


def test_what_is_held_is_finished_first() -> None:
    """A signal that comes inside takes effect at the end, and says which it was."""

    def work() -> tuple[list[str], int]:
        signals.listen()
        done: list[str] = []

        def store() -> None:
            with signals.held():
                interrupt(signal.SIGTERM)
                done.append("stored")

        with pytest.raises(Interrupted) as caught:
            store()
        return done, caught.value.signum

    assert forked(work) == (["stored"], signal.SIGTERM)


def test_what_is_held_and_fails_is_interrupted_all_the_same() -> None:
    """Who pressed Ctrl-C is not sent on to a browser because of the failure."""

    def refused() -> None:
        interrupt()
        raise ValueError

    def work() -> bool:
        signals.listen()
        with pytest.raises(Interrupted), signals.held():
            refused()
        return True

    assert forked(work)


def test_without_a_signal_nothing_is_different() -> None:
    """What is held returns and raises as it would."""
    with signals.held():
        signals.raise_pending()
    with pytest.raises(ValueError, match="its own"), signals.held():
        raise ValueError("its own")


def test_what_takes_too_long_is_not_held_any_longer() -> None:
    """A provider or a keyring that does not answer is given a second, then the signal ends the wait."""

    def work() -> float:
        signals.listen()
        signal.signal(signal.SIGALRM, lambda _signum, _frame: interrupt())
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        began = time.monotonic()
        with pytest.raises(Interrupted), signals.held():
            bounded(lambda: time.sleep(30), 30, AssertionError)
        return time.monotonic() - began

    assert signals.GRACE < forked(work) < signals.GRACE + 2


def test_a_second_signal_ends_it_at_once() -> None:
    """Who asks twice does not wait for what is held."""

    def work() -> None:
        signals.listen()
        with signals.held():
            interrupt()
            interrupt()

    _, status = os.waitpid(begin(work), 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGINT


def test_a_signal_is_acted_on_once() -> None:
    """A later `held` block starts without a delayed signal."""

    def work() -> bool:
        signals.listen()
        with pytest.raises(Interrupted), signals.held():
            interrupt()
        with signals.held():
            signals.raise_pending()
        return True

    assert forked(work)
