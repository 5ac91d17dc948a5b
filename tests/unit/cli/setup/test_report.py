"""The report of `setup` after a sign-in, for harmless and for hostile values."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from ruamel.yaml import YAML

from kubectl_oidc.cli.setup.cluster_steps import ClusterSetup
from kubectl_oidc.cli.setup.report import Report, render_report
from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.diagnosis.token.facts import TokenFacts
from kubectl_oidc.diagnosis.token.findings import check_token
from kubectl_oidc.kubeconfig import Arg, Change, Stanza
from kubectl_oidc.manifests.cluster_type import Cluster
from kubectl_oidc.manifests.rbac import Binding
from kubectl_oidc.manifests.trust import ClusterTrust
from kubectl_oidc.secret import Secret
from tests.arbitrary import is_one_plain_line
from tests.sessions import posix_only
from tests.tokens import CLIENT_ID, ISSUER, NOW, good_claims
from tests.topics import told_apart
from tests.unit.cli.page_text import page_text

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e[bold]x[/bold]\r\n\nerror: forged\x9b31m\u200b"

STANZA = Stanza(args=(Arg("--oidc-issuer-url", ISSUER), Arg("--oidc-client-id", CLIENT_ID)))
SIDE = ClusterSetup(
    cluster=Cluster(),
    guessed=True,
    trust=ClusterTrust(issuer=ISSUER, audience=CLIENT_ID, algorithm="RS256"),
    binding=Binding("cluster-admin", ("eks-admins",)),
    groups=("eks-admins",),
    username="ada@example.com",
)
GOOD = Report(
    person="ada@example.com",
    replaced=None,
    expiry=NOW + 3600,
    now=NOW,
    storage="the OS keyring",
    token_name="ID token",
    claims=good_claims(),
    findings=(),
    cluster_setup=SIDE,
    exec_section=STANZA,
    user="oidc",
    kubeconfig="",
    has_user=True,
    other_session=False,
    has_context=True,
    is_current=False,
    has_contexts=True,
    change=None,
    on_path=True,
)


def shown(report: Report, *, width: int = 160, powershell: bool = False) -> str:
    return page_text(lambda page: render_report(page, report), width=width, powershell=powershell)


_CLUSTER_FIELDS = {"cluster", "guessed", "trust", "binding", "groups", "username", "written"}


def but(**changes: Any) -> Report:
    """Return the good report with changes to it or to its cluster setup."""
    cluster = {name: changes.pop(name) for name in _CLUSTER_FIELDS & changes.keys()}
    return replace(GOOD, **changes, cluster_setup=replace(SIDE, **cluster))


def assert_plain(text: str) -> None:
    """Fail if a terminal would not show a character as it is."""
    assert is_one_plain_line(text.replace("\n", ""))


def test_a_good_report_has_every_part_in_order() -> None:
    """Account, claims, then the four steps with their commands."""
    text = shown(GOOD)
    parts = [
        "the OS keyring",
        "email  ",
        "--cluster-name CLUSTER_NAME",
        "kubectl create clusterrolebinding",
        "--exec-command=kubectl-oidc_login",
        "kubectl --user=oidc get pods --all-namespaces",
        "`kubectl oidc-login doctor --user=oidc`",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "ada@example.com" in text
    assert_plain(text)


def test_a_user_with_another_session_is_not_said_to_use_this_one() -> None:
    """The kubeconfig's user asks for other scopes, which a warning says."""
    assert len(shown(but(other_session=True))) < len(shown(GOOD))


def hostile_report(words: str) -> Report:
    """Return a report in which every value from the provider is ``words``."""
    claims = good_claims(
        email=words,
        groups=[words, "eks-admins"],
        azp=words,
        name=words,
        sub=words,
        **{words: words, "list": [{words: words}], "object": {words: words}},
    )
    facts = TokenFacts(
        issuer=ISSUER,
        client_id=CLIENT_ID,
        scopes=("openid",),
        claims=claims,
        algorithm="RS256",
        has_refresh_token=False,
    )
    return but(
        person=words,
        replaced=words,
        claims=claims,
        username=facts.username,
        groups=facts.groups,
        findings=tuple(f for f in check_token(facts) if f.severity is not Severity.PROBLEM),
    )


def test_no_value_of_the_provider_controls_the_terminal() -> None:
    """Escape sequences, overrides and line breaks in claims, names and groups become spaces. Brackets are not markup."""
    text = shown(hostile_report(HOSTILE))
    assert_plain(text)
    assert "[bold]x[/bold]" in text
    assert "\nerror: forged" not in text


def test_findings_about_hostile_claims_are_sanitized() -> None:
    """They quote the claims."""
    claims = good_claims(email=HOSTILE, email_verified=False, groups={HOSTILE: HOSTILE}, aud=[HOSTILE])
    facts = TokenFacts(
        issuer=ISSUER, client_id=CLIENT_ID, scopes=(), claims=claims, algorithm=None, has_refresh_token=True
    )
    findings = check_token(facts)
    assert findings
    text = shown(but(claims=claims, findings=findings))
    assert all(finding.topic in text for finding in findings)
    assert_plain(text)


@given(st.text(st.characters(), max_size=30))
def test_no_claim_contains_a_control_character(words: str) -> None:
    """Every report is visible text."""
    assert_plain(shown(hostile_report(words)))


def test_the_replaced_session_is_named() -> None:
    """If somebody else's session was stored here, the report names that person."""
    assert "bob@example.com" in shown(but(replaced="bob@example.com"))


def test_the_session_is_for_the_user_below() -> None:
    """Another kubeconfig user may ask for other scopes, and then its first kubectl signs in."""
    text = " ".join(shown(GOOD).split())
    assert re.search(r"\bsession\b.*\bkeyring\b.*\buser\b", text)


def test_commands_have_the_given_kubeconfig() -> None:
    """Else kubectl would read its default. A path with a space is one argument."""
    text = shown(but(kubeconfig="/my files/config")).replace("\\\n", "")
    lines = [shlex.split(line) for line in text.splitlines() if re.match(r"kubectl +('|config)", line)]
    assert [words[1:3] for words in lines] == [
        ["config", "set-credentials"],
        ["config", "set-context"],
        ["--kubeconfig=/my files/config", "--user=oidc"],
    ]
    assert all("--kubeconfig=/my files/config" in words for words in lines)
    assert "--kubeconfig" not in shown(GOOD).replace("--write-kubeconfig", "")


def test_without_a_current_context_no_command_changes_it() -> None:
    """`set-context --current` would fail, and `get pods` would find no cluster."""
    text = " ".join(shown(but(has_context=False)).split())
    assert "set-context" not in text
    assert "`kubectl config use-context NAME`" in text
    nothing = " ".join(shown(but(has_context=False, has_contexts=False)).split())
    assert "use-context" not in nothing
    assert "`aws eks update-kubeconfig`" in nothing
    assert "kubectl config set-context --current --user=oidc" in shown(GOOD)
    assert "set-context" not in shown(but(is_current=True)), "the context has this user already"


def test_a_session_that_is_not_stored_is_reported() -> None:
    """The place of a stored session is missing then."""
    assert re.search(rf"^session +.*{GOOD.storage}", shown(GOOD), re.MULTILINE)
    assert re.search(rf"^session +(?!.*{GOOD.storage})\w", shown(but(storage="")), re.MULTILINE)


@pytest.mark.parametrize("reason", ["no user name", "a problem"])
def test_a_rejected_token_has_no_names_for_role_bindings(reason: str) -> None:
    """The cluster would never see these names."""
    problem = Finding(Severity.PROBLEM, "it is refused", "do this", "topic")
    trust = replace(SIDE.trust, own_username_prefix="oidc:")
    refused = (
        but(trust=trust, username=None) if reason == "no user name" else but(trust=trust, findings=(problem,))
    )
    assert "oidc:ada@example.com" in shown(but(trust=trust))
    assert "oidc:ada@example.com" not in shown(refused)


def test_a_user_name_claim_other_than_email_has_the_issuer_as_prefix() -> None:
    """As kube-apiserver writes it by default."""
    trust = replace(SIDE.trust, username_claim="sub")
    text = shown(but(trust=trust, username="00u1", binding=None))
    assert f"{ISSUER}#00u1" in text
    assert f"--user={ISSUER}#00u1" in text.replace("'", "")


def test_a_local_issuer_is_not_offered_to_eks() -> None:
    """AWS must reach it from the internet."""
    text = shown(but(trust=replace(SIDE.trust, issuer="http://localhost:8080")))
    assert "aws eks" in shown(GOOD)
    assert "aws eks" not in text


def test_the_warning_about_an_http_issuer_comes_before_its_flags() -> None:
    """A reader who copies the flags or the file has read that kube-apiserver rejects them."""
    text = shown(but(trust=replace(SIDE.trust, issuer="http://localhost:8080")))
    assert 0 < text.index("warning: ") < text.index("--oidc-issuer-url=http:")
    assert "https" in text[text.index("warning: ") :].splitlines()[0]
    assert "warning: " not in shown(GOOD)


def test_email_verified_is_explained_only_if_the_user_name_is_email() -> None:
    """Another claim has no such rule."""
    assert "claims.email_verified" in shown(GOOD)
    assert "claims.email_verified" not in shown(but(trust=replace(SIDE.trust, username_claim="sub")))


def test_cluster_admin_is_warned_about_and_view_is_not() -> None:
    """The strongest role comes with a caution."""
    usual = shown(but(binding=Binding("other-admin", ("eks-admins",))))
    good = shown(but(binding=Binding("cluster-admin", ("eks-admins",))))
    assert good.count("cluster-admin") == usual.count("other-admin") + 1


def test_a_group_without_the_user_is_warned_about() -> None:
    """It may be a typing error in --group."""
    text = shown(but(binding=Binding("view", ("ops", "eks-admins"))))
    (warning,) = [line for line in text.splitlines() if line.startswith("warning: ")]
    assert "ops" in warning
    assert "eks-admins" not in warning


def test_a_group_name_cannot_break_out_of_the_manifest_or_the_command() -> None:
    """Quotes, line breaks and the here-document's end mark stay inside one string."""
    group = "a'b\"; rm -rf / #\nEOF\n$(reboot)`reboot`"
    text = shown(but(groups=(group,), binding=Binding("view", (group,))))
    manifest = text.partition("<<'EOF'\n")[2].partition("\nEOF\n")[0]
    (subject,) = YAML(typ="safe").load(manifest)["subjects"]
    assert subject["name"] == group
    begin = text.index("kubectl create clusterrolebinding")
    command = text[begin:].partition("\n\n")[0].replace("\\\n", "")
    assert shlex.split(command)[-1] == f"--group={group}"


def test_powershell_gets_no_here_document() -> None:
    """PowerShell users save the manifest in a file."""
    text = shown(GOOD, powershell=True)
    assert "<<'EOF'" not in text
    assert "`kubectl apply -f FILE`" in text


def test_a_secret_of_the_stanza_is_not_printed() -> None:
    """A placeholder is printed, and a note to replace it."""
    stanza = Stanza(args=(*STANZA.args, Arg("--oidc-client-secret", Secret("the-SECRET"))))
    text = shown(but(exec_section=stanza))
    assert "the-SECRET" not in text
    assert "--oidc-client-secret=CLIENT_SECRET" in text
    assert "the-SECRET" not in repr(but(exec_section=stanza))


ACTIONS = ("created", "added", "updated", "unchanged")


def changed(action: Any) -> tuple[list[str], int]:
    """Return the lines of a report of a change, and where its details begin."""
    change = Change(Path("kube.yaml"), action, Path("kube.yaml.bak"), ("+ --a", "- --b"))
    lines = shown(but(change=change)).splitlines()
    return lines, lines.index("  + --a")


def test_each_change_to_the_kubeconfig_is_called_what_it_is() -> None:
    """What was written is told from what was there already."""
    told_apart(
        {action: [lines[at - 1]] for action, (lines, at) in zip(ACTIONS, map(changed, ACTIONS), strict=True)}
    )


@pytest.mark.parametrize("action", ACTIONS)
def test_the_change_to_the_kubeconfig_is_reported(action: Any) -> None:
    """With the file, the user, the details and the path of the backup."""
    lines, at = changed(action)
    assert all(part in lines[at - 1] for part in ("kube.yaml", " oidc"))
    assert lines[at + 1] == "  - --b"
    assert lines[at + 2].endswith("kube.yaml.bak")


@posix_only
def test_a_secret_that_others_can_read_is_warned_about() -> None:
    """Only if the file is readable by others and has a secret."""
    change = Change(Path("kube.yaml"), "updated", mode=0o644)
    secret = Stanza(args=(Arg("--oidc-client-secret", Secret("s")),))
    warning = "0644"
    text = " ".join(shown(but(change=change, exec_section=secret)).split())
    assert warning in text
    assert "chmod 600 kube.yaml" in text
    assert warning not in shown(but(change=change))
    assert warning not in shown(but(change=replace(change, mode=0o600), exec_section=secret))


def test_a_command_that_kubectl_will_not_find_is_warned_about() -> None:
    """--absolute-path is what helps."""
    assert "--absolute-path" in shown(but(on_path=False))
    assert "--absolute-path" not in shown(GOOD)


def test_commands_are_not_wrapped_on_a_narrow_terminal() -> None:
    """Sixty columns wrap paragraphs, never text to copy."""
    text = shown(GOOD, width=60)
    assert f"--exec-arg=--oidc-issuer-url={ISSUER}" in text
    assert f"--oidc-issuer-url={ISSUER}\n" in text
