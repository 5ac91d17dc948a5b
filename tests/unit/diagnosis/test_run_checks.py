"""How checks follow one another: what depends on a failed one is not looked at, and nothing takes for ever."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.diagnosis.checks import CHECKS
from kubectl_oidc.diagnosis.run import Check, Result, Skipped, Status
from kubectl_oidc.diagnosis.run_checks import run_checks
from kubectl_oidc.errors import PolicyError, ProviderUnreachable, UsageError
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.silent_terminal import SilentTerminal
from tests.topics import told_apart
from tests.unit.diagnosis.doctor_run import chosen, doctor_run

if TYPE_CHECKING:
    import pytest

    from kubectl_oidc.diagnosis.run import DoctorRun, Observation, Observations


def well(_: DoctorRun) -> Observation:
    return "all is well"


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


def named(message: str) -> list[str]:
    """Return the checks of one letter that a message names."""
    return re.findall(r"\b[a-e]\b", message)


def test_each_observation_is_a_result_with_the_checks_name() -> None:
    """An error is a problem, after what the check yielded before."""
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


def test_checks_that_need_a_failed_one_are_skipped() -> None:
    """The name of the first failed check is shown."""
    found = results(Check("a", fails), Check("b", well, ("a",)), Check("c", well, ("b",)), Check("d", well))
    assert [(name, status, named(message)) for name, status, message in found[2:]] == [
        ("b", Status.SKIPPED, ["a"]),
        ("c", Status.SKIPPED, ["b"]),
        ("d", Status.OK, []),
    ]


def test_warnings_and_skipped_checks_do_not_block_others() -> None:
    """Only Skipped with ``blocks`` does."""
    found = results(
        Check("a", warns),
        Check("b", has_nothing),
        Check("c", blocks),
        Check("d", well, ("a", "b")),
        Check("e", well, ("c",)),
    )
    assert [(name, status, named(message)) for name, status, message in found[3:]] == [
        ("d", Status.OK, []),
        ("e", Status.SKIPPED, ["c"]),
    ]


def test_no_check_starts_after_the_deadline() -> None:
    run = doctor_run()
    run.deadline = Deadline.after(0)
    found = list(run_checks(run, (Check("a", well), Check("b", well, ("a",)))))
    assert [one.status for one in found] == [Status.SKIPPED, Status.SKIPPED]
    told_apart({"no time": [found[0].message], "needs another": [found[1].message]})


def test_each_check_needs_only_earlier_ones() -> None:
    """Names are unique."""
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    for at, check in enumerate(CHECKS):
        assert set(check.needs) <= set(names[:at])


def test_the_silent_terminal_stores_warnings_and_shows_nothing(capfd: object) -> None:
    terminal = SilentTerminal()
    terminal.warn("the store is locked", "unlock it")
    terminal.need("come here")
    terminal.say("by the way")
    assert terminal.warnings == [("the store is locked", "unlock it")]
    assert not terminal.interactive
    assert capfd.readouterr() == ("", "")  # type: ignore[attr-defined]


def test_the_namespace_is_the_contexts_or_default() -> None:
    assert doctor_run().namespace == "default"
    assert doctor_run(what=chosen(context={})).namespace == "default"
    assert doctor_run(what=chosen(context={"namespace": "web"})).namespace == "web"


def test_an_error_becomes_a_problem() -> None:
    """With its own hint, or another one."""
    error = UsageError("wrong", "right it")
    assert Finding.from_error(error) == Finding(Severity.PROBLEM, "wrong", "right it", "usage")
    assert Finding.from_error(error, hint="or this").hint == "or this"


def test_doctor_sends_nothing_to_an_issuer_that_a_rule_forbids(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not even look up its name. Every check that asks the provider is skipped, and names `settings`."""
    asked: list[object] = []
    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, lambda *words, **_: asked.append(words))
    names = ("proxy", "dns", "connection", "tls", "discovery", "keys", "clock", "client", "session")
    checks = tuple(check for check in CHECKS if check.name in {"settings", *names})
    run = doctor_run(refusal=PolicyError("no", "ask"))
    found = {one.name: one for one in run_checks(run, checks)}
    assert found["settings"].topic == "policy"
    assert {found[name].status for name in names} == {Status.SKIPPED}
    assert all("settings" in found[name].message for name in ("proxy", "dns", "discovery", "client"))
    assert asked == []
