"""A session lives on: refreshed with a rotating refresh token, in one request, or ended by the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .laptop import claims_of, token_of
from .on_terminal import OnTerminal
from .said import failure, locks_held

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time


@pytest.fixture
def expired(laptop: Laptop) -> Laptop:
    """Have a session whose token has as good as ended; what is issued next lives for an hour."""
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    return laptop


def test_a_person_at_a_terminal_learns_what_kubectl_waits_for(expired: Laptop) -> None:
    """A provider that takes its time is named after a moment; a refresh that is quick says nothing."""
    expired.realm.fail_next("/token", delay_ms=4000)
    with OnTerminal(*expired.words()) as terminal:
        terminal.shows("127.0.0.1")
        slow = terminal.ended()
    with OnTerminal(*expired.words("--force-refresh")) as terminal:
        quick = terminal.ended()
    assert (slow.status, quick.status, quick.stderr) == (0, 0, "")
    assert len(slow.stderr.splitlines()) == 1
    assert expired.realm.seen().token_requests == ["refresh_token", "refresh_token"]


def test_a_refresh_is_one_request(expired: Laptop) -> None:
    """With the provider's metadata known, a refresh asks the token endpoint once and nothing else."""
    before = len(expired.browser.opened())
    token = expired.signed_in()
    seen = expired.realm.seen()
    assert seen.requests == {"POST /token": 1}
    assert seen.token_requests == ["refresh_token"]
    assert claims_of(token)["sub"] == "alice"
    assert expired.signed_in() == token, "and the new token is kept"
    assert expired.realm.seen().total == 1
    assert len(expired.browser.opened()) == before


def test_each_refresh_uses_the_newest_refresh_token(laptop: Laptop) -> None:
    """Refresh after refresh works with rotation; the provider never sees one reused."""
    laptop.realm.id_tokens_live(ENDED)
    tokens = {laptop.signed_in() for _ in range(4)}
    seen = laptop.realm.seen()
    assert len(tokens) == 4
    assert seen.token_requests == ["authorization_code", *["refresh_token"] * 3]
    assert seen.revoked_grants == 0
    assert len(laptop.browser.opened()) == 1


def test_a_forced_refresh_replaces_a_good_token(laptop: Laptop) -> None:
    """--force-refresh refreshes though the token is good, without a browser, and the next call uses the new token."""
    old = laptop.signed_in()
    new = laptop.signed_in("--force-refresh")
    assert new != old
    assert laptop.signed_in() == new
    assert laptop.realm.seen().token_requests == ["authorization_code", "refresh_token"]


def test_groups_that_changed_are_in_the_refreshed_token(expired: Laptop) -> None:
    """Who was taken out of a group has it no longer after the refresh."""
    expired.realm.set_groups(alice=[])
    assert claims_of(expired.signed_in())["groups"] == []


def test_without_a_refresh_token_the_person_signs_in_again(laptop: Laptop) -> None:
    """A provider that gives no refresh token (Okta's Authorization Code only) means a sign-in when the token ends."""
    laptop.client = "code-only"
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    laptop.signed_in()
    assert laptop.realm.seen().token_requests == ["authorization_code", "authorization_code"]
    assert len(laptop.browser.opened()) == 2


def test_a_provider_that_is_down_costs_no_session(expired: Laptop) -> None:
    """An error of the token endpoint is an error here: no browser opens, and the refresh token works afterwards."""
    before = len(expired.browser.opened())
    expired.realm.fail_next("/token", status=503)
    failed = expired.get_token()
    assert (failed.status, failed.stdout) == (1, "")
    assert "503" in failed.stderr
    assert "<h1>" not in failed.stderr, "the body is not echoed"
    assert expired.realm.seen().requests == {"POST /token": 1}, "a token request is not repeated"

    assert expired.get_token().status == 0
    assert expired.realm.seen().token_requests == ["refresh_token"]
    assert len(expired.browser.opened()) == before


def test_a_lost_answer_is_asked_for_once_more(expired: Laptop) -> None:
    """The answer to a refresh is lost: exit 1; the next call sends the same token, is refused, and the person signs in."""
    before = len(expired.browser.opened())
    expired.realm.fail_next("/token", drop="after")
    lost = expired.get_token()
    assert (lost.status, lost.stdout) == (1, "")
    assert len(expired.browser.opened()) == before

    again = expired.get_token()
    assert again.status == 0, again.stderr
    assert claims_of(token_of(again.stdout))["sub"] == "alice"
    assert expired.realm.seen().token_requests == ["refresh_token", "refresh_token", "authorization_code"]
    assert len(expired.browser.opened()) == before + 1


def test_a_provider_that_does_not_answer_is_given_up(expired: Laptop) -> None:
    """A token endpoint that hangs ends in bounded time with an error, the lock free, the session kept."""
    opened = len(expired.browser.opened())
    expired.realm.fail_next("/token", delay_ms=60_000, drop="before")
    ended = expired.get_token("--authentication-timeout-sec=5", timeout=25)
    failure(ended, "provider-unreachable", "/token ")
    assert locks_held() == []
    expired.signed_in()
    assert expired.realm.seen().token_requests == ["refresh_token"]
    assert len(expired.browser.opened()) == opened


def test_sessions_of_clients_scopes_and_names_are_apart(laptop: Laptop) -> None:
    """Another client, scope or --session name is another session: nobody is handed another's token."""
    first = laptop.signed_in()
    laptop.scripted.signs_in_as("bob")
    others = {laptop.signed_in("--session=other"), laptop.signed_in("--oidc-extra-scope=phone")}
    laptop.client = "confidential"
    others.add(laptop.signed_in("--oidc-client-secret", 'a secret, that: needs "quoting" & more'))
    assert [claims_of(token)["sub"] for token in others] == ["bob"] * 3
    laptop.client = "kubernetes"
    assert laptop.signed_in() == first
    assert claims_of(first)["sub"] == "alice"


def test_two_clusters_share_one_sign_in(laptop: Laptop) -> None:
    """How the browser is opened or which port listens makes no other session."""
    first = laptop.signed_in()
    same = laptop.signed_in(
        "--listen-address=127.0.0.1:0", "--authentication-timeout-sec=99", "--skip-open-browser"
    )
    assert same == first
    assert len(laptop.browser.opened()) == 1
