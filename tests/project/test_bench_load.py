"""The bench sees what else runs, and does not judge then."""

from __future__ import annotations

import subprocess
import sys

from bench.load import Watch
from bench.result import Section, at_most
from tests.sessions import linux_only

pytestmark = linux_only

WORK = "import time\nwhile time.process_time() < 0.5: pass\nprint(flush=True)\ntime.sleep(60)"


def test_another_program_that_works_is_seen() -> None:
    """Half a second of work by a process that nobody has waited for counts as another program's, and no longer afterwards."""
    watch = Watch()
    with subprocess.Popen([sys.executable, "-c", WORK], stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        busy, own = watch.used()
        other.kill()
    busy_afterwards, own_afterwards = watch.used()
    assert busy - own > 0.4
    assert own_afterwards - own > 0.4
    assert busy_afterwards >= busy
    assert 0 <= watch.others() <= 1


def test_figures_of_a_busy_machine_are_not_judged() -> None:
    """The figures stay; what was not measured stays so."""
    goal = at_most("what", "another", 1)
    section = Section([goal.ratio(1, 2), goal.ratio(2, 1), goal.unmeasured("why")], "text")
    assert [row.met for row in section.rows] == ["met", "**NOT MET**", ""]
    unjudged = section.unjudged("the machine is busy")
    assert [row.met for row in unjudged.rows] == ["not judged: the machine is busy"] * 2 + [""]
    assert [row.measured for row in unjudged.rows] == [row.measured for row in section.rows]
    assert unjudged.text == "text"
