"""Which flags lead to another session, and which share one: what makes another person's token, and nothing else."""

from __future__ import annotations

import base64
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from .laptop import cache, claims_of, token_of
from .said import files_with

if TYPE_CHECKING:
    from .kernel_keys import KernelKeys
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

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
    "a class of sign-in": (["--acr-values=mfa"], {}),
    "claims that are asked for": (['--claims={"id_token":{"acr":null}}'], {}),
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
    "that no QR code is shown": ["--no-qr"],
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


AUTHORITY = trustme.CA().cert_pem.bytes()


def here(word: str) -> str:
    """Return a word of the tables with the test's own home, and the authority of `authorities`, in it."""
    return word.replace("{home}", str(Path.home())).replace("{data}", base64.b64encode(AUTHORITY).decode())


@pytest.fixture(autouse=True)
def authorities(home: Path) -> None:
    """Have an authority in a file, and in a directory."""
    (home / "ca.pem").write_bytes(AUTHORITY)
    (home / "authorities").mkdir()
    (home / "authorities" / "0a1b2c3d.0").write_bytes(AUTHORITY)


@pytest.mark.parametrize("case", ANOTHER_SESSION)
def test_what_makes_another_token_makes_another_session(signed_in: Laptop, case: str) -> None:
    """Bob signs in beside alice, though alice's token is good; both sessions are there afterwards, each with its own."""
    flags, variables = ANOTHER_SESSION[case]
    flags = [here(flag) for flag in flags]
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


def test_an_authority_counts_by_its_content(signed_in: Laptop, home: Path) -> None:
    """As a file, as another file, as data, with other line ends and words around it, twice: one sign-in serves."""
    first = signed_in.signed_in(f"--certificate-authority={home}/ca.pem")
    signed_in.scripted.is_left_alone()
    other = b"An authority\r\n" + AUTHORITY.replace(b"\n", b"\r\n") * 2
    (home / "other.pem").write_bytes(other)
    for flag in (
        f"--certificate-authority={home}/other.pem",
        f"--certificate-authority-data={base64.b64encode(AUTHORITY).decode()}",
        f"--certificate-authority-data={base64.b64encode(other).decode()}",
    ):
        assert signed_in.signed_in(flag) == first
    assert len(signed_in.browser.opened()) == 1
    (home / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    signed_in.scripted.signs_in_as("bob")
    assert claims_of(signed_in.signed_in(f"--certificate-authority={home}/ca.pem", "-v", "1"))["sub"] == "bob"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's authorities are no files")
def test_variables_that_name_the_systems_own_authorities_make_no_difference(signed_in: Laptop) -> None:
    """Distributions and company profiles set them so; a name that leads nowhere is none."""
    alice = signed_in.signed_in()
    signed_in.scripted.is_left_alone()
    paths = ssl.get_default_verify_paths()
    for env in (
        {"SSL_CERT_DIR": paths.openssl_capath, "SSL_CERT_FILE": paths.openssl_cafile},
        {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"},
        {"SSL_CERT_FILE": "/nowhere/ca.pem", "SSL_CERT_DIR": "/nowhere:/nor/there"},
        {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""},
    ):
        assert signed_in.signed_in(env=env) == alice, env
    assert signed_in.browser.opened() == []


def test_two_homes_do_not_share_what_the_kernel_keeps(
    laptop: Laptop, kernel_keys: KernelKeys, tmp_path: Path
) -> None:
    """What is cached under one HOME, or one KUBECACHEDIR, is not handed out under another; a purge of one leaves the other."""
    laptop.storage = "kernel"
    alice = laptop.signed_in()
    laptop.scripted.signs_in_as("bob")
    elsewhere: list[dict[str, str]] = [
        {"HOME": str(tmp_path / "other")},
        {"KUBECACHEDIR": str(tmp_path / "kubecache")},
    ]
    bobs = [laptop.signed_in(env=env) for env in elsewhere]
    assert [claims_of(token)["sub"] for token in bobs] == ["bob", "bob"]
    assert laptop.signed_in() == alice
    assert laptop.signed_in("-v", "1") == alice
    assert len(kernel_keys.sessions()) == 1
    assert laptop.purge().status == 0
    assert kernel_keys.sessions() == {}
    for env, bob in zip(elsewhere, bobs, strict=True):
        assert laptop.signed_in(env=env) == bob
        assert laptop.purge(env=env).status == 0
    assert len(laptop.browser.opened()) == 3


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
