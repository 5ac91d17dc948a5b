"""A temporary kubeconfig with a token."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import Entry
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from kubectl_oidc.kubeconfig.temporary import TemporaryKubeconfig, private_directory
from kubectl_oidc.secret import Secret

HERE = Path("/kube/config")


def document(tmp_path: Path, context: Entry, cluster: Entry, user: Entry | None = None) -> dict[str, object]:
    made = TemporaryKubeconfig(tmp_path, context, cluster, user)
    made.put(Secret("TOKEN"))
    assert (tmp_path / "token").read_text() == "TOKEN"
    return parse_kubeconfig(made.path.read_text(), "it")


@pytest.mark.parametrize("name", ["c", "0123", "no", "a: b", "ä\n#"])
def test_names_and_values_stay_what_they_are(tmp_path: Path, name: str) -> None:
    """A number, a boolean or a comment in a name is text; the namespace is copied, extensions are not."""
    context = Entry(name, {"cluster": "x", "user": "y", "namespace": name, "extensions": [1]}, HERE)
    cluster = Entry(name, {"server": "https://c", "insecure-skip-tls-verify": True}, HERE)
    found = document(tmp_path, context, cluster, Entry("u", {"exec": {}, "as": name}, HERE))
    assert found["current-context"] == name
    assert found["contexts"] == [
        {"name": name, "context": {"cluster": name, "user": "token", "namespace": name}}
    ]
    assert found["clusters"] == [{"name": name, "cluster": dict(cluster.value)}]
    assert found["users"] == [
        {"name": "token", "user": {"as": name, "token": "TOKEN", "tokenFile": str(tmp_path / "token")}}
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="paths of POSIX")
@pytest.mark.parametrize(("authority", "expected"), [("ca.crt", "/kube/ca.crt"), ("/etc/ca", "/etc/ca")])
def test_a_relative_authority_starts_at_its_file(tmp_path: Path, authority: str, expected: str) -> None:
    cluster = Entry("c", {"server": "https://c", "certificate-authority": authority}, HERE)
    document(tmp_path, Entry("c", {}, HERE), cluster)
    assert f"certificate-authority: {expected}\n" in (tmp_path / "config").read_text()


def test_the_directory_goes_with_what_is_in_it(tmp_path: Path) -> None:
    """It may be gone already."""
    with private_directory(tmp_path) as directory:
        (directory / "cache").mkdir()
        (directory / "cache" / "file").write_text("x")
    assert not directory.exists()
    if sys.platform != "win32":  # there the lock in it cannot be removed
        with private_directory(tmp_path) as directory:
            shutil.rmtree(directory)


def test_no_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError), private_directory(tmp_path / "missing"):
        pytest.fail("there is no directory")
