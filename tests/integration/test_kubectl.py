"""A real kubectl runs the program and talks to the demo's Kubernetes API, which trusts a realm of the real provider."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.kubernetes.api import KubernetesApi
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.system.log import QUIET
from tests import parts
from tests.plugin import wait_until

from .laptop import V1, V1BETA1
from .on_terminal import OnTerminal
from .said import beside_the_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .laptop import Laptop
    from .realm import OpenIdProvider

KUBECTLS = {"on PATH": "kubectl", "fetched": str(parts.TOOLS / "kubectl")}


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Make a certificate authority for the API."""
    return Authority()


@dataclass
class Cluster:
    """The API, and a kubeconfig for it.

    Attributes:
        laptop: Whose kubectl it is.
        url: The API server.
        ca: The file with its authority.
        kubectl: The program.
    """

    laptop: Laptop
    url: str
    ca: Path
    kubectl: str = "kubectl"

    def kubeconfig(
        self, *, direct: bool = True, api_version: str = V1, more: tuple[str, ...] = (), **exec_: Any
    ) -> None:
        """Write the kubeconfig with the user ``oidc``, as JSON, which is YAML too.

        Args:
            direct: Whether kubectl starts the program itself; else by way of a second kubectl, as kubelogin's does.
            api_version: What the stanza names.
            more: Further flags of get-token.
            exec_: Further members of the stanza.
        """
        words = self.laptop.words(*more)
        stanza = {
            "apiVersion": api_version,
            "command": "kubectl-oidc_login" if direct else self.kubectl,
            "args": words if direct else ["oidc-login", *words],
            **({"interactiveMode": "IfAvailable"} if api_version == V1 else {}),
            **exec_,
        }
        extension = {
            "name": "client.authentication.k8s.io/exec",
            "extension": {"apiVersion": "example.com/v1", "kind": "Anything", "audience": ["a", {"b": None}]},
        }
        cluster = {"server": self.url, "certificate-authority": str(self.ca), "extensions": [extension]}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": cluster}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "nobody"}}],
            "current-context": "c",
            "users": [{"name": "oidc", "user": {"exec": stanza}}],
        }
        path = Path.home() / ".kube" / "config"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(config), encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the user ``oidc``."""
        return subprocess.run(
            [self.kubectl, "--user=oidc", *arguments],
            env={**os.environ, "PATH": f"{parts.plugin().parent}{os.pathsep}{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def pods(self) -> subprocess.CompletedProcess[str]:
        """Run what the story runs."""
        return self.run("get", "pods", "--all-namespaces")


@pytest.fixture
def cluster(laptop: Laptop, authority: Authority, tmp_path: Path) -> Iterator[Cluster]:
    """Have a cluster that trusts the test's realm."""
    yield from _cluster(laptop, authority, tmp_path)


@pytest.fixture
def cluster_of_more_grants(
    openid_provider: OpenIdProvider, laptop: Laptop, authority: Authority, tmp_path: Path
) -> Iterator[Cluster]:
    """Have a cluster whose provider has device codes and takes passwords."""
    laptop.realm, laptop.client = openid_provider.new_realm(more_grants=True), "device"
    yield from _cluster(laptop, authority, tmp_path)


def _cluster(laptop: Laptop, authority: Authority, tmp_path: Path) -> Iterator[Cluster]:
    kubectl = shutil.which("kubectl") or str(parts.TOOLS / "kubectl")
    if not Path(kubectl).exists():
        parts.missing("kubectl is not installed (tools/install-test-parts fetches it where it may)")
    http = HttpClient(log=QUIET)
    with KubernetesApi(authority, issuer=laptop.realm.issuer, client_id=laptop.client, http=http) as api:
        yield Cluster(laptop, api.url, authority.write(tmp_path / "ca.crt"), kubectl)
    http.close()


def assert_pods(done: subprocess.CompletedProcess[str]) -> None:
    """Assert that the pods were listed, and nothing said beside them."""
    assert done.returncode == 0, done.stderr
    assert beside_the_reason(done.stderr) == ""
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert sum(row.split()[3] == "Running" for row in rows) == 8


@pytest.mark.parametrize("which", KUBECTLS)
@pytest.mark.parametrize("api_version", [V1, V1BETA1])
@pytest.mark.parametrize("direct", [True, False], ids=["direct", "by way of kubectl"])
def test_one_sign_in_and_then_none(
    cluster: Cluster,
    direct: bool,  # noqa: FBT001 - a test's parameter
    api_version: str,
    which: str,
) -> None:
    """With both stanzas and both versions the pods are listed: one browser at first, then no request at all."""
    cluster.kubectl = shutil.which(KUBECTLS[which]) or parts.missing(f"there is no kubectl {which}")
    cluster.kubeconfig(direct=direct, api_version=api_version)
    assert_pods(cluster.pods())
    assert len(cluster.laptop.browser.opened()) == 1

    cluster.laptop.realm.forget()
    for _ in range(2):
        assert_pods(cluster.pods())
    # The API server asks for keys now and then; the program asks for nothing.
    assert cluster.laptop.realm.seen().token_requests == []
    assert len(cluster.laptop.browser.opened()) == 1


def test_a_converted_stanza_has_the_same_session(cluster: Cluster) -> None:
    """Signed in by way of kubelogin's stanza and converted: the same kubectl needs no browser and no request."""
    cluster.kubeconfig(direct=False, api_version=V1BETA1)
    assert_pods(cluster.pods())
    cluster.laptop.realm.forget()
    converted = cluster.laptop.run("convert", "--yes")
    assert converted.status == 0, converted.stderr
    config = json.loads(cluster.run("config", "view", "--raw", "-o", "json").stdout)
    assert config["users"][0]["user"]["exec"]["command"] == "kubectl-oidc_login"
    assert_pods(cluster.pods())
    assert cluster.laptop.realm.seen().token_requests == []
    assert len(cluster.laptop.browser.opened()) == 1


def test_the_extra_checks_of_the_story(cluster: Cluster) -> None:
    """Out of the group and purged: Forbidden, in Kubernetes' words. Back in the group and purged: the pods again."""
    cluster.kubeconfig()
    assert_pods(cluster.pods())

    cluster.laptop.realm.set_groups(alice=["another-group"])
    assert_pods(cluster.pods())  # the cached token still says eks-admins
    assert cluster.laptop.purge().status == 0
    forbidden = cluster.pods()
    assert (forbidden.returncode, forbidden.stdout) == (1, "")
    assert beside_the_reason(forbidden.stderr) == (
        'Error from server (Forbidden): pods is forbidden: User "alice@example.com" cannot list resource "pods" '
        'in API group "" at the cluster scope\n'
    )

    cluster.laptop.realm.set_groups(alice=["eks-admins"])
    assert cluster.laptop.purge().status == 0
    assert_pods(cluster.pods())
    assert len(cluster.laptop.browser.opened()) == 3


def test_an_expired_token_is_refreshed_without_a_browser(cluster: Cluster) -> None:
    """The token has ended: the next kubectl refreshes and lists the pods."""
    cluster.kubeconfig()
    cluster.laptop.realm.id_tokens_live(8)  # seconds; MARGIN is 10, so it is not handed out again
    assert_pods(cluster.pods())
    cluster.laptop.realm.id_tokens_live(3600)
    cluster.laptop.realm.forget()
    assert_pods(cluster.pods())
    assert cluster.laptop.realm.seen().token_requests == ["refresh_token"]
    assert len(cluster.laptop.browser.opened()) == 1


def test_cluster_information_with_an_extension_is_taken(cluster: Cluster) -> None:
    """``provideClusterInfo`` with a cluster extension, on which kubelogin fails, changes nothing."""
    cluster.kubeconfig(provideClusterInfo=True)
    assert_pods(cluster.pods())
    assert_pods(cluster.pods())


@pytest.mark.parametrize("which", KUBECTLS)
def test_kubectl_is_told_who_we_are(cluster: Cluster, which: str) -> None:
    """`auth whoami`, `auth can-i` and `version` work with the token, in JSON and in newer kubectls' protobuf.

    User name and groups come from the token's claims; who is in no group may ask as well, and may do nothing else.
    """
    cluster.kubectl = shutil.which(KUBECTLS[which]) or parts.missing(f"there is no kubectl {which}")
    cluster.kubeconfig()
    who = cluster.run("auth", "whoami", "--output=json")
    assert who.returncode == 0, who.stderr
    info = json.loads(who.stdout)["status"]["userInfo"]
    assert info["username"] == "alice@example.com"
    assert set(info["groups"]) == {"eks-admins", "system:authenticated"}
    assert cluster.run("auth", "can-i", "delete", "pods").stdout == "yes\n"
    assert cluster.run("auth", "can-i", "get", "/logs").stdout == "yes\n"
    everything = cluster.run("auth", "can-i", "--list")
    assert re.search(r"^\*\.\* +\[\] +\[\] +\[\*\]$", everything.stdout, re.MULTILINE), everything
    version = cluster.run("version", "--output=json")
    assert "serverVersion" in json.loads(version.stdout)

    cluster.laptop.realm.set_groups(alice=[])
    assert cluster.laptop.purge().status == 0
    may_not = cluster.run("auth", "can-i", "delete", "pods")
    assert (may_not.returncode, may_not.stdout) == (1, "no\n")
    assert cluster.run("auth", "can-i", "get", "/version").stdout == "yes\n"
    assert cluster.run("auth", "can-i", "get", "/logs").stdout == "no\n"


def test_a_kubectl_without_the_plugin_runs_by_exec(cluster: Cluster) -> None:
    """It runs nothing itself: its kubeconfig has the token, the cluster's authority, and the impersonation of none."""
    cluster.kubeconfig()
    words = ("exec", "--user=oidc", "--", cluster.kubectl, "get", "pods", "--all-namespaces")
    done = cluster.laptop.run(*words)
    assert_pods(subprocess.CompletedProcess(words, done.status, done.stdout, done.stderr))
    who = cluster.laptop.run("exec", "--user=oidc", "--", cluster.kubectl, "auth", "whoami")
    assert "alice@example.com" in who.stdout
    assert len(cluster.laptop.browser.opened()) == 1


def test_curl_sends_the_header_that_token_prints(cluster: Cluster) -> None:
    """It reads it from standard input; the cluster knows who asks."""
    cluster.kubeconfig()
    header = cluster.laptop.run("token", "--header", "--user=oidc").stdout
    url = f"{cluster.url}/apis/authentication.k8s.io/v1/selfsubjectreviews"
    body = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    options = ["--silent", "--header", "@-", "--header", "Content-Type: application/json", "--data", body]
    done = subprocess.run(
        [parts.program("curl"), "--cacert", str(cluster.ca), *options, url],
        input=header,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert json.loads(done.stdout)["status"]["userInfo"]["username"] == "alice@example.com"


def test_a_failure_reaches_the_person_at_kubectl(cluster: Cluster) -> None:
    """The provider is down: kubectl ends with our error and hint on standard error, and no second attempt."""
    cluster.kubeconfig()
    cluster.laptop.realm.fail_next("/.well-known/openid-configuration", times=20, status=503)
    failed = cluster.pods()
    assert failed.returncode == 1
    assert failed.stdout == ""
    lines = failed.stderr.splitlines()
    assert lines[0].startswith("error: ")
    assert "503" in lines[0]
    assert lines[1].startswith("hint: ")
    assert "Traceback" not in failed.stderr


def test_a_token_that_the_api_does_not_take_is_unauthorized(cluster: Cluster) -> None:
    """A session of another client: the API answers 401, kubectl tries once more and says so; no tab storm."""
    cluster.laptop.client = "code-only"
    cluster.kubeconfig()
    refused = cluster.pods()
    assert refused.returncode == 1
    assert "You must be logged in to the server" in refused.stderr
    assert len(cluster.laptop.browser.opened()) == 1


# Other grants


def at_a_terminal(cluster: Cluster) -> OnTerminal:
    """Start kubectl at a terminal, as a person does."""
    command = f"exec {cluster.kubectl} --user=oidc get pods --all-namespaces"
    path = f"{parts.plugin().parent}{os.pathsep}{os.environ['PATH']}"
    return OnTerminal(through=("sh", "-c", command, "sh"), env={"PATH": path})


@pytest.mark.parametrize("mode", ["IfAvailable", "Never"])
def test_a_password_is_typed_while_kubectl_waits(cluster_of_more_grants: Cluster, mode: str) -> None:
    """Whether kubectl gives its standard input or not: the terminal is asked, the password unseen, and never again."""
    cluster = cluster_of_more_grants
    cluster.kubeconfig(more=("--username=alice",), interactiveMode=mode)
    with at_a_terminal(cluster) as terminal:
        terminal.shows("127.0.0.1: ")
        wait_until(terminal.hides, "the terminal shows no keys")
        terminal.type(b"password of alice\r")
        ended = terminal.ended()
    assert ended.status == 0, ended.stderr
    assert ended.stdout.count("Running") == 8
    assert "password of alice" not in ended.stderr
    cluster.laptop.realm.forget()
    assert_pods(cluster.pods())
    assert cluster.laptop.realm.seen().token_requests == []


def test_a_device_code_is_shown_while_kubectl_waits(cluster_of_more_grants: Cluster) -> None:
    """The code is entered elsewhere, and kubectl lists the pods."""
    cluster = cluster_of_more_grants
    cluster.kubeconfig(more=("--grant-type=device-code", "--skip-open-browser"))
    with at_a_terminal(cluster) as terminal:
        terminal.shows("Ctrl-C")
        (complete,) = re.findall(r"^ +(http://\S+user_code=\S+)$", terminal.text(), re.MULTILINE)
        subprocess.run([cluster.laptop.scripted.command, complete], check=True, timeout=20)
        ended = terminal.ended()
    assert ended.status == 0, ended.stderr
    assert ended.stdout.count("Running") == 8
    assert_pods(cluster.pods())
