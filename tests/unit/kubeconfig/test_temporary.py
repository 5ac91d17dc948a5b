"""A temporary kubeconfig with a token."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import Entry
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from kubectl_oidc.kubeconfig.temporary import TemporaryKubeconfig, private_directory
from kubectl_oidc.secret import Secret
from tests.sessions import posix_only

HERE = Path("/kube/config")


def document(tmp_path: Path, context: Entry, cluster: Entry, user: Entry | None = None) -> dict[str, object]:
    made = TemporaryKubeconfig(tmp_path, context, cluster, user)
    made.put(Secret("TOKEN"))
    assert (tmp_path / "token").read_text() == "TOKEN"
    return parse_kubeconfig(made.path.read_text(encoding="utf-8"), "it")


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


def left(path: Path, mode: int = 0o700, *, lock: bool = True) -> Path:
    """Make a directory as an ``exec`` that was killed leaves it, an hour old."""
    path.mkdir()
    (path / "token").write_text("x")
    if lock:
        (path / "lock").write_text("1@host \n")
    path.chmod(mode)
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 3600))
    return path


@pytest.mark.parametrize("temporary", [True, False])
def test_what_a_killed_process_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, temporary: bool
) -> None:
    """In the private directory, and in the directory of temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old = left(tmp_path / "kubectl-oidc-exec-old")
    with private_directory(None if temporary else tmp_path) as directory:
        assert not old.exists()
        assert [*tmp_path.glob("kubectl-oidc-exec-*")] == [directory]


@posix_only
@pytest.mark.parametrize("temporary", [True, False])
def test_what_is_not_of_an_exec_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, temporary: bool
) -> None:
    """A stranger's name, another mode, no lock (and none is made), a link, a file."""
    parent = tmp_path / "parent"
    parent.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(parent))
    name = parent / "kubectl-oidc-exec-x"
    others = [
        left(parent / "exec-of-a-stranger"),
        left(name.with_name(f"{name.name}1"), 0o755),
        left(name.with_name(f"{name.name}2"), 0o777),
        left(name.with_name(f"{name.name}3"), lock=False),
        left(tmp_path / "elsewhere"),
    ]
    name.symlink_to(others[-1])
    name.with_name(f"{name.name}4").write_text("x")
    before = sorted(parent.rglob("*"))
    with private_directory(None if temporary else parent):
        pass
    assert sorted(parent.rglob("*")) == before
    assert all((one / "token").exists() for one in others)
    assert not (others[3] / "lock").exists()


@posix_only
def test_a_directory_of_another_user_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has another user's id here, the directory does not."""
    old = left(tmp_path / "kubectl-oidc-exec-old")
    monkeypatch.setattr(os, "geteuid", lambda: old.stat().st_uid + 1)
    with private_directory(tmp_path):
        pass
    assert (old / "token").exists()
