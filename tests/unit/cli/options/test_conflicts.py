"""Flags that contradict each other or need another: refused by name; what kubelogin takes is taken."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pytest

from kubectl_oidc.cli.commands.get_token import get_token
from kubectl_oidc.cli.options.conflicts import SIGN_IN, check
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.program import main
from kubectl_oidc.errors import UsageError
from tests.tokens import CLIENT_ID, ISSUER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kubectl_oidc.authentication.request import SignInRequest

BOTH = (f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT_ID}")
CERT, KEY = "--local-server-cert=/cert.pem", "--local-server-key=/key.pem"
HTTPS_HERE = "--oidc-redirect-url=https://localhost:8000"

REFUSED = {
    "secret twice": ("--oidc-client-secret=x", "--oidc-client-secret-file=/secret"),
    "secret file and secret": ("--oidc-client-secret-file=/secret", "--oidc-client-secret=x"),
    "secret and key": ("--oidc-client-secret=x", "--oidc-client-assertion-key=/key.pem"),
    "none, and a secret": ("--oidc-client-authentication=none", "--oidc-client-secret=x"),
    "none, and a key": ("--oidc-client-authentication=none", "--oidc-client-assertion-key=/key.pem"),
    "a method without its secret": (
        "--oidc-client-authentication=client_secret_post",
        "--oidc-client-secret",
    ),
    "a method without its key": (
        "--oidc-client-authentication=private_key_jwt",
        "--oidc-client-assertion-key",
    ),
    "secret and platform's token": ("--oidc-client-secret=x", "--oidc-client-assertion-file=/token"),
    "key and platform's token": (
        "--oidc-client-assertion-key=/key.pem",
        "--oidc-client-authentication=private_key_jwt",
        "--oidc-client-assertion-file=/token",
    ),
    "none, and a platform's token": (
        "--oidc-client-authentication=none",
        "--oidc-client-assertion-file=/token",
    ),
    "two platform's tokens": (
        "--oidc-client-assertion-file=/token",
        "--oidc-client-assertion-github-audience=a",
    ),
    "two platform's tokens, the other way": (
        "--oidc-client-assertion-github-audience=a",
        "--oidc-client-assertion-file=/token",
    ),
    "a grant without its token": ("--grant-type=jwt-bearer", "--oidc-client-assertion-file"),
    "a method without its key, where the token is the grant": (
        "--oidc-client-authentication=private_key_jwt",
        "--grant-type=jwt-bearer",
        "--oidc-client-assertion-file=/token",
        "--oidc-client-assertion-key",
    ),
    "a prompt without a request by a workload": (
        "--prompt=login",
        "--oidc-client-assertion-file=/token",
        "--grant-type=jwt-bearer",
    ),
    "key ID without key": ("--oidc-client-assertion-key-id=a", "--oidc-client-assertion-key"),
    "certificate without key": (CERT, "--local-server-key"),
    "key without certificate": (KEY, "--local-server-cert"),
    "client certificate without key": ("--oidc-client-certificate=/cert.pem", "--oidc-client-key"),
    "client key without certificate": ("--oidc-client-key=/key.pem", "--oidc-client-certificate"),
    "https over http": (CERT, KEY, "--oidc-redirect-url=http://localhost:8000"),
    "https without certificate": (HTTPS_HERE, "--local-server-cert"),
    "no address to come back to": ("--oidc-redirect-url=urn:ietf:wg:oauth:2.0:oob", "--grant-type"),
    "a client without a secret": ("--grant-type=client-credentials", "--oidc-client-secret"),
    "a certificate over http": (
        "--oidc-client-certificate=/cert.pem",
        "--oidc-client-key=/key.pem",
        "--oidc-issuer-url=http://localhost:1",
    ),
    "a type without an audience": ("--oidc-token-exchange-type=jwt", "--oidc-token-exchange-audience"),
    "a scope without an audience": ("--oidc-token-exchange-scope=a", "--oidc-token-exchange-audience"),
    "two tokens": ("--oidc-token-exchange-audience=b", "--oidc-use-access-token=true"),
    "nobody's token": (
        "--oidc-token-exchange-audience=b",
        "--oidc-client-secret=x",
        "--grant-type=client-credentials",
    ),
    "a machine's account": (
        "--expect-claim=email=*@corp.example",
        "--oidc-client-secret=x",
        "--grant-type=client-credentials",
    ),
    "a hint without a request": ("--login-hint=ada", "--grant-type=device-code"),
    "a prompt without a request": ("--prompt=login", "--username=ada", "--grant-type=password"),
    "an age without a request": ("--max-age=0", "--grant-type=password"),
    "a class of sign-in without a request": ("--acr-values=mfa", "--grant-type=device-code"),
    "claims without a request": ('--claims={"id_token":{}}', "--grant-type=device-code"),
    "two classes of sign-in": ("--acr-values=mfa", "--oidc-auth-request-extra-params=acr_values=pwd"),
    "claims twice": ('--claims={"id_token":{}}', "--oidc-auth-request-extra-params=claims={}"),
    "two hints": ("--login-hint=ada", "--oidc-auth-request-extra-params=login_hint=bob"),
    "two prompts": ("--prompt=login", "--oidc-auth-request-extra-params=a=b,prompt=none"),
    "two ages": ("--max-age=8h", "--oidc-auth-request-extra-params=max_age=1"),
    "refresh without session": ("--refresh-ahead=0.5", "--token-cache-storage=none"),
}
"""Of each row a command line: its first word is a flag that is named, and so is its last, given or missing."""


def refused(*words: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        main([*words])
    assert caught.value.exit_status == 2
    assert caught.value.hint
    return caught.value


def flag_of(word: str) -> str:
    return word.partition("=")[0]


@pytest.mark.parametrize("command", ["get-token", "setup"])
@pytest.mark.parametrize("case", REFUSED)
def test_both_flags_are_named(case: str, command: str) -> None:
    """Before anything is done."""
    words = [word for word in REFUSED[case] if "=" in word]
    error = refused(command, *BOTH, *words)
    assert flag_of(REFUSED[case][0]) in error.message
    assert flag_of(REFUSED[case][-1]) in error.message


def test_every_conflict_of_the_table_has_its_case() -> None:
    """What a row refuses is shown to be refused."""
    cases = {(flag_of(words[0]), flag_of(words[-1])) for words in REFUSED.values()}
    pairs: list[tuple[str, str]] = []
    for flag in FLAGS:
        pairs += [(flag.name, other) for other in (flag.excludes, flag.requires) if other]
        pairs += [(flag.name, "--grant-type")] * (flag.person or bool(flag.parameter))
        pairs += [(flag.name, "--oidc-auth-request-extra-params")] * bool(flag.parameter)
    assert len(pairs) == 22
    assert set(pairs) <= cases


@pytest.mark.parametrize(
    ("listen", "redirect"),
    [
        ((), "https://127.0.0.1/back"),
        (("--listen-address=127.0.0.1:7,127.0.0.1:443",), "https://localhost"),
        (("--listen-address=127.0.0.1:7", "--listen-address=:8443"), "https://[::1]:8443"),
    ],
)
def test_https_where_we_listen_needs_a_certificate(listen: tuple[str, ...], redirect: str) -> None:
    """However the address is written."""
    error = refused("get-token", *BOTH, *listen, f"--oidc-redirect-url={redirect}")
    assert "--local-server-cert" in error.message


# setup and purge


@pytest.mark.parametrize(
    ("word", "missing"),
    [
        (BOTH[0], "--oidc-client-id"),
        (BOTH[1], "--oidc-issuer-url"),
        ("--write-kubeconfig", "--oidc-issuer-url"),
        ("--output=yaml", "--oidc-issuer-url"),
        ("--output-dir=x", "--oidc-issuer-url"),
    ],
)
def test_setup_needs_all_or_nothing(word: str, missing: str) -> None:
    """Nobody is shown an explanation who asked for a kubeconfig or for manifests."""
    error = refused("setup", word)
    assert flag_of(word) in error.message
    assert missing in error.message


@pytest.mark.parametrize("command", ["login", "logout", "whoami"])
def test_a_session_is_named_in_one_way(command: str) -> None:
    """By a user of the kubeconfig, or by issuer and client."""
    error = refused(command, "--user=oidc", *BOTH)
    assert "--user" in error.message
    assert "--oidc-issuer-url" in error.message


@pytest.mark.parametrize("command", ["login", "token", "exec", "doctor"])
@pytest.mark.parametrize(("word", "other"), [(BOTH[0], "--oidc-client-id"), (BOTH[1], "--oidc-issuer-url")])
def test_who_may_sign_in_needs_issuer_and_client(command: str, word: str, other: str) -> None:
    """A part of a session's flags is enough to show or end it (test_selection)."""
    error = refused(command, word)
    assert flag_of(word) in error.message
    assert other in error.message


@pytest.mark.parametrize(
    "flag", ["--context", "--user", "--oidc-issuer-url", "--oidc-client-id", "--session"]
)
def test_logout_ends_one_or_all(flag: str) -> None:
    """Somebody who names one session does not lose the others."""
    words = BOTH[:1] if flag == "--oidc-issuer-url" else (f"{flag}=a",)
    error = refused("logout", "--all", *words)
    assert "--all" in error.message
    assert flag in error.message


def test_convert_either_shows_or_writes() -> None:
    """One who asked for both gets neither."""
    error = refused("convert", "--yes", "--dry-run")
    assert "--yes" in error.message
    assert "--dry-run" in error.message


NARROWER = {
    "--context": "--context=production",
    "--user": "--user=oidc",
    "--oidc-issuer-url": BOTH[0],
    "--oidc-client-id": BOTH[1],
    "--oidc-extra-scope": "--oidc-extra-scope=email",
    "--oidc-use-access-token": "--oidc-use-access-token",
    "--oidc-token-exchange-audience": "--oidc-token-exchange-audience=b",
    "--oidc-token-exchange-type": "--oidc-token-exchange-type=jwt",
    "--oidc-token-exchange-scope": "--oidc-token-exchange-scope=a",
    "--oidc-request-header": "--oidc-request-header=X-A=1",
    "--oidc-auth-request-extra-params": "--oidc-auth-request-extra-params=a=b",
    "--grant-type": "--grant-type=device-code",
    "--username": "--username=ada",
    "--session": "--session=work",
    "--expect-claim": "--expect-claim=email=*@corp.example",
    "--login-hint": "--login-hint=ada",
    "--acr-values": "--acr-values=mfa",
    "--claims": '--claims={"id_token":{}}',
}


@pytest.mark.parametrize("flag", NARROWER)
def test_all_sessions_are_not_one(flag: str) -> None:
    """Somebody who names a session and says --all loses none: both flags are named."""
    error = refused("purge", "--all", NARROWER[flag])
    assert "--all" in error.message
    assert flag in error.message


def test_every_flag_of_the_identity_names_one_session() -> None:
    """A flag that another session has, and no other flag, goes without --all."""
    assert set(NARROWER) == {"--context", "--user", *(flag.name for flag in FLAGS if flag.identity)}


def test_all_that_is_typed_overrules_variables(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's image names issuer and client; a variable does not widen what is typed."""
    assert home.is_dir()
    monkeypatch.setenv("KUBECTL_OIDC_ISSUER_URL", ISSUER)
    assert main(["purge", "--all"]) == 0
    monkeypatch.delenv("KUBECTL_OIDC_ISSUER_URL")


# Variables


@pytest.mark.parametrize(
    ("environment", "words", "whence"),
    [
        (
            {"LOCAL_SERVER_CERT": "/cert.pem"},
            (),
            r"; KUBECTL_OIDC_LOCAL_SERVER_CERT .*--local-server-cert$",
        ),
        (
            {"GRANT_TYPE": "client-credentials"},
            (),
            r"; KUBECTL_OIDC_GRANT_TYPE .*--grant-type$",
        ),
        (
            {"CLIENT_SECRET": "SECRET", "CLIENT_SECRET_FILE": "/secret"},
            (),
            r"; KUBECTL_OIDC_CLIENT_SECRET_FILE .*--oidc-client-secret-file$",
        ),
        (
            {"TOKEN_CACHE_STORAGE": "none"},
            ("--refresh-ahead=0.5",),
            r"; KUBECTL_OIDC_TOKEN_CACHE_STORAGE .*--token-cache-storage$",
        ),
    ],
)
def test_a_variable_that_gives_one_is_named(
    environment: dict[str, str], words: tuple[str, ...], whence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who typed no such flag learns where it comes from."""
    for name, value in environment.items():
        monkeypatch.setenv(f"KUBECTL_OIDC_{name}", value)
    error = refused("get-token", *BOTH, *words)
    assert re.search(whence, error.message)
    assert "SECRET" not in error.message.replace("CLIENT_SECRET", "")


# What is taken all the same


class Taken(NamedTuple):
    """Words that look odd together, and how they come out.

    Attributes:
        words: The words.
        shown_by: What of the request shows it.
        means: Its value.
        environment: Variables beside, without their prefix.
    """

    words: tuple[str, ...]
    shown_by: Callable[[SignInRequest], object]
    means: object
    environment: Mapping[str, str] = MappingProxyType({})


TAKEN = {
    # kubelogin takes each of these; what is of no use to the grant is not used.
    "a password without a user name is not used": Taken(
        ("--password=x",), lambda asked: (asked.grant, asked.key().grant), ("auto", "authcode")
    ),
    "a password grant asks for what is missing": Taken(
        ("--grant-type=password", "--password=x"), lambda asked: asked.username, ""
    ),
    "a user name with another grant": Taken(
        ("--grant-type=device-code", "--username=ada", "--password=x"),
        lambda asked: asked.grant,
        "device-code",
    ),
    "a user name with a client's grant": Taken(
        ("--grant-type=client-credentials", "--oidc-client-secret=x", "--username=ada"),
        lambda asked: (asked.grant, asked.key().username),
        ("client-credentials", ""),
    ),
    "an address to listen at with a password": Taken(
        ("--username=ada", "--listen-address=:1"), lambda asked: asked.grant, "password"
    ),
    "a browser command that is not used": Taken(
        ("--skip-open-browser", "--browser-command=firefox"), lambda asked: asked.browser.open, False
    ),
    "the old name of PKCE wins": Taken(
        ("--oidc-pkce-method=no", "--oidc-use-pkce"), lambda asked: asked.pkce, True
    ),
    "an authority that is not asked": Taken(
        ("--insecure-skip-tls-verify", "--certificate-authority=/ca.pem"),
        lambda asked: asked.tls.insecure,
        True,
    ),
    "a directory without files in it": Taken(
        ("--token-cache-storage=none", "--token-cache-dir=/x"), lambda asked: asked.storage.choice, "none"
    ),
    "a directory beside the keyring": Taken(
        ("--token-cache-storage=keyring", "--token-cache-dir=/x"),
        lambda asked: asked.storage.cache_dir,
        Path("/x"),
    ),
    "a refresh of what is not kept": Taken(
        ("--token-cache-storage=none", "--force-refresh"), lambda asked: asked.renewal.force_refresh, True
    ),
    "no background refresh of what is not kept": Taken(
        ("--token-cache-storage=none", "--refresh-ahead=off"), lambda asked: asked.renewal.ahead, 0
    ),
    "a scope of a person with a client's grant": Taken(
        ("--grant-type=client-credentials", "--oidc-client-secret=x", "--oidc-extra-scope=offline_access"),
        lambda asked: asked.scopes,
        ("openid", "offline_access"),
    ),
    "parameters of an authorization request with a password": Taken(
        ("--username=ada", "--oidc-auth-request-extra-params=a=b"), lambda asked: asked.grant, "password"
    ),
    "an address that no browser comes back to": Taken(
        ("--grant-type=device-code", "--oidc-redirect-url=urn:ietf:wg:oauth:2.0:oob"),
        lambda asked: asked.redirect.url,
        "urn:ietf:wg:oauth:2.0:oob",
    ),
    "a port that is forwarded": Taken(
        ("--oidc-redirect-url=http://localhost:9000", "--listen-address=127.0.0.1:8000"),
        lambda asked: asked.redirect.url,
        "http://localhost:9000",
    ),
    "a proxy that ends TLS": Taken(
        ("--oidc-redirect-url=https://localhost:8443", "--listen-address=127.0.0.1:8000"),
        lambda asked: asked.redirect.url,
        "https://localhost:8443",
    ),
    "TLS elsewhere": Taken(
        ("--oidc-redirect-url=https://sso.example.com/back",),
        lambda asked: asked.redirect.url,
        "https://sso.example.com/back",
    ),
    "https with a grant that does not listen": Taken(
        ("--grant-type=authcode-keyboard", HTTPS_HERE), lambda asked: asked.grant, "authcode-keyboard"
    ),
    "a certificate with a grant that does not listen": Taken(
        ("--grant-type=device-code", CERT, KEY, "--oidc-redirect-url=http://localhost:8000"),
        lambda asked: asked.grant,
        "device-code",
    ),
    "both kinds of renegotiation": Taken(
        ("--tls-renegotiation-once", "--tls-renegotiation-freely"), lambda asked: asked.tls.insecure, False
    ),
    # Ours.
    "a client that shows a certificate": Taken(
        ("--grant-type=client-credentials", "--oidc-client-certificate=/c.pem", "--oidc-client-key=/k.pem"),
        lambda asked: asked.client_authentication.secret,
        None,
    ),
    "a session that is kept apart and not kept": Taken(
        ("--session=work", "--token-cache-storage=none"), lambda asked: asked.session_name, "work"
    ),
    "a preference of the environment": Taken(
        ("--token-cache-storage=none",), lambda asked: asked.storage.choice, "none", {"REFRESH_AHEAD": "0.5"}
    ),
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_kubelogin_takes_is_taken(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubeconfig that was written for it goes on working, whatever is of no use in it."""
    words, shown_by, means, environment = TAKEN[case]
    for name, value in environment.items():
        monkeypatch.setenv(f"KUBECTL_OIDC_{name}", value)
    context = get_token.make_context("get-token", [*BOTH, *words])
    with context:
        check(SIGN_IN, context.params)
        assert shown_by(token_request(context.params)) == means
