"""The trust settings as a value: what changes it, what does not, and under which a token may be sent."""

from __future__ import annotations

import os
import ssl
import sys
from typing import TYPE_CHECKING

import pytest
import trustme

from kubectl_oidc.http.tls import SYSTEM_TRUST, TlsOptions
from kubectl_oidc.http.trust import (
    depends_on_variables,
    describe_trust,
    has_unreadable_authority,
    trust_allows,
    trust_identity,
)

if TYPE_CHECKING:
    from pathlib import Path

ONE, OTHER = (trustme.CA().cert_pem.bytes() for _ in range(2))
DER = ssl.PEM_cert_to_DER_cert(ONE.decode())

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs and needs rights for links")


def of_data(*data: bytes) -> tuple[str, ...]:
    return trust_identity(TlsOptions(ca_data=data))


def test_the_systems_authorities_are_the_empty_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No flag and no variable is given, or they name nothing."""
    (tmp_path / "empty").mkdir()
    assert trust_identity(SYSTEM_TRUST) == ()
    for file, directory in (
        ("", ""),
        (str(tmp_path / "none"), str(tmp_path / "none")),
        ("", str(tmp_path / "empty")),
    ):
        monkeypatch.setenv("SSL_CERT_FILE", file)
        monkeypatch.setenv("SSL_CERT_DIR", directory)
        assert trust_identity(SYSTEM_TRUST) == ()


def test_an_authority_counts_by_its_content(tmp_path: Path) -> None:
    """File or data, PEM or DER, line ends, words around it, its order and how often it is given make no difference."""
    (tmp_path / "ca.pem").write_bytes(ONE)
    (tmp_path / "ca.der").write_bytes(DER)
    expected = of_data(ONE)
    assert len(expected) == 1
    assert trust_identity(TlsOptions(ca_files=(tmp_path / "ca.pem",))) == expected
    assert trust_identity(TlsOptions(ca_files=(tmp_path / "ca.der",), ca_data=(ONE,))) == expected
    assert of_data(b"An authority\r\n" + ONE.replace(b"\n", b"\r\n") * 2) == expected
    assert of_data(ONE, OTHER) == of_data(OTHER + ONE) != expected
    assert of_data(OTHER) != expected


@pytest.mark.parametrize("noise", [b"-", b"=", b"!", b"\xff", b":"])
def test_a_block_that_is_not_strictly_base64_counts_as_it_is(noise: bytes) -> None:
    """What one reader passes over another may not: it never counts as the authority that is left without it."""
    middle = len(ONE) // 2
    changed = ONE[:middle] + noise + ONE[middle:]
    assert of_data(changed) != of_data(ONE)
    assert len(of_data(changed)) == 1


def test_no_check_is_one_trust_whatever_is_given() -> None:
    """Nothing that is given makes a difference then."""
    assert (
        trust_identity(TlsOptions(insecure=True))
        == trust_identity(TlsOptions(insecure=True, ca_data=(ONE,)))
        != ()
    )


def test_an_authority_that_cannot_be_read_is_equal_to_no_other(tmp_path: Path) -> None:
    """No error, for commands that only list or remove. A request to the provider fails."""
    missing = trust_identity(TlsOptions(ca_files=(tmp_path / "missing.pem",)))
    assert has_unreadable_authority(missing)
    assert missing != trust_identity(TlsOptions(ca_files=(tmp_path / "other.pem",)))
    assert not has_unreadable_authority(of_data(ONE))


def test_variables_count_by_content_and_the_kubeconfigs_before_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two paths of one content are one trust; what a kubeconfig's user sets is what counts for it."""
    for name in ("one.pem", "same.pem"):
        (tmp_path / name).write_bytes(ONE)
    (tmp_path / "hashed").mkdir()
    (tmp_path / "hashed" / "0a1b2c3d.0").write_bytes(ONE)
    found = []
    for name in ("one.pem", "same.pem"):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / name))
        found.append(trust_identity(SYSTEM_TRUST))
    assert found[0] == found[1] != ()
    assert depends_on_variables(found[0])
    assert trust_identity(TlsOptions(cert_file="", cert_dir="")) == ()
    assert trust_identity(TlsOptions(cert_file=str(tmp_path / "one.pem"))) == found[0]
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join(("/nowhere", str(tmp_path / "hashed"))))
    directory = trust_identity(SYSTEM_TRUST)
    assert directory not in ((), found[0])
    (tmp_path / "hashed" / "README").write_bytes(OTHER)
    assert trust_identity(SYSTEM_TRUST) == directory, "OpenSSL does not look at it"
    (tmp_path / "hashed" / "0a1b2c3d.0").write_bytes(OTHER)
    assert trust_identity(SYSTEM_TRUST) != directory
    assert trust_identity(TlsOptions(system=False)) == (), "the system's authorities are not asked at all"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's authorities are no files")
def test_the_systems_own_file_and_directory_make_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Company profiles and packagers set the variables to what is the default anyhow, sometimes by way of a link."""
    paths = ssl.get_default_verify_paths()
    (tmp_path / "link").symlink_to("/etc/ssl/certs/ca-certificates.crt")
    for file in (paths.openssl_cafile, "/etc/ssl/certs/ca-certificates.crt", str(tmp_path / "link")):
        monkeypatch.setenv("SSL_CERT_FILE", file)
        monkeypatch.setenv("SSL_CERT_DIR", paths.openssl_capath)
        assert trust_identity(SYSTEM_TRUST) == (), file


@posix
def test_what_is_no_file_is_neither_read_nor_the_systems(tmp_path: Path) -> None:
    """A pipe says something else each time, and reading it could take for ever."""
    os.mkfifo(tmp_path / "pipe")
    assert trust_identity(TlsOptions(cert_file=str(tmp_path / "pipe"))) not in ((), of_data(ONE))
    assert trust_identity(TlsOptions(cert_file="/dev/zero")) != ()


@pytest.mark.skipif(sys.platform != "linux", reason="has /proc")
def test_a_file_of_proc_counts_by_what_it_says() -> None:
    """A kubeconfig that sets SSL_CERT_FILE to /proc/self/environ carries its authority in another variable."""
    assert trust_identity(TlsOptions(cert_file="/proc/self/environ")) != ()


def test_the_same_trust_or_a_stricter_one_may_be_sent_under() -> None:
    """Fewer authorities are stricter; no check allows nothing but itself, and is allowed to become any."""
    none, one, both = (), of_data(ONE), of_data(ONE, OTHER)
    no_check, file = ("insecure",), ("SSL_CERT_FILE 1",)
    everything = (none, one, both, no_check, file)
    allowed = {(held, asked) for held in everything for asked in everything if trust_allows(held, asked)}
    assert allowed == {
        *((each, each) for each in everything),
        *((no_check, each) for each in everything),
        *((both, one), (both, none), (one, none)),
    }
    assert [trust_allows(None, asked) for asked in everything] == [True, False, False, False, False]


def test_it_is_named_by_flags_and_variables() -> None:
    """For errors: no digest, each once."""
    assert describe_trust(()) not in {"", describe_trust(None)}
    assert describe_trust(("insecure",)) == "--insecure-skip-tls-verify"
    assert (
        describe_trust((*of_data(ONE, OTHER), "SSL_CERT_FILE 1"))
        == "--certificate-authority and SSL_CERT_FILE"
    )
    assert "1.0.0" in describe_trust(None)
