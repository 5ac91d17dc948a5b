"""Whether the provider can be reached: proxy, name, connection, TLS."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis.network import check_connection, check_dns, check_proxy, check_tls
from kubectl_oidc.diagnosis.run import Check
from kubectl_oidc.diagnosis.run_checks import run_checks
from kubectl_oidc.http.tls import TlsOptions
from tests.hostile import Hostile, raw, silence
from tests.unit.diagnosis.doctor_run import doctor_run, result_of

if TYPE_CHECKING:
    from pathlib import Path

    import trustme


def trusting(authority: trustme.CA) -> TlsOptions:
    return TlsOptions(ca_data=(authority.cert_pem.bytes(),))


def test_with_a_proxy_the_later_steps_are_skipped(monkeypatch: pytest.MonkeyPatch, server: Hostile) -> None:
    """The proxy looks up the name and connects. Its password is not shown."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:SECRETPASS@127.0.0.1:{server.port}")
    assert result_of(check_proxy(doctor_run())).status == "ok"
    for check in (check_dns, check_connection, check_tls):
        assert result_of(check(doctor_run()))[0] == "skipped"


def test_an_invalid_proxy_url_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:SECRETPASS@h:port")
    (found,) = run_checks(doctor_run(), (Check("proxy", check_proxy),))
    assert found.status == "problem"
    assert "HTTPS_PROXY" in found.message
    assert "SECRETPASS" not in found.message + found.hint


@pytest.mark.parametrize("host", ["a..b.example.com", "x" * 70 + ".example.com"])
def test_an_invalid_host_name_does_not_resolve(host: str) -> None:
    assert result_of(check_dns(doctor_run(issuer=f"https://{host}")))[0] == "problem"


def test_a_certificate_that_expires_soon_is_a_warning(server: Hostile, authority: trustme.CA) -> None:
    """Weeks before its end."""
    issuer, tls = f"https://localhost:{server.port}", trusting(authority)
    found = result_of(check_tls(doctor_run(issuer=issuer, tls=tls, now=datetime.now(UTC).timestamp())))
    assert (found.status, found.message.partition(";")[0]) == ("ok", "TLSv1.3")
    pem = ssl.get_server_certificate(("localhost", server.port), ca_certs=None)
    end = ssl.cert_time_to_seconds(_not_after(pem))
    found = result_of(check_tls(doctor_run(issuer=issuer, tls=tls, now=end - 3 * 86400)))
    assert (found.status, found.topic) == ("warning", "tls")
    assert "3 d" in found.message


def _not_after(pem: str) -> str:
    from cryptography import x509

    end = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    return end.strftime("%b %d %H:%M:%S %Y GMT")


def test_a_server_without_tls_is_a_problem() -> None:
    with Hostile(greeting=raw(b"SSH-2.0-OpenSSH_9\r\n")) as other:
        found = result_of(check_tls(doctor_run(issuer=f"https://localhost:{other.port}")))
    assert (found.status, found.topic) == ("problem", "tls")


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubectl_oidc.diagnosis.network._SECONDS", 0.2)
    with Hostile(greeting=silence) as other:
        found = result_of(check_tls(doctor_run(issuer=f"https://localhost:{other.port}")))
    assert (found.status, found.topic) == ("problem", "tls")


def test_plain_http_has_no_certificate() -> None:
    assert result_of(check_tls(doctor_run(issuer="http://localhost:1")))[0] == "skipped"


def test_an_authority_that_cannot_be_read_is_a_problem_over_plain_http_too(tmp_path: Path) -> None:
    """Every request loads it, so kubectl fails."""
    run = doctor_run(issuer="http://localhost:1", tls=TlsOptions(ca_files=(tmp_path / "ca.pem",)))
    (found,) = run_checks(run, (Check("tls", check_tls),))
    assert found.status == "problem"
    assert "--certificate-authority" in found.message
