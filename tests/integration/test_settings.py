"""The settings files with the installed program: the user's own, and the machine's, whose rules come before everything."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.settings_files import own_settings

from .kubeconfigs import write_kubeconfig
from .laptop import cache, claims_of, exec_info, token_of
from .mounts import LaptopWithin, with_machine_settings
from .said import failure
from .test_setup import exec_of

if TYPE_CHECKING:
    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

SUPPORT = "https://help.example.com/kubernetes"


class Managed(LaptopWithin):
    """A laptop with settings in /etc, in a mount namespace: no variable can move them."""

    place: Path

    def has(self, text: str, *, owner: int = 0, mode: int = 0o644) -> None:
        """Give the machine this settings file."""
        self.within = tuple(with_machine_settings(self.place, text, owner=owner, mode=mode))

    def runs(self, *words: str) -> Ended:
        """Run the program with any words, to its end."""
        return self.begin(*words, command=[*self.within, str(parts.plugin())]).ended(40)


@pytest.fixture
def managed(laptop: Laptop, tmp_path: Path) -> Managed:
    one = Managed(laptop.realm, laptop.browser, laptop.begin)
    one.place = tmp_path / "managed"
    one.place.mkdir()
    one.has("")
    return one


def test_a_default_is_the_same_session_as_the_flag(laptop: Laptop) -> None:
    """Nobody signs in again if what was typed moves to a file; without issuer and client in the kubeconfig, too."""
    token = laptop.signed_in()
    laptop.realm.forget()
    issuer, client, *scopes = laptop.realm.flags()
    listed = ", ".join(f'"{scope.partition("=")[2]}"' for scope in scopes)
    path = own_settings(f'[defaults]\noidc-extra-scope = [{listed}]\ntoken-cache-storage = "disk"\n')
    assert token_of(laptop.run("get-token", issuer, client).stdout) == token
    path.write_text(
        f'[defaults]\noidc-issuer-url = "{laptop.realm.issuer}"\n'
        f'[issuer."{laptop.realm.issuer}"]\noidc-client-id = "{laptop.client}"\n'
        f'oidc-extra-scope = [{listed}]\ntoken-cache-storage = "disk"\n'
    )
    assert token_of(laptop.run("get-token").stdout) == token
    assert laptop.realm.seen().total == 0


@pytest.mark.usefixtures("start_program")
def test_a_file_that_appears_changes_or_goes_is_noticed(laptop: Laptop) -> None:
    """By either start program; each state is remembered for itself."""
    laptop.signed_in()
    path = own_settings('[defaults]\nsession = "other"\n')
    laptop.scripted.signs_in_as("bob")
    for _ in range(2):
        assert claims_of(laptop.signed_in())["sub"] == "bob"
    path.write_text('[defaults]\nsession = ""\n')
    failure(laptop.get_token(), "settings", f"{path}:2", "session")
    path.unlink()
    laptop.realm.forget()
    assert claims_of(laptop.signed_in())["sub"] == "alice"
    assert laptop.realm.seen().total == 0
    assert len(list((cache() / "words").iterdir())) == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[defaults\n", 1),
        ("[defaults]\nskip-open-browser = 'yes'\n", 2),
        ("[defaults]\nbrowser-comand = 'x'\n", 2),
        ("[rules]\nallowed-issuers = ['https://x']\n", 1),
        ("[defaults]\n# \udcff\n", 2),
    ],
)
def test_a_wrong_file_of_the_user_is_an_error_of_every_command(laptop: Laptop, text: str, line: int) -> None:
    """With file and line; nothing is signed in, shown or removed. What needs no settings runs."""
    token = laptop.signed_in()
    path = own_settings("")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    path.chmod(0o600)
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"}, current="production")
    for words in (laptop.words(), ["login"], ["purge", "--all"], ["status"], ["doctor"], ["logout", "--all"]):
        failure(laptop.run(*words), "settings", f"{path}:{line}")
    for words in (["version"], ["help"], ["completion", "bash"]):
        assert laptop.run(*words).status == 0
    path.unlink()
    laptop.realm.forget()
    assert laptop.signed_in() == token
    assert laptop.realm.seen().total == 0


def test_a_file_sets_the_log_of_every_command(laptop: Laptop) -> None:
    """For the events of a fleet. A flag comes before the file, also where click does not read the arguments."""
    own_settings('[defaults]\nv = 1\nlog-format = "json"\n')
    issuer = "http://127.0.0.1:1"
    fast = (f"--oidc-issuer-url={issuer}", "--oidc-client-id=none")
    by_click = ("--oidc-issuer-url", issuer, "--oidc-client-id", "none")
    for words in (("get-token", *fast), ("get-token", *by_click), ("whoami", *fast)):
        logged = [line for line in laptop.run(*words).stderr.splitlines() if line.startswith("{")]
        assert [json.loads(line)["event"] for line in logged] == ["session-missing", "error"]
        quiet = laptop.run(*words, "--v=0", "--log-format=text")
        assert "{" not in quiet.stderr
        assert quiet.status == 1


def test_login_and_setup_need_no_flags(laptop: Laptop) -> None:
    """The files name issuer and client; `setup` writes these two and leaves the rest to the files."""
    own_settings(
        f'[defaults]\noidc-issuer-url = "{laptop.realm.issuer}"\noidc-client-id = "{laptop.client}"\n'
        'oidc-extra-scope = ["email"]\ntoken-cache-storage = "disk"\ninstall-hint = "Ask IT"\n'
        'listen-address = ["127.0.0.1:0"]\n'
    )
    ended = laptop.run("login", laptop.browser.flag)
    assert ended.status == 0, ended.stderr
    laptop.realm.forget()
    assert token_of(laptop.run("get-token").stdout)
    assert laptop.realm.seen().total == 0
    ended = laptop.run("setup", "--write-kubeconfig", laptop.browser.flag)
    assert ended.status == 0, ended.stderr
    section = exec_of(Path.home() / ".kube" / "config")
    assert [arg for arg in section["args"] if not arg.startswith("--browser-command")] == [
        "get-token",
        f"--oidc-issuer-url={laptop.realm.issuer}",
        f"--oidc-client-id={laptop.client}",
    ]
    assert section["installHint"] == "Ask IT"


def test_the_user_of_a_kubeconfig_comes_before_the_issuer_of_a_file(laptop: Laptop) -> None:
    """What its exec section lacks comes from the file, as when kubectl runs it."""
    own_settings('[defaults]\noidc-issuer-url = "https://else.example"\noidc-client-id = "else"\n')
    laptop.signed_in()
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"}, current="production")
    ended = laptop.run("whoami", "-o", "json")
    assert json.loads(ended.stdout)["issuer"] == laptop.realm.issuer
    assert laptop.run("purge").status == 0


# The machine's file


def test_a_rule_comes_before_everything(managed: Managed) -> None:
    """Allowed issuers, flags that an exec section may not set, and the storage; each error shows the support link."""
    rules = (
        f'[rules]\nallowed-issuers = ["{managed.realm.issuer}"]\ntoken-cache-storage = "none"\n'
        f'forbidden-in-exec-section = ["insecure-skip-tls-verify"]\nsupport-link = "{SUPPORT}"\n'
    )
    managed.has(rules)
    token = managed.signed_in()
    assert claims_of(token)["sub"] == "alice"
    assert not (cache() / "tokens").exists(), "the kubeconfig says disk, and the rule says none"
    managed.realm.forget()
    for words, names in (
        (["--oidc-issuer-url=https://evil.example"], ("config.toml:2", "https://evil.example")),
        (["--insecure-skip-tls-verify"], ("config.toml:4", "--insecure-skip-tls-verify")),
    ):
        ended = managed.get_token(*words)
        assert ended.stderr.splitlines()[-1].partition(": ")[2] == SUPPORT
        failure(_without_support(ended), "policy", *names)
    ended = managed.get_token(env={"KUBECTL_OIDC_INSECURE_SKIP_TLS_VERIFY": "true"})
    failure(_without_support(ended), "policy", "KUBECTL_OIDC_INSECURE_SKIP_TLS_VERIFY")
    assert managed.realm.seen().total == 0


@pytest.mark.parametrize("command", ["login", "logout", "get-token"])
def test_no_command_that_kubectl_starts_runs_a_forbidden_browser(managed: Managed, command: str) -> None:
    """An exec section may name any of them; what it sets is not used."""
    managed.signed_in()
    opened = len(managed.browser.opened())
    managed.has('[rules]\nforbidden-in-exec-section = ["browser-command"]\n')
    words = (
        managed.words("--force-refresh", command=command)
        if command == "get-token"
        else managed.words(command=command)
    )
    ended = managed.begin(*words, env=exec_info(), command=[*managed.within, str(parts.plugin())]).ended(40)
    if command != "logout":  # which goes on without it
        failure(ended, "policy", "--browser-command")
    assert len(managed.browser.opened()) == opened


def test_no_variable_leads_past_the_rules(managed: Managed) -> None:
    """Neither another home nor another configuration directory, with a policy of its own."""
    managed.has('[rules]\nallowed-issuers = ["https://only.example"]\n')
    elsewhere = Path.home() / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "PROGRAMDATA", "KUBECTL_OIDC_CONFIG"):
        failure(managed.get_token(env={name: str(elsewhere)}), "policy", "https://only.example")
    assert managed.realm.seen().total == 0


def test_a_policy_that_appears_is_noticed_by_a_command_that_is_known(managed: Managed) -> None:
    """Before its token has ended."""
    managed.signed_in()
    managed.realm.forget()
    managed.signed_in()
    assert managed.realm.seen().total == 0
    managed.has('[rules]\nallowed-issuers = ["https://only.example"]\n')
    failure(managed.get_token(), "policy", "https://only.example")


def test_a_program_that_is_too_old_says_so(managed: Managed) -> None:
    """Also about a file that has what it does not know yet. Its version can still be asked."""
    managed.has('[rules]\nminimum-version = "99"\nof-tomorrow = true\n[tomorrow]\n')
    failure(managed.get_token(), "policy", "config.toml:2", "99")
    assert managed.runs("version").status == 0


@pytest.mark.parametrize("fault", ["owner", "mode"])
def test_a_policy_that_others_could_have_written_is_refused(managed: Managed, fault: str) -> None:
    """It is not ignored either: whoever could write it could otherwise take the rules away."""
    managed.has("", owner=12345 if fault == "owner" else 0, mode=0o666 if fault == "mode" else 0o644)
    failure(managed.get_token(), "settings", "/etc/kubectl-oidc/config.toml")
    assert not (cache() / "tokens").exists()


def test_config_shows_each_value_with_its_source(managed: Managed) -> None:
    """Of the kubeconfig's user, the command line, a variable, both files, a rule, and the default; no secret is shown."""
    managed.has(
        '[defaults]\nprompt = "login"\nmax-age = "8h"\nkeep-provider-session = true\n[rules]\ntoken-cache-storage = "kernel"\n'
    )
    own = own_settings('[defaults]\nmax-age = "4h"\n')
    write_kubeconfig(
        {"oidc": managed.words("--oidc-client-secret=s3cret")[1:]},
        {"production": "oidc"},
        current="production",
    )
    os.environ["KUBECTL_OIDC_LOGIN_HINT"] = "ada"
    ended = managed.runs("config", "-o", "json", "--session=work")
    document = json.loads(ended.stdout)
    assert [one["state"] for one in document["files"]] == ["read", "read"]
    flags = {one["flag"]: (one["value"], one["source"]) for one in document["flags"]}
    issuer, of_user = flags["--oidc-issuer-url"]
    assert issuer == managed.realm.issuer
    assert {"oidc", f"{Path.home()}/.kube/config"} < set(of_user.split())
    assert flags["--oidc-client-secret"] == ("(secret)", of_user)
    assert flags["--session"] == ("work", "command line")
    assert flags["--login-hint"] == ("ada", "KUBECTL_OIDC_LOGIN_HINT")
    assert flags["--max-age"] == ("4h", f"{own}:2")
    assert flags["--prompt"] == ("login", "/etc/kubectl-oidc/config.toml:2")
    assert flags["--token-cache-storage"] == ("kernel", "/etc/kubectl-oidc/config.toml:6")
    assert flags["--refresh-ahead"] == (0.7, "default")
    assert flags["--keep-provider-session"] == (True, "/etc/kubectl-oidc/config.toml:4")
    assert flags["--skip-open-browser"] == (False, "default")
    assert flags["--oidc-extra-scope"][0] == ["email", "offline_access", "profile"]
    assert flags["--authentication-timeout-sec"][0] == 180
    rules = {one["rule"]: one["value"] for one in document["rules"]}
    assert (rules["token-cache-storage"], rules["allowed-issuers"]) == ("kernel", None)
    text = managed.runs("config")
    assert text.status == 0, text.stderr
    assert f"{own}:2" in text.stdout
    assert "s3cret" not in ended.stdout + text.stdout


def test_a_table_of_nearly_the_issuer_is_named(managed: Managed) -> None:
    """Its values are not used; `config` and `doctor` say so, with the line."""
    own = own_settings(f'[issuer."{managed.realm.issuer}/"]\nprompt = "login"\n')
    ended = managed.runs(*managed.words(command="config"))
    assert ended.status == 0
    assert f"{own}:1" in ended.stderr
    checks = json.loads(managed.runs(*managed.words("--output=json", command="doctor")).stdout)["checks"]
    (settings,) = [check for check in checks if check["name"] == "settings"]
    assert (settings["status"], settings["topic"]) == ("warning", "settings")
    assert f"{own}:1" in settings["message"]
    own_settings(f'[issuer."{managed.realm.issuer}"]\nprompt = "login"\n')
    assert managed.runs(*managed.words(command="config")).stderr == ""


def test_a_wrong_value_is_explained_as_a_key(managed: Managed) -> None:
    """Not as the flag, which the file does not have."""
    own_settings('[defaults]\nlisten-address = "localhost:99999"\n')
    words = [word for word in managed.words() if not word.startswith("--listen-address")]
    failure(managed.runs(*words), "usage", 'listen-address = "127.0.0.1:8000"', status=2)
    own_settings(f'[issuer."{managed.realm.issuer}"]\noidc-request-header = "x"\n')
    said = failure(managed.get_token(), "settings", "oidc-request-header = ")
    assert "--oidc-request-header" not in said


def test_config_checks_the_files(managed: Managed) -> None:
    """Both are named, with what is wrong in each; and what a rule forbids."""
    own = own_settings("wrong\n")
    managed.has("[defaults]\nprompt = 1\n")
    ended = managed.runs("config")
    assert ended.status == 1
    assert ended.stdout.count("wrong") == 2
    assert f"{own}:1" in ended.stderr
    assert "/etc/kubectl-oidc/config.toml:2" in ended.stderr
    document = json.loads(managed.runs("config", "-o", "json").stdout)
    assert [one["state"] for one in document["files"]] == ["wrong", "wrong"]
    own.unlink()
    managed.has('[rules]\nallowed-issuers = ["https://only.example"]\n')
    ended = managed.runs("config", "--oidc-issuer-url=https://evil.example", "--oidc-client-id=x")
    assert ended.status == 1
    assert "https://evil.example" in ended.stderr
    assert "only.example" in ended.stdout


def test_doctor_names_file_and_line(managed: Managed) -> None:
    """Of the values that take part, and of a rule that forbids the sign-in."""
    managed.signed_in()
    write_kubeconfig({"oidc": managed.words()[1:]}, {"production": "oidc"}, current="production")
    managed.has('[defaults]\nmin-ttl = "1m"\n')
    checks = {one["name"]: one for one in json.loads(managed.runs("doctor", "-o", "json").stdout)["checks"]}
    assert checks["settings"]["status"] == "ok"
    assert re.search(r"/etc/kubectl-oidc/config.toml:2\b.*--min-ttl", checks["settings"]["message"])
    managed.has('[rules]\nforbidden-in-exec-section = ["browser-command"]\n')
    checks = {one["name"]: one for one in json.loads(managed.runs("doctor", "-o", "json").stdout)["checks"]}
    assert checks["settings"]["status"] == "problem"
    assert "/etc/kubectl-oidc/config.toml:2" in checks["settings"]["message"]
    assert checks["session"]["status"] == "skipped"


def test_kubectl_shows_what_the_policy_forbids(managed: Managed) -> None:
    """It runs the plugin with the exec section's own variables, which are forbidden as well."""
    kubectl = parts.program("kubectl")
    managed.has('[rules]\nforbidden-in-exec-section = ["browser-command"]\n')
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(parts.plugin()),
            "args": ["get-token", *managed.realm.flags(client=managed.client)],
            "env": [{"name": "KUBECTL_OIDC_BROWSER_COMMAND", "value": "evil"}],
            "interactiveMode": "Never",
        }
    }
    write_kubeconfig(
        {"oidc": user},
        {"production": "oidc"},
        current="production",
        clusters={"production": {"server": "https://127.0.0.1:9", "insecure-skip-tls-verify": True}},
    )
    done = subprocess.run(
        [*managed.within, kubectl, "get", "pods"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "KUBECTL_OIDC_BROWSER_COMMAND" in done.stderr


def _without_support(ended: Ended) -> Ended:
    lines = [line for line in ended.stderr.splitlines() if not line.endswith(f": {SUPPORT}")]
    return ended._replace(stderr="\n".join(lines))
