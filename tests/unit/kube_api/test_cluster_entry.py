"""What a kubeconfig's cluster entry means: the server, whom to trust, the proxy; and what is refused."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kube_api.cluster_entry import parse_cluster_entry
from kubectl_oidc.kubeconfig import Entry
from tests.topics import about, told_apart

PEM = b"-----BEGIN CERTIFICATE-----\n"
DATA = base64.b64encode(PEM).decode()


def entry(path: Path = Path("/etc/kube/config"), /, **value: Any) -> Entry:
    """Return a cluster entry of a server, changed."""
    return Entry("prod", {"server": "https://k8s.example.com:6443", **value}, path)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("https://k8s.example.com:6443", "https://k8s.example.com:6443"),
        ("https://k8s.example.com/k8s/clusters/c-1/", "https://k8s.example.com/k8s/clusters/c-1"),
        ("k8s.example.com:6443", "https://k8s.example.com:6443"),
    ],
)
def test_the_server_is_a_url_without_a_slash_at_its_end(server: str, expected: str) -> None:
    """So that paths can be appended."""
    assert parse_cluster_entry(entry(server=server)).server == expected


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("", ""),
        ("http://k8s.example.com", "http://k8s.example.com "),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001 "),
        ("https://", "https:// "),
        ("https://me:SECRETPASS@k8s.example.com", ""),
    ],
)
def test_a_server_that_a_token_must_not_go_to_is_refused(written: str, shown: str) -> None:
    """The message names the entry and its file, never a password."""
    with pytest.raises(KubeconfigError, check=about("cluster-entry", shown)) as caught:
        parse_cluster_entry(entry(server=written))
    assert " prod " in caught.value.message
    assert str(Path("/etc/kube/config")) in caught.value.message
    assert "SECRETPASS" not in caught.value.message + caught.value.hint


def test_what_is_wrong_with_a_server_is_told_apart() -> None:
    """It is missing, is not https, has no host, or has a password."""

    def said(server: str) -> str:
        with pytest.raises(KubeconfigError) as caught:
            parse_cluster_entry(entry(server=server))
        return caught.value.message.replace(server, "")

    told_apart(
        {
            "missing": [said("")],
            "not https": [said("http://k8s.example.com"), said("http://127.0.0.1:6443")],
            "no host": [said("https://")],
            "a password": [said("https://me:SECRETPASS@k8s.example.com")],
        }
    )


def test_without_an_authority_the_system_is_trusted() -> None:
    """As in kubectl."""
    tls = parse_cluster_entry(entry()).tls
    assert (tls.system, tls.ca_data, tls.insecure, tls.server_name) == (True, (), False, "")


def test_only_the_entrys_authority_is_trusted() -> None:
    """As in kubectl, the system's authorities are then not trusted."""
    tls = parse_cluster_entry(entry(**{"certificate-authority-data": DATA, "tls-server-name": "k8s"})).tls
    assert (tls.system, tls.ca_data, tls.server_name) == (False, (PEM,), "k8s")


def test_an_authoritys_file_counts_from_the_kubeconfigs_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the working directory, even if the kubeconfig's path is relative to it."""
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "ca.crt").write_bytes(PEM)
    monkeypatch.chdir(tmp_path.parent)
    named = Path(tmp_path.name) / "config"
    assert parse_cluster_entry(entry(named, **{"certificate-authority": "pki/ca.crt"})).tls.ca_data == (PEM,)
    data = base64.b64encode(b"the data").decode()
    both = entry(named, **{"certificate-authority": "nothing", "certificate-authority-data": data})
    assert parse_cluster_entry(both).tls.ca_data == (b"the data",), "data override a file"


def test_certificates_may_be_left_unchecked() -> None:
    """Only if insecure-skip-tls-verify is true."""
    assert parse_cluster_entry(entry(**{"insecure-skip-tls-verify": True})).tls.insecure
    assert not parse_cluster_entry(entry(**{"insecure-skip-tls-verify": "false"})).tls.insecure


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"certificate-authority": "missing.crt"}, "missing.crt"),
        ({"certificate-authority": "."}, "certificate-authority"),
        ({"certificate-authority-data": "%%%"}, "certificate-authority-data"),
        (
            {"certificate-authority-data": DATA, "insecure-skip-tls-verify": True},
            "insecure-skip-tls-verify",
        ),
        ({"proxy-url": "ftp://proxy:1"}, "proxy-url"),
        ({"proxy-url": "http://me:SECRETPASS@proxy:port"}, "proxy-url"),
    ],
)
def test_an_invalid_field_is_named(tmp_path: Path, value: dict[str, object], words: str) -> None:
    """The message names the field, never a password."""
    with pytest.raises(KubeconfigError, match=words) as caught:
        parse_cluster_entry(entry(tmp_path / "config", **value))
    assert "SECRETPASS" not in caught.value.message + caught.value.hint


def test_the_entrys_proxy_is_kept_and_not_shown() -> None:
    """It may contain a password."""
    cluster = parse_cluster_entry(entry(**{"proxy-url": "socks5://me:SECRETPASS@proxy:1080"}))
    assert cluster.proxy == "socks5://me:SECRETPASS@proxy:1080"
    assert "SECRETPASS" not in repr(cluster)
