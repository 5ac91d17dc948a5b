"""``kubectl oidc-login demo``: the whole story, as somebody sees it who tries the program for the first time."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.demo.scripted_person import PersonWithoutBrowser
from tests import parts
from tests.plugin import run_plugin

from .said import topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin import Running

pytestmark = pytest.mark.together("port8000")  # the demo's redirect URI is the story's, if its port is free

STAND_IN = re.compile(r"^ *\$ kubectl .*get pods.* \(", re.MULTILINE)
"""A command that the demo does not run, with the reason behind it."""

FORBIDDEN = (
    'Error from server (Forbidden): pods is forbidden: User "alice@example.com" cannot list resource "pods" '
    'in API group "" at the cluster scope'
)


def path_without_kubectl(directory: Path) -> str:
    """Return a PATH on which there is everything that the demo starts, and no kubectl."""
    directory.mkdir()
    for name in ("sh", "env"):
        (directory / name).symlink_to(parts.program(name))
    return str(directory)


def assert_the_story(text: str) -> None:
    """Assert that the steps came in their order, each with what it must show."""
    steps = re.findall(r"^\d\. (.*)$", text, re.MULTILINE)
    assert len(steps) == 7
    claims, pods, again, out, back = re.split(r"\n[3456]\. ", text)
    assert re.search(r"groups +eks-admins", claims)
    assert pods.count("Running") == 8
    assert again.splitlines()[1:], "what came of it is said"
    assert FORBIDDEN in out
    assert back.count("Running") == 8


def test_the_story_is_told_to_its_end() -> None:
    """With a real kubectl: setup, pods, no second browser, Forbidden, pods; nothing is left behind."""
    parts.program("kubectl")
    before = set(Path.home().rglob("*"))
    done = run_plugin("demo", timeout=90)
    assert done.returncode == 0, done.stderr
    assert_the_story(done.stdout)
    assert done.stderr == ""
    assert not STAND_IN.search(done.stdout)
    assert set(Path.home().rglob("*")) == before
    (directory,) = set(re.findall(r"\S*/kubectl-oidc-demo-\w+", done.stdout))
    assert not Path(directory).exists()
    assert list(Path(os.environ["XDG_RUNTIME_DIR"]).rglob("*")) == [], "not even a lock file"


def test_without_a_kubectl_the_demo_makes_its_requests(tmp_path: Path) -> None:
    """Where there is no kubectl the demo says so and shows the same."""
    done = run_plugin("demo", env={"PATH": path_without_kubectl(tmp_path / "bin")}, timeout=90)
    assert done.returncode == 0, done.stderr
    assert_the_story(done.stdout)
    assert STAND_IN.search(done.stdout)
    assert "$ kubectl-oidc_login setup" in done.stdout


def test_a_browser_is_opened_where_there_is_one(tmp_path: Path) -> None:
    """A person with a browser signs in there; the demo takes whoever it is through the story."""
    browser = tmp_path / "browser"
    words = [
        sys.executable,
        "-m",
        "kubectl_oidc.demo.scripted_person",
        "--cookies",
        str(tmp_path / "cookies"),
    ]
    browser.write_text(f'#!/bin/sh\nexec {shlex.join(words)} --as bob@example.com "$1"\n')
    browser.chmod(0o700)
    done = run_plugin("demo", env={"BROWSER": str(browser)}, timeout=90)
    assert done.returncode == 0, done.stderr
    assert FORBIDDEN.replace("alice", "bob") in done.stdout


def test_the_address_is_shown_while_a_step_waits_for_it(
    tmp_path: Path, start_plugin: Callable[..., Running]
) -> None:
    """The browser fails to start, so the person opens the printed addresses."""
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\nexit 1\n")
    browser.chmod(0o700)
    person = PersonWithoutBrowser(tmp_path / "cookies")
    running = start_plugin("demo", env={"BROWSER": str(browser)})
    assert running.process.stdout is not None
    said = ""
    for line in iter(running.process.stdout.readline, ""):
        said += line
        if "/authorize?" in line:
            person.open(line.strip())
    ended = running.ended()
    assert (ended.status, ended.stderr) == (0, "")
    assert_the_story(said)


def test_it_stays_where_that_is_asked_for(start_plugin: Callable[..., Running]) -> None:
    """--keep prints the kubeconfig's path and what to set, kubectl works with it, and Ctrl-C ends it well."""
    kubectl = parts.program("kubectl")
    running = start_plugin("demo", "--keep")
    assert running.process.stdout is not None
    said = ""
    for line in iter(running.process.stdout.readline, ""):
        said += line
        if line.startswith("The kubeconfig: "):
            break
    environment = dict(re.findall(r"^  export (\w+)=(.*)$", said, re.MULTILINE))
    assert Path(environment["KUBECONFIG"]).is_file()
    pods = subprocess.run(
        [kubectl, "--user=oidc", "get", "pods", "--all-namespaces"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert pods.stdout.count("Running") == 8, pods.stderr
    running.send(signal.SIGINT)
    ended = running.ended()
    assert (ended.status, ended.stderr) == (0, "")
    assert not Path(environment["KUBECONFIG"]).exists()


@pytest.mark.parametrize(
    ("module", "package"),
    [("authlib", "authlib"), ("flask", "flask"), ("jwt", "pyjwt"), ("trustme", "trustme")],
)
def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path, module: str, package: str) -> None:
    """Where the parts of the extra are missing the error names them and the hint says how to install them."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n")
    done = run_plugin("demo", env={"PYTHONPATH": str(site)})
    assert (done.returncode, done.stdout) == (1, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert package in error
    assert topics(hint) == ["demo"]
    assert f" '{parts.REPOSITORY}[demo]'`" in hint
    assert "kubectl-oidc[" not in hint, "nobody owns that name at a registry"
