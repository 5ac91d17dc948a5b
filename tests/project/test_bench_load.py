"""The bench sees what else runs, and does not judge then."""

from __future__ import annotations

import subprocess
import sys
import time

from bench.load import Watch
from bench.result import Section, at_most
from tests.sessions import linux_only

pytestmark = linux_only

SPIN = "while True: pass"


def test_another_program_that_works_is_seen() -> None:
    """A process that the bench did not wait for counts as another's; one that it waited for does not."""
    watch = Watch()
    with subprocess.Popen([sys.executable, "-c", SPIN]) as other:
        try:
            time.sleep(1)
            running = watch.used()
        finally:
            other.kill()
    ended = watch.used()
    assert running[0] - running[1] > ended[0] - ended[1] + 0.3


def test_figures_of_a_busy_machine_are_not_judged() -> None:
    """The figures stay; what was not measured stays so."""
    goal = at_most("what", "another", 1)
    section = Section([goal.ratio(1, 2), goal.ratio(2, 1), goal.unmeasured("why")], "text")
    assert [row.met for row in section.rows] == ["met", "**NOT MET**", ""]
    unjudged = section.unjudged("the machine is busy")
    assert [row.met for row in unjudged.rows] == ["not judged: the machine is busy"] * 2 + [""]
    assert [row.measured for row in unjudged.rows] == [row.measured for row in section.rows]
    assert unjudged.text == "text"
