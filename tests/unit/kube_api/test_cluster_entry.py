"""What a kubeconfig's cluster entry means: the server, whom to trust, the proxy; and what is refused."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kube_api import cluster_of
from kubectl_oidc.kubeconfig import Entry

PEM = b"-----BEGIN CERTIFICATE-----\n"
DATA = base64.b64encode(PEM).decode()


def entry(path: Path = Path("/etc/kube/config"), /, **value: Any) -> Entry:
    """Return a cluster entry of a server, changed."""
    return Entry("prod", {"server": "https://k8s.example.com:6443", **value}, path)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://k8s.example.com:6443", "https://k8s.example.com:6443"),
        ("https://k8s.example.com/k8s/clusters/c-1/", "https://k8s.example.com/k8s/clusters/c-1"),
        ("k8s.example.com:6443", "https://k8s.example.com:6443"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
    ],
)
def test_the_server_is_a_url_without_a_slash_at_its_end(written: str, meant: str) -> None:
    """Paths after it can be put behind it, and plain http is for this machine."""
    assert cluster_of(entry(server=written)).server == meant


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "names no server"),
        ("http://k8s.example.com", "is http, not https"),
        ("https://", "names no host"),
        ("https://me:SECRETPASS@k8s.example.com", "has a user name or password in it"),
    ],
)
def test_a_server_that_a_token_must_not_go_to_is_refused(written: str, words: str) -> None:
    """The entry and its file are named, a password is not."""
    with pytest.raises(KubeconfigError, match=words) as caught:
        cluster_of(entry(server=written))
    assert "the cluster prod in /etc/kube/config" in caught.value.message
    assert caught.value.topic == "cluster-entry"
    assert "SECRETPASS" not in caught.value.message + caught.value.hint


def test_without_an_authority_the_system_is_trusted() -> None:
    """As kubectl does."""
    tls = cluster_of(entry()).tls
    assert (tls.system, tls.ca_data, tls.insecure, tls.server_name) == (True, (), False, "")


def test_a_given_authority_is_trusted_alone() -> None:
    """As kubectl does: the system's are not trusted beside it."""
    tls = cluster_of(entry(**{"certificate-authority-data": DATA, "tls-server-name": "k8s"})).tls
    assert (tls.system, tls.ca_data, tls.server_name) == (False, (PEM,), "k8s")


def test_an_authoritys_file_counts_from_the_kubeconfigs_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the working directory is, even if the kubeconfig is named relative to it."""
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "ca.crt").write_bytes(PEM)
    monkeypatch.chdir(tmp_path.parent)
    named = Path(tmp_path.name) / "config"
    assert cluster_of(entry(named, **{"certificate-authority": "pki/ca.crt"})).tls.ca_data == (PEM,)
    data = base64.b64encode(b"the data").decode()
    both = entry(named, **{"certificate-authority": "nothing", "certificate-authority-data": data})
    assert cluster_of(both).tls.ca_data == (b"the data",), "data go before a file"


def test_certificates_may_be_left_unchecked() -> None:
    """insecure-skip-tls-verify is what it is, and only if it is true."""
    assert cluster_of(entry(**{"insecure-skip-tls-verify": True})).tls.insecure
    assert not cluster_of(entry(**{"insecure-skip-tls-verify": "false"})).tls.insecure


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"certificate-authority": "missing.crt"}, "missing.crt: No such file"),
        ({"certificate-authority": "."}, "it is not a regular file"),
        ({"certificate-authority-data": "%%%"}, "is not base64"),
        (
            {"certificate-authority-data": DATA, "insecure-skip-tls-verify": True},
            "which do not go together",
        ),
        ({"proxy-url": "ftp://proxy:1"}, "proxy-url"),
        ({"proxy-url": "http://me:SECRETPASS@proxy:port"}, "proxy-url"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, value: dict[str, object], words: str) -> None:
    """The entry, the field, and never a password."""
    with pytest.raises(KubeconfigError, match=words) as caught:
        cluster_of(entry(tmp_path / "config", **value))
    assert "SECRETPASS" not in caught.value.message + caught.value.hint


def test_the_entrys_proxy_is_kept_and_not_shown() -> None:
    """It may hold a password."""
    cluster = cluster_of(entry(**{"proxy-url": "socks5://me:SECRETPASS@proxy:1080"}))
    assert cluster.proxy == "socks5://me:SECRETPASS@proxy:1080"
    assert "SECRETPASS" not in repr(cluster)
