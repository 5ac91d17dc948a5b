"""krew itself installs the manifest's plugin from a bundle, for each platform of the manifest."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.releases import BUNDLES, filled_in_release, stand_in
from tools import recipes
from tools.test_parts import KREW, KREW_MODULE

if TYPE_CHECKING:
    from pathlib import Path

    from tools.release import Release


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Have a release with a bundle for each platform."""
    release = filled_in_release(tmp_path)
    bundle = stand_in(tmp_path / "unpacked", release.version)
    with zipfile.ZipFile(tmp_path / release.bundle("windows", "amd64"), "w") as packed:
        packed.write(bundle / "bin" / "kubectl-oidc_login", f"{bundle.name}/bin/kubectl-oidc_login.exe")
    for system, machine in BUNDLES:
        if system != "windows":
            with tarfile.open(tmp_path / release.bundle(system, machine), "w:gz") as archive:
                archive.add(bundle, bundle.name)
    return release


def krew(root: Path, system: str, machine: str, *arguments: str | Path) -> str:
    """Run krew as on a platform, with a directory of its own; it must end well."""
    if not KREW.exists():
        # In CI too: krew is built only where there is Go. tests/project/test_tools_recipes.py checks the manifest without it.
        pytest.skip(f"krew is not built (go install {KREW_MODULE})")
    environment = {
        "HOME": str(root), "KREW_ROOT": str(root), "KREW_OS": system, "KREW_ARCH": machine, "PATH": os.environ["PATH"],
        "TMPDIR": tempfile.gettempdir(),  # it moves files from there
    }  # fmt: skip
    command = [str(KREW), *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(("system", "machine"), BUNDLES)
def test_krew_installs_and_removes_it(release: Release, tmp_path: Path, system: str, machine: str) -> None:
    """It reads the manifest, checks the digest, unpacks the bundle, and links the program, which finds its Python."""
    manifest = tmp_path / recipes.KREW
    manifest.write_text(recipes.krew(release))
    archive = tmp_path / release.bundle(system, machine)
    root = tmp_path / "root"
    (root / "index" / "default" / ".git").mkdir(
        parents=True
    )  # an index, which removing asks for and does not read
    krew(root, system, machine, "install", f"--manifest={manifest}", f"--archive={archive}")
    program = root / "bin" / f"kubectl-oidc_login{'.exe' if system == 'windows' else ''}"
    store = root / "store" / "oidc-login" / f"v{release.version}"
    assert program.resolve() == store / "bin" / program.name
    if system == "linux":
        said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
        assert said == f"{release.version} kubectl-oidc_login version\n"
    krew(root, system, machine, "uninstall", "oidc-login")
    assert not program.is_symlink()
    assert not store.exists()


def test_krew_refuses_another_bundle(release: Release, tmp_path: Path) -> None:
    """The digest in the manifest is the one of the bundle, so a changed one is not installed."""
    manifest = tmp_path / recipes.KREW
    manifest.write_text(recipes.krew(release))
    archive = tmp_path / release.bundle("linux", "amd64")
    archive.write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(AssertionError, match="checksum"):
        krew(tmp_path / "root", "linux", "amd64", "install", f"--manifest={manifest}", f"--archive={archive}")
