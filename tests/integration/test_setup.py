"""``setup``: it explains, or it signs in, shows what came, and leaves a kubeconfig that a real kubectl understands."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.kubeconfig.exec_stanza import FORMER_INSTALL_HINT, INSTALL_HINT
from tests import parts

from .kubeconfigs import write_kubeconfig
from .laptop import cache, claims_of, token_of
from .said import failure, files_with

if TYPE_CHECKING:
    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

KUBECONFIG = """\
# The clusters of the team; do not lose this line.
apiVersion: v1
kind: Config
clusters:
- name: production
  cluster: {server: "https://production.example.com"}  # asks for care
users:
- name: robot
  user:
    token: abc
contexts:
- name: production
  context: {cluster: production, user: robot}
current-context: production
"""


def shown(ended: Ended) -> str:
    """Return what setup wrote, all of it on standard error, lines and white space folded."""
    assert (ended.status, ended.stdout) == (0, ""), ended.stderr
    return " ".join(ended.stderr.replace("\\\n", " ").split())


def shows_path(text: str, words: str, path: Path) -> bool:
    """Tell whether words and a path soon after them are shown, the path whole however long it is."""
    return bool(re.search(rf"\b{words}\b.{{,20}}{re.escape(str(path))}(?![\w/-])", text))


def findings(text: str) -> list[tuple[str, str]]:
    """Return the kind of each finding about the token, with the topic of its hint."""
    return re.findall(
        r"(problem|warning): (?:(?!problem: |warning: ).)+?\(troubleshooting: ([a-z-]+)\)", text
    )


def kubectl(*words: str, kubeconfig: Path) -> str:
    """Run a real kubectl on a kubeconfig and return what it prints."""
    done = subprocess.run(
        [parts.program("kubectl"), f"--kubeconfig={kubeconfig}", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def exec_of(kubeconfig: Path, user: str = "oidc") -> dict[str, Any]:
    """Return the user's ``exec`` as a real kubectl reads it."""
    view = json.loads(kubectl("config", "view", "--output=json", "--raw", kubeconfig=kubeconfig))
    (found,) = [entry["user"] for entry in view["users"] if entry["name"] == user]
    exec_: dict[str, Any] = found["exec"]
    return exec_


def set_credentials(ended: Ended) -> str:
    """Return the command that setup printed for the kubeconfig, as it stands there."""
    (command,) = re.findall(r"^kubectl config set-credentials (?:.*\\\n)*.*$", ended.stderr, re.MULTILINE)
    assert isinstance(command, str)
    return command


def setup(laptop: Laptop, *more: str) -> Ended:
    """Run setup to its end."""
    return laptop.start(*more, command="setup").ended()


def test_without_an_issuer_it_explains(laptop: Laptop) -> None:
    """What provider and cluster must be told, and the command that signs in; nobody is asked and nothing is kept."""
    ended = laptop.run("setup")
    text = shown(ended)
    for needed in (
        "http://localhost:8000",
        "http://localhost:18000",
        "Authorization Code",
        "groups",
        "offline_access",
        "ClusterRoleBinding",
        "kubectl oidc-login setup --oidc-issuer-url=https://ISSUER --oidc-client-id=CLIENT_ID",
    ):
        assert needed in text, needed
    assert laptop.stored() == {}


def test_half_of_what_is_needed_is_an_error(laptop: Laptop) -> None:
    """An issuer without a client, or a client without an issuer: exit 2, and what is missing is named."""
    for given, missing in (
        ("--oidc-issuer-url=https://issuer.example.com", "--oidc-client-id"),
        ("--oidc-client-id=kubernetes", "--oidc-issuer-url"),
    ):
        failure(laptop.run("setup", given), "usage", missing, status=2)


def test_it_shows_account_claims_and_what_to_do_next(laptop: Laptop) -> None:
    """Account, claims and commands stand on standard error, no token does; the session is kept."""
    ended = setup(laptop)
    text = shown(ended)
    for needed in (
        "alice@example.com",
        laptop.realm.issuer,
        "email_verified true",
        "eks-admins",
        "kubectl create clusterrolebinding oidc-cluster-admin --clusterrole=cluster-admin --group=eks-admins",
        "kubectl --user=oidc get pods --all-namespaces",
        f"--oidc-issuer-url={laptop.realm.issuer}",
        "kind: AuthenticationConfiguration",
    ):
        assert needed in text, needed
    laptop.realm.forget()
    token = laptop.signed_in()
    assert laptop.realm.seen().total == 0
    assert token not in ended.stderr
    assert token.rpartition(".")[2] not in ended.stderr


def test_an_account_that_replaces_another_is_shown(signed_in: Laptop) -> None:
    """Setup signs in though there is a session, and says whose it replaces; get-token then answers with the new one."""
    signed_in.scripted.signs_in_as("bob")
    text = shown(setup(signed_in))
    assert "bob@example.com" in text
    assert text.count("alice@example.com") == 2, "in the reason for a sign-in, and as the one who is replaced"
    assert claims_of(signed_in.signed_in())["sub"] == "bob"
    again = shown(setup(signed_in))
    assert again.count("bob@example.com") == text.count("bob@example.com") + 1, (
        "the reason names bob, who replaces nobody"
    )
    assert "alice@example.com" not in again


def test_what_will_not_work_at_a_cluster_is_warned_of(laptop: Laptop) -> None:
    """An http issuer, a missing or unverified email, missing groups and a missing refresh token, each with a hint."""
    identity = [
        f"--oidc-issuer-url={laptop.realm.issuer}",
        "--listen-address=127.0.0.1:0",
        laptop.browser.flag,
    ]
    laptop.realm.set_groups(alice=[])
    bare = shown(laptop.run("setup", *identity, "--oidc-client-id=kubernetes", "--token-cache-storage=none"))
    assert findings(bare) == [
        ("problem", "claims-issuer"),
        ("problem", "claims-username"),
        ("warning", "claims-groups"),
        ("warning", "claims-refresh-token"),
    ]
    for name in (" email", "--oidc-extra-scope=email", " groups", "offline_access"):
        assert name in bare, name
    assert str(cache()) not in bare, "no place where the session is kept"
    assert laptop.stored() == {}

    email_is_unverified(laptop)
    laptop.client = "code-only"
    text = shown(setup(laptop))
    assert ("problem", "claims-email-verified") in findings(text)
    assert ("warning", "claims-refresh-token") in findings(text)
    assert re.search(r"\bemail_verified\b.*\bfalse\b", text)


def test_a_kubeconfig_gets_the_user_and_keeps_the_rest(laptop: Laptop, tmp_path: Path) -> None:
    """--write-kubeconfig adds the user for kubectl, keeps every other line, and a copy of the file as it was."""
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    file.chmod(0o640)
    text = shown(setup(laptop, "--write-kubeconfig", f"--kubeconfig={file}"))
    assert shows_path(text, "oidc", file)

    exec_ = exec_of(file)
    assert exec_["command"] == "kubectl-oidc_login"
    assert exec_["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    args = exec_["args"]
    assert args[0] == "get-token"
    assert set(laptop.realm.flags()) - set(args) == {"--oidc-extra-scope=openid"}, (
        "openid goes without saying"
    )
    after = file.read_text().splitlines()
    assert [line for line in KUBECONFIG.splitlines() if line not in after] == []
    assert file.stat().st_mode & 0o777 == 0o640
    assert kubectl("config", "current-context", kubeconfig=file).strip() == "production"

    (backup,) = [path for path in tmp_path.glob("config*") if path != file]
    assert backup.read_text() == KUBECONFIG
    assert shows_path(text, "", backup)


def test_the_printed_commands_name_the_kubeconfig_that_was_named(laptop: Laptop, tmp_path: Path) -> None:
    """Each of them, run by a shell and a real kubectl, reads and changes the file of --kubeconfig and no other."""
    file = tmp_path / "my config"
    file.write_text(KUBECONFIG)
    ended = setup(laptop, f"--kubeconfig={file}")
    shown(ended)
    (context,) = re.findall(r"^kubectl config set-context (?:.*\\\n)*.*$", ended.stderr, re.MULTILINE)
    for command in (set_credentials(ended), context):
        done = subprocess.run(
            [parts.program("sh"), "-euc", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert exec_of(file)["command"] == "kubectl-oidc_login"
    view = json.loads(kubectl("config", "view", "--minify", "--output=json", kubeconfig=file))
    assert view["contexts"][0]["context"]["user"] == "oidc"
    assert "get pods --all-namespaces" in shown(ended)
    assert not (Path.home() / ".kube" / "config").exists()


OTHER_SCOPES = re.compile(r"warning: [^:]{0,40}\boidc\b[^:]{0,300}\bconfig\b")
"""A warning about the user oidc of the kubeconfig."""


def test_a_user_with_other_scopes_is_told_of(laptop: Laptop) -> None:
    """The kubeconfig was written with four scopes; setup with fewer keeps another session and names what to add.

    While the user's own session is stored there is nothing to add.
    """
    setup(laptop, "--write-kubeconfig")
    with_fewer = (
        *("setup", f"--oidc-issuer-url={laptop.realm.issuer}", "--oidc-client-id=kubernetes"),
        *("--listen-address=127.0.0.1:0", laptop.browser.flag, "--token-cache-storage=disk"),
    )
    assert not OTHER_SCOPES.search(shown(laptop.run(*with_fewer)))
    laptop.run("purge", "--all")
    bare = shown(laptop.run(*with_fewer))
    assert OTHER_SCOPES.search(bare)
    scopes = [scope for scope in exec_scopes() if scope != "openid"]
    assert f"--oidc-extra-scope={','.join(scopes)}, " in bare
    assert not OTHER_SCOPES.search(shown(setup(laptop)))


def exec_scopes() -> list[str]:
    """Return the scopes that the user in ~/.kube/config asks for, in their order."""
    flag = "--oidc-extra-scope="
    args = exec_of(Path.home() / ".kube" / "config")["args"]
    return [word.removeprefix(flag) for word in args if word.startswith(flag)]


def test_a_place_that_cannot_be_written_is_found_before_the_sign_in(laptop: Laptop, tmp_path: Path) -> None:
    """A directory where no file can be, and a file that is read-only: exit 1, and no browser has opened."""
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    file.chmod(0o444)
    for place in ("/dev/null/config", "/proc/nope/config", str(file)):
        failure(setup(laptop, "--write-kubeconfig", f"--kubeconfig={place}"), "kubeconfig", place)
    assert laptop.browser.opened() == []
    assert file.read_text() == KUBECONFIG


def test_a_kubeconfig_that_is_right_already_is_left_alone(laptop: Laptop) -> None:
    """Without a file it makes ~/.kube/config for its owner alone; a second time nothing changes, and that is said."""
    file = Path.home() / ".kube" / "config"
    assert shows_path(shown(setup(laptop, "--write-kubeconfig")), "", file)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    assert shows_path(shown(setup(laptop, "--write-kubeconfig")), "", file)
    assert file.read_bytes() == before

    text = shown(setup(laptop, "--write-kubeconfig", "--session=other"))
    assert shows_path(text, "oidc", file)
    assert "+ --session=other" in text
    assert "--session=other" in exec_of(file)["args"]


def test_a_user_who_signs_in_in_another_way_is_not_replaced(laptop: Laptop, tmp_path: Path) -> None:
    """A user of that name with a token of its own: exit 1 before anybody signs in, and the file is as it was."""
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    ended = setup(laptop, "--write-kubeconfig", f"--kubeconfig={file}", "--user=robot")
    failure(ended, "kubeconfig", "robot", "--user")
    assert file.read_text() == KUBECONFIG
    assert [path.name for path in tmp_path.glob("config*")] == ["config"]
    assert laptop.browser.opened() == []


def other(laptop: Laptop) -> list[str]:
    """Return the words of `setup --write-kubeconfig` for another client of the realm."""
    words = laptop.words("--write-kubeconfig", command="setup")
    return [word.replace("--oidc-client-id=kubernetes", "--oidc-client-id=code-only") for word in words]


def test_a_user_of_another_client_is_not_changed_without_asking(laptop: Laptop) -> None:
    """Nobody can be asked: exit 1 before anybody signs in, with a free name; a typed name or --yes goes on."""
    file = Path.home() / ".kube" / "config"
    setup(laptop, "--write-kubeconfig")
    before, opened = file.read_bytes(), len(laptop.browser.opened())
    for env in ({}, {"KUBECTL_OIDC_USER": "oidc", "KUBECTL_OIDC_YES": "true"}):
        names = (" oidc ", str(file), laptop.realm.issuer, " kubernetes")
        flags = ("--user=oidc-127.0.0.1 ", "--yes")
        failure(laptop.run(*other(laptop), env=env), "kubeconfig", *names, *flags)
    assert file.read_bytes() == before
    assert len(laptop.browser.opened()) == opened

    shown(laptop.run(*other(laptop), "--user=oidc-127.0.0.1"))
    assert "--oidc-client-id=kubernetes" in exec_of(file)["args"], "the first user is as it was"
    failure(laptop.run(*other(laptop)), "kubeconfig", "--user=oidc-127.0.0.1-2")
    shown(laptop.run(*other(laptop), "--user=oidc"))
    assert "--oidc-client-id=code-only" in exec_of(file)["args"]
    shown(setup(laptop, "--write-kubeconfig", "--yes"))
    assert "--oidc-client-id=kubernetes" in exec_of(file)["args"]


def test_a_user_of_client_gos_own_plugin_is_not_repointed_either(laptop: Laptop) -> None:
    """`auth-provider: oidc` of another issuer is somebody's user too."""
    provider = {"name": "oidc", "config": {"idp-issuer-url": "https://login.example.com", "client-id": "x"}}
    write_kubeconfig({"oidc": {"auth-provider": provider}}, {})
    failure(setup(laptop, "--write-kubeconfig"), "kubeconfig", "https://login.example.com", " x")


def test_the_printed_command_changes_no_user_of_another_client(laptop: Laptop) -> None:
    """Without --write-kubeconfig the command to paste has a free name."""
    setup(laptop, "--write-kubeconfig")
    ended = laptop.run(*(word for word in other(laptop) if word != "--write-kubeconfig"))
    assert "kubectl config set-credentials oidc-127.0.0.1 " in shown(ended)


def test_three_copies_of_the_kubeconfig_are_kept(laptop: Laptop) -> None:
    """The newest three; a file whose name is another's is left alone."""
    directory = Path.home() / ".kube"
    write_kubeconfig({}, {})
    others = [
        directory / name for name in ("config.backup", "config.backup-mine", "config.backup-20200101T000000x")
    ]
    old = [directory / f"config.backup-20200101T00000{number}" for number in range(4)]
    for path in (*others, *old):
        path.write_text("x")
    setup(laptop, "--write-kubeconfig")
    copies = sorted(set(directory.glob("config.backup*")) - set(others))
    assert copies[:2] == old[2:]
    assert len(copies) == 3
    assert all(path.exists() for path in others)


def test_a_company_s_own_words_are_the_install_hint(laptop: Laptop) -> None:
    """By flag or variable; an update keeps them, and replaces the words of 1.0.0."""
    file = Path.home() / ".kube" / "config"
    setup(laptop, "--write-kubeconfig")
    assert "kubectl-oidc " not in exec_of(file)["installHint"], "nobody owns that name at a registry"
    words = "Self Service > Kubernetes.\nQuestions: #platform"
    setup(laptop, "--write-kubeconfig", f"--install-hint={words}")
    assert exec_of(file)["installHint"] == words
    setup(laptop, "--write-kubeconfig", "--session=other")
    assert exec_of(file)["installHint"] == words
    former = (
        file.read_text()
        .replace(words, FORMER_INSTALL_HINT)
        .replace(json.dumps(words), json.dumps(FORMER_INSTALL_HINT))
    )
    file.write_text(former)
    assert exec_of(file)["installHint"] == FORMER_INSTALL_HINT
    setup(laptop, "--write-kubeconfig", "--session=third")
    assert exec_of(file)["installHint"] == INSTALL_HINT
    laptop.run(
        *laptop.words("--write-kubeconfig", command="setup"), env={"KUBECTL_OIDC_INSTALL_HINT": "ask IT"}
    )
    assert exec_of(file)["installHint"] == "ask IT"
    failure(setup(laptop, "--install-hint=\x1b[2J"), "usage", "--install-hint", status=2)


def test_variables_are_not_written_into_the_kubeconfig(laptop: Laptop) -> None:
    """Whatever flag a variable stands for; the page names the variables that kubectl needs as well."""
    words = [
        word
        for word in laptop.words("--write-kubeconfig", command="setup")
        if "--browser-command" not in word
    ]
    command = laptop.browser.flag.partition("=")[2]
    env = {"KUBECTL_OIDC_BROWSER_COMMAND": command, "KUBECTL_OIDC_SESSION": "work"}
    text = shown(laptop.run(*words, env=env))
    assert "KUBECTL_OIDC_SESSION, KUBECTL_OIDC_BROWSER_COMMAND" in text
    args = exec_of(Path.home() / ".kube" / "config")["args"]
    assert not [word for word in args if "browser-command" in word or "--session" in word]
    laptop.realm.forget()
    ended = laptop.run(*args, env=env)
    assert (ended.status, ended.stderr) == (0, "")
    assert laptop.realm.seen().total == 0, "with the variables it is the session of setup"


@pytest.mark.parametrize(
    "more",
    [
        (),
        ('--session=it\'s a "name", $HOME; `id` & more', "--oidc-auth-request-extra-params=ui_locales=de en"),
    ],
    ids=["the story's flags", "values that need quoting"],
)
def test_the_printed_command_makes_the_same_user(
    laptop: Laptop, tmp_path: Path, more: tuple[str, ...]
) -> None:
    """`kubectl config set-credentials` as printed, run by a shell and a real kubectl, is what --write-kubeconfig writes."""
    written, typed = tmp_path / "written", tmp_path / "typed"
    ended = laptop.start(
        *more, "--write-kubeconfig", command="setup", env={"KUBECONFIG": str(written)}
    ).ended()
    shown(ended)
    kubectl("version", "--client", kubeconfig=typed)
    done = subprocess.run(
        [parts.program("sh"), "-euc", f"export KUBECONFIG={typed}; {set_credentials(ended)}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ours, theirs = exec_of(written), exec_of(typed)
    for member in ("apiVersion", "command", "args", "interactiveMode", "provideClusterInfo"):
        assert ours[member] == theirs[member], member


def test_the_user_in_the_kubeconfig_answers_from_the_session_of_setup(laptop: Laptop) -> None:
    """The command of --absolute-path, with the arguments beside it, answers from the same session: no second sign-in."""
    setup(laptop, "--write-kubeconfig", "--absolute-path")
    exec_ = exec_of(Path.home() / ".kube" / "config")
    assert Path(exec_["command"]).is_absolute()
    laptop.realm.forget()
    ended = laptop.begin(*exec_["args"], command=[exec_["command"]]).ended()
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert (ended.status, ended.stderr) == (0, "")
    assert laptop.realm.seen().total == 0


def test_a_client_secret_is_written_and_not_shown(laptop: Laptop) -> None:
    """With a client secret the kubeconfig has it; standard error has a word in its place, and says so."""
    laptop.client = "confidential"
    secret = 'a secret, that: needs "quoting" & more'
    ended = setup(laptop, "--oidc-client-secret", secret, "--write-kubeconfig")
    assert "--oidc-client-secret=CLIENT_SECRET" in set_credentials(ended)
    assert "quoting" not in shown(ended)
    assert f"--oidc-client-secret={secret}" in exec_of(Path.home() / ".kube" / "config")["args"]
    assert files_with("quoting") == [Path.home() / ".kube" / "config"]


def email_is_unverified(laptop: Laptop) -> None:
    """Let the provider say that nobody's email address is verified."""
    request = urllib.request.Request(  # noqa: S310 - our own provider's http URL
        f"{laptop.realm.issuer}/control", data=b'{"emailVerified": false}', method="POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(request, timeout=20).close()
