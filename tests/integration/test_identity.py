"""Which flags lead to another session, and which share one: what makes another person's token, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .laptop import cache, claims_of, token_of
from .said import files_with

if TYPE_CHECKING:
    from .laptop import Laptop

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time

ANOTHER_SESSION: dict[str, tuple[list[str], dict[str, str]]] = {
    "a name": (["--session=work"], {}),
    "a further scope": (["--oidc-extra-scope=phone"], {}),
    "an extra parameter": (["--oidc-auth-request-extra-params=audience=other"], {}),
    "a request header": (["--oidc-request-header=X-Tenant=other"], {}),
    "a cache directory": (["--token-cache-dir=elsewhere"], {}),
    "KUBECACHEDIR": ([], {"KUBECACHEDIR": "{home}/elsewhere"}),
    "HOME": ([], {"HOME": "{home}/elsewhere"}),
    "the access token": (["--oidc-use-access-token"], {}),
    "an expected account": (["--expect-claim=email=*@example.com"], {}),
    "a proposed account": (["--login-hint=bob"], {}),
    "certificates that are not checked": (["--insecure-skip-tls-verify"], {}),
    "an authority": (["--certificate-authority={home}/ca.pem"], {}),
    "an authority, as data": (["--certificate-authority-data={data}"], {}),
    "SSL_CERT_FILE": ([], {"SSL_CERT_FILE": "{home}/ca.pem"}),
    "SSL_CERT_DIR": ([], {"SSL_CERT_DIR": "{home}/authorities"}),
}

THE_SAME_SESSION: dict[str, list[str]] = {
    "no difference": [],
    "how the browser is opened": ["--browser-command=true"],
    "that none is opened": ["--skip-open-browser"],
    "which port listens": ["--listen-address=127.0.0.1:18123"],
    "the redirect URI": ["--oidc-redirect-url=http://localhost:18123/callback"],
    "how long a person has": ["--authentication-timeout-sec=7"],
    "where the browser goes at the end": ["--open-url-after-authentication=https://example.com"],
    "PKCE": ["--oidc-pkce-method=S256"],
    "PKCE by its old name": ["--oidc-use-pkce"],
    "the log": ["-v", "1"],
    "how the provider asks": ["--prompt=login"],
    "how old a sign-in may be": ["--max-age=8h"],
    "how long a token must last": ["--min-ttl=1m"],
    "a scope twice": ["--oidc-extra-scope=email"],
    "scopes in one flag": ["--oidc-extra-scope=profile,email"],
    "a scope that is always there": ["--oidc-extra-scope=openid"],
    "an empty name": ["--session="],
    "the default cache directory by its name": ["--token-cache-dir={home}/.kube/cache/oidc-login"],
    "auto, which stays where it is": ["--token-cache-storage=auto"],
    "a switch that is off": ["--oidc-use-access-token=false"],
}


def here(word: str) -> str:
    """Return a word of the tables with the test's own home in it."""
    return word.replace("{home}", str(Path.home()))


@pytest.mark.parametrize("case", ANOTHER_SESSION)
def test_what_makes_another_token_makes_another_session(signed_in: Laptop, case: str) -> None:
    """Bob signs in beside alice, though alice's token is good; both sessions are there afterwards, each with its own."""
    flags, variables = ANOTHER_SESSION[case]
    env = {name: here(value) for name, value in variables.items()}
    alice = signed_in.signed_in()
    signed_in.scripted.signs_in_as("bob")
    bob = signed_in.signed_in(*flags, env=env)
    assert len(signed_in.browser.opened()) == 1
    if case != "the access token":  # which says nothing to us
        assert claims_of(bob)["sub"] == "bob"
    assert signed_in.signed_in() == alice
    assert signed_in.signed_in(*flags, env=env) == bob
    assert len(signed_in.browser.opened()) == 1


@pytest.mark.parametrize("case", THE_SAME_SESSION)
def test_what_makes_no_other_token_shares_the_session(signed_in: Laptop, case: str) -> None:
    """The same token, no browser, no request."""
    alice = signed_in.signed_in()
    signed_in.scripted.is_left_alone()
    ended = signed_in.get_token(*[here(flag) for flag in THE_SAME_SESSION[case]])
    assert ended.status == 0, ended.stderr
    assert token_of(ended.stdout) == alice
    assert signed_in.realm.seen().total == 0
    assert signed_in.browser.opened() == []


def test_another_issuer_and_another_client_are_other_sessions(signed_in: Laptop, laptop: Laptop) -> None:
    """Nobody is handed a token of another issuer or for another client."""
    alice = signed_in.signed_in()
    signed_in.scripted.signs_in_as("bob")
    elsewhere = claims_of(laptop.signed_in())
    assert (elsewhere["iss"], elsewhere["sub"]) == (laptop.realm.issuer, "bob")
    signed_in.client = "code-only"
    other = claims_of(signed_in.signed_in())
    assert (other["aud"], other["sub"]) == ("code-only", "bob")
    signed_in.client = "kubernetes"
    assert signed_in.signed_in() == alice


def test_two_accounts_stay_apart_for_their_whole_life(laptop: Laptop) -> None:
    """With --session each account is refreshed by itself, and purged by itself."""
    accounts = {"alice": "--session=", "bob": "--session=bob"}
    laptop.realm.id_tokens_live(ENDED)
    for name, flag in accounts.items():
        laptop.scripted.signs_in_as(name)
        assert claims_of(laptop.signed_in(flag))["sub"] == name
    laptop.scripted.is_left_alone()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    for _ in range(2):
        assert {name: claims_of(laptop.signed_in(flag))["sub"] for name, flag in accounts.items()} == {
            "alice": "alice",
            "bob": "bob",
        }
    assert laptop.realm.seen().token_requests == ["refresh_token"] * 2

    bob = laptop.signed_in("--session=bob")
    purged = laptop.purge("--session=bob")
    assert "bob@example.com" in purged.stderr
    assert files_with(bob) == []
    assert claims_of(laptop.signed_in())["sub"] == "alice"
    assert len(laptop.browser.opened()) == 2


def test_two_cache_directories_stay_apart(laptop: Laptop, tmp_path: Path) -> None:
    """The same flags with two directories are two sessions; one is purged, and the other is as good as before."""
    one, two = (f"--token-cache-dir={tmp_path / name}" for name in ("one", "two"))
    first = laptop.signed_in(one)
    laptop.scripted.signs_in_as("bob")
    second = laptop.signed_in(two)
    assert [claims_of(token)["sub"] for token in (first, second)] == ["alice", "bob"]
    assert laptop.signed_in(one) == first
    assert laptop.signed_in(two) == second
    assert not (cache() / "tokens").exists()

    assert "alice@example.com" in laptop.purge(one).stderr
    assert list((tmp_path / "one" / "tokens").iterdir()) == []
    assert laptop.signed_in(two) == second
    assert len(laptop.browser.opened()) == 2


def test_a_cache_directory_is_the_same_by_its_relative_name(laptop: Laptop) -> None:
    """Whichever way it is written, one sign-in serves."""
    first = laptop.signed_in("--token-cache-dir=elsewhere")
    assert laptop.signed_in(f"--token-cache-dir={Path.cwd() / 'elsewhere'}") == first
    assert len(laptop.browser.opened()) == 1
