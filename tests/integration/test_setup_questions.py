"""`setup` at a terminal: it asks for what it was not told, writes the kubeconfig, and runs the first real kubectl."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from kubectl_oidc.cli.setup.context import CONTEXT_QUESTION as CONTEXT
from kubectl_oidc.cli.setup.first_kubectl import RUN_QUESTION as RUN
from kubectl_oidc.cli.setup.questions import (
    CLIENT_QUESTION as CLIENT,
    ISSUER_QUESTION as ISSUER,
    SCOPES_QUESTION as SCOPES,
)
from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.kubernetes.api import KubernetesApi
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.system.log import QUIET
from tests import parts

from .kubeconfigs import write_kubeconfig
from .on_terminal import OnTerminal
from .said import failure, topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

WRITE = " [Y/n]: "  # the one question whose proposal is yes
FILE = ".kube/config"


@pytest.fixture
def api(laptop: Laptop, tmp_path: Path) -> Iterator[str]:
    """Have a Kubernetes API that trusts the test's realm, and a kubeconfig for it without a user of ours."""
    parts.program("kubectl")
    authority = Authority()
    http = HttpClient(log=QUIET)
    with KubernetesApi(authority, issuer=laptop.realm.issuer, client_id=laptop.client, http=http) as running:
        cluster = {"server": running.url, "certificate-authority": str(authority.write(tmp_path / "ca.crt"))}
        write_kubeconfig({}, {"c": "company"}, current="c", clusters={"c": cluster})
        yield running.url
    http.close()


def at_terminal(laptop: Laptop, *more: str, env: dict[str, str] | None = None) -> OnTerminal:
    """Start setup at a terminal, with no issuer and no client."""
    path = f"{parts.plugin().parent}{os.pathsep}{os.environ['PATH']}"
    words = (
        "setup",
        laptop.browser.flag,
        "--listen-address=127.0.0.1:0",
        "--token-cache-storage=disk",
        *more,
    )
    return OnTerminal(*words, env={"PATH": path, **(env or {})})


def user(name: str) -> dict[str, object]:
    """Return a user of the kubeconfig."""
    config = YAML(typ="safe", pure=True).load(Path.home() / FILE)
    (found,) = [one["user"]["exec"] for one in config["users"] if one["name"] == name]
    assert isinstance(found, dict)
    return found


def test_from_nothing_to_the_first_pods(laptop: Laptop, api: str) -> None:
    """A wrong issuer is told at once and asked for again; the kubeconfig is written, and kubectl lists the pods."""
    assert api
    with at_terminal(laptop) as terminal:
        terminal.shows(f"{ISSUER}: ")
        assert "http://localhost:8000" in terminal.text()
        terminal.type(b"login.example.com\n")
        terminal.shows("https://login.example.com")
        assert "--oidc-issuer-url" not in terminal.text(), "here only the value is typed"
        terminal.type(f"{laptop.realm.issuer}/nowhere\n".encode())
        terminal.shows(f"{laptop.realm.issuer}/nowhere/.well-known/")
        assert laptop.browser.opened() == []
        terminal.type(f"  {laptop.realm.issuer}\n".encode())
        terminal.shows(f"{CLIENT}: ")
        terminal.type(b"\nkubernetes\n")  # an empty answer is none, and it is asked again
        terminal.shows("[email,profile,offline_access]: ")
        terminal.type(b"\n")
        terminal.shows(f"{Path.home() / FILE}?{WRITE}")
        assert " oidc " in terminal.text().splitlines()[-1]
        terminal.type(b"maybe\n\n")
        terminal.shows(f"{CONTEXT} [y/N]: ")  # no by default, because there is a current context
        terminal.type(b"\n")
        terminal.shows(f"{RUN} [y/N]: ")  # no by default, because the issuer is not https
        terminal.type(b"y\n")
        ended = terminal.ended()
    assert (ended.status, ended.stdout) == (0, "")
    assert ended.stderr.count("Running") == 8, ended.stderr
    assert user("oidc")["args"] == [
        *("get-token", f"--oidc-issuer-url={laptop.realm.issuer}", "--oidc-client-id=kubernetes"),
        *("--oidc-extra-scope=email", "--oidc-extra-scope=profile", "--oidc-extra-scope=offline_access"),
        *("--token-cache-storage=disk", "--listen-address=127.0.0.1:0", laptop.browser.flag),
    ]
    assert len(laptop.browser.opened()) == 1, "the first kubectl uses the session of setup"


def test_who_has_the_kubeconfig_written_is_offered_the_first_kubectl(laptop: Laptop, api: str) -> None:
    """With issuer and client on the command line nothing else is asked; without --write-kubeconfig not even that."""
    assert api
    with at_terminal(laptop, *laptop.realm.flags("--write-kubeconfig")) as terminal:
        terminal.shows(RUN)
        assert ISSUER not in terminal.text()
        terminal.type(b"y\n")
        ended = terminal.ended()
    assert (ended.status, ended.stdout) == (0, "")
    assert ended.stderr.count("Running") == 8, ended.stderr
    with at_terminal(laptop, *laptop.realm.flags()) as terminal:
        ended = terminal.ended()
    assert ended.status == 0
    assert RUN not in ended.stderr


def test_a_first_command_that_is_refused_is_explained(laptop: Laptop, api: str) -> None:
    """Kubectl's own words and status, what they mean, and who says more."""
    assert api
    laptop.realm.set_groups(alice=["guests"])
    with at_terminal(laptop, f"--oidc-issuer-url={laptop.realm.issuer}", "--write-kubeconfig") as terminal:
        for prompt, keys in ((f"{CLIENT}: ", b"kubernetes\n"), (SCOPES, b"\n"), (RUN, b"y\n")):
            terminal.shows(prompt)
            terminal.type(keys)
        ended = terminal.ended()
    assert (ended.status, ended.stdout) == (1, "")
    assert "Error from server (Forbidden)" in ended.stderr
    explained = " ".join(ended.stderr.split())
    assert re.search(r"Forbidden: [^.]*\b2\b[^.]*\. `kubectl oidc-login doctor --user=oidc`", explained)


def test_what_the_kubeconfig_names_is_proposed_and_its_flags_are_kept(laptop: Laptop, api: str) -> None:
    """Enter, Enter: the same session as the user in the kubeconfig has, with flags that nobody was asked for."""
    args = ["oidc-login", "get-token", *laptop.realm.flags("--session=company")]
    stanza = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubectl", "args": args}
    users, contexts = {"company": {"exec": stanza}}, {"c": "company"}
    write_kubeconfig(users, contexts, current="c", clusters={"c": {"server": api}})
    with at_terminal(laptop) as terminal:
        terminal.shows(f"{ISSUER} [{laptop.realm.issuer}]: ")
        assert "http://localhost:8000" not in terminal.text(), "it was done for that user"
        terminal.type(b"\n")
        terminal.shows(f"{CLIENT} [kubernetes]: ")
        terminal.type(b"\n")
        terminal.shows(" company: --oidc-extra-scope, --session")
        terminal.shows(WRITE)
        assert " company " in terminal.text().splitlines()[-1]
        terminal.type(b"n\n")
        terminal.shows(RUN)  # that user is there already
        terminal.type(b"n\n")
        ended = terminal.ended()
    text = ended.stderr
    assert (ended.status, ended.stdout) == (0, "")
    assert SCOPES not in text
    assert not re.search(r"warning: .*\bcompany\b", text), "it is the same session"
    assert "--exec-arg=--session=company" in text
    assert user("company")["command"] == "kubectl", "nothing was written"


def test_a_variable_is_proposed_and_a_flag_is_not_asked_for(laptop: Laptop) -> None:
    """KUBECTL_OIDC_ISSUER_URL stands in brackets; with --write-kubeconfig=false nobody is asked about the kubeconfig."""
    env = {"KUBECTL_OIDC_ISSUER_URL": laptop.realm.issuer}
    with at_terminal(laptop, "--oidc-extra-scope=email", "--write-kubeconfig=false", env=env) as terminal:
        terminal.shows(f"{ISSUER} [{laptop.realm.issuer}]: ")
        terminal.type(b"\n")
        terminal.shows(f"{CLIENT}: ")
        terminal.type(b"kubernetes\n")
        ended = terminal.ended()
    assert (ended.status, ended.stdout) == (0, "")
    for unasked in (SCOPES, WRITE, RUN):
        assert unasked not in ended.stderr
    assert not (Path.home() / FILE).exists()


def test_who_names_issuer_and_client_is_asked_for_the_scopes(laptop: Laptop) -> None:
    """The proposal is what the provider has; with the flag, with a variable or without a terminal nobody is asked."""
    both = (f"--oidc-issuer-url={laptop.realm.issuer}", "--oidc-client-id=kubernetes")
    with at_terminal(laptop, *both) as terminal:
        terminal.shows("[email,profile,offline_access]: ")
        assert ISSUER not in terminal.text()
        terminal.type(b"\n")
        ended = terminal.ended()
    assert ended.status == 0
    assert "--exec-arg=--oidc-extra-scope=offline_access" in ended.stderr
    for words, env in (
        ((*both, "--oidc-extra-scope=email"), {}),
        (both, {"KUBECTL_OIDC_EXTRA_SCOPE": "email"}),
    ):
        with at_terminal(laptop, *words, env=env) as terminal:
            ended = terminal.ended()
        assert ended.status == 0
        assert SCOPES not in ended.stderr


def test_a_user_of_another_client_is_asked_about(laptop: Laptop, api: str) -> None:
    """No is another name, with a free one proposed; yes changes the user."""
    assert api
    users = {"oidc": laptop.realm.flags(client="code-only")}
    path = write_kubeconfig(users, {})
    before = path.read_bytes()
    with at_terminal(laptop, *laptop.realm.flags("--write-kubeconfig")) as terminal:
        terminal.shows(" code-only.")
        terminal.shows(" oidc? [y/N]: ")
        terminal.type(b"\n")
        terminal.shows("[oidc-127.0.0.1]: ")
        terminal.type(b"oidc\n")
        terminal.asks("[oidc-127.0.0.1]: ")
        terminal.type(b"\n")
        ended = terminal.ended()
    assert ended.status == 0, ended.stderr
    assert "--oidc-client-id=kubernetes" in str(user("oidc-127.0.0.1")["args"])
    assert "--oidc-client-id=code-only" in str(user("oidc")["args"])
    path.write_bytes(before)
    with at_terminal(laptop, *laptop.realm.flags("--write-kubeconfig")) as terminal:
        terminal.shows(" oidc? [y/N]: ")
        terminal.type(b"y\n")
        ended = terminal.ended()
    assert ended.status == 0, ended.stderr
    assert "--oidc-client-id=kubernetes" in str(user("oidc")["args"])


def test_manifests_go_into_the_pipe_and_the_questions_to_the_terminal(laptop: Laptop) -> None:
    """-o yaml: standard output is YAML from its first byte to its last."""
    with at_terminal(laptop, "-o", "yaml", f"--oidc-issuer-url={laptop.realm.issuer}") as terminal:
        for prompt, keys in ((f"{CLIENT}: ", b"kubernetes\n"), (SCOPES, b"\n"), (WRITE, b"n\n")):
            terminal.shows(prompt)
            terminal.type(keys)
        ended = terminal.ended()
    assert ended.status == 0
    documents = list(YAML(typ="safe", pure=True).load_all(ended.stdout))
    assert [document["kind"] for document in documents] == [
        "AuthenticationConfiguration",
        "ClusterRoleBinding",
    ]
    assert ended.stdout.startswith("# authentication-configuration.yaml: ")


@pytest.mark.parametrize("key", [b"\x03", b"\x04"], ids=["Ctrl-C", "end of file"])
@pytest.mark.parametrize("at", [ISSUER, CLIENT, SCOPES, WRITE, CONTEXT, RUN])
def test_leaving_at_any_question_is_clean(laptop: Laptop, api: str, at: str, key: bytes) -> None:
    """130, no traceback, the kubeconfig as it was; whoever has signed in keeps the session, and the kubeconfig that was written."""
    before = (Path.home() / FILE).read_bytes()
    assert api
    with at_terminal(laptop) as terminal:
        for prompt, keys in (
            (ISSUER, laptop.realm.issuer.encode() + b"\n"),
            (CLIENT, b"kubernetes\n"),
            (SCOPES, b"\n"),
            (WRITE, b"y\n"),
            (CONTEXT, b"n\n"),
            (RUN, b""),
        ):
            terminal.shows(prompt)
            if prompt == at:
                break
            terminal.type(keys)
        terminal.type(key)
        ended = terminal.ended()
    assert (ended.status, ended.stdout) == (130, "")
    assert "Traceback" not in ended.stderr
    assert ("interrupted" in topics(ended.stderr)) is (key == b"\x03")
    if at == RUN:
        assert user("oidc")
        assert laptop.stored()
    else:
        assert (Path.home() / FILE).read_bytes() == before
        assert laptop.stored() == {}
        assert laptop.browser.opened() == []


def test_without_a_terminal_nobody_is_asked(laptop: Laptop) -> None:
    """Standard input alone, or a terminal in the background of nothing: it explains, and does not wait for an answer."""
    done = laptop.run("setup", "--oidc-issuer-url=https://issuer.example.com")
    failure(done, "usage", "--oidc-issuer-url", "--oidc-client-id", status=2)
    assert CLIENT not in done.stderr
