"""What `setup` shows after a sign-in, with honest words and with hostile ones."""

from __future__ import annotations

import io
import re
import shlex
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from rich.console import Console
from ruamel.yaml import YAML

from kubectl_oidc.cli.page import Page
from kubectl_oidc.cli.setup.cluster_steps import ClusterSetup
from kubectl_oidc.cli.setup.report import Report, claim_rows, local_time, render
from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.diagnosis.token.facts import TokenFacts
from kubectl_oidc.diagnosis.token.findings import lint
from kubectl_oidc.kubeconfig import Arg, Change, Stanza
from kubectl_oidc.manifests import Binding, Cluster, Trust
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.terminal import Terminal
from tests.tokens import CLIENT_ID, ISSUER, NOW, good_claims

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e[bold]x[/bold]\r\n\nerror: forged\x9b31m\u200b"
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}

STANZA = Stanza(args=(Arg("--oidc-issuer-url", ISSUER), Arg("--oidc-client-id", CLIENT_ID)))
SIDE = ClusterSetup(
    cluster=Cluster(),
    guessed=True,
    trust=Trust(issuer=ISSUER, audience=CLIENT_ID, algorithm="RS256"),
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
    side=SIDE,
    stanza=STANZA,
    user="oidc",
    kubeconfig="",
    has_user=True,
    has_context=True,
    has_contexts=True,
    change=None,
    on_path=True,
    powershell=False,
)


class Sheet(Terminal):
    """A terminal that keeps what needs a person."""

    text = ""

    def need(self, line: str) -> None:
        self.text += line


def shown(report: Report, *, width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, emoji=False)
    sheet = Sheet()
    with Page(console, powershell=report.powershell).written(sheet) as page:
        render(page, report)
    return sheet.text


_OF_THE_SIDE = {"cluster", "guessed", "trust", "binding", "groups", "username", "placed"}


def but(**changes: Any) -> Report:
    """Return the good report with changes of it, or of the cluster's side."""
    side = {name: changes.pop(name) for name in _OF_THE_SIDE & changes.keys()}
    return replace(GOOD, **changes, side=replace(SIDE, **side))


def assert_plain(text: str) -> None:
    """Fail where a character other than a line break is not to be seen."""
    found = {c for c in text.replace("\n", "") if unicodedata.category(c) in HIDDEN}
    assert not found, found


def test_a_good_report_has_every_part_in_order() -> None:
    """Account, claims, what the cluster sees, then the four steps."""
    text = shown(GOOD)
    headings = [
        "Signed in",
        "Claims of the ID token",
        "What the cluster sees",
        "1. Let the cluster trust the issuer",
        "2. Give a group a role",
        "3. Let kubectl use it",
        "4. Try it",
    ]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "What to look at" not in text
    assert "ada@example.com" in text
    assert "kept in the OS keyring" in text
    assert "kubectl --user=oidc get pods --all-namespaces" in text
    assert "`kubectl oidc-login doctor --user=oidc` says why" in text
    assert "--cluster-name CLUSTER_NAME" in text
    assert "--exec-command=kubectl-oidc_login" in text
    assert_plain(text)


def hostile_report(words: str) -> Report:
    """Return a report in which every word that comes from the provider is ``words``."""
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
        findings=tuple(f for f in lint(facts) if f.severity is not Severity.PROBLEM),
    )


def test_nothing_that_a_provider_says_reaches_the_terminal_as_a_command() -> None:
    """Escape sequences, overrides and line breaks in claims, names and groups are spaces; brackets are no markup."""
    text = shown(hostile_report(HOSTILE))
    assert_plain(text)
    assert "[bold]x[/bold]" in text
    assert "\nerror: forged" not in text


def test_findings_about_hostile_claims_are_plain() -> None:
    """What lint says about them is shown, and as safe."""
    claims = good_claims(email=HOSTILE, email_verified=False, groups={HOSTILE: HOSTILE}, aud=[HOSTILE])
    facts = TokenFacts(
        issuer=ISSUER, client_id=CLIENT_ID, scopes=(), claims=claims, algorithm=None, has_refresh_token=True
    )
    findings = lint(facts)
    assert findings
    text = shown(but(claims=claims, findings=findings))
    assert "What to look at" in text
    assert_plain(text)


@given(st.text(st.characters(), max_size=30))
def test_no_claim_brings_a_control_character(words: str) -> None:
    """Whatever is in them, the report is visible text."""
    assert_plain(shown(hostile_report(words)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["iss", "exp", "iat", "groups", "email", "odd"]) | st.text(max_size=9), JSON
    )
)
def test_any_claims_can_be_shown(claims: dict[str, object]) -> None:
    """No shape of a claim is an error."""
    for name, value in claim_rows(claims, NOW):
        assert_plain(name + value)


# Claims


def test_well_known_claims_come_first_and_technical_ones_not_at_all() -> None:
    """Who, for whom, which groups, until when; then the rest by name; nonce and hashes mean nothing to a cluster."""
    claims = good_claims(zoneinfo="UTC", amr=["pwd"], nonce="n", at_hash="h", c_hash="c", s_hash="s")
    names = [name for name, _ in claim_rows(claims, NOW)]
    assert names == ["iss", "sub", "aud", "email", "groups", "exp", "iat", "amr", "zoneinfo"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("email", "ada@example.com", "ada@example.com"),
        ("groups", ["a", "b"], "a\nb"),
        ("groups", [], "(empty list)"),
        ("groups", [1, None, {"a": 2}], '1\nnull\n{"a": 2}'),
        ("email_verified", True, "true"),
        ("address", {"country": "GB"}, '{"country": "GB"}'),
        ("odd", None, "null"),
        ("exp", "soon", "soon"),
        ("exp", 10**30, str(10**30)),
        ("iat", -(10**30), str(-(10**30))),
    ],
)
def test_a_claim_is_shown_as_people_read_it(name: str, value: object, words: str) -> None:
    """Text as it is, lists by line, everything else as JSON."""
    assert list(claim_rows({name: value}, NOW)) == [(name, words)]


def test_times_are_shown_as_dates_and_the_end_as_a_span() -> None:
    """The number stays, for whoever compares it."""
    ((_, exp),) = claim_rows({"exp": NOW + 3600}, NOW)
    ((_, iat),) = claim_rows({"iat": NOW}, NOW)
    ((_, past),) = claim_rows({"exp": NOW - 5}, NOW)
    assert exp == f"{NOW + 3600} ({local_time(NOW + 3600)}, in 1 h)"
    assert iat == f"{NOW} ({local_time(NOW)})"
    assert past == f"{NOW - 5} ({local_time(NOW - 5)})"


def test_long_lists_are_cut_and_say_so() -> None:
    """Nine hundred groups do not flood the screen."""
    ((_, value),) = claim_rows({"groups": [f"g{n}" for n in range(900)]}, NOW)
    lines = value.splitlines()
    assert (len(lines), lines[0], lines[-1]) == (41, "g0", "(and 860 more)")


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 10**30, -(10**30)])
def test_what_no_calendar_has_has_no_date(seconds: float) -> None:
    """It is left out rather than an error."""
    assert local_time(seconds) == ""


# Parts


def test_an_account_that_was_replaced_is_named() -> None:
    """A person who signs in as somebody else is told whose session went."""
    assert "the session of bob@example.com, which was kept here" in shown(but(replaced="bob@example.com"))


def test_the_session_is_said_to_be_that_of_the_user_below() -> None:
    """Another user of the kubeconfig may ask for other scopes, and its first kubectl then signs in."""
    text = " ".join(shown(GOOD).split())
    assert "kept in the OS keyring; the first kubectl of the user below needs no second sign-in" in text


def test_commands_name_the_kubeconfig_that_was_named() -> None:
    """Kubectl would look elsewhere; a space in the path stays inside of one word."""
    text = shown(but(kubeconfig="/my files/config")).replace("\\\n", "")
    lines = [shlex.split(line) for line in text.splitlines() if re.match(r"kubectl +('|config)", line)]
    assert [words[1:3] for words in lines] == [
        ["config", "set-credentials"],
        ["config", "set-context"],
        ["--kubeconfig=/my files/config", "--user=oidc"],
    ]
    assert all("--kubeconfig=/my files/config" in words for words in lines)
    assert "--kubeconfig" not in shown(GOOD).replace("--write-kubeconfig", "")


def test_without_a_current_context_none_is_changed() -> None:
    """`set-context --current` would fail, and `get pods` would find no cluster."""
    text = " ".join(shown(but(has_context=False)).split())
    assert "set-context" not in text
    assert "choose one first: `kubectl config use-context NAME`" in text
    nothing = " ".join(shown(but(has_context=False, has_contexts=False)).split())
    assert "use-context" not in nothing
    assert "no cluster and no context yet" in nothing
    assert "kubectl config set-context --current --user=oidc" in shown(GOOD)


def test_a_session_that_is_not_kept_is_said() -> None:
    """The first kubectl will sign in again."""
    assert "not kept: the first kubectl signs in again" in shown(but(storage=""))


@pytest.mark.parametrize("reason", ["no user name", "a problem"])
def test_a_token_that_the_cluster_refuses_is_not_shown_as_seen(reason: str) -> None:
    """Names for role bindings are shown only where they will be seen."""
    problem = Finding(Severity.PROBLEM, "it is refused", "do this", "topic")
    report = but(username=None) if reason == "no user name" else but(findings=(problem,))
    assert "What the cluster sees" not in shown(report)


def test_a_user_name_claim_that_is_not_email_has_the_issuers_prefix() -> None:
    """As kube-apiserver writes it by default."""
    trust = replace(SIDE.trust, username_claim="sub")
    text = shown(but(trust=trust, username="00u1", binding=None))
    assert f"{ISSUER}#00u1" in text
    assert "There is no group to bind" in text


def test_a_local_issuer_is_not_offered_to_eks() -> None:
    """AWS must reach it from the internet."""
    text = shown(but(trust=replace(SIDE.trust, issuer="http://localhost:8080")))
    assert "Amazon EKS cannot use this issuer" in text
    assert "aws eks" not in text


def test_an_http_issuer_is_said_to_be_refused_before_its_flags_are_shown() -> None:
    """Whoever copies the flags or the file has read that kube-apiserver will not take them."""
    text = shown(but(trust=replace(SIDE.trust, issuer="http://localhost:8080")))
    assert 0 < text.index("kube-apiserver takes https issuers only") < text.index("kube-apiserver, by flags:")
    assert "takes https issuers only" not in shown(GOOD)


def test_email_verified_is_explained_only_where_the_user_name_is_email() -> None:
    """Another claim has no such rule."""
    assert "must look at claims.email_verified" in " ".join(shown(GOOD).split())
    assert "claims.email_verified" not in shown(but(trust=replace(SIDE.trust, username_claim="sub")))


def test_cluster_admin_is_warned_about_and_view_is_not() -> None:
    """The strongest role comes with a caution."""
    caution = "cluster-admin may do everything"
    assert caution in shown(GOOD)
    assert caution not in shown(but(binding=Binding("view", ("eks-admins",))))


def test_a_group_that_the_person_is_not_in_is_said() -> None:
    """A typing error in --group would leave them outside."""
    assert "warning: you are not in ops" in shown(but(binding=Binding("view", ("ops", "eks-admins"))))


def test_a_group_name_cannot_break_out_of_the_manifest_or_the_command() -> None:
    """Quotes, line breaks and the end mark of the here-document stay inside of one string."""
    group = "a'b\"; rm -rf / #\nEOF\n$(reboot)`reboot`"
    text = shown(but(groups=(group,), binding=Binding("view", (group,))))
    manifest = text.partition("<<'EOF'\n")[2].partition("\nEOF\n")[0]
    (subject,) = YAML(typ="safe").load(manifest)["subjects"]
    assert subject["name"] == group
    begin = text.index("kubectl create clusterrolebinding")
    command = text[begin:].partition("\n\n")[0].replace("\\\n", "")
    assert shlex.split(command)[-1] == f"--group={group}"


def test_powershell_gets_no_here_document() -> None:
    """The manifest is to be put into a file there."""
    text = shown(but(powershell=True))
    assert "<<'EOF'" not in text
    assert "for `kubectl apply -f FILE`" in text


def test_a_secret_of_the_stanza_is_not_printed() -> None:
    """A placeholder stands for it, and the report says that it must be put in."""
    stanza = Stanza(args=(*STANZA.args, Arg("--oidc-client-secret", Secret("the-SECRET"))))
    text = shown(but(stanza=stanza))
    assert "the-SECRET" not in text
    assert "--oidc-client-secret=CLIENT_SECRET" in text
    assert "are secrets and are not printed" in text
    assert "the-SECRET" not in repr(but(stanza=stanza))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("created", "Wrote kube.yaml with the user oidc."),
        ("added", "Added the user oidc to kube.yaml."),
        ("updated", "Updated the user oidc in kube.yaml:"),
        ("unchanged", "kube.yaml already has the user oidc, exactly so."),
    ],
)
def test_what_was_done_to_the_kubeconfig_is_said(action: Any, words: str) -> None:
    """With its details, and where the file as it was is kept."""
    change = Change(Path("kube.yaml"), action, Path("kube.yaml.bak"), ("+ --a", "- --b"))
    text = shown(but(change=change))
    for part in (words, "  + --a\n", "  - --b\n", "The file as it was: kube.yaml.bak"):
        assert part in text


def test_a_secret_that_others_can_read_is_warned_about() -> None:
    """Only where there is a secret in a file that is open."""
    change = Change(Path("kube.yaml"), "updated", readable_by_others=True, mode=0o644)
    secret = Stanza(args=(Arg("--oidc-client-secret", Secret("s")),))
    warning = "others on this machine can read the secret"
    said = " ".join(shown(but(change=change, stanza=secret)).split())
    assert warning in said
    assert "(mode 0644); run chmod 600 kube.yaml" in said
    assert warning not in shown(but(change=change))
    assert warning not in shown(but(change=replace(change, readable_by_others=False), stanza=secret))


def test_a_command_that_kubectl_will_not_find_is_warned_about() -> None:
    """--absolute-path is what helps."""
    assert "--absolute-path" in shown(but(on_path=False))
    assert "--absolute-path" not in shown(GOOD)


def test_commands_are_whole_on_a_narrow_terminal() -> None:
    """Sixty columns wrap paragraphs, never what is to be copied."""
    text = shown(GOOD, width=60)
    assert f"--exec-arg=--oidc-issuer-url={ISSUER}" in text
    assert f"--oidc-issuer-url={ISSUER}\n" in text
