"""What must hold is written down demand by demand, and each demand names the tests that fail when it is broken."""

from __future__ import annotations

import tomllib
from typing import Any

from .parts import REPOSITORY
from .test_docs import names_of_tests

FILE = REPOSITORY / "tests" / "standards.toml"
PARTS = ("Signing in", "The provider", "The ID token", "Kubernetes")


def demands() -> list[dict[str, Any]]:
    """Return every demand of every part, in the file's order."""
    parts: dict[str, list[dict[str, Any]]] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    assert tuple(parts) == PARTS
    return [demand for part in parts.values() for demand in part]


def test_every_demand_has_a_test_that_exists() -> None:
    """No demand is without a test, and each `tests/FILE.py::NAME` is a test of this repository."""
    missing = []
    for demand in demands():
        assert demand.keys() <= {"demand", "source", "tests"}, demand
        assert demand["tests"], demand["demand"]
        for test in demand["tests"]:
            file, _, name = test.partition("::")
            if name not in names_of_tests(file):
                missing.append(f"{demand['demand']}: {test}")
    assert not missing, "\n".join(missing)


def test_no_demand_stands_there_twice() -> None:
    """Each says something else, and each source is a section, a rule or a chapter."""
    words = [demand["demand"] for demand in demands()]
    assert len(set(words)) == len(words) > 90
    assert all(demand.get("source", "a section") for demand in demands())
