"""Time that ends."""

from __future__ import annotations

import threading
import time

import pytest

from kubectl_oidc.system.deadline import Deadline, bounded


class LateError(Exception):
    """What the caller makes of a wait that was too long."""


def test_a_deadline_counts_down_and_passes() -> None:
    """What is left shrinks, and is never less than nothing."""
    deadline = Deadline.after(60)
    first = deadline.left()
    assert 59 < first <= 60
    assert deadline.left() <= first
    assert not deadline.passed()
    over = Deadline(time.monotonic() - 5)
    assert over.passed()
    assert over.left() == 0.0


def test_a_deadline_of_no_time_has_passed() -> None:
    """Zero and less are over at once."""
    assert Deadline.after(0).passed()
    assert Deadline.after(-1).passed()


@pytest.mark.parametrize("result", ["done", None, 0, []])
def test_work_that_is_done_in_time_gives_its_result(result: object) -> None:
    """Whatever it returns comes back, None and other empty values included."""
    assert bounded(lambda: result, 10, LateError) is result


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_an_error_in_the_work_reaches_the_caller(error: BaseException) -> None:
    """The very exception comes through, those that end a program included."""

    def work() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        bounded(work, 10, LateError)
    assert caught.value is error


def test_work_that_takes_too_long_is_given_up() -> None:
    """The caller goes on when the time is over, though the work hangs, and the hanging thread ends with the process."""
    release, threads = threading.Event(), []

    def work() -> None:
        threads.append(threading.current_thread())
        release.wait(30)

    began = time.monotonic()
    with pytest.raises(LateError):
        bounded(work, 0.05, LateError)
    took = time.monotonic() - began
    hanging = threads[0].is_alive() and threads[0].daemon
    release.set()
    assert hanging
    assert took < 5


def test_work_without_time_is_late_or_done_but_never_waited_for() -> None:
    """With no seconds left the caller is not held up."""
    release = threading.Event()
    with pytest.raises(LateError):
        bounded(lambda: release.wait(30), 0, LateError)
    release.set()
    assert release.is_set()
