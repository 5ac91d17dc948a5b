"""What must hold is written down demand by demand; each names the tests that hold it, and how it is broken to see them fail."""

from __future__ import annotations

from tests.parts import REPOSITORY
from tests.project.test_docs import names_of_tests
from tools.breaks import breaks_of, demands_of

PARTS = ["Signing in", "The provider", "The ID token", "Sessions", "Kubernetes"]
DEMANDS = [demand for part in demands_of(REPOSITORY).values() for demand in part]


def test_every_demand_has_a_test_that_exists() -> None:
    """No demand is without a test, and each `tests/FILE.py::NAME` is a test of this repository."""
    assert list(demands_of(REPOSITORY)) == PARTS
    missing = []
    for demand in DEMANDS:
        assert demand.keys() <= {"demand", "source", "tests"}, demand
        assert demand["tests"], demand["demand"]
        for test in demand["tests"]:
            file, _, name = test.partition("::")
            if name not in names_of_tests(file):
                missing.append(f"{demand['demand']}: {test}")
    assert not missing, "\n".join(missing)


def test_no_demand_stands_there_twice() -> None:
    """Each says something else, and each source is a section, a rule or a chapter."""
    words = [demand["demand"] for demand in DEMANDS]
    assert len(set(words)) == len(words) > 90
    assert all(demand.get("source", "a section") for demand in DEMANDS)


def test_every_demand_is_broken_and_every_test_of_it_notices() -> None:
    """None is without a break, and each of its tests is one that `make breaks` sees fail by one of them."""
    noticed: dict[str, set[str]] = {demand["demand"]: set() for demand in DEMANDS}
    for one in breaks_of(REPOSITORY):
        noticed[one.demand].update(test.partition("[")[0] for test in one.noticed_by)
    for demand in DEMANDS:
        assert noticed[demand["demand"]] == set(demand["tests"]), demand["demand"]


def test_every_break_can_be_made() -> None:
    """What it replaces is found once in its file, and what comes of it is still Python, so that a test can fail by it."""
    for one in breaks_of(REPOSITORY):
        source = (REPOSITORY / one.file).read_text(encoding="utf-8")
        assert one.noticed_by, one.demand
        compile(one.made_in(source), one.file, "exec")
