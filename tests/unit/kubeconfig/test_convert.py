"""Users with kubelogin's exec section, rewritten: what changes, what stays, what is shown."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig.convert import plan_conversion, plan_file, write_plan
from kubectl_oidc.kubeconfig.exec_stanza import INSTALL_HINT
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from kubectl_oidc.kubeconfig.replace_file import KubeconfigChanged
from tests.arbitrary import JSON, is_one_plain_line, or_refused

from .kubeconfig_files import POSIX

V1, V1BETA1 = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"
TEXT = """\
# my clusters
apiVersion: v1
kind: Config
users:
- name: people   # everybody
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubectl
      args:
      - oidc-login
      - get-token
      - --oidc-issuer-url=https://idp.example.com
      - --oidc-client-id=abc
      - --oidc-client-secret=s3cr3t-word
      - --oidc-request-header
      - Authorization=s3cr3t-word
      - --oidc-auth-request-extra-params=ui=de,client_assertion=s3cr3t-word
      env:
      - name: HTTPS_PROXY
        value: http://me:s3cr3t-word@proxy.example.com:3128
      - {name: THE_TOKEN, value: s3cr3t-word}
      interactiveMode: Never
      provideClusterInfo: true
- name: robot
  user: {token: abc}
# behind the users
"""


def kubeconfig(path: Path, text: str = TEXT) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def stanza(text: str, name: str) -> dict[str, Any]:
    (user,) = [item["user"] for item in parse_kubeconfig(text, "")["users"] if item["name"] == name]
    found: dict[str, Any] = user["exec"]
    return found


def of(command: str, *args: str, api_version: str = V1BETA1, **more: Any) -> str:
    """Return a kubeconfig with one user."""
    exec_ = {"apiVersion": api_version, "command": command, "args": list(args), **more}
    return json.dumps({"users": [{"name": "u", "user": {"exec": exec_}}]})


def test_convert_changes_the_command_and_version_only(tmp_path: Path) -> None:
    """Arguments, variables, mode, cluster information, comments and other users stay."""
    path = kubeconfig(tmp_path / "config")
    (one,) = plan_conversion(str(path), {}, [])
    assert [conversion.name for conversion in one.conversions] == ["people"]
    assert (one.direct, one.others) == ((), ("robot",))
    backup = write_plan(one, [])
    assert backup.read_text() == TEXT
    after = path.read_text()
    if POSIX:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    old = stanza(TEXT, "people")
    assert stanza(after, "people") == {
        **old,
        "apiVersion": V1BETA1,
        "command": "kubectl-oidc_login",
        "args": old["args"][1:],
        "installHint": INSTALL_HINT,
    }
    assert "- name: people   # everybody" in after
    assert after.startswith("# my clusters\n")
    assert after.endswith("- name: robot\n  user: {token: abc}\n# behind the users\n")


def test_a_converted_user_is_not_changed_again(tmp_path: Path) -> None:
    """What was converted is direct, and is not touched again."""
    path = kubeconfig(tmp_path / "config")
    write_plan(plan_conversion(str(path), {}, [])[0], [])
    (again,) = plan_conversion(str(path), {}, [])
    assert (again.conversions, again.direct) == ((), ("people",))
    assert again.after == again.before


def test_the_difference_shows_no_secret(tmp_path: Path) -> None:
    """It is a diff of the exec section, indented as in the file, with secrets hidden in arguments and variables."""
    (one,) = plan_conversion(str(kubeconfig(tmp_path / "config")), {}, [])
    shown = one.conversions[0].difference
    assert "s3cr3t-word" not in shown
    lines = shown.splitlines()
    assert "-  command: kubectl" in lines
    assert "+  command: kubectl-oidc_login" in lines
    assert "-  - oidc-login" in lines
    assert "   - --oidc-client-secret=***" in lines
    assert "   - --oidc-auth-request-extra-params=ui=de,client_assertion=***" in lines
    assert "     value: http://***@proxy.example.com:3128" in lines
    assert not any(line.startswith(("-  - get", "+  - get")) for line in lines)


@pytest.mark.parametrize(
    ("mode", "becomes"), [("Always", "IfAvailable"), ("Never", "Never"), ("IfAvailable", "IfAvailable")]
)
@pytest.mark.parametrize("command", [["kubectl", "oidc-login"], ["kubectl-oidc_login"]], ids=" ".join)
def test_a_user_that_needs_a_terminal_no_longer_does(
    tmp_path: Path, command: list[str], mode: str, becomes: str
) -> None:
    """Helm, k9s and editors have none; that nobody is asked stays."""
    text = of(command[0], *command[1:], "get-token", interactiveMode=mode)
    (plan,) = plan_conversion(str(kubeconfig(tmp_path / "config", text)), {}, ())
    assert stanza(plan.after, "u")["interactiveMode"] == becomes


@pytest.mark.parametrize(
    ("command", "args", "expected"),
    [
        ("kubectl", ["oidc-login", "get-token", "-v1"], ["get-token", "-v1"]),
        ("/usr/local/bin/kubectl", ["oidc-login", "get-token"], ["get-token"]),
        (
            "kubelogin",
            ["get-token", "--oidc-issuer-url=https://x"],
            ["get-token", "--oidc-issuer-url=https://x"],
        ),
        ("C:\\tools\\kubectl.exe", ["oidc-login", "get-token"], ["get-token"]),
        ("/home/a/.krew/bin/kubectl-oidc_login", ["get-token"], ["get-token"]),
    ],
)
def test_every_way_to_start_kubelogin_is_rewritten(
    tmp_path: Path, command: str, args: list[str], expected: list[str]
) -> None:
    """Through kubectl, by its own name, by a path, and as krew installs it."""
    (one,) = plan_conversion(str(kubeconfig(tmp_path / "config", of(command, *args))), {}, [])
    new = stanza(one.after, "u")
    assert (new["command"], new["args"]) == ("kubectl-oidc_login", expected)
    assert (new["apiVersion"], new["interactiveMode"]) == (V1BETA1, "IfAvailable")


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("kubectl", ["something-else"]),
        ("kubelogin", ["get-token", "--server-id=azure"]),
        ("aws", ["eks", "get-token"]),
    ],
)
def test_other_programs_are_not_rewritten(tmp_path: Path, command: str, args: list[str]) -> None:
    """Azure's program of the same name is one of them."""
    (one,) = plan_conversion(str(kubeconfig(tmp_path / "config", of(command, *args))), {}, [])
    assert (one.conversions, one.direct, one.others) == ((), (), ("u",))


def test_a_direct_exec_section_of_v1_becomes_v1beta1_and_keeps_its_path(
    tmp_path: Path,
) -> None:
    """Somebody chose the path."""
    text = of("/opt/tools/kubectl-oidc_login", "get-token", api_version=V1)
    (one,) = plan_conversion(str(kubeconfig(tmp_path / "config", text)), {}, [])
    new = stanza(one.after, "u")
    assert (new["command"], new["apiVersion"]) == ("/opt/tools/kubectl-oidc_login", V1BETA1)


def test_each_user_is_rewritten_in_its_own_file(tmp_path: Path) -> None:
    """KUBECONFIG is a list; a missing file is skipped."""
    first, second = kubeconfig(tmp_path / "a"), kubeconfig(tmp_path / "b", of("kubectl", "oidc-login", "x"))
    listed = os.pathsep.join([str(first), str(tmp_path / "none"), str(second)])
    plans = plan_conversion(None, {"KUBECONFIG": listed}, ["u"])
    assert [(one.path, [c.name for c in one.conversions]) for one in plans] == [(first, []), (second, ["u"])]


def test_an_unknown_user_or_file_is_an_error(tmp_path: Path) -> None:
    """A user, or a file."""
    with pytest.raises(KubeconfigError, match="nobody"):
        plan_conversion(str(kubeconfig(tmp_path / "config")), {}, ["nobody"])
    near = kubeconfig(tmp_path / "near", of("kubectl", "oidc-login", "x").replace('"u"', '"oidc"'))
    with pytest.raises(KubeconfigError) as caught:
        plan_conversion(str(near), {}, ["ocid"])
    assert "oidc?" in caught.value.hint
    with pytest.raises(KubeconfigError, match=re.escape(str(tmp_path / "none"))):
        plan_conversion(str(tmp_path / "none"), {}, [])


def test_a_change_between_plan_and_write_is_not_overwritten(tmp_path: Path) -> None:
    """Another program wrote the file between the question and the answer."""
    path = kubeconfig(tmp_path / "config")
    (one,) = plan_conversion(str(path), {}, [])
    other = TEXT.replace("abc", "xyz")
    path.write_text(other)
    with pytest.raises(KubeconfigChanged):
        write_plan(one, [])
    assert path.read_text() == other
    assert [entry.name for entry in tmp_path.glob("config*")] == ["config"]


SECRETS = st.text(
    st.characters(codec="ascii", exclude_categories=["C", "Z"], exclude_characters=",="), min_size=1
).map("s3cr3t{}".format)
WORDS = st.one_of(
    st.builds("--oidc-client-secret={}".format, SECRETS),
    st.builds("--password={}".format, SECRETS),
    st.builds("--oidc-request-header=X-Token={}".format, SECRETS),
    st.builds("--oidc-auth-request-extra-params=client_secret={}".format, SECRETS),
    st.sampled_from(
        [
            "--oidc-issuer-url=https://idp.example.com",
            "--oidc-client-id=a",
            "--skip-open-browser",
            "-v1",
            "\x1b[2J",
        ]
    ),
)


@given(
    args=st.lists(WORDS, max_size=5),
    rest=st.fixed_dictionaries(
        {}, optional={"env": JSON, "interactiveMode": JSON, "installHint": JSON, "other": JSON}
    ),
    command=st.sampled_from(["kubectl", "kubelogin", "/opt/kubectl-oidc_login", "kubectl-oidc_login"]),
)
def test_any_exec_section_is_rewritten_once_and_shown_without_its_secrets(
    args: list[str], rest: dict[str, Any], command: str
) -> None:
    """The arguments stay. What is shown is sanitized and has no secret. A second run changes nothing."""
    old = {"apiVersion": V1BETA1, "command": command, "args": ["oidc-login", "get-token", *args], **rest}
    document = {"users": [{"name": "a", "user": {"exec": old}}, {"name": "b", "user": {"token": "t"}}]}
    with or_refused(KubeconfigError, "s3cr3t"):
        one = plan_file(Path("F"), json.dumps(document, ensure_ascii=False), [])
        if not one.conversions:
            assert one.after == one.before
            return
        (conversion,) = one.conversions
        assert "s3cr3t" not in conversion.difference
        assert all(map(is_one_plain_line, conversion.difference.splitlines()))
        assert stanza(one.after, "a")["args"][-len(args) :] == args or not args
        assert parse_kubeconfig(one.after, "F")["users"][1] == document["users"][1]
        assert not plan_file(Path("F"), one.after, []).conversions


@pytest.mark.parametrize("args", ["word", True, {"a": "b"}])
def test_an_exec_section_with_invalid_arguments_is_not_rewritten(tmp_path: Path, args: object) -> None:
    """Kubectl rejects it anyway."""
    stanza_ = {"command": "kubectl-oidc_login", "args": args}
    path = kubeconfig(tmp_path / "config", json.dumps({"users": [{"name": "a", "user": {"exec": stanza_}}]}))
    (one,) = plan_conversion(str(path), {}, [])
    assert (one.conversions, one.others) == ((), ("a",))
