"""The access token is handed out: an ID token is used where one comes, and demanded where something needs it."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

import pytest

from tests.tokens import ABSENT

from .laptop import token_of
from .said import topics

if TYPE_CHECKING:
    from .visitor import VisitedLaptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

FLAG = "--oidc-use-access-token"


def test_a_refresh_without_an_id_token_is_used(visited: VisitedLaptop) -> None:
    """PingFederate: the new access token is handed out and kept, and no browser opens at its end."""
    first = visited.run(FLAG)
    assert first.status == 0, first.stderr
    before = visited.session()
    visited.provider.answer["id_token"] = ABSENT
    for _ in range(2):
        outcome = visited.run(FLAG, "--force-refresh")
        assert outcome.status == 0, outcome.stderr
        assert token_of(outcome.stdout) == visited.provider.seen.secrets["access_token"]
    assert visited.provider.seen.grants() == ["authorization_code", "refresh_token", "refresh_token"]
    assert visited.opened == 1
    after = visited.session()
    assert before is not None
    assert after is not None
    assert after.access_token is not None
    assert token_of(visited.run(FLAG).stdout) == after.access_token.reveal()
    assert (after.person, after.id_token) == (before.person, before.id_token)


def test_a_sign_in_without_an_id_token_is_used(visited: VisitedLaptop) -> None:
    """Nothing that was asked for needs one, and PKCE binds the answer to the request."""
    visited.provider.answer["id_token"] = ABSENT
    outcome = visited.run(FLAG)
    assert outcome.status == 0, outcome.stderr
    assert token_of(outcome.stdout) == visited.provider.seen.secrets["access_token"]
    assert visited.run(FLAG, "--force-refresh").status == 0
    assert visited.opened == 1


@pytest.mark.parametrize("flags", [["--expect-claim=email=*"], ["--max-age=1h"], ["--oidc-pkce-method=no"]])
def test_a_sign_in_that_needs_an_id_token_has_one(visited: VisitedLaptop, flags: list[str]) -> None:
    """What only an ID token says cannot be seen otherwise; nothing is stored."""
    visited.provider.answer["id_token"] = ABSENT
    outcome = visited.run(FLAG, *flags)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert topics(outcome.stderr) == ["no-id-token"]
    assert visited.session() is None


def test_an_at_hash_that_differs_counts_where_the_access_token_is_used(visited: VisitedLaptop) -> None:
    """With the flag it is an error; without it the ID token is handed out, and the log says what was found."""
    visited.provider.claims["at_hash"] = urlsafe_b64encode(bytes(16)).rstrip(b"=").decode()
    refused = visited.run(FLAG)
    assert (refused.status, refused.stdout) == (1, "")
    assert topics(refused.stderr) == ["id-token-at-hash"]
    believed = visited.run()
    assert believed.status == 0, believed.stderr
    assert any("at_hash" in line for line in believed.stderr.splitlines() if line.startswith("[v1] "))


def test_times_with_fractions_are_whole_seconds_for_everybody(visited: VisitedLaptop) -> None:
    """JetBrains Hub and Laravel write them: the credential, the session, status and whoami calculate with them."""
    end = int(time.time()) + 3000
    visited.provider.claims |= {"exp": end + 0.75, "iat": time.time() - 0.25, "auth_time": time.time() - 5.5}
    outcome = visited.run("--max-age=1h")
    assert outcome.status == 0, outcome.stderr
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    assert f'"expirationTimestamp":"{stamp}"' in outcome.stdout.replace(" ", "")
    session = visited.session()
    assert session is not None
    assert session.expiry == end
    assert visited.run("--max-age=1h").stdout == outcome.stdout
    assert visited.run_words(["status", "-o", "json"]).status == 0
    assert visited.opened == 1
