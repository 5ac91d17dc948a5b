"""`setup` writes cluster and context as well: from a server and its authority, or from a context that is there."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from kubectl_oidc.cli.prompts import NOTHING_CHANGED
from kubectl_oidc.cli.setup.context import _BY_URL, _BY_URL_OR_CONTEXT
from kubectl_oidc.cli.setup.questions import CLIENT_QUESTION
from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.kubernetes.api import KubernetesApi
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.system.log import QUIET
from tests import parts

from .kubeconfigs import write_kubeconfig
from .on_terminal import OnTerminal
from .said import failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

EKS = "arn:aws:eks:eu-central-1:123456789012:cluster/production"
SERVER = "https://ABCDEF0123456789.gr7.eu-central-1.eks.amazonaws.com"


class Cluster:
    """A Kubernetes API that trusts the test's realm.

    Attributes:
        url: Its server.
        authority: The file with its authority.
    """

    def __init__(self, url: str, authority: Path) -> None:
        self.url, self.authority = url, authority


@pytest.fixture
def cluster(laptop: Laptop, tmp_path: Path) -> Iterator[Cluster]:
    parts.program("kubectl")
    authority = Authority()
    http = HttpClient(log=QUIET)
    with KubernetesApi(authority, issuer=laptop.realm.issuer, client_id=laptop.client, http=http) as running:
        yield Cluster(running.url, authority.write(tmp_path / "ca.crt"))
    http.close()


def env() -> dict[str, str]:
    return {"PATH": f"{parts.plugin().parent}{os.pathsep}{os.environ['PATH']}"}


def setup(laptop: Laptop, *more: str) -> Ended:
    return laptop.run(*laptop.words("--write-kubeconfig", *more, command="setup"), env=env())


def at_terminal(laptop: Laptop, *more: str) -> OnTerminal:
    words = ("setup", laptop.browser.flag, "--listen-address=127.0.0.1:0", "--token-cache-storage=disk")
    return OnTerminal(*words, *more, env=env())


def config() -> Path:
    return Path.home() / ".kube" / "config"


def entry(kind: str, name: str) -> dict[str, Any]:
    """Return what stands under a context or cluster."""
    data = YAML(typ="safe", pure=True).load(config())
    (found,) = [one[kind] for one in data[f"{kind}s"] if one["name"] == name]
    assert isinstance(found, dict)
    return found


def current() -> str:
    name = YAML(typ="safe", pure=True).load(config()).get("current-context")
    return str(name or "")


def eks() -> str:
    """Write what `aws eks update-kubeconfig` writes, and return the text."""
    aws = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws"}}
    write_kubeconfig({EKS: aws}, {EKS: EKS}, current=EKS, clusters={EKS: {"server": SERVER}})
    return config().read_text()


def test_from_nothing_to_the_first_pods_with_a_server(laptop: Laptop, cluster: Cluster) -> None:
    """User, cluster and context; the authority is in the file, and the context is the current one."""
    ended = setup(laptop, "--context=new", f"--server={cluster.url}", f"--cluster-ca={cluster.authority}")
    assert ended.status == 0, ended.stderr
    assert entry("context", "new") == {"cluster": "new", "user": "oidc"}
    written = entry("cluster", "new")
    pem = base64.b64decode(written.pop("certificate-authority-data"))
    assert pem.strip() == cluster.authority.read_bytes().strip()
    assert written == {"server": cluster.url}
    assert current() == "new"
    assert "kubectl config set-cluster new" in ended.stderr
    assert "kubectl config set-context new" in ended.stderr
    cluster.authority.unlink()
    with OnTerminal(through=("sh", "-c", "exec kubectl get pods -A", "sh"), env=env()) as terminal:
        pods = terminal.ended()
    assert pods.stdout.count("Running") == 8, pods.stderr
    assert len(laptop.browser.opened()) == 1


def test_a_new_context_takes_the_cluster_of_the_current_one(laptop: Laptop) -> None:
    """As EKS, GKE and AKS have it; their context stays the current one, and as it was, byte for byte."""
    before = eks()
    ended = setup(laptop, "--context=production-oidc")
    assert ended.status == 0, ended.stderr
    assert entry("context", "production-oidc") == {"cluster": EKS, "user": "oidc"}
    assert entry("context", EKS) == {"cluster": EKS, "user": EKS}
    assert current() == EKS
    assert "kubectl config use-context production-oidc" in ended.stderr
    text = config().read_text()
    assert before[before.index('"clusters"') : before.index('"current-context"')] in text
    backups = list(config().parent.glob("config.backup-*"))
    assert [backup.read_text() for backup in backups] == [before]
    again = setup(laptop, "--context=production-oidc")
    assert again.status == 0
    assert config().read_text() == text


def test_the_cluster_of_another_context_can_be_named(laptop: Laptop) -> None:
    write_kubeconfig(
        {}, {"a": "x", "b": "y"}, current="a", clusters={"a": {"server": SERVER}, "b": {"server": SERVER}}
    )
    assert setup(laptop, "--context=b-oidc", "--from-context=b").status == 0
    assert entry("context", "b-oidc") == {"cluster": "b", "user": "oidc"}
    ended = setup(laptop, "--context=c-oidc", "--from-context=bb")
    failure(ended, "kubeconfig", " bb", " b?")


def test_a_context_that_exists_is_changed_after_a_yes_alone(laptop: Laptop) -> None:
    """Its namespace stays. Without a terminal and without --yes nobody signs in, and nothing is written."""
    write_kubeconfig({}, {"c": "company"}, current="c", clusters={"c": {"server": SERVER}})
    config().write_text(
        config().read_text().replace('"user": "company"', '"user": "company", "namespace": "team"')
    )
    before = config().read_text()
    failure(setup(laptop, "--context=c"), "kubeconfig", " c: ", "company", "--yes", "--context")
    failure(setup(laptop, "--context=c", "--server=https://other"), "kubeconfig", " c: ", SERVER)
    assert (config().read_text(), laptop.browser.opened()) == (before, [])
    words = (*laptop.realm.flags(), "--write-kubeconfig", "--context=c")
    with at_terminal(laptop, *words) as terminal:
        terminal.asks(" [y/N]: ")
        terminal.type(b"\n")
        ended = terminal.ended()
    assert ended.status == 1
    assert NOTHING_CHANGED in ended.stderr
    assert (config().read_text(), laptop.browser.opened()) == (before, [])
    with at_terminal(laptop, *words) as terminal:
        terminal.asks(" [y/N]: ")
        terminal.type(b"y\n")
        terminal.asks("? [")
        terminal.type(b"n\n")
        assert terminal.ended().status == 0
    assert entry("context", "c") == {"cluster": "c", "user": "oidc", "namespace": "team"}
    assert entry("cluster", "c") == {"server": SERVER}
    ended = setup(laptop, "--context=c", "--server=https://other", "--yes")
    assert ended.status == 0, ended.stderr
    assert entry("cluster", "c") == {"server": "https://other"}


def test_at_a_terminal_it_offers_a_context(laptop: Laptop, cluster: Cluster) -> None:
    """Without any context no is proposed; a wrong answer is asked for again; then kubectl runs in the new context."""
    with at_terminal(
        laptop, *laptop.realm.flags()[2:], f"--oidc-issuer-url={laptop.realm.issuer}"
    ) as terminal:
        terminal.shows(f"{CLIENT_QUESTION}: ")
        terminal.type(b"kubernetes\n\n")
        terminal.asks(" [y/N]: ")
        terminal.type(b"y\n")
        terminal.shows(f"\n{_BY_URL}: ")  # there is no context to name
        terminal.type(b"nowhere\n")
        terminal.shows("https://10.0.0.1:6443")
        terminal.type(f"{cluster.url}\n".encode())
        terminal.shows("[none]: ")
        terminal.type(b"missing.crt\n")
        terminal.shows("(troubleshooting: usage)")
        terminal.type(f"{cluster.url}\n{cluster.authority}\n".encode())
        terminal.asks(" [")
        terminal.type(b"home\n")
        terminal.asks("? [")
        terminal.type(b"y\n")
        ended = terminal.ended()
    assert (ended.status, ended.stdout) == (0, ""), ended.stderr
    assert ended.stderr.count("Running") == 8
    assert (current(), entry("context", "home")) == ("home", {"cluster": "home", "user": "oidc"})


def test_at_a_terminal_the_name_of_an_eks_cluster_is_short(laptop: Laptop) -> None:
    eks()
    with at_terminal(
        laptop, *laptop.realm.flags()[2:], f"--oidc-issuer-url={laptop.realm.issuer}"
    ) as terminal:
        terminal.shows(f"{CLIENT_QUESTION}: ")
        terminal.type(b"kubernetes\n\n")
        terminal.asks(" [y/N]: ")
        terminal.type(b"y\n")
        terminal.shows(f"\n{_BY_URL_OR_CONTEXT} [{EKS}]: ")
        terminal.type(b"\n")
        terminal.asks(" [production-oidc]: ")
        terminal.type(b"\n")
        terminal.asks("? [")
        terminal.type(b"n\n")
        assert terminal.ended().status == 0
    assert entry("context", "production-oidc") == {"cluster": EKS, "user": "oidc"}


@pytest.mark.parametrize(
    ("words", "topic", "name", "status"),
    [
        (["--context=c", "--server=http://10.0.0.1"], "usage", "--server", 2),
        (["--context=c", "--server=https://x", "--cluster-ca=missing"], "usage", "--cluster-ca", 2),
        (["--context=c", "--server=https://x", "--cluster-ca=."], "usage", "--cluster-ca", 2),
        (["--context=c", "--server=https://x", "--cluster-ca=pipe"], "usage", "--cluster-ca", 2),
        (["--context=c", "--server=https://x", "--cluster-ca=text"], "usage", "--cluster-ca", 2),
        (["--context=--c", "--server=https://x"], "usage", "--context", 2),
        (["--context=c\x1b[0m", "--server=https://x"], "usage", "--context", 2),
        (["--server=https://x"], "usage", "--context", 2),
        (["--context=c", "--cluster-ca=text"], "usage", "--server", 2),
        (["--context=c", "--server=https://x", "--from-context=d"], "usage", "--from-context", 2),
        (["--context=c"], "kubeconfig", "--server", 1),
    ],
)
def test_bad_input_is_refused_before_the_sign_in(
    laptop: Laptop, words: list[str], topic: str, name: str, status: int
) -> None:
    """Nothing is written either."""
    Path("text").write_text("no certificate")
    os.mkfifo("pipe")
    failure(setup(laptop, *words), topic, name, status=status)
    assert laptop.browser.opened() == []
    assert not config().exists()


def test_a_context_without_write_kubeconfig_is_a_usage_error(laptop: Laptop) -> None:
    ended = laptop.run(*laptop.words("--context=c", command="setup"))
    failure(ended, "usage", "--context", "--write-kubeconfig", status=2)
