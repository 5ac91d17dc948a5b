"""``logout``: the refresh token revoked, the session at the provider ended, the one here removed, and each of them said."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.hostile import json_reply, reply
from tests.plugin import wait_until
from tests.tokens import ABSENT
from tests.topics import told_apart

from .kubeconfigs import write_kubeconfig
from .laptop import Laptop, cache
from .on_terminal import OnTerminal
from .said import failure, files_with, topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile import Script
    from tests.plugin import Running

    from .person import Person
    from .realm import Realm
    from .visitor import VisitedLaptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

KEEP = "--keep-provider-session"
HAD_ENDED = [("invalid_token", 400), ("token_inactive", 401)]
"""Answers to a revocation of a refresh token that had ended: an OAuth error code and an HTTP status."""


@pytest.fixture
def signed_in(laptop: Laptop) -> Laptop:
    """Have a laptop on which alice is signed in, at a realm of its own: what is revoked there is nobody else's."""
    laptop.signed_in()
    laptop.realm.forget()
    return laptop


def refresh_token() -> str:
    """Return the refresh token of the only session on disk."""
    (record,) = (cache() / "tokens").iterdir()
    token: str = json.loads(record.read_bytes())["refresh_token"]
    return token


def is_said(line: str, *words: str) -> bool:
    """Tell whether a line names all of these: persons, issuers, hosts, flags, statuses and directories."""
    return all(word in line for word in words)


def test_the_three_are_done_and_said(
    realm: Realm, person: Person, start_plugin: Callable[..., Running]
) -> None:
    laptop = Laptop(realm, person, start_plugin)
    running = laptop.start()
    person.sign_in()
    assert running.ended().status == 0
    token = refresh_token()
    leaving = laptop.start(command="logout")
    page = person.browser_opens()
    assert page.url.startswith(f"{realm.issuer}/session/end?")
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["client_id"] == ["kubernetes"]
    assert "id_token_hint" in asked
    ended = leaving.ended()
    assert (ended.status, ended.stdout) == (0, "")
    first, second, third = ended.stderr.splitlines()
    assert "127.0.0.1" in first
    assert "127.0.0.1" in second
    assert is_said(third, "alice@example.com", realm.issuer)
    assert realm.seen().requests["POST /token/revocation"] == 1
    assert files_with(token) == []
    assert all("id_token" not in url for url in person.opened()), "the token is in no argument list"
    page.get_by_role("button", name="Yes").click()
    laptop.start()
    form = person.browser_opens()
    assert form.get_by_label("Password").is_visible(), "the provider has forgotten alice"


def test_the_browser_can_stay_signed_in(signed_in: Laptop) -> None:
    ended = signed_in.run(*signed_in.words(KEEP, command="logout"))
    assert ended.status == 0, ended.stderr
    assert len(ended.stderr.splitlines()) == 2
    assert len(signed_in.browser.opened()) == 1, "the sign-in's alone"


def test_without_a_browser_an_address_without_the_token_is_printed(signed_in: Laptop) -> None:
    ended = signed_in.run(*signed_in.words("--skip-open-browser", command="logout"))
    assert ended.status == 0, ended.stderr
    said = ended.stderr.splitlines()[1]
    assert is_said(said, "127.0.0.1", "--skip-open-browser")
    assert said.endswith("/session/end?client_id=kubernetes")


def test_a_revocation_that_fails_is_an_error_and_the_session_is_removed_all_the_same(
    signed_in: Laptop,
) -> None:
    signed_in.realm.fail_next("/token/revocation", status=503)
    ended = signed_in.run(*signed_in.words(KEEP, command="logout"))
    assert ended.status == 1
    removed, error, _hint = ended.stderr.splitlines()
    assert is_said(removed, "alice@example.com", signed_in.realm.issuer)
    assert is_said(error, "error: ", "503")
    assert topics(ended.stderr) == ["provider-unreachable"]
    assert signed_in.stored() == {}


@pytest.mark.parametrize(("code", "status"), HAD_ENDED)
def test_a_refresh_token_that_had_ended_needs_no_revocation(
    visited: VisitedLaptop, code: str, status: int
) -> None:
    """RFC 7009 §2.2 counts it as revoked; Google answers 400 invalid_token. The browser is sent to sign out all the same."""
    issuer = visited.provider.issuer
    visited.provider.metadata |= {
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/logout",
    }
    assert visited.run().status == 0
    visited.provider.server.on("/revoke", json_reply({"error": code}, status))
    outcome = visited.run(command="logout")
    assert outcome.status == 0, outcome.stderr
    first, second, third = outcome.said()
    assert "localhost" in first
    assert "localhost" in second
    assert is_said(third, issuer)
    assert visited.opened == 2, "to sign in, and to sign out"
    assert visited.session() is None


def test_what_became_of_the_refresh_token_is_told_apart(visited: VisitedLaptop) -> None:
    """It was revoked, had ended, cannot be revoked at this provider, or there was none."""
    provider = visited.provider

    def said(script: Script) -> str:
        provider.server.on("/revoke", script)
        assert visited.run().status == 0
        outcome = visited.run(KEEP, command="logout")
        assert outcome.status == 0, outcome.stderr
        line, removed = outcome.said()
        assert provider.issuer in removed
        return line

    provider.server.asked.clear()
    not_offered = said(reply(200))
    shutil.rmtree(cache() / "metadata")
    provider.metadata["revocation_endpoint"] = f"{provider.issuer}/revoke"
    revoked = said(reply(200))
    had_ended = [said(json_reply({"error": code}, status)) for code, status in HAD_ENDED]
    provider.answer["refresh_token"] = ABSENT
    none = said(reply(200))
    assert [asked.path for asked in provider.server.asked].count("/revoke") == 3
    told_apart({"not offered": [not_offered], "revoked": [revoked], "had ended": had_ended, "none": [none]})


def test_a_refused_revocation_does_not_keep_the_browser_from_signing_out(visited: VisitedLaptop) -> None:
    """The provider did answer; the revocation is the failure that is said."""
    issuer = visited.provider.issuer
    visited.provider.metadata |= {
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/logout",
    }
    assert visited.run().status == 0
    visited.provider.server.on("/revoke", json_reply({"error": "unauthorized_client"}, 400))
    outcome = visited.run(command="logout")
    assert outcome.status == 1
    assert "localhost" in outcome.said()[0]
    assert visited.opened == 2, "to sign in, and to sign out"
    assert "provider-unreachable" not in topics(outcome.stderr)


def test_a_client_without_a_refresh_token_has_nothing_to_revoke(laptop: Laptop) -> None:
    laptop.client = "code-only"
    laptop.signed_in()
    ended = laptop.run(*laptop.words(KEEP, command="logout"))
    assert ended.status == 0
    said, removed = ended.stderr.splitlines()
    assert "127.0.0.1" not in said, "it was not asked"
    assert is_said(removed, "alice@example.com", laptop.realm.issuer)
    assert "POST /token/revocation" not in laptop.realm.seen().requests


def test_a_confidential_client_authenticates(laptop: Laptop) -> None:
    laptop.client = "confidential"
    secret = '--oidc-client-secret=a secret, that: needs "quoting" & more'
    laptop.signed_in(secret)
    ended = laptop.run(*laptop.words(KEEP, secret, command="logout"))
    assert ended.status == 0, ended.stderr
    assert laptop.realm.seen().requests["POST /token/revocation"] == 1


def test_all_sessions_end_each_as_the_kubeconfig_asks_for_it(signed_in: Laptop) -> None:
    signed_in.signed_in("--session=other")
    secret = "--oidc-client-secret=secret to be posted"
    signed_in.client = "posting"
    signed_in.signed_in(secret)
    write_kubeconfig({"posting": [*signed_in.words()[1:], secret]}, {"production": "posting"})
    ended = signed_in.run("logout", "--all", "--keep-provider-session")
    assert ended.status == 0, ended.stderr
    lines = ended.stderr.splitlines()
    removed = [line for line in lines if is_said(line, "alice@example.com", signed_in.realm.issuer)]
    revoked = [line for line in lines if line not in removed]
    assert (len(revoked), len(removed)) == (3, 3)
    assert len(set(revoked)) == 1
    assert "127.0.0.1" in revoked[0]
    assert signed_in.realm.seen().requests["POST /token/revocation"] == 3
    assert signed_in.stored() == {}


def test_nothing_is_to_be_ended(laptop: Laptop) -> None:
    ended = laptop.run(*laptop.words(command="logout"))
    assert ended.status == 0
    every = laptop.run("logout", "--all")
    assert every.status == 0
    assert is_said(ended.stderr, str(cache()), "`kubectl oidc-login purge`")
    assert is_said(every.stderr, str(cache()), "`kubectl oidc-login purge`")
    told_apart({"this client": [ended.stderr], "any": [every.stderr]})
    assert not laptop.browser.opened()


def test_one_and_all_is_a_usage_error(laptop: Laptop) -> None:
    failure(laptop.run("logout", "--all", "--context=production"), "usage", "--all", "--context", status=2)


@pytest.mark.parametrize("storage", ["disk"])
def test_a_refresh_that_is_on_its_way_does_not_bring_it_back(signed_in: Laptop, storage: str) -> None:
    signed_in.realm.fail_next("/token", delay_ms=1500)
    refreshing = signed_in.start("--force-refresh")
    wait_until(lambda: signed_in.realm.seen().requests.get("POST /token"), "the refresh is sent")
    ended = signed_in.run(*signed_in.words(KEEP, command="logout"))
    assert ended.status == 0, ended.stderr
    refreshing.ended()
    assert signed_in.stored() == {}
    assert signed_in.storage == storage


def test_a_terminal_shows_what_is_awaited(signed_in: Laptop) -> None:
    """The provider may take its time; without a terminal nothing is said of it."""
    signed_in.realm.fail_next("/token/revocation", delay_ms=800)
    with OnTerminal(*signed_in.words(KEEP, command="logout")) as terminal:
        terminal.shows("127.0.0.1")
        assert signed_in.stored(), "the session is removed after the answer"
        ended = terminal.ended()
    assert ended.status == 0
    assert signed_in.stored() == {}
