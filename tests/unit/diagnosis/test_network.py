"""Whether the provider can be reached: proxy, name, connection, TLS."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis.network import check_connection, check_dns, check_proxy, check_tls
from kubectl_oidc.http.tls import TlsOptions
from tests.hostile import Hostile, raw, silence
from tests.unit.diagnosis.doctor_run import doctor_run, result_of

if TYPE_CHECKING:
    import trustme


def trusting(authority: trustme.CA) -> TlsOptions:
    return TlsOptions(ca_data=(authority.cert_pem.bytes(),))


def test_a_proxy_that_can_be_used_takes_the_rest_of_the_way(
    monkeypatch: pytest.MonkeyPatch, server: Hostile
) -> None:
    """The name, the connection and the certificate are the proxy's matter then; its password is not shown."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:SECRETPASS@127.0.0.1:{server.port}")
    assert result_of(check_proxy(doctor_run())) == ("ok", f"127.0.0.1:{server.port}, by HTTPS_PROXY", "")
    for check in (check_dns, check_connection, check_tls):
        assert result_of(check(doctor_run()))[0] == "skipped"


def test_a_proxy_that_is_no_url_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:SECRETPASS@h:port")
    kind, message, hint = result_of(check_proxy(doctor_run()))
    assert kind == "problem"
    assert message.startswith("HTTPS_PROXY cannot be used")
    assert "SECRETPASS" not in message + hint


@pytest.mark.parametrize("host", ["a..b.example.com", "x" * 70 + ".example.com"])
def test_a_name_that_is_none_does_not_resolve(host: str) -> None:
    assert result_of(check_dns(doctor_run(issuer=f"https://{host}")))[0] == "problem"


def test_the_certificates_end_is_told(server: Hostile, authority: trustme.CA) -> None:
    """Weeks before it comes."""
    issuer, tls = f"https://localhost:{server.port}", trusting(authority)
    kind, message, _ = result_of(
        check_tls(doctor_run(issuer=issuer, tls=tls, now=datetime.now(UTC).timestamp()))
    )
    assert (kind, message.partition(";")[0]) == ("ok", "TLSv1.3")
    pem = ssl.get_server_certificate(("localhost", server.port), ca_certs=None)
    end = ssl.cert_time_to_seconds(_not_after(pem))
    kind, message, _ = result_of(check_tls(doctor_run(issuer=issuer, tls=tls, now=end - 3 * 86400)))
    assert (kind, message) == ("warning", "TLSv1.3; the certificate is good for 3 d only")


def _not_after(pem: str) -> str:
    from cryptography import x509

    end = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    return end.strftime("%b %d %H:%M:%S %Y GMT")


def test_what_does_not_speak_tls_is_named() -> None:
    with Hostile(greeting=raw(b"SSH-2.0-OpenSSH_9\r\n")) as other:
        kind, message, _ = result_of(check_tls(doctor_run(issuer=f"https://localhost:{other.port}")))
    assert kind == "problem"
    assert "does not speak TLS as it should" in message


def test_what_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubectl_oidc.diagnosis.network._SECONDS", 0.2)
    with Hostile(greeting=silence) as other:
        kind, message, _ = result_of(check_tls(doctor_run(issuer=f"https://localhost:{other.port}")))
    assert kind == "problem"
    assert "no answer within" in message


def test_plain_http_has_no_certificate() -> None:
    assert result_of(check_tls(doctor_run(issuer="http://localhost:1")))[0] == "skipped"
