"""Stand-alone mode: no command, the tokens of ``auth-provider: oidc`` users in the kubeconfig itself."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from tests.topics import told_apart

from .laptop import claims_of
from .said import complaint, failure, files_with
from .test_setup import kubectl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not good

TEXT = """\
# The team's; do not lose this line.
apiVersion: v1
kind: Config
clusters:
- name: production
  cluster: {{server: "https://production.example.com"}}  # asks for care
users:
- name: alice
  user:
    auth-provider:
      name: oidc
      config:
        idp-issuer-url: {issuer}
        client-id: kubernetes
        extra-scopes: email,offline_access
- name: robot
  user: {{token: abc}}
contexts:
- name: production
  context: {{cluster: production, user: alice}}
- name: machines
  context: {{cluster: production, user: robot}}
current-context: production
"""


@pytest.fixture
def kubeconfig(laptop: Laptop) -> Path:
    """Write the kubeconfig of the home directory."""
    path = Path.home() / ".kube" / "config"
    path.parent.mkdir()
    path.write_text(TEXT.format(issuer=laptop.realm.issuer))
    return path


def run(laptop: Laptop, *words: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run the program without a command."""
    return laptop.run(laptop.browser.flag, "--listen-address=127.0.0.1:0", *words, env=env)


def said(ended: Ended) -> str:
    assert (ended.status, ended.stdout) == (0, ""), ended.stderr
    return ended.stderr


def is_about(ended: Ended, kubeconfig: Path) -> bool:
    """Tell whether the last line names whose token it is, its file and its user."""
    line = said(ended).splitlines()[-1]
    return all(name in line for name in ("alice@example.com", f" {kubeconfig} ", " alice)"))


def outcome(ended: Ended) -> str:
    """Return what became of the token, as the last line says it, without the time that is left."""
    return re.sub(r"\d+ (?:s|min|h)\b ?", "", said(ended).splitlines()[-1])


def config_of(kubeconfig: Path, name: str = "alice") -> dict[str, Any]:
    """Return the user's configuration, read without kubectl, which refreshes a token that has ended by itself."""
    users = parse_kubeconfig(kubeconfig.read_text(), "")["users"]
    (config,) = [entry["user"]["auth-provider"]["config"] for entry in users if entry["name"] == name]
    assert isinstance(config, dict)
    return config


def test_it_signs_in_and_writes_the_tokens_back(laptop: Laptop, kubeconfig: Path) -> None:
    """Both tokens stand under auth-provider, the rest is as it was, and nothing is kept elsewhere."""
    before = kubeconfig.read_text()
    assert "alice@example.com" in said(run(laptop))
    config = config_of(kubeconfig)
    assert claims_of(config["id-token"])["sub"] == "alice"
    assert config["refresh-token"]
    added = [line for line in kubeconfig.read_text().splitlines() if line not in before.splitlines()]
    assert [line.strip().partition(":")[0] for line in added] == ["id-token", "refresh-token"]
    assert [line for line in kubeconfig.read_text().splitlines() if line not in added] == before.splitlines()
    assert files_with(config["id-token"], config["refresh-token"]) == [kubeconfig]
    view = json.loads(kubectl("config", "view", "--output=json", "--raw", "--minify", kubeconfig=kubeconfig))
    assert view["users"][0]["user"]["auth-provider"]["config"] == config


def test_a_good_token_is_left_alone(laptop: Laptop, kubeconfig: Path) -> None:
    """It says so, and asks nobody."""
    run(laptop)
    content = kubeconfig.read_bytes()
    laptop.realm.forget()
    assert is_about(run(laptop), kubeconfig)
    assert kubeconfig.read_bytes() == content
    assert laptop.realm.seen().total == 0


def test_a_token_that_has_ended_is_refreshed(laptop: Laptop, kubeconfig: Path) -> None:
    """Without a browser; the refresh token that came is the next one."""
    laptop.realm.id_tokens_live(5)
    run(laptop)
    old = config_of(kubeconfig)
    laptop.realm.id_tokens_live(3600)
    assert is_about(run(laptop), kubeconfig)
    new = config_of(kubeconfig)
    assert new["id-token"] != old["id-token"]
    assert laptop.scripted.opened() == laptop.scripted.opened()[:1]
    assert laptop.realm.seen().token_requests == ["authorization_code", "refresh_token"]


@pytest.mark.usefixtures("kubeconfig")
def test_what_became_of_a_token_is_told_apart(laptop: Laptop) -> None:
    """It is new, was refreshed, or is good as it is."""
    laptop.realm.id_tokens_live(ENDED)
    new = outcome(run(laptop))
    laptop.realm.id_tokens_live(3600)
    refreshed = outcome(run(laptop))
    good = outcome(run(laptop))
    assert laptop.realm.seen().token_requests == ["authorization_code", "refresh_token"]
    told_apart({"new": [new], "refreshed": [refreshed], "good": [good]})


def test_a_refresh_token_that_is_refused_ends_in_a_sign_in(laptop: Laptop, kubeconfig: Path) -> None:
    """As where somebody else used it up."""
    text = TEXT.format(issuer=laptop.realm.issuer)
    kubeconfig.write_text(
        text.replace("client-id: kubernetes\n", "client-id: kubernetes\n        refresh-token: no-such\n")
    )
    assert is_about(run(laptop), kubeconfig)
    assert laptop.realm.seen().token_requests == ["refresh_token", "authorization_code"]
    assert config_of(kubeconfig)["refresh-token"] != "no-such"


def test_a_provider_that_is_down_costs_nothing(laptop: Laptop, kubeconfig: Path) -> None:
    """Exit 1, and the refresh token is still there."""
    laptop.realm.id_tokens_live(5)
    run(laptop)
    content = kubeconfig.read_bytes()
    laptop.realm.fail_next("/token", status=503)
    complaint(run(laptop))
    assert kubeconfig.read_bytes() == content
    assert len(laptop.scripted.opened()) == 1


def test_two_at_once_are_one_sign_in(laptop: Laptop, kubeconfig: Path) -> None:
    """The second waits for the first, and finds its token good."""
    words = [laptop.browser.flag, "--listen-address=127.0.0.1:0"]
    both = [laptop.begin(*words) for _ in range(2)]
    outcomes = {outcome(each.ended()) for each in both}
    assert len(laptop.scripted.opened()) == 1
    assert laptop.realm.seen().token_requests == ["authorization_code"]
    good = outcome(run(laptop))
    assert good in outcomes
    assert len(outcomes) == 2, "the other signed in"
    assert config_of(kubeconfig)["id-token"]


def test_a_token_of_another_client_is_not_good(laptop: Laptop, kubeconfig: Path) -> None:
    """As where the configuration was changed since."""
    run(laptop)
    kubeconfig.write_text(kubeconfig.read_text().replace("client-id: kubernetes", "client-id: code-only"))
    said(run(laptop))
    assert claims_of(config_of(kubeconfig)["id-token"])["aud"] == "code-only"


def test_a_kubeconfig_that_cannot_be_written_bothers_nobody(laptop: Laptop, kubeconfig: Path) -> None:
    """Read-only, or aliases in the way: an error before a browser opens."""
    text = kubeconfig.read_text()
    kubeconfig.chmod(0o400)
    read_only = failure(run(laptop), "kubeconfig", str(kubeconfig), "--kubeconfig")
    kubeconfig.chmod(0o600)
    shared = text.replace("    auth-provider:\n", "    auth-provider: &one\n").replace(
        "user: {token: abc}", "user: {auth-provider: *one}"
    )
    kubeconfig.write_text(shared)
    aliases = failure(run(laptop), "kubeconfig", str(kubeconfig), "'alice'", "`kubectl oidc-login setup`")
    told_apart({"read-only": [read_only], "aliases": [aliases]})
    assert kubeconfig.read_text() == shared
    assert laptop.scripted.opened() == []


def test_which_file_and_which_user(laptop: Laptop, kubeconfig: Path, tmp_path: Path) -> None:
    """KUBECONFIG's list, --kubeconfig, also empty, --context and --user: the tokens stand where the user stands."""
    team = tmp_path / "team"
    kubeconfig.rename(team)
    mine = tmp_path / "mine"
    mine.write_text("current-context: machines\n")
    listed = {"KUBECONFIG": os.pathsep.join([str(mine), str(tmp_path / "missing"), str(team)])}
    complaint(run(laptop, "--context=machines", env=listed))
    said(run(laptop, "--context=production", env=listed))
    laptop.realm.forget()
    assert config_of(team)["id-token"]
    assert mine.read_text() == "current-context: machines\n"
    for words in (
        ["--user=alice", "--kubeconfig="],
        ["--user", "alice", "--kubeconfig", ""],
        ["--context=machines", "--user=alice"],
    ):
        assert is_about(run(laptop, *words, env=listed), team)
    assert is_about(run(laptop, f"--kubeconfig={team}"), team)
    assert laptop.realm.seen().total == 0, "the token is good"


def test_a_client_secret_of_the_kubeconfig_is_used(laptop: Laptop, kubeconfig: Path) -> None:
    """And shown nowhere."""
    secret = 'a secret, that: needs "quoting" & more'
    text = kubeconfig.read_text().replace(
        "client-id: kubernetes\n", f"client-id: confidential\n        client-secret: {json.dumps(secret)}\n"
    )
    kubeconfig.write_text(text)
    ended = run(laptop, "-v9")
    assert ended.status == 0, ended.stderr
    assert "quoting" not in ended.stderr


@pytest.mark.parametrize("key", ["idp-issuer-url", "client-id"])
def test_a_user_that_lacks_something_is_named(key: str, laptop: Laptop, kubeconfig: Path) -> None:
    """With the key, and the command that sets it."""
    lines = [line for line in kubeconfig.read_text().splitlines() if key not in line]
    kubeconfig.write_text("\n".join(lines))
    failure(run(laptop), "kubeconfig", " alice ", str(kubeconfig), f"--auth-provider-arg={key}=VALUE")


@pytest.mark.parametrize("where", ["nowhere", "kubeconfig", "working directory", "both"])
def test_an_authority_is_found_beside_the_kubeconfig_or_here(
    laptop: Laptop, kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A relative path counts from the file's directory; where there is nothing, from the working directory, as in kubelogin."""
    text = kubeconfig.read_text().replace(
        "client-id: kubernetes\n", "client-id: kubernetes\n        idp-certificate-authority: ca.pem\n"
    )
    kubeconfig.write_text(text)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    beside = kubeconfig.parent
    for directory in {"kubeconfig": [beside], "working directory": [here], "both": [beside, here]}.get(
        where, []
    ):
        (directory / "ca.pem").write_text("no certificate")
    path = (here if where == "working directory" else beside) / "ca.pem"
    failure(run(laptop), "tls", str(path), status=2)


def test_the_refresh_token_is_sent_under_the_kubeconfigs_own_trust_alone(
    laptop: Laptop, kubeconfig: Path, home: Path
) -> None:
    """Flags that have others believed need a sign-in, which says why; the authority that the kubeconfig names does not."""
    trustme.CA().cert_pem.write_to_path(str(home / "ca.pem"))
    laptop.realm.id_tokens_live(ENDED)
    said(run(laptop))
    for flag in ("--insecure-skip-tls-verify", f"--certificate-authority={home}/ca.pem"):
        laptop.realm.forget()
        assert flag.partition("=")[0] in said(run(laptop, flag))
        assert laptop.realm.seen().token_requests == ["authorization_code"]
    laptop.realm.forget()
    text = kubeconfig.read_text().replace(
        "client-id: kubernetes\n",
        f"client-id: kubernetes\n        idp-certificate-authority: {home}/ca.pem\n",
    )
    kubeconfig.write_text(text)
    said(run(laptop))
    said(run(laptop, f"--certificate-authority={home}/ca.pem"))
    assert laptop.realm.seen().token_requests == ["refresh_token"] * 2


def test_without_such_a_user_it_shows_its_help(laptop: Laptop) -> None:
    """Exit 2, all of it on standard error, and one line that says what was looked for."""
    for text in ("", "current-context: machines\n", "not: [a, kubeconfig"):
        path = Path.home() / ".kube" / "config"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        ended = laptop.run()
        assert (ended.status, ended.stdout) == (2, "")
        *help_, error, hint = ended.stderr.splitlines()
        assert help_[0].startswith("Usage: kubectl oidc-login")
        assert error.startswith("error: ")
        assert hint.startswith("hint: ")
        assert hint.endswith("(troubleshooting: usage)")
    failure(laptop.run("--user=alice", "--kubeconfig=nowhere"), "kubeconfig", "nowhere")


def test_log_levels_stand_before_a_command_and_other_flags_do_not(laptop: Laptop) -> None:
    """Klog's flags are everywhere in kubelogin; a flag that would be lost is an error."""
    words = [word for word in laptop.words() if word != "get-token"]
    ended = laptop.run("-v", "1", "--logtostderr", "get-token", *words)
    assert ended.status == 0, ended.stderr
    assert "[v1] " in ended.stderr
    failure(laptop.run("--user=alice", "version"), "usage", "--user", status=2)
