"""Wheel and source archive: the same bytes each time, whole, and good by the checkers of an index."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from kubectl_oidc import cli
from tests.parts import REPOSITORY
from tools import dist, man_page

pytestmark = pytest.mark.together("dist")  # it is built once

# What only a clone has.
NOT_PACKED = (".ci/", ".editorconfig", ".pre-commit-config.yaml")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Have the source archive and the wheel built and checked (twine, check-wheel-contents)."""
    return dist.build(tmp_path_factory.mktemp("dist"))


def test_both_are_the_same_bytes_from_another_place_at_another_time(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    """Built again from the unpacked archive: other directory, other times of files, other permissions, another umask."""
    archive, wheel = made
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    for path in source.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700 if path.is_dir() or path.stat().st_mode & 0o100 else 0o600)
    build = [sys.executable, "-m", "hatchling", "build", f"--directory={tmp_path / 'again'}"]
    subprocess.run(build, cwd=source, check=True, capture_output=True, umask=0o077)
    for first in (archive, wheel):
        again = tmp_path / "again" / first.name
        assert again.read_bytes() == first.read_bytes(), first.name


def test_the_source_archive_is_what_git_tracks(made: tuple[Path, Path]) -> None:
    """Every file of the repository but what only a clone has, and no stray one of whoever built it."""
    if not shutil.which("git") or not (REPOSITORY / ".git").exists():
        # A source archive has no history to compare with; CI works in a clone.
        pytest.skip("needs git and a clone")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    tracked = {
        name
        for name in listed.splitlines()
        if (REPOSITORY / name).exists() and not name.startswith(NOT_PACKED)
    }
    with tarfile.open(made[0]) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert names - tracked == {"PKG-INFO"}
    assert tracked - names == set()


def test_the_wheel_carries_manual_and_completion(made: tuple[Path, Path]) -> None:
    """Where man and the shells look below the installation's share directory; the scripts are those that `completion` prints."""
    places: dict[str, Path | str] = {
        "man/man1/kubectl-oidc_login.1": man_page.PAGE,
        "bash-completion/completions/kubectl-oidc_login": "bash",
        "zsh/site-functions/_kubectl-oidc_login": "zsh",
        "fish/vendor_completions.d/kubectl-oidc_login.fish": "fish",
    }
    with zipfile.ZipFile(made[1]) as wheel:
        packed = {
            name.partition(".data/data/share/")[2]: wheel.read(name)
            for name in wheel.namelist()
            if ".data/data/" in name
        }
    scripts = Path(cli.__file__).with_name("scripts")
    assert packed == {
        place: (what if isinstance(what, Path) else scripts / what).read_bytes()
        for place, what in places.items()
    }
