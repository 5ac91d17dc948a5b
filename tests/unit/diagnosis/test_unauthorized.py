"""The most likely reason for 401 Unauthorized."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.diagnosis.clocks import invalid_at_server_time, server_time, wrong_clock
from kubectl_oidc.diagnosis.run import Neighbour
from kubectl_oidc.diagnosis.token.findings import check_token
from kubectl_oidc.diagnosis.unauthorized import likely_cause
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.kube_api.cluster_entry import ClusterEntry
from tests.tokens import ABSENT, CLIENT_ID, ISSUER
from tests.topics import told_apart
from tests.unit.diagnosis.doctor_run import doctor_run

if TYPE_CHECKING:
    from kubectl_oidc.diagnosis.run import DoctorRun

from tests.unit.diagnosis.fake_cluster import (
    Client,
    facts,
)


def rejected(server: str = "https://k8s.example.com", /, **claims: Any) -> tuple[str, str]:
    """Return the likely cause and the hint for a rejected token with these claims."""
    run = doctor_run()
    run.facts = facts(**claims)
    run.cluster = ClusterEntry(name="c", path=Path("/k"), server=server, tls=TlsOptions())
    return likely_cause(run)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": ABSENT},
        {"email_verified": "true"},
        {"groups": [1]},
        {"aud": "another"},
        {"iss": "https://sts.windows.net/1/"},
    ],
)
def test_a_finding_in_the_token_is_the_likely_cause(claims: dict[str, object]) -> None:
    (finding,) = check_token(facts(**claims))
    cause, hint = rejected(**claims)
    assert finding.message in cause
    assert hint == finding.hint


def test_an_algorithm_that_not_every_cluster_accepts_is_the_likely_cause() -> None:
    run = doctor_run()
    run.facts = facts("ES256")
    assert "ES256" in likely_cause(run)[0]


def test_without_a_cause_the_issuer_and_audience_are_shown() -> None:
    """The hint for EKS names its own command."""
    cause, hint = rejected()
    assert f'iss "{ISSUER}", aud "{CLIENT_ID}"' in cause
    assert "--oidc-issuer-url" in hint
    _, hint = rejected("https://1234.gr7.eu-central-1.eks.amazonaws.com")
    assert "aws eks describe-identity-provider-config" in hint


def test_another_context_of_the_cluster_with_another_client_is_named() -> None:
    """A context with the same client does not matter."""
    run = doctor_run()
    run.facts = facts()
    run.neighbours = (Neighbour("same", ISSUER, CLIENT_ID), Neighbour("other", ISSUER, "another"))
    found, _ = likely_cause(run)
    assert all(word in found for word in (" other ", ISSUER, "another"))


def at_the_clock(ahead: float, *, provider: float | None = None, **claims: Any) -> DoctorRun:
    """Return a run at a cluster whose clock is ``ahead`` of ours, and the provider's, if it is known."""
    run = doctor_run()
    now = run.system.clock()
    run.client = Client(
        headers={"date": format_datetime(datetime.fromtimestamp(now + ahead, UTC), usegmt=True)}
    )  # type: ignore[assignment]
    run.facts = facts(**{"iat": int(now) - 60, "exp": int(now) + 3540, **claims})
    run.dates = None if provider is None else (now + provider, now)
    return run


@pytest.mark.parametrize(
    ("ahead", "provider", "claims", "words"),
    [
        (7200, None, {}, "1 h 1 min"),
        (7200, 0, {}, "2 h"),
        (7200, 7200, {}, "2 h"),
        (-7200, None, {"nbf": 1_760_000_000}, "2 h"),
        (-7200, None, {}, "2 h"),
        (30, None, {}, f'iss "{ISSUER}"'),
        (7200, None, {"email_verified": False}, "1 h 1 min"),
        (600, None, {"email_verified": False}, "email_verified"),
    ],
)  # fmt: skip
def test_a_clock_at_which_the_token_is_invalid_is_the_cause(
    ahead: float, provider: float | None, claims: dict[str, object], words: str
) -> None:
    """Certain causes come first. Another issuer is assumed only if nothing else fits."""
    said, _ = likely_cause(at_the_clock(ahead, provider=provider, **claims))
    assert words in said
    assert (ISSUER in said) == (ISSUER in words)


@pytest.mark.parametrize(
    ("ahead", "provider", "claims"),
    [(7200, 0, {}), (7200, 7200, {}), (-7200, None, {}), (-7200, None, {"nbf": 1_760_000_000})],
)
def test_the_cause_says_whose_clock_is_wrong_and_what_that_does_to_the_token(
    ahead: float, provider: float | None, claims: dict[str, object]
) -> None:
    run = at_the_clock(ahead, provider=provider, **claims)
    theirs = server_time(run)
    assert theirs is not None
    said, _ = likely_cause(run)
    invalid = invalid_at_server_time(run.require_facts().claims, theirs)
    assert wrong_clock(run)
    assert wrong_clock(run) in said
    assert bool(invalid) == (ahead > 0 or "nbf" in claims)
    assert invalid in said


def test_each_wrong_clock_is_told_from_the_others() -> None:
    """By the same two hours: the API server's or this computer's, ahead or behind. Only the direction is held as a word."""
    said = {
        "API server ahead": wrong_clock(at_the_clock(7200, provider=0)),
        "API server behind": wrong_clock(at_the_clock(-7200, provider=0)),
        "this computer behind": wrong_clock(at_the_clock(7200, provider=7200)),
        "this computer ahead": wrong_clock(at_the_clock(-7200, provider=-7200)),
    }
    told_apart({kind: [text] for kind, text in said.items()})
    assert [kind for kind, text in said.items() if kind.split()[-1] not in text] == []


def test_a_token_that_has_ended_is_told_from_one_that_has_not_begun() -> None:
    told_apart(
        {
            "ended": {invalid_at_server_time({"exp": 0}, 7200)},
            "not begun": {invalid_at_server_time({"nbf": 7200}, 0)},
        }
    )


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Foo 2026 99:99:99 GMT"])
def test_an_invalid_date_header_is_ignored(date: str) -> None:
    run = at_the_clock(0)
    run.client = Client(headers={"date": date})  # type: ignore[assignment]
    assert ISSUER in likely_cause(run)[0]
