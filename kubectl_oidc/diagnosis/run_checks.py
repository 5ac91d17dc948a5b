"""Run the checks of `doctor` in order. If one fails, those that need it are skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import OidcLoginError

from . import Finding, Severity
from .run import Observation, Result, Skipped, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .run import Check, DoctorRun


def run_checks(run: DoctorRun, checks: tuple[Check, ...]) -> Iterator[Result]:
    """Yield the results of each check; `checks` are in order, each after those that it needs."""
    failed: set[str] = set()
    for check in checks:
        missing = [name for name in check.needs if name in failed]
        if missing:
            observed: list[Observation] = [Skipped(f"skipped (fix {missing[0]} first)", blocks=True)]
        elif run.deadline.passed():
            observed = [Skipped("skipped (no time left)", blocks=True)]
        else:
            observed = _observe(check, run)
        if any(_blocks(one) for one in observed):
            failed.add(check.name)
        yield from (_result(check, one) for one in observed)


def _observe(check: Check, run: DoctorRun) -> list[Observation]:
    observed: list[Observation] = []
    try:
        found = check.run(run)
        observed.extend([found] if isinstance(found, Observation) else found)
    except OidcLoginError as error:
        observed.append(Finding.from_error(error))
    return observed


def _blocks(one: Observation) -> bool:
    if isinstance(one, Skipped):
        return one.blocks
    return isinstance(one, Finding) and one.severity is Severity.PROBLEM


def _result(check: Check, one: Observation) -> Result:
    if isinstance(one, str):
        return Result(name=check.name, status=Status.OK, message=one)
    if isinstance(one, Skipped):
        return Result(name=check.name, status=Status.SKIPPED, message=one.why)
    return Result(
        name=check.name,
        status=Status(one.severity),
        message=one.message,
        hint=one.hint,
        topic=one.topic,
        repair=one.repair,
    )
