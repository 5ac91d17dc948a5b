"""What was obtained under one trust is neither used nor sent under another: sessions, metadata and keys.

A provider over TLS, and an impostor at the same address with a certificate of another authority. SSL_CERT_FILE, which every
command of a laptop has, stands for the system's trust store.
"""

from __future__ import annotations

import base64
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.hostile import Hostile, certificate, json_reply
from tests.hostile_provider import HostileProvider

from .kubeconfigs import write_kubeconfig
from .laptop import cache, token_of
from .visitor import Page, VisitedLaptop, visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.plugin import Running

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time


@dataclass
class Place:
    """A provider's address, and who answers there.

    Attributes:
        laptop: A laptop whose person signs in there.
        provider: Who answers.
        good: The authority of the provider.
        evil: Another authority.
        directory: Where files of the test are.
    """

    laptop: VisitedLaptop
    provider: HostileProvider
    good: trustme.CA
    evil: trustme.CA
    directory: Path

    def impostor(self) -> None:
        """Have somebody else answer from now on."""
        self.provider.server.present(certificate(self.evil))

    def provider_is_back(self) -> None:
        """Have the provider answer again, and forget what was seen."""
        self.provider.be_honest()
        self.provider.server.present(certificate(self.good))

    def pem(self, authority: trustme.CA, name: str) -> Path:
        """Write an authority to a file."""
        path = self.directory / name
        authority.cert_pem.write_to_path(str(path))
        return path

    def flag(self, case: str) -> str:
        """Return a flag that has the impostor believed."""
        pem = self.evil.cert_pem.bytes()
        return {
            "no check": "--insecure-skip-tls-verify",
            "a file": f"--certificate-authority={self.pem(self.evil, 'evil.pem')}",
            "data": f"--certificate-authority-data={base64.b64encode(pem).decode()}",
        }[case]

    def variables(self, case: str) -> dict[str, str]:
        """Return variables, such as a kubeconfig sets, that have the impostor believed."""
        evil = self.evil.cert_pem.bytes().decode()
        hashed = self.directory / "hashed"
        return {
            "a file": {"SSL_CERT_FILE": str(self.pem(self.evil, "evil.pem"))},
            "a directory": {"SSL_CERT_DIR": str(hashed)},
            "the environment itself": {"SSL_CERT_FILE": "/proc/self/environ", "ANY": f"\n{evil}\n"},
        }[case]


FLAGS = ("no check", "a file", "data")


@pytest.fixture
def place(
    tmp_path: Path, start_plugin: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """Have a provider over TLS at whose address an impostor may answer."""
    good, evil = trustme.CA(), trustme.CA(organization_name="Evil")
    with Hostile(certificate(good)) as server:
        provider = HostileProvider(server)
        found = Place(VisitedLaptop(provider, tmp_path, start_plugin), provider, good, evil, tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(found.pem(good, "good.pem")))
        yield found


def sign_in(place: Place, *more: str) -> str:
    """Sign in for a token that ends at once, and return it."""
    place.provider.claims = {"exp": int(time.time()) + ENDED}
    done = place.laptop.run(*more)
    assert done.status == 0, done.stderr
    place.provider_is_back()
    return token_of(done.stdout)


def nobody_signs_in(place: Place, *more: str, command: str = "get-token") -> str:
    """Run a command at whose sign-in nobody is, and return what it said."""
    done = place.laptop.run(*more, "--authentication-timeout-sec=2", command=command, then=lambda _: [])
    return done.stderr


@pytest.mark.parametrize("case", FLAGS)
def test_a_refresh_token_is_sent_under_no_other_trust(place: Place, case: str) -> None:
    """A flag that has an impostor believed makes another session; the first is refreshed as ever afterwards."""
    sign_in(place)
    place.impostor()
    nobody_signs_in(place, place.flag(case))
    assert "/.well-known/openid-configuration" in place.provider.seen.requests, "the impostor was believed"
    assert place.provider.seen.forms == []
    place.provider_is_back()
    done = place.laptop.run()
    assert done.status == 0, done.stderr
    assert place.provider.seen.grants() == ["refresh_token"]


@pytest.mark.parametrize("case", ["a file", "the environment itself"])
def test_a_refresh_token_is_not_sent_under_a_variable_of_a_kubeconfig(place: Place, case: str) -> None:
    """A kubeconfig's ``env`` can name authorities, too."""
    sign_in(place)
    place.impostor()
    with pytest.MonkeyPatch.context() as env:
        for name, value in place.variables(case).items():
            env.setenv(name, value)
        nobody_signs_in(place)
    assert "/.well-known/openid-configuration" in place.provider.seen.requests, "the impostor was believed"
    assert place.provider.seen.forms == []


@pytest.mark.parametrize("case", FLAGS)
def test_metadata_is_believed_under_no_other_trust(place: Place, case: str) -> None:
    """A kubeconfig with an authority of its own, run once, leads no request of another one astray."""
    with Hostile(certificate(place.good)) as thief:
        thief.on("*", json_reply({"error": "invalid_grant"}, 400))
        sign_in(place)
        for path in (cache() / "metadata").iterdir():  # an hour goes by
            kept = json.loads(path.read_text())
            kept["metadata"]["fetched_at"] -= 4000
            path.write_text(json.dumps(kept))
        place.impostor()
        place.provider.metadata |= {"token_endpoint": f"{thief.url}/token", "jwks_uri": f"{thief.url}/keys"}
        nobody_signs_in(place, "--token-cache-storage=none", place.flag(case))
        assert "/.well-known/openid-configuration" in place.provider.seen.requests, (
            "the impostor was believed"
        )
        place.provider_is_back()
        done = place.laptop.run()
        assert done.status == 0, done.stderr
        assert place.provider.seen.grants() == ["refresh_token"]
        assert thief.asked == []


def test_logout_of_every_session_sends_none_of_them_under_another_trust(place: Place) -> None:
    """The session is removed here, the refresh token does not leave, and the error says why; the right flags revoke it."""
    place.provider.metadata["revocation_endpoint"] = f"{place.provider.issuer}/revoke"
    place.provider.server.on("/revoke", json_reply({}))
    for flags, status in (["--insecure-skip-tls-verify"], 1), ([], 0):
        place.laptop.run()
        place.provider.server.asked.clear()
        if status:
            place.impostor()
        done = place.laptop.run_words(["logout", "--all", "--skip-open-browser", *flags])
        revoked = [asked.body for asked in place.provider.server.asked if asked.path == "/revoke"]
        assert (done.status, len(revoked)) == (status, 1 - status), done.stderr
        assert ("--insecure-skip-tls-verify" in done.stderr) == bool(status)
        assert list((cache() / "tokens").iterdir()) == []
        place.provider.server.present(certificate(place.good))


@pytest.fixture
def private(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Have a provider with a private authority, which only the person's browser knows, and which revokes refresh tokens."""
    monkeypatch.delenv("SSL_CERT_FILE")
    place.provider.metadata["revocation_endpoint"] = f"{place.provider.issuer}/revoke"
    place.provider.server.on("/revoke", json_reply({}))
    return place


def in_a_browser_that_trusts(authority: Path) -> Callable[[str], list[Page]]:
    """Return what a person does whose browser trusts an authority."""

    def then(url: str) -> list[Page]:
        with pytest.MonkeyPatch.context() as env:
            env.setenv("SSL_CERT_FILE", str(authority))
            return [visit(url)]

    return then


@pytest.mark.parametrize("words", [["--all"], ["--session=work"]], ids=["all", "by name"])
def test_a_named_session_is_ended_under_the_trust_of_the_user_that_it_was_made_with(
    private: Place, words: list[str]
) -> None:
    """No user asks for the session's name, and the current context belongs to another one."""
    authority = private.pem(private.good, "good.pem")
    other = ["--oidc-issuer-url=https://other.example", "--oidc-client-id=other"]
    user = private.laptop.words(f"--certificate-authority={authority}")[1:]
    write_kubeconfig({"ada": user, "other": other}, {"corp": "ada", "lab": "other"}, current="lab")
    login = ["login", "--context=corp", "--session=work"]
    assert private.laptop.run_words(login, in_a_browser_that_trusts(authority)).status == 0
    done = private.laptop.run_words(["logout", "--skip-open-browser", *words])
    assert done.status == 0, done.stderr
    assert "/revoke" in [asked.path for asked in private.provider.server.asked]
    assert list((cache() / "tokens").iterdir()) == []


def test_a_session_whose_authority_no_user_names_is_ended_under_it(private: Place, tmp_path: Path) -> None:
    """The index knows the flag. If its file has gone, the hint has the flag, and the flag with another path does it."""
    authority = private.pem(private.good, "good.pem")
    copy, moved = tmp_path / "copy.pem", tmp_path / "moved.pem"
    for there, words, status in (
        (copy, [], 0),
        (moved, [], 1),
        (moved, [f"--certificate-authority={moved}"], 0),
    ):
        copy.write_bytes(authority.read_bytes())
        flags = (f"--certificate-authority={copy}", "--session=work")
        private.laptop.run(*flags, command="login", then=in_a_browser_that_trusts(authority))
        copy.rename(there)
        done = private.laptop.run_words(["logout", "--all", "--skip-open-browser", *words])
        assert done.status == status, done.stderr
        assert ("--certificate-authority" in done.stderr.rpartition("hint:")[2]) == bool(status)
        assert list((cache() / "tokens").iterdir()) == []


def test_logout_of_a_kubeconfigs_user_trusts_whom_its_variables_name(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session that kubectl made with the user's ``env`` is the one that is ended, under the same authorities."""
    bundle = os.environ["SSL_CERT_FILE"]
    place.provider.metadata["revocation_endpoint"] = f"{place.provider.issuer}/revoke"
    place.provider.server.on("/revoke", json_reply({}))
    assert place.laptop.run().status == 0
    section = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "kubectl-oidc_login",
        "args": place.laptop.words(),
        "env": [{"name": "SSL_CERT_FILE", "value": bundle}],
    }
    write_kubeconfig({"ada": {"exec": section}}, {"corp": "ada"}, current="corp")
    monkeypatch.delenv("SSL_CERT_FILE")
    done = place.laptop.run_words(["logout", "--skip-open-browser"])
    assert done.status == 0, done.stderr
    assert "/revoke" in [asked.path for asked in place.provider.server.asked]
    assert list((cache() / "tokens").iterdir()) == []


def test_a_command_that_signs_in_names_what_is_trusted(place: Place) -> None:
    """The command that an error proposes makes the session that is missing."""
    done = place.laptop.run("--insecure-skip-tls-verify", command="whoami")
    assert "--insecure-skip-tls-verify" in done.stderr.rpartition("hint:")[2]
