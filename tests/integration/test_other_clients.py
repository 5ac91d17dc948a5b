"""What `setup` and `convert` write, run as each client library runs it: its own checks, variables, streams and quoting.

Each stand-in does what the client's own source does with an exec stanza, as far as a plugin can notice; docs/how-to-other-clients.md
says it in words.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from tests import parts
from tools.test_parts import JAVA_CLIENTS, JAVA_PROJECT

from . import limits
from .laptop import V1, V1BETA1, Laptop

if TYPE_CHECKING:
    from collections.abc import Callable

    from .realm import OpenIdProvider

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

V1ALPHA1 = "client.authentication.k8s.io/v1alpha1"


class Refused(Exception):
    """What the client makes of a stanza or an answer: no credential."""


@dataclass(frozen=True)
class Client:
    """How one client library runs a plugin.

    Attributes:
        knows: The versions that it lets a stanza have; empty if it looks at none.
        says: Whether it sets KUBERNETES_EXEC_INFO.
        compares: Whether the answer must be in the stanza's version.
        joins: Whether standard error comes with the answer.
        split: From command and arguments to what is run.
    """

    knows: tuple[str, ...] = ()
    says: bool = False
    compares: bool = True
    joins: bool = False
    split: Callable[[list[str]], list[str]] = field(default=lambda words: words)

    def token(self, stanza: dict[str, Any]) -> str:
        """Return the token that the client sends.

        Raises:
            Refused: It sends none.
        """
        version = stanza["apiVersion"]
        if self.knows and version not in self.knows:
            raise Refused(f"does not know {version}")
        environ = {name: value for name, value in os.environ.items() if name != "KUBERNETES_EXEC_INFO"}
        environ |= {one["name"]: one["value"] for one in stanza.get("env") or []}
        if self.says:
            info = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
            environ["KUBERNETES_EXEC_INFO"] = json.dumps(info)
        done = subprocess.run(
            self.split([stanza["command"], *stanza["args"]]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if self.joins else subprocess.PIPE,
            env=environ,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise Refused(f"exit {done.returncode}: {done.stdout}{done.stderr}")
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            raise Refused(f"not JSON: {done.stdout}") from None
        if answer["kind"] != "ExecCredential" or (self.compares and answer["apiVersion"] != version):
            raise Refused(f"wrong answer: {answer['apiVersion']}")
        return str(answer["status"]["token"])


def by_a_shell(words: list[str]) -> list[str]:
    """Join the words for a shell, and quote only those with a space or a quote, as fabric8 does."""
    quoted = (
        '"{}"'.format(word.replace('"', '\\"')) if any(char in word for char in " \"'") else word
        for word in words
    )
    return ["sh", "-c", " ".join(quoted)]


GO = Client(knows=(V1, V1BETA1), says=True)
CLIENTS = {
    "kubectl, helm, k9s, terraform": GO,
    "kube-rs": Client(says=True, compares=False),
    "kubernetes (Python)": Client(says=True),
    "kubernetes_asyncio": Client(says=True, split=lambda words: shlex.split(" ".join(words))),
    "lightkube": Client(knows=(V1BETA1, V1ALPHA1), compares=False),
    "kr8s": Client(compares=False),
    "@kubernetes/client-node": Client(says=True, compares=False),
    "client-java": Client(knows=(V1BETA1, V1ALPHA1)),
    "client-java, newer": Client(knows=(V1, V1BETA1, V1ALPHA1)),
    "fabric8": Client(joins=True, split=by_a_shell),
}


def stanza_of(kubeconfig: Path, user: str = "oidc") -> dict[str, Any]:
    """Return a user's exec stanza."""
    document = YAML(typ="safe").load(kubeconfig)
    (found,) = (one["user"]["exec"] for one in document["users"] if one["name"] == user)
    return dict(found)


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the program on PATH, as after an installation."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(parts.plugin().parent), os.environ["PATH"]]))


@pytest.mark.usefixtures("on_path")
def test_what_setup_writes_works_with_every_client(laptop: Laptop, tmp_path: Path) -> None:
    """The stanza as it is, without a person: each client has the token of the one sign-in."""
    file = tmp_path / "config"
    words = laptop.words("--write-kubeconfig", f"--kubeconfig={file}", command="setup")
    ended = laptop.run(*words)
    assert ended.status == 0, ended.stderr
    tokens = {name: client.token(stanza_of(file)) for name, client in CLIENTS.items()}
    assert tokens == dict.fromkeys(CLIENTS, laptop.signed_in())
    assert len(laptop.browser.opened()) == 1


@pytest.mark.usefixtures("on_path")
@pytest.mark.parametrize("version", [V1, V1BETA1])
@pytest.mark.parametrize("command", ["kubectl", "kubectl-oidc_login"])
def test_what_convert_writes_works_with_every_client(
    laptop: Laptop, tmp_path: Path, version: str, command: str
) -> None:
    """The stanza of kubelogin and our own of 1.0.0, in either version."""
    laptop.signed_in()
    args = laptop.words()
    stanza = {
        "apiVersion": version,
        "interactiveMode": "IfAvailable",
        "command": command,
        "args": ["oidc-login", *args] if command == "kubectl" else args,
    }
    file = tmp_path / "config"
    users = [{"name": "oidc", "user": {"exec": stanza}}]
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "users": users}))
    assert laptop.run("convert", "--yes", f"--kubeconfig={file}").status == 0
    tokens = {client.token(stanza_of(file)) for client in CLIENTS.values()}
    assert len(tokens) == 1


@pytest.fixture(scope="module")
def java_command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Compile the program that asks a Java client for its token, and return the command that runs it."""
    java, compiler = shutil.which("java"), shutil.which("javac")
    if java is None or compiler is None or not JAVA_CLIENTS.exists():
        # In CI too: they are fetched only where there is Maven.
        pytest.skip(
            "the Java clients are not fetched (tools/install-test-parts fetches them if there is Maven)"
        )
    place, libraries = tmp_path_factory.mktemp("java"), f"{JAVA_CLIENTS}/*"
    source = JAVA_PROJECT / "Token.java"
    subprocess.run([compiler, "-cp", libraries, "-d", place, source], check=True, timeout=120)
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]  # it lives for a second
    return [java, *quick, "-cp", f"{place}{os.pathsep}{libraries}", "Token"]


@pytest.mark.together("java")  # it is compiled once
@pytest.mark.usefixtures("on_path")
@pytest.mark.parametrize("client", ["official", "fabric8"])
def test_the_java_clients_themselves_have_the_token(
    laptop: Laptop, java_command: list[str], tmp_path: Path, client: str
) -> None:
    """The real libraries read what `convert` writes; from the section of 1.0.0 they get nothing."""
    token = laptop.signed_in()
    file = tmp_path / "config"
    stanza = {"apiVersion": V1, "interactiveMode": "IfAvailable", "command": "kubectl-oidc_login"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "users": [{"name": "oidc", "user": {"exec": {**stanza, "args": laptop.words()}}}],
        "clusters": [{"name": "one", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "one", "context": {"user": "oidc", "cluster": "one"}}],
        "current-context": "one",
    }
    file.write_text(json.dumps(document))
    given = []
    for _ in range(2):
        command = [*java_command, client, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        given.append(done.stdout.strip())
        assert laptop.run("convert", "--yes", f"--kubeconfig={file}").status == 0
    assert given == ["null", token]


def test_the_stand_ins_tell_versions_apart(laptop: Laptop) -> None:
    """What 1.0.0 wrote fails with the clients that set no variable, and works with the others."""
    laptop.signed_in()
    stanza = {"apiVersion": V1, "command": str(parts.plugin()), "args": laptop.words()}
    failing = set()
    for name, client in CLIENTS.items():
        try:
            client.token(stanza)
        except Refused:
            failing.add(name)
    assert failing == {"lightkube", "client-java", "client-java, newer", "fabric8"}


@pytest.mark.usefixtures("on_path")
def test_a_sign_in_that_fails_is_told_to_a_client_that_joins_the_streams(
    laptop: Laptop, tmp_path: Path
) -> None:
    """Fabric8 logs what comes: the hint names the command that signs in at a terminal."""
    stanza = {
        "apiVersion": V1BETA1,
        "command": str(parts.plugin()),
        "args": laptop.words("--skip-open-browser"),
        "env": [
            {"name": name, "value": value} for name, value in limits.shorter(tmp_path, limits.UNSEEN).items()
        ],
    }
    with pytest.raises(Refused, match="kubectl oidc-login login"):
        CLIENTS["fabric8"].token(stanza)


def test_a_client_that_signs_in_for_a_machine_has_one_document(
    openid_provider: OpenIdProvider, laptop: Laptop
) -> None:
    """Client credentials in a new home, with the streams joined: the first answer parses."""
    laptop.realm = openid_provider.new_realm(more_grants=True)
    laptop.client, laptop.storage = "robot", "auto"
    more = (
        "--grant-type=client-credentials",
        "--oidc-use-access-token",
        "--oidc-client-secret-file=" + str(Path.home() / "secret"),
    )
    (Path.home() / "secret").write_text("secret of the robot")
    stanza = {"apiVersion": V1BETA1, "command": str(parts.plugin()), "args": laptop.words(*more)}
    assert CLIENTS["fabric8"].token(stanza)
