"""A user is added to the right file, or updated, or left alone."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import Change, check_user, write_user
from tests.unit.kubeconfig.kubeconfig_files import (
    KEPT,
    POSIX,
    STANZA,
    kubectl,
    names_in,
    put,
    user_in,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_missing_file_is_created_for_its_owner_only(home: Path) -> None:
    """~/.kube/config gets mode 0600 in a directory of mode 0700, with any umask."""
    old = os.umask(0)
    try:
        change = write_user("oidc", STANZA, explicit=None, environ={"USERPROFILE": str(home)})
    finally:
        os.umask(old)

    assert change == Change(home / ".kube" / "config", "created")
    assert user_in(change.path)["exec"]["command"] == "kubectl-oidc_login"
    assert names_in(home / ".kube") == ["config"]
    if POSIX:
        assert stat.S_IMODE(change.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(change.path.parent.stat().st_mode) == 0o700


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    """No backup, no new file, no message."""
    path = write(tmp_path / "config", KEPT)
    put(path)
    before = path.stat()
    change = put(path)

    assert (change.action, change.backup, change.details) == ("unchanged", None, ())
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_an_update_lists_its_changes_and_keeps_other_settings(tmp_path: Path) -> None:
    """env, impersonation and provideClusterInfo stay; changed arguments are shown without secrets."""
    path = write(
        tmp_path / "config",
        "users:\n- name: oidc\n  user:\n    as: bob\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n"
        "      command: kubectl\n      args: [oidc-login, get-token, --oidc-issuer-url=https://old,"
        " --oidc-client-secret=hunter2]\n      env:\n      - {name: HTTPS_PROXY, value: http://proxy}\n"
        "      provideClusterInfo: true\n",
    )
    change = put(path)
    user = user_in(path)

    assert change.action == "updated"
    assert user["as"] == "bob"
    assert user["exec"]["env"] == [{"name": "HTTPS_PROXY", "value": "http://proxy"}]
    assert user["exec"]["provideClusterInfo"] is True
    assert user["exec"]["args"] == ["get-token", *(arg.with_secret() for arg in STANZA.args)]
    assert [
        line for line in change.details if re.fullmatch(r"command: kubectl-oidc_login \(.*\bkubectl\)", line)
    ]
    assert "- --oidc-issuer-url=https://old" in change.details
    assert "+ --oidc-issuer-url=https://idp.example.com/x" in change.details
    assert "- --oidc-client-secret=***" in change.details
    assert not any("hunter2" in line for line in change.details)


def test_an_auth_provider_user_gets_the_exec_section(tmp_path: Path) -> None:
    """client-go's own plug-in cannot sign in."""
    path = write(
        tmp_path / "config",
        "users:\n- name: oidc\n  user:\n    auth-provider:\n      name: oidc\n      config: {id-token: hunter2}\n",
    )
    change = put(path)

    assert user_in(path).keys() == {"exec"}
    assert [line for line in change.details if line.endswith(" auth-provider")]


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("{token: a}", "(token)"),
        (
            "{client-certificate-data: a, client-key-data: b}",
            "(client-certificate-data, client-key-data)",
        ),
        ("{exec: {command: aws, args: [eks, get-token]}}", " exec "),
        ("{auth-provider: {name: gcp}}", "(auth-provider)"),
    ],
)
def test_a_user_with_another_credential_is_not_changed(tmp_path: Path, user: str, words: str) -> None:
    """A certificate, a token or another plugin stays; the check before a sign-in says so too."""
    path = write(tmp_path / "config", text := f"users:\n- name: oidc\n  user: {user}\n")

    with pytest.raises(KubeconfigError, match="'oidc'") as caught:
        put(path)
    assert words in caught.value.message
    assert "--user" in caught.value.hint
    with pytest.raises(KubeconfigError, match="'oidc'"):
        check_user("oidc", STANZA, explicit=str(path), environ={})
    assert path.read_bytes() == text.encode()
    assert names_in(tmp_path) == ["config", "home", "work"]


@pytest.mark.parametrize(
    "text", ["users: [", "- a\n", "users:\n- name: a\n- name: a\n", "users: 1\n", "x: \xff"]
)
def test_an_invalid_file_is_not_changed(tmp_path: Path, text: str) -> None:
    """An error, no byte changed, no backup, no lock left."""
    path = tmp_path / "config"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(KubeconfigError):
        put(path)
    with pytest.raises(KubeconfigError):
        check_user("oidc", STANZA, explicit=str(path), environ={})
    assert path.read_bytes() == text.encode("latin-1")
    assert names_in(tmp_path) == ["config", "home", "work"]


@pytest.mark.parametrize(
    ("existing", "holds_user", "expected"),
    [
        pytest.param([], None, "c", id="none exists: the last one is made"),
        pytest.param(["b", "c"], None, "b", id="the first that exists"),
        pytest.param(["a", "b"], "b", "b", id="the one that has the user"),
    ],
)
def test_the_file_is_the_one_that_kubectl_would_change(
    tmp_path: Path, existing: list[str], holds_user: str | None, expected: str
) -> None:
    """The real kubectl and this program write into the same file of the list."""
    for who in ("ours", "theirs"):
        for name in existing:
            user = (
                "users:\n- name: oidc\n  user:\n    exec: {command: kubectl-oidc_login}\n"
                if name == holds_user
                else ""
            )
            write(tmp_path / who / name, f"kind: Config\napiVersion: v1\n{user}")
        environ = {"KUBECONFIG": os.pathsep.join(str(tmp_path / who / name) for name in "abc")}
        if who == "ours":
            assert (
                write_user("oidc", STANZA, explicit=None, environ=environ).path == tmp_path / who / expected
            )
        else:
            kubectl(*STANZA.set_credentials("oidc")[1:], env=environ)

    for who in ("ours", "theirs"):
        holders = [path.name for path in (tmp_path / who).iterdir() if "get-token" in path.read_text()]
        assert holders == [expected], who
