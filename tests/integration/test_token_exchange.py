"""A token for another audience (RFC 8693): the installed program, and a real provider that exchanges tokens."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.plugin import wait_until

from .laptop import Laptop, cache, claims_of
from .said import failure, topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin import Running

    from .realm import OpenIdProvider
    from .scripted_browser import ScriptedBrowser

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
FOR_B, FOR_C = (f"--oidc-token-exchange-audience={name}" for name in ("cluster-b", "cluster-c"))


@pytest.fixture
def laptop(
    openid_provider: OpenIdProvider, scripted_browser: ScriptedBrowser, start_plugin: Callable[..., Running]
) -> Laptop:
    """Have a laptop whose provider exchanges the tokens of this client."""
    realm = openid_provider.new_realm(token_exchange=True)
    return Laptop(realm, scripted_browser, start_plugin, client="exchanger")


def stored_session() -> dict[str, object]:
    """Return the record of the one session on disk."""
    (path,) = (cache() / "tokens").glob("*")
    record: dict[str, object] = json.loads(path.read_bytes())
    return record


@pytest.mark.parametrize("more", [(), ("--oidc-token-exchange-type=jwt",)])
def test_the_token_is_for_the_other_audience(laptop: Laptop, more: tuple[str, ...]) -> None:
    """After the sign-in it is exchanged; later calls find it, and ask nobody."""
    claims = claims_of(laptop.signed_in(FOR_B, *more))
    assert (claims["aud"], claims["azp"], claims["sub"]) == ("cluster-b", "exchanger", "alice")
    assert claims["groups"] == ["eks-admins"]
    assert laptop.realm.seen().token_requests == ["authorization_code", EXCHANGE]
    laptop.realm.forget()
    assert claims_of(laptop.signed_in(FOR_B, *more)) == claims
    assert laptop.realm.seen().total == 0


def test_a_refresh_exchanges_again(laptop: Laptop) -> None:
    """Two requests, no browser, and a new token for the same audience."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    first = claims_of(laptop.signed_in(FOR_B))
    laptop.realm.forget()
    second = claims_of(laptop.signed_in(FOR_B))
    assert second["aud"] == "cluster-b"
    assert second["serial"] > first["serial"]
    seen = laptop.realm.seen()
    assert seen.token_requests == ["refresh_token", EXCHANGE]
    assert seen.total == 2


def test_a_refresh_ahead_exchanges_too(laptop: Laptop) -> None:
    """In the background, while the token that is still good is handed out."""
    words = (FOR_B, "--refresh-ahead=0.01")
    laptop.realm.id_tokens_live(30)
    first = laptop.signed_in(*words)
    wait_until(lambda: laptop.signed_in(*words) != first, "the background has refreshed")
    assert laptop.realm.seen().token_requests[:4] == [
        "authorization_code",
        EXCHANGE,
        "refresh_token",
        EXCHANGE,
    ]
    assert claims_of(laptop.signed_in(*words))["aud"] == "cluster-b"
    assert len(laptop.browser.opened()) == 1


def test_audiences_share_no_session(laptop: Laptop) -> None:
    """A token for one cluster is never given to another, nor one that was not exchanged."""
    audiences = [claims_of(laptop.signed_in(*flags))["aud"] for flags in ((FOR_B,), (FOR_C,), ())]
    assert audiences == ["cluster-b", "cluster-c", "exchanger"]
    assert len(laptop.browser.opened()) == 3


def test_a_purge_ends_the_session_of_one_audience(laptop: Laptop) -> None:
    """Its flags name it; the other audience's session stays."""
    kept = laptop.signed_in(FOR_C)
    laptop.signed_in(FOR_B)
    assert laptop.purge(FOR_B).status == 0
    laptop.realm.forget()
    assert laptop.signed_in(FOR_C) == kept
    assert laptop.realm.seen().total == 0
    assert laptop.purge("--oidc-token-exchange-audience=cluster-b").status == 0
    assert laptop.signed_in(FOR_C) == kept, "a purge of what is not there removes no other session"


def test_an_exchange_that_fails_costs_no_session(laptop: Laptop) -> None:
    """The refresh token that came just before is kept; nothing is handed out; the next call goes on from there."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    laptop.signed_in(FOR_B)
    before = stored_session()["refresh_token"]
    laptop.realm.forget()
    laptop.realm.fail_next("/token", after=1, status=503)
    ended = laptop.get_token(FOR_B)
    assert (ended.status, ended.stdout) == (1, "")
    failure(ended, "provider-unreachable", "503")
    assert stored_session()["refresh_token"] != before
    assert claims_of(laptop.signed_in(FOR_B))["aud"] == "cluster-b"
    seen = laptop.realm.seen()
    assert seen.token_requests == ["refresh_token", "refresh_token", EXCHANGE]
    assert seen.revoked_grants == 0
    assert len(laptop.browser.opened()) == 1


@pytest.mark.parametrize(
    ("client", "audience", "names"),
    [
        ("exchanger", "elsewhere", ["invalid_target", "--oidc-token-exchange-audience"]),
        ("kubernetes", "cluster-b", ["grant type", "--oidc-token-exchange-type"]),
    ],
)
def test_what_the_provider_refuses_is_an_error(
    laptop: Laptop, client: str, audience: str, names: list[str]
) -> None:
    """There is no falling back to the token that was not exchanged, and no session is kept."""
    laptop.client = client
    ended = laptop.get_token(f"--oidc-token-exchange-audience={audience}", "-v", "9")
    assert (ended.status, ended.stdout) == (1, "")
    assert topics(ended.stderr) == ["token-exchange"]
    assert [name for name in (audience, *names) if name not in ended.stderr] == []
    assert not (cache() / "tokens").exists() or not list((cache() / "tokens").iterdir())


def test_a_provider_without_it_is_named(laptop: Laptop, openid_provider: OpenIdProvider) -> None:
    """Its metadata names no such grant, and it says so."""
    laptop.realm = openid_provider.new_realm()
    laptop.client = "kubernetes"
    ended = laptop.get_token(FOR_B)
    failure(ended, "token-exchange", "unsupported_grant_type", "RFC 8693")


def test_an_access_token_is_handed_out_as_it_is(laptop: Laptop) -> None:
    """It is opaque, and its end is what the provider says."""
    ended = laptop.get_token(FOR_B, "--oidc-token-exchange-type=access_token")
    status = json.loads(ended.stdout)["status"]
    assert "." not in status["token"]
    assert status["expirationTimestamp"]
    assert stored_session()["access_token"] == status["token"]


def test_setup_shows_what_the_cluster_gets(laptop: Laptop) -> None:
    """The claims are those of the exchanged token, the cluster trusts its audience, and the stanza asks for it."""
    ended = laptop.run(*laptop.words(FOR_B, command="setup"), env={"COLUMNS": "200"})
    assert ended.status == 0, ended.stderr
    assert re.search(r"(?<!=)\bcluster-b\b", ended.stderr)
    assert "--oidc-client-id=cluster-b" in ended.stderr
    assert "--exec-arg=--oidc-token-exchange-audience=cluster-b" in ended.stderr
    assert "--exec-arg=--oidc-client-id=exchanger" in ended.stderr
    assert "claims-audience" not in topics(ended.stderr)
    laptop.realm.forget()
    assert claims_of(laptop.signed_in(FOR_B))["aud"] == "cluster-b"
    assert laptop.realm.seen().total == 0


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ((FOR_B, "--oidc-use-access-token"), "--oidc-use-access-token"),
        (
            (FOR_B, "--grant-type=client-credentials", "--oidc-client-secret=x"),
            "--grant-type=client-credentials",
        ),
        (("--oidc-token-exchange-type=jwt",), "--oidc-token-exchange-type"),
        (("--oidc-token-exchange-scope=a",), "--oidc-token-exchange-scope"),
    ],
)
def test_flags_that_do_not_go_together(laptop: Laptop, flags: tuple[str, ...], named: str) -> None:
    """Exit 2, and both flags are named."""
    ended = laptop.get_token(*flags)
    assert (ended.status, ended.stdout) == (2, "")
    (error,) = [line for line in ended.stderr.splitlines() if line.startswith("error:")]
    assert named in error
    assert "--oidc-token-exchange-audience" in error
    assert laptop.realm.seen().total == 0
