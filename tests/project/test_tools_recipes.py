"""The recipes for krew, Homebrew, winget and scoop and the Dockerfile: made from the project's metadata, and what their readers accept."""

from __future__ import annotations

import fnmatch
import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests import parts
from tests.parts import REPOSITORY
from tests.releases import BUNDLES, filled_in_release
from tools import bundle, lock_files, recipes, recipes_windows, release as releases

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def test_they_are_of_this_version() -> None:
    """packaging/ holds what `make pages` writes, with placeholders: no release is named."""
    release = releases.of_this_checkout()
    written = recipes.recipes(release)
    assert len(written) == 6
    for name, text in written.items():
        assert (recipes.DIRECTORY / name).read_text() == text, "make pages writes it"
        assert release.version in text
    assert release.version == PROJECT["project"]["version"]
    stray = {path.name for path in (recipes.DIRECTORY / "winget").iterdir()}
    assert {f"winget/{name}" for name in stray} == recipes_windows.winget(release).keys()


@pytest.fixture
def filled_in(tmp_path: Path) -> releases.Release:
    """Have a release whose artifacts are there."""
    return filled_in_release(tmp_path)


def krew(release: releases.Release) -> dict[str, Any]:
    """Read the manifest."""
    read: dict[str, Any] = YAML(typ="safe").load(recipes.krew(release))
    return read


def test_krew_takes_the_manifest(filled_in: releases.Release) -> None:
    """What krew's own validation demands of a plugin of krew.googlecontainertools.github.com/v1alpha2."""
    manifest = krew(filled_in)
    assert manifest.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert manifest["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"
    assert manifest["kind"] == "Plugin"
    assert f"{manifest['metadata']['name']}.yaml" == recipes.KREW, "krew requires this file name"
    assert "kubectl-" + manifest["metadata"]["name"].replace("-", "_") == "kubectl-oidc_login"
    spec = manifest["spec"]
    assert spec.keys() == {
        "version", "homepage", "shortDescription", "description", "caveats", "platforms",
    }  # fmt: skip
    assert re.fullmatch(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", spec["version"])
    assert 0 < len(spec["shortDescription"]) <= 50
    assert "\n" not in spec["shortDescription"]
    platforms = [tuple(each["selector"]["matchLabels"].values()) for each in spec["platforms"]]
    assert platforms == list(BUNDLES)
    for each, ending in zip(spec["platforms"], BUNDLES.values(), strict=True):
        assert each.keys() == {"selector", "uri", "sha256", "bin", "files"}
        assert each["uri"] == f"https://example.com/v1/kubectl-oidc-{filled_in.version}-{ending}"
        assert re.fullmatch("[0-9a-f]{64}", each["sha256"])
        assert each["files"] == [{"from": f"kubectl-oidc-{filled_in.version}/*", "to": "."}]
        assert each["bin"] == "bin/kubectl-oidc_login" + (".exe" if ending.endswith("zip") else "")


def test_a_release_fills_in_addresses_names_and_digests(filled_in: releases.Release) -> None:
    """No placeholder is left; each digest is that of the bundle that the line before names."""
    written = recipes.recipes(filled_in)
    for name, text in written.items():
        for placeholder in (
            releases.ADDRESS,
            releases.PUBLISHER,
            releases.CONTACT,
            "HOMEPAGE",
            releases.NO_DIGEST,
        ):
            assert placeholder not in name + text
    found: list[str] = []
    for text in written.values():
        for address, digest in re.findall(
            r'(https://example\.com/v1/[^"\s]+)"?,?\s+"?(?:sha256|hash|InstallerSha256)"?:? "?([0-9a-f]{64})"?',
            text,
        ):
            assert digest == hashlib.sha256(Path(address).name.encode()).hexdigest()
            found.append(Path(address).name.removeprefix(f"kubectl-oidc-{filled_in.version}-"))
    everywhere, unix = list(BUNDLES.values()), list(BUNDLES.values())[:4]
    assert sorted(found) == sorted([*everywhere, *unix, "windows-amd64.zip", "windows-amd64.zip"])


@pytest.mark.parametrize("ending", BUNDLES.values())
def test_an_artifact_that_is_missing_is_no_placeholder(
    filled_in: releases.Release, tmp_path: Path, ending: str
) -> None:
    """A release without one of its files ends, and installs nothing."""
    (tmp_path / f"kubectl-oidc-{filled_in.version}-{ending}").unlink()
    with pytest.raises(FileNotFoundError):
        recipes.recipes(filled_in)


def test_a_version_without_a_date_is_no_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages' files have the date of the version in CHANGELOG.md."""
    (tmp_path / "pyproject.toml").write_bytes((REPOSITORY / "pyproject.toml").read_bytes())
    (tmp_path / "CHANGELOG.md").write_text("## Unreleased\n")
    monkeypatch.setattr(lock_files, "ROOT", tmp_path)
    with pytest.raises(ValueError, match=re.escape(PROJECT["project"]["version"])):
        releases.of_this_checkout()


def test_the_formula_has_a_bundle_for_each_system_and_processor(filled_in: releases.Release) -> None:
    """There are macOS and Linux, each on ARM and x86-64."""
    lines = [line.strip() for line in recipes.formula(filled_in).splitlines()]
    blocks = [line for line in lines if line.startswith(("on_", "url "))]
    prefix = f'url "https://example.com/v1/kubectl-oidc-{filled_in.version}-'
    assert blocks == [
        "on_macos do",
        "on_arm do", f'{prefix}darwin-arm64.tar.gz"',
        "on_intel do", f'{prefix}darwin-amd64.tar.gz"',
        "on_linux do",
        "on_arm do", f'{prefix}linux-arm64.tar.gz"',
        "on_intel do", f'{prefix}linux-amd64.tar.gz"',
    ]  # fmt: skip


def test_the_formula_links_what_the_wheel_installs() -> None:
    """Every file below share is one of the wheel's, and so is in a bundle; every program is linked."""
    text = recipes.formula(releases.of_this_checkout())
    shared = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"].values())
    assert {f"share/{path}" for path in re.findall(r'data/"([^"]+)"', text)} == shared
    assert 'bin.install_symlink Dir[libexec/"bin/*"]' in text


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
        # No wheel of it is for another system; CI is Linux on x86.
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
    assert '/python/bin/python3" -I -c' in bundle.COMPLETER_SCRIPT
