"""A whole ``kubectl get pods``, with a credential that is stored, against the demo's Kubernetes API."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.result import Part, Row, Section, at_most, times_table
from bench.scene import Scene, output
from bench.timing import CouldNotMeasure, Subject, Times, measure
from kubectl_oidc.demo.kubernetes.api import KubernetesApi
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.log import QUIET
from kubectl_oidc.yaml_text import yaml_block
from tools.wheel import PROGRAM, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.world import Key, Side, World

WHAT = (
    "`kubectl get pods` with our `setup`'s exec section",
    "`kubectl get pods`, the same direct exec section",
)
AGAINST = ("kubelogin's exec section (`command: kubectl`)", "kubelogin")
MOST: Mapping[Key, tuple[float, float]] = {"ours": (0.6, 0.95), "pure": (0.75, 1.1)}
GOALS = {
    key: [at_most(*words, pure=key == "pure") for words in zip(WHAT, AGAINST, most, strict=True)]
    for key, most in MOST.items()
}

_LEAST = "No plugin can make kubectl faster than with a token in the kubeconfig: that row is the least that the others can reach."

CLIENT = "bench-kubectl"
API_VERSION = "client.authentication.k8s.io/v1"


def kubectl() -> Path | None:
    """Return the kubectl that is used: the one that the tests fetch, else the one on PATH."""
    found = shutil.which("kubectl", path=os.pathsep.join([str(ROOT / ".tools"), os.environ.get("PATH", "")]))
    return Path(found) if found else None


def _measure(world: World) -> Section:
    program = kubectl()
    if program is None:
        raise CouldNotMeasure("there is no kubectl")
    http = HttpClient(tls=TlsOptions(ca_files=(world.authority_file,)), log=QUIET)
    world.ends.callback(http.close)
    api = KubernetesApi(world.authority, issuer=world.provider.issuer, client_id=CLIENT, http=http)
    with api:
        subjects = [_without_plugin(world, world.sides[0], api.url, program)]
        for side in world.sides:
            if side.key == "peer":
                subjects += [_peers(world, side, api.url, program, direct=direct) for direct in (False, True)]
            else:
                subjects.append(_ours(world, side, api.url, program))
        for subject in subjects:
            if b"Running" not in output(subject):
                raise CouldNotMeasure(f"{subject.name} lists no pods")
        times = measure(subjects, max(3, world.runs // 2))
    return Section(_rows(list(times.values())), f"{times_table(times)}\n\n{_LEAST}")


def _rows(times: Sequence[Times]) -> list[Row]:
    _, ours, pure, *peers = (one.wall for one in times)
    others = peers or (None, None)
    return [
        goal.ratio(own, other)
        for own, goals in zip((ours, pure), GOALS.values(), strict=True)
        for goal, other in zip(goals, others, strict=True)
    ]


def _ours(world: World, side: Side, server: str, program: Path) -> Subject:
    """Let our setup write the user into a kubeconfig."""
    scene = world.scene("kubectl", side, client=CLIENT, more=_variables())
    scene.make()
    config = _kubeconfig(scene, server)
    setup = ("setup", "--write-kubeconfig", f"--kubeconfig={config}", "--user=oidc", *scene.flags())
    output(Subject("kubectl-oidc's setup", (str(side.program), *setup), scene.environment))
    return _get_pods(scene, f"{side.name}, its `setup`'s exec section", program)


def _without_plugin(world: World, side: Side, server: str, program: Path) -> Subject:
    """Write a user with a token: kubectl then starts no plugin."""
    scene = world.scene("kubectl-token", side, client=CLIENT, more=_variables())
    scene.make()
    answer = output(Subject("get-token", (str(side.program), "get-token", *scene.flags()), scene.environment))
    token = json.loads(answer)["status"]["token"]
    _kubeconfig(scene, server, users=[{"name": "oidc", "user": {"token": token}}])
    return _get_pods(scene, "kubectl with a token in the kubeconfig, no plugin", program)


def _peers(world: World, side: Side, server: str, program: Path, *, direct: bool) -> Subject:
    """Write the user that kubelogin's setup tells to write, or the same as ours."""
    name = f"kubectl-{'direct' if direct else 'kubectl'}"
    scene = world.scene(name, side, client=CLIENT, more=_variables())
    scene.make()
    words = ["get-token", *scene.flags()]
    stanza = {
        "apiVersion": API_VERSION,
        "args": words if direct else ["oidc-login", *words],
        "command": PROGRAM if direct else "kubectl",
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": False,
    }
    _kubeconfig(scene, server, users=[{"name": "oidc", "user": {"exec": stanza}}])
    how = "the same direct exec section" if direct else "its `setup`'s exec section"
    return _get_pods(scene, f"{side.name}, {how}", program)


def _variables() -> dict[str, str]:
    return {"KUBERC": "off"}


def _kubeconfig(scene: Scene, server: str, **more: Any) -> Path:
    path = scene.home / ".kube" / "config"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "c", "cluster": {"certificate-authority": str(scene.authority), "server": server}}
        ],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "oidc"}}],
        "current-context": "c",
        **more,
    }
    path.write_text(yaml_block(config) + "\n", encoding="utf-8")
    return path


def _get_pods(scene: Scene, name: str, program: Path) -> Subject:
    """Return the command, with the scene's program on PATH as kubectl's plugin."""
    directory = scene.home / "bin"
    directory.mkdir()
    (directory / PROGRAM).symlink_to(scene.program)
    environment = {**scene.environment, "PATH": f"{directory}:{program.parent}:/usr/bin:/bin"}
    del environment["KUBERNETES_EXEC_INFO"]  # kubectl's own affair
    return Subject(name, (str(program), "get", "pods", "--all-namespaces"), environment)


PART = Part("kubectl", "A whole kubectl", (*GOALS["ours"], *GOALS["pure"]), _measure)
