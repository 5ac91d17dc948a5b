"""Whatever is wrong: one error that names the thing, one hint, nothing on standard output, and no session harmed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from kubectl_oidc.urls import url_fault
from tests.hostile import Hostile, discovery, html_reply, json_reply, reply

from .laptop import cache, claims_of, exec_info, token_of
from .said import complaint, failure, topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hostile import Script
    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

CLIENT = "--oidc-client-id=kubernetes"
SECRET = "MARKED-client-secret"


class Wrong(NamedTuple):
    """Words that are wrong, and what must be said of them.

    Attributes:
        words: The command line after the program's name.
        error: What the error must name.
        hint: What the hint must name.
        status: The exit status.
    """

    words: tuple[str, ...]
    error: str
    hint: str
    status: int = 2
    topic: str = "usage"


def issuer(url: str, error: str, hint: str) -> Wrong:
    return Wrong(("get-token", f"--oidc-issuer-url={url}", CLIENT), error, hint, topic="issuer-url")


def faulty(url: str) -> Wrong:
    """Return an issuer with a fault that any URL may have."""
    fault = url_fault(url, http_allowed=True)
    assert fault
    return issuer(url, f" {fault}", "https://")


ISSUER = "--oidc-issuer-url=https://issuer.example.com"
USAGE = {
    "no issuer": Wrong(("get-token", CLIENT), "--oidc-issuer-url", "args"),
    "an empty issuer": Wrong(("get-token", "--oidc-issuer-url=", CLIENT), "--oidc-issuer-url", "args"),
    "no client": Wrong(("get-token", ISSUER), "--oidc-client-id", "args"),
    "http on a public host": issuer("http://issuer.example.com", "http://issuer.example.com", "https://"),
    "a query": issuer("https://issuer.example.com/?a=b", '/?a=b"', "https://"),
    "a fragment": faulty("https://issuer.example.com/#a"),
    "no scheme": issuer("issuer.example.com/a", "https://", "--oidc-issuer-url=https://issuer.example.com/a"),
    "no host": faulty("https:///a"),
    "another scheme": issuer("ftp://issuer.example.com", "ftp://issuer.example.com", "https://"),
    "a control character": faulty("https://issuer.example.com/\x1b[31m"),
    "the discovery document": issuer(
        "https://issuer.example.com/.well-known/openid-configuration",
        '/.well-known/openid-configuration"',
        "--oidc-issuer-url=https://issuer.example.com",
    ),
    "an unknown flag": Wrong(("get-token", "--oidc-isuer-url=x"), "--oidc-isuer-url", "--help"),
    "a flag of another command": Wrong(("purge", "--write-kubeconfig"), "--write-kubeconfig", "--help"),
    "an unknown command": Wrong(("get-tokn",), "get-tokn", "--help"),
    "one word too many": Wrong(("get-token", "pods"), "pods", "--help"),
    "an unknown storage": Wrong(("get-token", "--token-cache-storage=tape"), "tape", "--help"),
    "no time at all": Wrong(
        ("get-token", "--authentication-timeout-sec=0"), "--authentication-timeout-sec", "--help"
    ),
    "a port that none is": Wrong(
        ("get-token", ISSUER, CLIENT, "--listen-address=127.0.0.1:99999"),
        "127.0.0.1:99999",
        "--listen-address",
    ),
    "a CA that is not base64": Wrong(
        ("get-token", ISSUER, CLIENT, "--certificate-authority-data=?"),
        "--certificate-authority-data",
        "base64",
    ),
    "a header without a name": Wrong(
        ("get-token", ISSUER, CLIENT, f"--oidc-request-header={SECRET}"),
        "--oidc-request-header",
        "NAME=VALUE",
    ),
}


LOCALHOST = "--oidc-redirect-url=https://localhost:8000"
TOGETHER = {
    "secret twice": (
        ("get-token", "--oidc-client-secret=x", "--oidc-client-secret-file=/x"),
        "--oidc-client-secret-file",
    ),
    "certificate without key": (("get-token", "--local-server-cert=/x"), "--local-server-key"),
    "key without certificate": (("get-token", "--local-server-key=/x"), "--local-server-cert"),
    "client certificate without key": (("get-token", "--oidc-client-certificate=/x"), "--oidc-client-key"),
    "https without certificate": (("get-token", LOCALHOST), "--local-server-cert"),
    "a client without a secret": (("get-token", "--grant-type=client-credentials"), "--oidc-client-secret"),
    "no address to come back to": (("get-token", "--oidc-redirect-url=urn:x"), "--grant-type"),
    "refresh without session": (
        ("get-token", "--refresh-ahead=0.5", "--token-cache-storage=none"),
        "--token-cache-storage",
    ),
    "setup with half a certificate": (("setup", "--local-server-cert=/x"), "--local-server-key"),
    "all sessions and one": (("purge", "--all"), "--oidc-issuer-url"),
}


@pytest.fixture
def kept(signed_in: Laptop) -> Iterator[Laptop]:
    """Have a laptop with a session that the test must not touch."""
    before = signed_in.stored()
    assert len(before) >= 3, "a session, its index entry and its credential"
    yield signed_in
    assert signed_in.stored() == before, "stored sessions are as they were"


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage_is_one_error_and_one_hint(kept: Laptop, case: str) -> None:
    """What is wrong on the command line: exit 2, the error names it, the hint says what to write."""
    words, named, hinted, status, topic = USAGE[case]
    error, hint = complaint(kept.run(*words), status)
    assert topics(hint) == [topic]
    assert named in error
    assert hinted in hint
    assert "\x1b" not in error
    assert SECRET not in error + hint


@pytest.mark.parametrize("case", TOGETHER)
def test_flags_that_do_not_go_together_are_both_named(kept: Laptop, case: str) -> None:
    """Before anybody is asked: exit 2, one error with both flags, one hint."""
    (command, *words), other = TOGETHER[case]
    error, hint = complaint(kept.run(command, ISSUER, CLIENT, *words), 2)
    assert topics(hint) == ["usage"]
    assert words[0].partition("=")[0] in error
    assert other in error


def test_a_variable_that_does_not_go_with_a_flag_is_named(kept: Laptop) -> None:
    """What nobody typed is said to come from the environment."""
    name = "KUBECTL_OIDC_LOCAL_SERVER_CERT"
    ended = kept.get_token(env={name: "/x"})
    failure(ended, "usage", "--local-server-key", name, "--local-server-cert", status=2)


def test_what_kubelogin_takes_and_does_not_use_is_taken(laptop: Laptop) -> None:
    """A kubeconfig with flags that its grant has no use for signs in as it did."""
    unused = (
        "--password=x",
        "--tls-renegotiation-once",
        "--tls-renegotiation-freely",
        "--oidc-pkce-method=no",
    )
    ended = laptop.get_token(
        *unused, "--oidc-use-pkce", "--insecure-skip-tls-verify", "--certificate-authority-data="
    )
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    (asked,) = laptop.realm.seen().authorization_requests
    assert asked["code_challenge_method"] == "S256"


def test_a_broken_exec_info_is_named(kept: Laptop) -> None:
    """KUBERNETES_EXEC_INFO that is broken or of an unknown version: exit 1, though there is a good token."""
    for env in (exec_info("client.authentication.k8s.io/v7"), {"KUBERNETES_EXEC_INFO": "{"}):
        error, hint = complaint(kept.get_token(env=env))
        assert "KUBERNETES_EXEC_INFO" in error
        assert hint


def test_an_unreachable_issuer_is_named(kept: Laptop) -> None:
    """Nobody listens at the issuer's port: exit 1, the error names host and port, the hint speaks of the network."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    words = ("get-token", f"--oidc-issuer-url=http://127.0.0.1:{port}", CLIENT, kept.browser.flag)
    error, hint = complaint(kept.run(*words))
    assert f"127.0.0.1:{port}" in error
    assert topics(hint) == ["provider-unreachable"]
    assert kept.browser.opened() == []


class NoProvider(NamedTuple):
    """An answer in place of the provider's metadata, and what must be said of it."""

    answer: Script
    error: str
    hint: str


NO_PROVIDER = {
    "a web page": NoProvider(html_reply(), "(text/html", "--oidc-issuer-url"),
    "not found": NoProvider(html_reply(404), " 404", "https://"),
    "another issuer": NoProvider(
        json_reply(discovery("https://other.example.com")),
        "https://other.example.com",
        "https://other.example.com",
    ),
    "no object": NoProvider(json_reply([1]), "JSON", "--oidc-issuer-url"),
    "broken JSON": NoProvider(reply(200, b'{"issuer":'), "JSON", "--oidc-issuer-url"),
}


@pytest.mark.parametrize("case", NO_PROVIDER)
def test_what_is_no_provider_is_named(kept: Laptop, case: str) -> None:
    """HTML, 404 or another issuer's metadata in place of discovery: exit 1, no browser, the body is not echoed."""
    answer, named, hinted = NO_PROVIDER[case]
    with Hostile() as server:
        server.on("/.well-known/openid-configuration", answer)
        ended = kept.run("get-token", f"--oidc-issuer-url={server.url}", CLIENT, kept.browser.flag)
    error, hint = complaint(ended)
    assert named in error
    assert hinted in hint
    assert "SECRET-BODY" not in ended.stderr
    assert kept.browser.opened() == []


def test_an_unknown_client_is_named(kept: Laptop) -> None:
    """The provider shows its error to the person; the program gives up in time and names client and redirect URI."""
    kept.scripted.is_left_alone()
    words = ["get-token", *kept.realm.flags(kept.browser.flag, client="kubernets")]
    ended = kept.run(*words, "--listen-address=127.0.0.1:0", "--authentication-timeout-sec=1")
    failure(ended, "sign-in-timeout", " 1 s", "kubernets", "http://localhost:")


def test_a_wrong_client_secret_is_named(kept: Laptop) -> None:
    """The provider refuses the client at its token endpoint: exit 1 with the standard's error code, the secret hidden."""
    kept.client = "confidential"
    ended = kept.get_token(f"--oidc-client-secret={SECRET}")
    failure(ended, "provider-refused", "invalid_client", "--oidc-client-secret")
    assert SECRET not in ended.stderr


def test_a_browser_that_never_comes_back_is_given_up(kept: Laptop) -> None:
    """Nobody signs in within --authentication-timeout-sec: exit 1, and the flag is named."""
    kept.scripted.is_left_alone()
    ended = kept.get_token("--session=other", "--authentication-timeout-sec=1")
    failure(ended, "sign-in-timeout", " 1 s", "--authentication-timeout-sec")


@pytest.mark.together("port8000")
@pytest.mark.usefixtures("port_8000")
def test_two_taken_ports_are_named(kept: Laptop) -> None:
    """With 8000 and 18000 taken: exit 1, both are named, no browser opens, and the hint names --listen-address."""
    words = ["get-token", *kept.realm.flags("--session=other", kept.browser.flag)]
    with socket.create_server(("127.0.0.1", 8000)), socket.create_server(("127.0.0.1", 18000)):
        ended = kept.run(*words)
    failure(ended, "port-in-use", ":8000", "18000", "--listen-address")
    assert kept.browser.opened() == []


def test_the_log_at_its_loudest_holds_no_secret(laptop: Laptop) -> None:
    """-v 9 shows no token, code, state, verifier, nonce, secret or header in sign-in, refresh or failure."""
    laptop.client = "confidential"
    secret = 'a secret, that: needs "quoting" & more'
    flags = (f"--oidc-client-secret={secret}", "--oidc-request-header=X-Api-Key=MARKED-header", "-v", "9")
    ended: list[Ended] = [laptop.get_token(*flags), laptop.get_token(*flags, "--force-refresh")]
    assert [one.status for one in ended] == [0, 0], ended[-1].stderr
    record = json.loads(next((cache() / "tokens").iterdir()).read_bytes())
    landed = parse_qs(urlsplit(laptop.scripted.landed()).query)
    (asked,) = laptop.realm.seen().authorization_requests

    failed = laptop.get_token(f"--oidc-client-secret={SECRET}", "--session=other", "-v", "9")
    assert failed.status == 1
    ended.append(failed)
    said = "".join(one.stderr for one in ended)
    assert said.count("[v") > 10, "there was something to look at"
    hidden = {
        "client secrets": [secret, "quoting", SECRET],
        "headers": ["MARKED-header"],
        "tokens": [*(token_of(one.stdout) for one in ended[:2]), record["refresh_token"]],
        "codes": landed["code"],
        "states": [asked["state"], *landed["state"]],
        "nonces": [asked["nonce"]],
        "verifiers": verifiers(said, asked["code_challenge"]),
    }
    shown = {kind for kind, values in hidden.items() for value in values if value in said}
    assert shown == set()
    signatures = [token_of(one.stdout).rpartition(".")[2] for one in ended[:2]]
    assert not any(signature in said for signature in signatures)


def verifiers(text: str, challenge: str) -> list[str]:
    """Return the code verifiers in a text that belong to a challenge (RFC 7636 §4.2)."""

    def challenge_of(verifier: str) -> str:
        digest = hashlib.sha256(verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    return [word for word in re.findall(r"[A-Za-z0-9._~-]{43,128}", text) if challenge_of(word) == challenge]
