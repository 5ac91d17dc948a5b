"""Find the kubeconfig files and merge them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import read_kubeconfig
from kubectl_oidc.kubeconfig.read import kubeconfig_paths
from tests.topics import about
from tests.unit.kubeconfig.kubeconfig_files import (
    kubectl,
    write,
)


def test_files_are_found_as_kubectl_finds_them(home: Path) -> None:
    """--kubeconfig names one file; KUBECONFIG is a list without empty and repeated names; else ~/.kube/config."""
    listed = os.pathsep.join(["", "/a", "/b", "/a", ""])

    assert kubeconfig_paths("~/x", {"KUBECONFIG": listed}) == (home / "x",)
    assert kubeconfig_paths(None, {"KUBECONFIG": listed}) == (Path("/a"), Path("/b"))
    assert kubeconfig_paths("", {"KUBECONFIG": "", "USERPROFILE": str(home)}) == (home / ".kube" / "config",)


def test_the_first_file_with_a_name_defines_its_entry(tmp_path: Path) -> None:
    """Users, contexts and the current context are the same as in kubectl's merge."""
    first = write(
        tmp_path / "1",
        "users:\n- name: a\n  user: {token: one}\ncontexts:\n- name: c\n  context: {user: a}\n",
    )
    second = write(
        tmp_path / "2",
        "current-context: d\nusers:\n- name: a\n  user: {token: two, as: x}\n- name: b\n  user: {token: b}\n"
        "contexts:\n- name: d\n  context: {cluster: k, user: b}\n",
    )
    third = write(tmp_path / "3", "current-context: c\n")
    environ = {"KUBECONFIG": os.pathsep.join(map(str, (first, tmp_path / "missing", second, third)))}
    ours = read_kubeconfig(None, environ)
    theirs = json.loads(kubectl("config", "view", "--raw", "-o", "json", env=environ))

    assert {name: entry.value for name, entry in ours.users.items()} == {
        item["name"]: item["user"] for item in theirs["users"]
    }
    assert ours.users["a"].path == first
    assert ours.current_context == theirs["current-context"] == "d"
    assert ours.context_cluster() == "k"
    assert ours.context_cluster("c") == ""


def test_the_file_of_the_flag_must_exist(tmp_path: Path) -> None:
    """KUBECONFIG may name missing files; --kubeconfig may not."""
    assert read_kubeconfig(None, {"KUBECONFIG": str(tmp_path / "no")}).users == {}
    with pytest.raises(KubeconfigError, match=re.escape(str(tmp_path / "no"))):
        read_kubeconfig(str(tmp_path / "no"), {})


@pytest.mark.parametrize(("content", "named"), [(b"\xff\xfe", "UTF-8"), (None, " KUBECONFIG")])
def test_an_unreadable_file_is_an_error(tmp_path: Path, content: bytes | None, named: str) -> None:
    """A directory, or bytes that are not UTF-8."""
    path = tmp_path / "config"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    with pytest.raises(KubeconfigError, check=about("kubeconfig", str(path), named)):
        read_kubeconfig(str(path), {})
