"""The exec section that starts get-token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.kubeconfig import Arg, Stanza
from kubectl_oidc.kubeconfig.exec_stanza import INSTALL_HINT, is_oidc_login_exec
from kubectl_oidc.secret import Secret
from tests.unit.kubeconfig.kubeconfig_files import (
    ISSUER,
    STANZA,
    kubectl,
    put,
    user_in,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def _said(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Drop None: kubectl writes `env: null`."""
    return {key: value for key, value in mapping.items() if value is not None}


@pytest.mark.parametrize(
    "stanza",
    [
        pytest.param(STANZA, id="plain"),
        pytest.param(
            Stanza(args=(ISSUER,), command="/opt/with space/kubectl-oidc_login"), id="absolute path"
        ),
        pytest.param(
            Stanza(
                args=(
                    ISSUER,
                    Arg("--oidc-extra-scope", "a,b"),
                    Arg("--oidc-auth-request-extra-params", 'hint=say "hi", $HOME'),
                    Arg("--skip-open-browser"),
                    Arg("--session", "yes"),
                )
            ),
            id="commas, quotes, dollars",
        ),
    ],
)
def test_kubectl_config_set_credentials_writes_the_same_exec_section(stanza: Stanza, tmp_path: Path) -> None:
    """The printed command, run by the real kubectl, and --write-kubeconfig give the same user."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    kubectl(*stanza.set_credentials("oidc")[1:], env={"KUBECONFIG": str(theirs)})
    put(ours, stanza=stanza)
    printed, written = user_in(theirs)["exec"], user_in(ours)["exec"]

    assert written.pop("installHint") == INSTALL_HINT  # kubectl has no flag for it
    assert _said(printed) == _said(written)


def test_a_secret_is_written_and_shown_as_a_placeholder(tmp_path: Path) -> None:
    """The kubeconfig works; what people see holds no secret."""
    secret = Arg("--oidc-client-secret", Secret("hunter2"))
    header = Arg.header("X-Api-Key", "hunter3")
    stanza = Stanza(args=(ISSUER, secret, header, Arg.header("X-Tenant", "blue")))
    put(tmp_path / "config", stanza=stanza)
    shown = " ".join(stanza.set_credentials("oidc")) + repr(stanza)
    written = user_in(tmp_path / "config")["exec"]["args"]

    assert "--exec-arg=--oidc-client-secret=CLIENT_SECRET" in shown
    assert "--exec-arg=--oidc-request-header=X-Api-Key=VALUE" in shown
    assert "--exec-arg=--oidc-request-header=X-Tenant=blue" in shown
    assert "hunter" not in shown
    assert stanza.holds_secret
    assert "--oidc-client-secret=hunter2" in written
    assert "--oidc-request-header=X-Api-Key=hunter3" in written


@pytest.mark.parametrize(
    ("exec_", "ours"),
    [
        ({"command": "kubectl-oidc_login", "args": ["get-token"]}, True),
        ({"command": "/home/a/.local/bin/kubectl-oidc_login"}, True),
        ({"command": "C:\\Tools\\kubectl-oidc_login.EXE"}, True),
        ({"command": "kubectl", "args": ["oidc-login", "get-token"]}, True),
        ({"command": "kubelogin", "args": ["get-token", "--oidc-issuer-url=https://a"]}, True),
        ({"command": "kubelogin", "args": ["get-token", "--server-id", "x"]}, False),
        ({"command": "kubectl", "args": ["other"]}, False),
        ({"command": "kubectl", "args": "oidc-login"}, False),
        ({"command": "aws", "args": ["eks", "get-token"]}, False),
        ({}, False),
    ],
)
def test_exec_sections_of_this_program_and_kubelogin_are_recognised(
    exec_: dict[str, object], *, ours: bool
) -> None:
    """Another program's section, such as that of Azure's kubelogin, is not."""
    assert is_oidc_login_exec(exec_) is ours
