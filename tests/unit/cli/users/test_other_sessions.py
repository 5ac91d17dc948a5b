"""Kubeconfig users that cannot use the session which `setup` has just stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.commands.get_token import get_token
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.users.other_sessions import other_sessions, uses_another_session
from kubectl_oidc.kubeconfig import read_kubeconfig
from tests.tokens import CLIENT_ID, ISSUER

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.diagnosis import Finding

BOTH = (f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT_ID}")
# Step 9 of the story: kubelogin's kind of stanza, openid among the scopes.
STORY = (
    *("oidc-login", "get-token", *BOTH),
    *(f"--oidc-extra-scope={scope}" for scope in ("email", "offline_access", "profile", "openid")),
)


def found(tmp_path: Path, *args: str, command: str = "kubectl", typed: tuple[str, ...] = ()) -> list[Finding]:
    """Return the findings about a user with these arguments, after a setup with the typed ones."""
    file = tmp_path / "config"
    listed = "".join(f"      - {word!r}\n" for word in args)
    file.write_text(
        f"users:\n- name: team\n  user:\n    exec:\n      command: {command}\n      args:\n{listed}",
        encoding="utf-8",
    )
    request = token_request(get_token.make_context("setup", [*BOTH, *typed]).params)
    kubeconfig = read_kubeconfig(str(file), {})
    findings = list(other_sessions(kubeconfig, request))
    if findings:
        assert uses_another_session(kubeconfig.users["team"], request)
    return findings


def test_scopes_that_setup_was_not_given_are_named(tmp_path: Path) -> None:
    """The user has four scopes, setup only openid. The hint has the flag to add."""
    (finding,) = found(tmp_path, *STORY)
    assert " team " in finding.message
    assert str(tmp_path / "config") in finding.message
    assert finding.topic == "other-session"
    assert "--oidc-extra-scope=email,offline_access,profile," in finding.hint


def test_a_scope_that_the_user_does_not_ask_for_is_named(tmp_path: Path) -> None:
    """A session with more scopes is another session too."""
    (finding,) = found(tmp_path, *STORY, typed=("--oidc-extra-scope=email,groups,offline_access,profile",))
    assert "groups" in finding.hint
    assert "--oidc-extra-scope" not in finding.hint


@pytest.mark.parametrize(
    "typed",
    [
        ("--oidc-extra-scope=email,offline_access,profile",),
        ("--oidc-extra-scope=profile", "--oidc-extra-scope=email", "--oidc-extra-scope=offline_access"),
    ],
    ids=["one flag", "several, in another order"],
)
def test_a_user_of_this_session_is_not_a_finding(tmp_path: Path, typed: tuple[str, ...]) -> None:
    """The order and form of the scopes do not matter."""
    assert found(tmp_path, *STORY, "--listen-address=127.0.0.1:9000", typed=typed) == []
    request = token_request(get_token.make_context("setup", [*BOTH, *typed]).params)
    user = read_kubeconfig(str(tmp_path / "config"), {}).users["team"]
    assert not uses_another_session(user, request)
    assert not uses_another_session(None, request)


def test_a_flag_and_its_value_may_be_two_arguments(tmp_path: Path) -> None:
    """`--flag value` means what `--flag=value` does."""
    args = (
        "get-token",
        "--oidc-issuer-url",
        ISSUER,
        "--oidc-client-id",
        CLIENT_ID,
        "--oidc-extra-scope",
        "email",
    )
    (finding,) = found(tmp_path, *args, command="/opt/kubectl-oidc_login")
    assert "--oidc-extra-scope=email," in finding.hint


def test_another_difference_is_reported_without_scopes(tmp_path: Path) -> None:
    """A session with another name is another session."""
    (finding,) = found(tmp_path, "get-token", *BOTH, "--session=other", command="kubectl-oidc_login")
    assert "scope" not in finding.message + finding.hint


@pytest.mark.parametrize(
    ("command", "args"),
    [
        (
            "kubectl-oidc_login",
            ("get-token", f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=another", "--session=x"),
        ),
        (
            "kubectl-oidc_login",
            ("get-token", "--oidc-issuer-url=https://other.example.com", BOTH[1], "--session=x"),
        ),
        ("kubectl-oidc_login", ("get-token", "--no-such-flag", *BOTH, "--session=x")),
        ("kubectl-oidc_login", ("get-token", "--help")),
        ("kubectl-oidc_login", ("get-token",)),
        ("kubectl-oidc_login", ("version",)),
        ("aws", ("eks", "get-token", *BOTH, "--session=x")),
    ],
    ids=["client", "issuer", "unknown flag", "help", "nothing", "no get-token", "another program"],
)
def test_users_of_other_clients_and_programs_are_left_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, args: tuple[str, ...]
) -> None:
    """They are not findings, and nothing is printed."""
    assert found(tmp_path, *args, command=command) == []
    assert capfd.readouterr() == ("", "")


def test_text_of_the_kubeconfig_is_sanitized(tmp_path: Path) -> None:
    """A name or scope with escape sequences is shown without them."""
    file = tmp_path / "config"
    file.write_text(
        'users:\n- name: "a\\e[2Jb"\n  user: {exec: {command: kubectl-oidc_login, args: [get-token, '
        f'"{BOTH[0]}", "{BOTH[1]}", "--oidc-extra-scope=\\e]0;x"]}}}}\n',
        encoding="utf-8",
    )
    request = token_request(get_token.make_context("setup", list(BOTH)).params)
    (finding,) = other_sessions(read_kubeconfig(str(file), {}), request)
    assert "\x1b" not in finding.message + finding.hint
