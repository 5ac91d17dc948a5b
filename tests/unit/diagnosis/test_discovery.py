"""The way to the provider and what it says of itself, where the installed program's test does not show it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from kubectl_oidc.diagnosis.discovery import check_clock, check_discovery, check_keys, check_scopes
from kubectl_oidc.diagnosis.network import check_connection, check_dns, check_proxy, check_tls
from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.oidc.metadata import Metadata
from tests.hostile import Hostile, certificate, discovery, json_reply, raw, silence
from tests.patient import NOW, patient, seen
from tests.tokens import ISSUER

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[Hostile]:
    with Hostile(certificate(authority)) as running:
        yield running


def trusting(authority: trustme.CA) -> TlsOptions:
    return TlsOptions(ca_data=(authority.cert_pem.bytes(),))


def test_a_proxy_that_can_be_used_takes_the_rest_of_the_way(
    monkeypatch: pytest.MonkeyPatch, server: Hostile
) -> None:
    """The name, the connection and the certificate are the proxy's matter then; its password is not shown."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:SECRETPASS@127.0.0.1:{server.port}")
    assert seen(check_proxy(patient())) == ("ok", f"127.0.0.1:{server.port}, by HTTPS_PROXY", "")
    for check in (check_dns, check_connection, check_tls):
        assert seen(check(patient()))[0] == "skipped"


def test_a_proxy_that_is_no_url_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:SECRETPASS@h:port")
    kind, message, hint = seen(check_proxy(patient()))
    assert kind == "problem"
    assert message.startswith("HTTPS_PROXY cannot be used")
    assert "SECRETPASS" not in message + hint


@pytest.mark.parametrize("host", ["a..b.example.com", "x" * 70 + ".example.com"])
def test_a_name_that_is_none_does_not_resolve(host: str) -> None:
    assert seen(check_dns(patient(issuer=f"https://{host}")))[0] == "problem"


def test_the_certificates_end_is_told(server: Hostile, authority: trustme.CA) -> None:
    """Weeks before it comes."""
    issuer, tls = f"https://localhost:{server.port}", trusting(authority)
    kind, message, _ = seen(check_tls(patient(issuer=issuer, tls=tls, now=datetime.now(UTC).timestamp())))
    assert (kind, message.partition(";")[0]) == ("ok", "TLSv1.3")
    pem = ssl.get_server_certificate(("localhost", server.port), ca_certs=None)
    end = ssl.cert_time_to_seconds(_not_after(pem))
    kind, message, _ = seen(check_tls(patient(issuer=issuer, tls=tls, now=end - 3 * 86400)))
    assert (kind, message) == ("warning", "TLSv1.3; the certificate is good for 3 d only")


def _not_after(pem: str) -> str:
    from cryptography import x509

    end = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    return end.strftime("%b %d %H:%M:%S %Y GMT")


def test_what_does_not_speak_tls_is_named() -> None:
    with Hostile(greeting=raw(b"SSH-2.0-OpenSSH_9\r\n")) as other:
        kind, message, _ = seen(check_tls(patient(issuer=f"https://localhost:{other.port}")))
    assert kind == "problem"
    assert "does not speak TLS as it should" in message


def test_what_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubectl_oidc.diagnosis.network._SECONDS", 0.2)
    with Hostile(greeting=silence) as other:
        kind, message, _ = seen(check_tls(patient(issuer=f"https://localhost:{other.port}")))
    assert kind == "problem"
    assert "no answer within" in message


def test_plain_http_has_no_certificate() -> None:
    assert seen(check_tls(patient(issuer="http://localhost:1")))[0] == "skipped"


def dated(server: Hostile, authority: trustme.CA, headers: dict[str, str]) -> tuple[str, str, str]:
    """Return what the clock's check sees after a discovery document with these headers."""
    issuer = f"https://localhost:{server.port}"
    server.on("/.well-known/openid-configuration", json_reply(discovery(issuer), headers=headers))
    examination = patient(issuer=issuer, tls=trusting(authority))
    assert seen(check_discovery(examination))[0] == "ok"
    examination.close()
    return seen(check_clock(examination))


def at(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "kind", "words"),
    [
        ({"Date": at(0)}, "ok", "agrees"),
        ({"Date": at(-25)}, "ok", "agrees"),
        ({"Date": at(-45)}, "warning", "45 s ahead of"),
        ({"Date": at(45)}, "warning", "45 s behind"),
        ({"Date": at(-600)}, "problem", "10 min ahead of"),
        ({"Date": at(-600), "Age": "600"}, "ok", "agrees"),
        ({"Date": "yesterday"}, "skipped", "does not say"),
        ({"Date": at(0), "Age": "old"}, "skipped", "does not say"),
        ({}, "skipped", "does not say"),
    ],
)
def test_the_clocks_are_compared(
    server: Hostile, authority: trustme.CA, headers: dict[str, str], kind: str, words: str
) -> None:
    """An answer from a cache is as old as it says it is; half a minute is nothing, a minute is forgiven."""
    found = dated(server, authority, headers)
    assert found[0] == kind
    assert words in found[1]


@pytest.mark.parametrize(
    ("asked", "named", "kind"),
    [
        (("openid", "email"), ("openid", "email", "profile"), "ok"),
        (("openid", "groups"), ("openid",), "warning"),
        (("openid", "groups"), (), "ok"),
        (("openid", "api://kube/access"), ("openid",), "ok"),
    ],
)
def test_scopes_are_looked_for_where_the_provider_lists_them(
    asked: tuple[str, ...], named: tuple[str, ...], kind: str
) -> None:
    """A scope of an API is listed nowhere."""
    examination = patient(scopes=asked)
    examination.metadata = Metadata(ISSUER, "https://a", "https://t", "https://k", scopes_supported=named)
    assert seen(check_scopes(examination))[0] == kind


def test_a_key_set_that_is_none_is_an_error(server: Hostile, authority: trustme.CA) -> None:
    server.on("/keys", json_reply({"keys": "none"}))
    issuer = f"https://localhost:{server.port}"
    examination = patient(issuer=issuer, tls=trusting(authority))
    examination.metadata = Metadata(issuer, "https://a", "https://t", f"{issuer}/keys")
    with pytest.raises(InvalidProviderResponse, match="no list of keys"):
        list(check_keys(examination))
    examination.close()


def test_what_needs_discovery_says_so() -> None:
    """A check that is asked out of its turn is a fault of ours."""
    with pytest.raises(LookupError):
        list(check_scopes(patient()))
