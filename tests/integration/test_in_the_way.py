"""What stands between a person and the provider: authorities, a browser's https, a reverse proxy, long tokens. With the installed program."""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.internet import Internet
from tests.plugin import run_plugin

from .said import topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .visitor import Page, VisitedLaptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ISSUER = "https://sso.example.com"
WORDS = [f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=k8s", "--authentication-timeout-sec=5"]


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    with Internet(tmp_path, "sso.example.com") as running:
        running.issuer(ISSUER)
        yield running


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"])
def test_a_bundle_of_other_programs_is_mentioned(internet: Internet, variable: str) -> None:
    """If the authority is unknown, and only then; with the flag that takes it."""
    env = {**internet.env, variable: str(internet.ca_file)}
    said = run_plugin("get-token", *WORDS, "--skip-open-browser", env=env).stderr
    assert topics(said) == ["tls"]
    assert variable in said
    assert f"--certificate-authority={internet.ca_file}" in said
    trusted = run_plugin("get-token", *WORDS, "--skip-open-browser", *internet.flags, env=env).stderr
    assert variable not in trusted


def come_with_https(url: str) -> list[Page]:
    """Come to the program as a browser in HTTPS-only mode does, and then not at all."""
    place = urlsplit(url)
    with (
        socket.create_connection((place.hostname or "", place.port or 80), timeout=5) as client,
        contextlib.suppress(OSError),
        ssl.create_default_context().wrap_socket(client, server_hostname="localhost"),
    ):
        pass
    return []


def test_a_browser_that_comes_with_https_only_is_named(visited: VisitedLaptop) -> None:
    """At the time-out, with what to do; the redirect URI is not blamed."""
    outcome = visited.run("--authentication-timeout-sec=3", then=come_with_https)
    assert outcome.status == 1
    error, hint = [line for line in outcome.said() if line.startswith(("error:", "hint:"))]
    assert "https" in error
    assert "localhost" in hint
    assert topics(hint) == ["sign-in-timeout"]
    assert "register" not in hint


@pytest.mark.parametrize(
    ("member", "url"),
    [
        ("token_endpoint", "http://sso.example.com/token"),
        ("jwks_uri", "http://keycloak:8080/realms/corp/certs"),
    ],
)
def test_http_behind_a_reverse_proxy_is_explained(internet: Internet, member: str, url: str) -> None:
    internet.issuer(ISSUER, **{member: url})
    said = run_plugin("get-token", *WORDS, *internet.flags, env=internet.env).stderr
    assert member in said
    assert "KC_HOSTNAME" in said


@pytest.mark.parametrize("host", ["keycloak:8443", "keycloak.auth.svc.cluster.local"])
def test_hosts_inside_the_providers_network_are_explained(internet: Internet, host: str) -> None:
    """By the call that cannot reach one, and by doctor beforehand."""
    internet.issuer(ISSUER, token_endpoint=f"https://{host}/token")
    env = {**internet.env, "NO_PROXY": host.partition(":")[0]}
    client = ["--grant-type=client-credentials", "--oidc-client-secret=s", "--authentication-timeout-sec=4"]
    said = run_plugin("get-token", *WORDS, *client, *internet.flags, env=env).stderr
    assert host.partition(":")[0] in said
    assert "KC_HOSTNAME" in said
    checks = run_plugin("doctor", *WORDS[:2], *internet.flags, "-o", "json", env=env).stdout
    assert "KC_HOSTNAME" in checks


def test_a_long_token_is_warned_of(visited: VisitedLaptop) -> None:
    """By setup, whoami and doctor: 8 KB is what load balancers take as one header."""
    visited.provider.claims["groups"] = [f"a-group-with-a-long-name-{number:03}" for number in range(400)]
    short = " ".join(visited.run(command="setup").stderr.split())
    assert "headers above 8 KB" in short
    identity = [word for word in visited.words(command="whoami")[:5] if "=" in word or word == "whoami"]
    whoami = visited.run_words(identity)
    assert "headers above 8 KB" in whoami.stderr
    doctor = visited.run_words(["doctor", *identity[1:], "-o", "json"])
    assert "headers above 8 KB" in doctor.stdout
    assert visited.session() is not None


def test_a_short_token_is_not(visited: VisitedLaptop) -> None:
    assert "8 KB" not in visited.run(command="setup").stderr
