"""How checks follow one another: what depends on a failed one is not looked at, and nothing takes for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.diagnosis.checks import CHECKS
from kubectl_oidc.diagnosis.run import Check, Result, SilentTerminal, Skipped, Status, run_checks
from kubectl_oidc.errors import ProviderUnreachable, UsageError
from kubectl_oidc.system.deadline import Deadline
from tests.unit.diagnosis.doctor_run import chosen, doctor_run

if TYPE_CHECKING:
    from kubectl_oidc.diagnosis.run import DoctorRun, Observations


def well(_: DoctorRun) -> Observations:
    yield "all is well"


def warns(_: DoctorRun) -> Observations:
    yield Finding(Severity.WARNING, "not quite", "do this", "tls")


def fails(_: DoctorRun) -> Observations:
    yield "this is well"
    raise ProviderUnreachable("nobody there", "look there")


def has_nothing(_: DoctorRun) -> Observations:
    yield Skipped("there is none")


def blocks(_: DoctorRun) -> Observations:
    yield Skipped("it cannot be known", blocks=True)


def results(*checks: Check) -> list[tuple[str, Status, str]]:
    return [(one.name, one.status, one.message) for one in run_checks(doctor_run(), checks)]


def test_each_check_is_a_result_under_its_name() -> None:
    """A sentence, a finding with its hint and topic, nothing to see; an error is a problem, after what was seen before."""
    found = list(
        run_checks(
            doctor_run(), (Check("a", well), Check("b", warns), Check("c", fails), Check("d", has_nothing))
        )
    )
    assert found == [
        Result(name="a", status=Status.OK, message="all is well"),
        Result(name="b", status=Status.WARNING, message="not quite", hint="do this", topic="tls"),
        Result(name="c", status=Status.OK, message="this is well"),
        Result(
            name="c",
            status=Status.PROBLEM,
            message="nobody there",
            hint="look there",
            topic="provider-unreachable",
        ),
        Result(name="d", status=Status.SKIPPED, message="there is none"),
    ]


def test_what_needs_a_problem_is_not_looked_at_and_what_needs_that_neither() -> None:
    """The first thing that must be right is named."""
    found = results(Check("a", fails), Check("b", well, ("a",)), Check("c", well, ("b",)), Check("d", well))
    assert found[2:] == [
        ("b", Status.SKIPPED, "not checked: first a must be right"),
        ("c", Status.SKIPPED, "not checked: first b must be right"),
        ("d", Status.OK, "all is well"),
    ]


def test_what_needs_a_warning_or_nothing_is_looked_at() -> None:
    """Neither keeps anything from being seen; what cannot be known does."""
    found = results(
        Check("a", warns),
        Check("b", has_nothing),
        Check("c", blocks),
        Check("d", well, ("a", "b")),
        Check("e", well, ("c",)),
    )
    assert found[3:] == [
        ("d", Status.OK, "all is well"),
        ("e", Status.SKIPPED, "not checked: first c must be right"),
    ]


def test_no_check_begins_once_the_time_is_over() -> None:
    """And what needs it is not looked at either."""
    run = doctor_run()
    run.deadline = Deadline.after(0)
    found = list(run_checks(run, (Check("a", well), Check("b", well, ("a",)))))
    assert [one.status for one in found] == [Status.SKIPPED, Status.SKIPPED]
    assert found[0].message == "not checked: no time was left"


def test_every_need_is_a_check_that_comes_before() -> None:
    """Names are there once."""
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    for at, check in enumerate(CHECKS):
        assert set(check.needs) <= set(names[:at])


def test_warnings_of_the_straight_way_are_kept_and_not_written(capfd: object) -> None:
    """Nobody reads this terminal."""
    terminal = SilentTerminal()
    terminal.warn("the store is locked", "unlock it")
    terminal.need("come here")
    terminal.say("by the way")
    assert terminal.warnings == [("the store is locked", "unlock it")]
    assert not terminal.interactive
    assert capfd.readouterr() == ("", "")  # type: ignore[attr-defined]


def test_the_namespace_is_the_contexts() -> None:
    """``default`` where it names none."""
    assert doctor_run().namespace == "default"
    assert doctor_run(what=chosen(context={})).namespace == "default"
    assert doctor_run(what=chosen(context={"namespace": "web"})).namespace == "web"


def test_a_problem_is_made_of_an_error() -> None:
    """With its own hint, or another."""
    error = UsageError("wrong", "right it")
    assert Finding.of(error) == Finding(Severity.PROBLEM, "wrong", "right it", "usage")
    assert Finding.of(error, hint="or this").hint == "or this"
