"""GitHub's workflows: linted, pinned, with no more rights than they need. None of them was ever run here."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from kubectl_oidc.version import __version__
from tests import parts
from tests.parts import REPOSITORY
from tools import bundle
from tools.test_parts import ACTIONLINT, ACTIONLINT_MODULE

DIRECTORY = REPOSITORY / ".github" / "workflows"
NAMES = sorted(path.name for path in DIRECTORY.glob("*.yml"))
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""Those that docs/stability.md promises."""


def workflow(name: str) -> dict[str, Any]:
    """Read a workflow."""
    read: dict[str, Any] = YAML(typ="safe").load(DIRECTORY / name)
    return read


def test_actionlint_finds_nothing_wrong() -> None:
    """Syntax, expressions, contexts and shell of each workflow."""
    actionlint = shutil.which("actionlint") or (str(ACTIONLINT) if ACTIONLINT.exists() else None)
    if actionlint is None:
        # In CI too: it is built only where there is Go.
        pytest.skip(f"actionlint is not installed (go install {ACTIONLINT_MODULE})")
    command = [actionlint, "-no-color", *(str(DIRECTORY / name) for name in NAMES)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_wrong() -> None:
    """What lets somebody else into a workflow: unpinned actions, templates in shell, credentials that are left, wide rights.

    Offline: what it would ask GitHub (known weaknesses, whether a tag's commit is the one that is named) is not asked.
    """
    zizmor = Path(sys.executable).with_name("zizmor")
    command = [str(zizmor), "--offline", "--no-progress", "--persona=pedantic", str(REPOSITORY / ".github")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_one_commit(name: str) -> None:
    """Pinned by the whole digest, with the version beside it for whoever reads, the same digest everywhere."""
    uses = re.findall(r"\buses: *(.*)", (DIRECTORY / name).read_text())
    everywhere = "".join((DIRECTORY / each).read_text() for each in NAMES)
    for line in uses:
        pinned = re.fullmatch(r"([\w./-]+)@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
        assert pinned, line
        assert len(set(re.findall(rf"{re.escape(pinned[1])}@\S+", everywhere))) == 1, line


@pytest.mark.parametrize("name", NAMES)
def test_every_job_ends_and_has_only_the_rights_that_it_names(name: str) -> None:
    """No right by default, some minutes at most, and no credential left in the checkout."""
    read = workflow(name)
    assert read["permissions"] == {}
    for job in read["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 90
        assert job["permissions"]
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_ci_has_every_system_and_every_python() -> None:
    """Linux, macOS and Windows, each with the Pythons that the program is for."""
    jobs = workflow("ci.yml")["jobs"]
    elsewhere = jobs["elsewhere"]["strategy"]["matrix"]
    assert {system.partition("-")[0] for system in elsewhere["system"]} == {"macos", "windows"}
    (first,) = [
        step["with"]["python-version"]
        for step in jobs["check"]["steps"]
        if "python-version" in step.get("with", {})
    ]
    assert tuple(elsewhere["python"]) == PYTHONS
    assert (first, *jobs["linux"]["strategy"]["matrix"]["python"]) == PYTHONS
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"


def test_a_release_has_packages_and_recipes_and_is_attested() -> None:
    """Packages first, so that their digests are among the others; attested twice: where it was built, and what is in it."""
    jobs = workflow("release.yml")["jobs"]
    steps = jobs["release"]["steps"]
    (run,) = (step["run"] for step in steps if "tools.recipes" in step.get("run", ""))
    order = [run.index(each) for each in ("make packages", "tools.recipes", "cp recipes/", "sha256sum")]
    assert order == sorted(order)
    assert all(f"--{option}=" in run for option in ("release", "homepage", "publisher", "contact"))
    built, *bills = (step["with"] for step in steps if "actions/attest@" in step.get("uses", ""))
    assert built.keys() == {"subject-checksums"}
    assert {each["sbom-path"] for each in bills} == {
        "sbom.cdx.json",
        *(f"{platform}.cdx.json" for platform in bundle.PLATFORMS),
    }


@pytest.mark.parametrize("platform", bundle.PLATFORMS)
def test_a_bundle_and_its_packages_are_attested_with_the_bundle_s_bill(platform: str, tmp_path: Path) -> None:
    """The file beside the archive, by its platform. Each pattern is for one file of this platform."""
    steps = workflow("release.yml")["jobs"]["release"]["steps"]
    (copy,) = (step["run"] for step in steps if 'cp "$bill"' in step.get("run", ""))
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / bundle.bill_name(platform)).write_text(platform)
    (tmp_path / "dist" / "sbom.cdx.json").touch()
    environ = {"TAG": f"v{__version__}", "PATH": os.environ["PATH"]}
    subprocess.run([parts.program("bash"), "-ec", copy], cwd=tmp_path, env=environ, check=True)
    (attested,) = (
        step["with"] for step in steps if step.get("with", {}).get("sbom-path") == f"{platform}.cdx.json"
    )
    assert (tmp_path / attested["sbom-path"]).read_text() == platform
    names = [
        f"dist/{bundle.archive_name(platform)}",
        *(f"dist/{name}" for name in PACKAGES.get(platform, ())),
    ]
    patterns = attested["subject-path"].split()
    assert [fnmatch.filter(names, pattern) for pattern in patterns] == [[name] for name in names]


PACKAGES = {
    f"linux-{machine}": [
        f"kubectl-oidc_{__version__}-1_{machine}.deb",
        f"kubectl-oidc-{__version__}-1.{name}.rpm",
        f"kubectl-oidc_{__version__}-r1_{name}.apk",
    ]
    for machine, name in (("amd64", "x86_64"), ("arm64", "aarch64"))
}
"""The packages that nfpm makes of a bundle (`tests/integration/test_packages.py`)."""


def test_every_bundle_is_started_on_its_own_system_before_a_release() -> None:
    """The release waits for them; where signatures belong is named."""
    jobs = workflow("release.yml")["jobs"]
    started = [each["bundle"] for each in jobs["bundle-starts"]["strategy"]["matrix"]["include"]]
    names = [bundle.archive_name(platform) for platform in bundle.PLATFORMS]
    assert [f"{bundle.NAME}-{each}" for each in started] == names
    assert {"bundles", "bundle-starts"} <= set(jobs["release"]["needs"])
    text = (DIRECTORY / "release.yml").read_text()
    assert "code signing" in text
    assert "notarization" in text


def test_dependabot_looks_where_there_is_something() -> None:
    """Each directory that it is told of has what that kind of package is named in."""
    updates = YAML(typ="safe").load(REPOSITORY / ".github" / "dependabot.yml")["updates"]
    files = {
        "github-actions": ".github/workflows",
        "docker": "Dockerfile",
        "npm": "package-lock.json",
        "gomod": "go.sum",
    }
    assert {each["package-ecosystem"] for each in updates} == set(files)
    for each in updates:
        for directory in each.get("directories") or [each["directory"]]:
            assert (REPOSITORY / directory.lstrip("/") / files[each["package-ecosystem"]]).exists()


def test_dependabot_is_told_of_every_go_module_and_npm_package() -> None:
    """Of those that are at most two directories deep, but for what was installed."""
    kinds = {"go.mod": "gomod", "package.json": "npm"}
    found = [file for name in kinds for depth in ("*", "*/*") for file in REPOSITORY.glob(f"{depth}/{name}")]
    files = [file for file in (each.relative_to(REPOSITORY) for each in found) if file.parts[0][0] != "."]
    assert {file.name for file in files} == set(kinds)
    updates = YAML(typ="safe").load(REPOSITORY / ".github" / "dependabot.yml")["updates"]
    told = {
        (each["package-ecosystem"], directory)
        for each in updates
        for directory in each.get("directories") or [each["directory"]]
    }
    assert {(kinds[file.name], f"/{file.parent}") for file in files} <= told
