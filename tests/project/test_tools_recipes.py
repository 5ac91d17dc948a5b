"""The recipes for krew and Homebrew and the Dockerfile: made from the project's metadata, and what their readers take."""

from __future__ import annotations

import fnmatch
import hashlib
import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests import parts
from tests.parts import REPOSITORY
from tools import bundle, recipes, single_file

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def test_they_are_of_this_version() -> None:
    """packaging/ holds what `make pages` writes, with placeholders: no release is named."""
    release = recipes.of_this_checkout()
    assert (recipes.DIRECTORY / recipes.KREW).read_text() == recipes.krew(release), "make pages writes it"
    assert (recipes.DIRECTORY / recipes.FORMULA).read_text() == recipes.formula(release), (
        "make pages writes it"
    )
    assert release.version == PROJECT["project"]["version"]


@pytest.fixture
def filled_in(tmp_path: Path) -> recipes.Release:
    """Have a release whose artifacts are there."""
    version = PROJECT["project"]["version"]
    names = [single_file.archive_name(version, *platform) for platform in recipes.PLATFORMS]
    for name in (*names, f"kubectl_oidc-{version}.tar.gz"):
        (tmp_path / name).write_bytes(name.encode())
    return recipes.of_this_checkout(
        address="https://example.com/v1", homepage="https://example.com", artifacts=tmp_path
    )


def krew(release: recipes.Release) -> dict[str, Any]:
    """Read the manifest."""
    read: dict[str, Any] = YAML(typ="safe").load(recipes.krew(release))
    return read


def test_krew_takes_the_manifest(filled_in: recipes.Release) -> None:
    """What krew's own validation demands of a plugin of krew.googlecontainertools.github.com/v1alpha2."""
    manifest = krew(filled_in)
    assert manifest.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert manifest["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"
    assert manifest["kind"] == "Plugin"
    assert f"{manifest['metadata']['name']}.yaml" == recipes.KREW, "krew wants the file to be called so"
    assert "kubectl-" + manifest["metadata"]["name"].replace("-", "_") == "kubectl-oidc_login"
    spec = manifest["spec"]
    assert spec.keys() == {
        "version", "homepage", "shortDescription", "description", "caveats", "platforms",
    }  # fmt: skip
    assert re.fullmatch(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", spec["version"])
    assert 0 < len(spec["shortDescription"]) <= 50
    assert "\n" not in spec["shortDescription"]
    platforms = [tuple(each["selector"]["matchLabels"].values()) for each in spec["platforms"]]
    assert platforms == list(recipes.PLATFORMS)
    for each in spec["platforms"]:
        assert each.keys() == {"selector", "uri", "sha256", "bin", "files"}
        assert each["uri"].startswith("https://example.com/v1/")
        assert re.fullmatch("[0-9a-f]{64}", each["sha256"])
        assert each["bin"] in {file["from"] for file in each["files"]}
        assert all(file.keys() == {"from", "to"} and ".." not in file["from"] for file in each["files"])


def test_a_release_fills_in_addresses_and_digests(filled_in: recipes.Release) -> None:
    """Nothing stays that only holds a place; each digest is that of the artifact beside it."""
    for text in (recipes.krew(filled_in), recipes.formula(filled_in)):
        for placeholder in (recipes.RELEASE, recipes.HOMEPAGE, recipes.NO_DIGEST):
            assert placeholder not in text
    for each in krew(filled_in)["spec"]["platforms"]:
        assert each["sha256"] == hashlib.sha256(Path(each["uri"]).name.encode()).hexdigest()
    address, digest = re.findall(r'^  (?:url|sha256) "(.*)"$', recipes.formula(filled_in), re.MULTILINE)
    assert digest == hashlib.sha256(Path(address).name.encode()).hexdigest()


def test_an_artifact_that_is_missing_is_no_placeholder(filled_in: recipes.Release, tmp_path: Path) -> None:
    """A release without one of its files ends, and installs nothing."""
    (tmp_path / single_file.archive_name(filled_in.version, *recipes.PLATFORMS[0])).unlink()
    with pytest.raises(FileNotFoundError):
        recipes.krew(filled_in)


def test_the_formula_links_what_the_wheel_installs() -> None:
    """Every file below share is one of the wheel's, and every program one of its scripts."""
    text = recipes.formula(recipes.of_this_checkout())
    shared = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"].values())
    assert {f"share/{path}" for path in re.findall(r'data/"([^"]+)"', text)} == shared
    assert set(re.findall(r'libexec/"bin/(kubectl[^"]+)"', text)) == PROJECT["project"]["scripts"].keys()


def test_ruby_understands_the_formula() -> None:
    """`ruby -c`. Homebrew itself was never run here."""
    ruby = parts.program("ruby")
    command = [ruby, "-c", "-W", str(recipes.DIRECTORY / recipes.FORMULA)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "Syntax OK", "")


def test_hadolint_finds_nothing_wrong_in_the_dockerfile() -> None:
    """The linter is in the lock for Linux on x86. No image was ever built here: there is no Docker."""
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is in the lock for Linux on x86 alone")
    done = subprocess.run([hadolint, REPOSITORY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


def test_the_image_does_not_run_as_root_and_is_made_of_the_bundle() -> None:
    """A user by number, so that Kubernetes can see that it is not root; the build gets the bundles of Linux alone."""
    text = (REPOSITORY / "Dockerfile").read_text()
    final = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*$", final, re.MULTILINE)
    assert 'ENTRYPOINT ["kubectl-oidc_login"]' in final
    (added,) = re.findall(r"^ADD dist/(\S+) ", text, re.MULTILINE)
    names = [bundle.archive_name(platform) for platform in bundle.PLATFORMS if platform.startswith("linux")]
    for name in names:
        machine = name.removesuffix(".tar.gz").rpartition("-")[2]
        assert fnmatch.fnmatch(name, added.replace("${TARGETARCH}", machine))
    *_, everything, directory, inside, sent = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert (everything, directory, inside) == ("*", "!dist", "dist/*")
    assert fnmatch.filter([f"!dist/{name}" for name in names], sent) == [f"!dist/{name}" for name in names]


def test_what_we_write_starts_python_isolated() -> None:
    """Neither PYTHONPATH nor PYTHONHOME of another Python counts, nor what is in the working directory (`-I`)."""
    assert single_file.INTERPRETER.endswith(" python3 -I")
    assert '/python/bin/python3" -I -c' in bundle.COMPLETER
    formula = (REPOSITORY / "packaging" / recipes.FORMULA).read_text()
    assert 'inreplace libexec/"bin/kubectl-oidc_login", /\\A#!.*$/, "\\\\0 -I"' in formula


def test_the_archive_of_a_single_file_is_the_same_each_time(tmp_path: Path) -> None:
    """The program, executable, and the licence; no time, no owner."""
    file = tmp_path / "kubectl-oidc_login"
    file.write_bytes(b"program")
    first = single_file.archive(file)
    before = first.read_bytes()
    file.touch()
    assert single_file.archive(file).read_bytes() == before
    with tarfile.open(first) as archive:
        members = {member.name: (member.mode, member.mtime, member.uid) for member in archive}
    assert members == {"kubectl-oidc_login": (0o755, 0, 0), "LICENSE": (0o644, 0, 0)}
    version = PROJECT["project"]["version"]
    assert re.fullmatch(rf"kubectl-oidc_login-{re.escape(version)}-[a-z0-9]+-[a-z0-9_]+\.tar\.gz", first.name)
