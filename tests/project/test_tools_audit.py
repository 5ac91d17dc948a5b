"""`make audit`: clean, found or not run, by the real pip-audit and a vulnerability service of our own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile import Hostile, html_reply, json_reply, reply
from tests.parts import REPOSITORY
from tools import audit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile import Script, Talk

OLD_WEAKNESS = {"pyjwt 2.3.0": "PYSEC-2022-202"}


def service(weaknesses: dict[str, str]) -> Script:
    """Answer as the OSV service does: an advisory for these packages, an empty object for every other."""

    def script(talk: Talk) -> None:
        asked = json.loads(talk.asked.body)
        name, version = asked["package"]["name"], asked["version"]
        answer: dict[str, Any] = {}
        if number := weaknesses.get(f"{name} {version}"):
            ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}]
            affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": ranges}]
            answer = {"vulns": [{"id": number, "aliases": ["CVE-2026-1"], "affected": affected}]}
        json_reply(answer)(talk)

    return script


def run(port: int, *further: str) -> subprocess.CompletedProcess[str]:
    """Run the audit against a service on this machine."""
    where = ["--vulnerability-service=osv", f"--osv-url=http://127.0.0.1:{port}/v1/query"]
    return subprocess.run(
        [sys.executable, "-m", "tools.audit", *where, *further],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def version(name: str) -> str:
    """Return the locked version of a package."""
    return dict(audit.locked())[name]


def test_nothing_known_is_clean() -> None:
    """Every package of both lock files was asked about, those for Windows and every version of one included."""
    with Hostile() as server:
        server.on("/v1/query", service(OLD_WEAKNESS))
        done = run(server.port)
        asked = [json.loads(each.body) for each in server.asked]
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"audit: clean: nothing is known against {len(audit.locked())} packages\n"
    everything = {(each["package"]["name"], each["version"]) for each in asked}
    assert everything == {*audit.locked(), audit.KNOWN_BAD}
    assert {"pywin32-ctypes", "h11", "pytest"} <= {name for name, _ in everything}


def test_a_finding_fails_and_says_what_to_do() -> None:
    """Package, version, the vulnerability's names and the version without it; wherever the package is needed."""
    package = f"pywin32-ctypes {version('pywin32-ctypes')}"
    with Hostile() as server:
        server.on("/v1/query", service({**OLD_WEAKNESS, package: "PYSEC-2026-1"}))
        done = run(server.port)
    assert done.returncode == 1
    assert done.stdout == (
        f"audit: found: 1 in {len(audit.locked())} packages\n"
        f"  {package}: PYSEC-2026-1 CVE-2026-1; fixed in 99.1\n"
    )


NOBODY: dict[str, Callable[[], Script]] = {
    "an error": lambda: reply(503),
    "a web page": html_reply,
    "knows nothing at all": lambda: service({}),
}


@pytest.mark.parametrize("what", NOBODY)
def test_who_does_not_know_is_not_believed(what: str) -> None:
    """A service that fails, a captive portal, one that knows no vulnerability: not run, and never clean."""
    with Hostile() as server:
        server.on("/v1/query", NOBODY[what]())
        done = run(server.port)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("audit: not run: ")
    assert done.stdout.count("\n") == 1
    assert "clean" not in done.stdout


def test_a_service_that_is_not_there_is_said_in_one_line() -> None:
    """On a laptop without a network that is no failure; before a release it is one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for further, status in (((), 0), (("--must-run",), 2)):
        done = run(port, *further)
        assert done.returncode == status
        assert done.stdout.startswith("audit: not run: nothing was checked; ")
        assert done.stdout.count("\n") == 1


PACKAGES = [("anna", "1"), ("ben", "2")]
BAD = {audit.KNOWN_BAD: [{"id": "PYSEC-2022-202", "fix_versions": ["2.4.0"]}]}


def test_a_package_that_was_not_looked_up_is_not_clean() -> None:
    """pip-audit skips what a service has never heard of, and calls the rest free of vulnerabilities."""
    outcome = audit.judge(PACKAGES, {("anna", "1"): [], **BAD})
    assert outcome.ending is audit.Ending.NOT_RUN
    assert "1 of 2 packages (ben 2)" in outcome.lines[0]


def test_a_finding_is_said_though_not_everything_was_looked_up() -> None:
    """What is known counts; what is missing is said beside it."""
    weakness = {"id": "PYSEC-2026-1", "fix_versions": []}
    outcome = audit.judge(PACKAGES, {("anna", "1"): [weakness], **BAD})
    assert outcome.ending is audit.Ending.FOUND
    assert outcome.lines[1:] == ("anna 1: PYSEC-2026-1; fixed in no version yet", "ben 2: not looked up")


def test_no_name_is_asked_about_twice_at_a_time() -> None:
    """pip-audit refuses that; each version has its round."""
    packages = [("anna", "1"), ("ben", "1"), ("anna", "2"), ("anna", "3")]
    found = [dict(once) for once in audit.rounds(packages)]
    assert sorted(package for once in found for package in once.items()) == sorted(packages)
    assert len(found) == 3
