"""Clocks that differ from the provider's."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis.clocks import check_clock
from kubectl_oidc.diagnosis.discovery import check_discovery
from kubectl_oidc.http.tls import TlsOptions
from tests.hostile import Hostile, discovery, json_reply
from tests.topics import told_apart
from tests.unit.diagnosis.doctor_run import NOW, CheckResult, doctor_run, result_of

if TYPE_CHECKING:
    import trustme


def trusting(authority: trustme.CA) -> TlsOptions:
    return TlsOptions(ca_data=(authority.cert_pem.bytes(),))


def dated(server: Hostile, authority: trustme.CA, headers: dict[str, str]) -> CheckResult:
    """Return the result of the clock check after a discovery document with these headers."""
    issuer = f"https://localhost:{server.port}"
    server.on("/.well-known/openid-configuration", json_reply(discovery(issuer), headers=headers))
    run = doctor_run(issuer=issuer, tls=trusting(authority))
    assert result_of(check_discovery(run))[0] == "ok"
    run.close()
    return result_of(check_clock(run))


def at(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "status", "difference"),
    [
        ({"Date": at(0)}, "ok", ""),
        ({"Date": at(-25)}, "ok", ""),
        ({"Date": at(-45)}, "warning", "45 s"),
        ({"Date": at(45)}, "warning", "45 s"),
        ({"Date": at(-600)}, "problem", "10 min"),
        ({"Date": at(-600), "Age": "600"}, "ok", ""),
        ({"Date": "yesterday"}, "skipped", ""),
        ({"Date": at(0), "Age": "old"}, "skipped", ""),
        ({}, "skipped", ""),
    ],
)
def test_this_computers_clock_is_compared_with_the_providers(
    server: Hostile, authority: trustme.CA, headers: dict[str, str], status: str, difference: str
) -> None:
    """A cached answer is as old as its ``Age`` says. Half a minute is no difference."""
    found = dated(server, authority, headers)
    assert (found.status, found.topic) == (status, "clock" if difference else "")
    assert difference in found.message


def test_a_clock_that_is_ahead_and_one_that_is_behind_are_told_apart(
    server: Hostile, authority: trustme.CA
) -> None:
    """By the same number of seconds. Only the direction itself, which is a fact, is held as a word."""
    ahead = dated(server, authority, {"Date": at(-45)}).message
    behind = dated(server, authority, {"Date": at(45)}).message
    told_apart({"ahead": [ahead], "behind": [behind]})
    assert "ahead" in ahead
    assert "behind" in behind
