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
from tests.unit.diagnosis.doctor_run import NOW, doctor_run, result_of

if TYPE_CHECKING:
    import trustme


def trusting(authority: trustme.CA) -> TlsOptions:
    return TlsOptions(ca_data=(authority.cert_pem.bytes(),))


def dated(server: Hostile, authority: trustme.CA, headers: dict[str, str]) -> tuple[str, str, str]:
    """Return what the clock's check sees after a discovery document with these headers."""
    issuer = f"https://localhost:{server.port}"
    server.on("/.well-known/openid-configuration", json_reply(discovery(issuer), headers=headers))
    run = doctor_run(issuer=issuer, tls=trusting(authority))
    assert result_of(check_discovery(run))[0] == "ok"
    run.close()
    return result_of(check_clock(run))


def at(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "kind", "words"),
    [
        ({"Date": at(0)}, "ok", "agrees"),
        ({"Date": at(-25)}, "ok", "agrees"),
        ({"Date": at(-45)}, "warning", "45 s ahead of"),
        ({"Date": at(45)}, "warning", "45 s behind"),
        ({"Date": at(-600)}, "problem", "10 min ahead of"),
        ({"Date": at(-600), "Age": "600"}, "ok", "agrees"),
        ({"Date": "yesterday"}, "skipped", "does not say"),
        ({"Date": at(0), "Age": "old"}, "skipped", "does not say"),
        ({}, "skipped", "does not say"),
    ],
)
def test_the_clocks_are_compared(
    server: Hostile, authority: trustme.CA, headers: dict[str, str], kind: str, words: str
) -> None:
    """An answer from a cache is as old as it says it is; half a minute is nothing, a minute is forgiven."""
    found = dated(server, authority, headers)
    assert found[0] == kind
    assert words in found[1]
