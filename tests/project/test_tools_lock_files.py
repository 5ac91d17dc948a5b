"""The lock files: everything pinned with hashes, nothing said of where it comes from, and pip holds to them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import small_wheel
from tests.parts import REPOSITORY
from tools import lock_files, wheel

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = (lock_files.PROGRAM, lock_files.DEVELOPMENT)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_everything_has_one_version_and_hashes(lock: Path) -> None:
    """Each line of a lock file is a package with one exact version and SHA-256 of its artifacts, and nothing else."""
    pins = lock_files.read(lock)
    assert len(pins) > 40
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for pin in pins for digest in pin.hashes)
    assert not [line for line in lock.read_text().splitlines() if line.startswith("-")], (
        "options, such as an index"
    )


@pytest.mark.parametrize(
    "line",
    [
        "click==8.5.1",
        "click>=8 --hash=sha256:aa",
        "click==8.5.1,<9 --hash=sha256:aa",
        "click --hash=sha256:aa",
        "click @ https://example.com/click.whl --hash=sha256:aa",
    ],
)
def test_what_is_not_pinned_is_refused(line: str, tmp_path: Path) -> None:
    """No version, a range, a place, or no hash."""
    lock = tmp_path / "lock.txt"
    lock.write_text(line)
    with pytest.raises(ValueError, match="not pinned"):
        lock_files.read(lock)


def test_a_pin_is_read_as_it_stands(tmp_path: Path) -> None:
    """Name, version, marker and hashes, whatever the lines look like; its own line leaves the marker out."""
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "# made by hand\nRuamel.Yaml==0.1 ; sys_platform == 'win32' \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    )
    (pin,) = lock_files.read(lock)
    assert (pin.name, pin.version, pin.hashes) == ("ruamel-yaml", "0.1", ("aa", "bb"))
    assert str(pin.marker) == 'sys_platform == "win32"'
    assert pin.anywhere() == "ruamel-yaml==0.1 --hash=sha256:aa --hash=sha256:bb"


def test_the_lock_files_have_what_pyproject_asks_for() -> None:
    """A dependency that was added or raised without `make lock` is found here, and not by whoever installs."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    program = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["demo"]]
    asked = {
        lock_files.PROGRAM: [*program, *groups["build"], *project["build-system"]["requires"]],
        lock_files.DEVELOPMENT: groups["dev"],
    }
    missing = []
    for lock, lines in asked.items():
        pins = {pin.name: pin.version for pin in lock_files.read(lock)}
        for requirement in map(Requirement, lines):
            version = pins.get(canonicalize_name(requirement.name))
            if version is None or version not in requirement.specifier:
                missing.append(f"{lock.name}: {requirement}: {version}")
    assert not missing


def test_the_lock_files_agree() -> None:
    """What both name has one version and the same artifacts, or the tests would run with another program."""
    program, development = ({pin.name: pin for pin in lock_files.read(lock)} for lock in LOCKS)
    shared = program.keys() & development.keys()
    assert shared
    assert all(program[name].anywhere() == development[name].anywhere() for name in shared)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that is all that pip finds packages in."""
    place = tmp_path / "packages"
    place.mkdir()
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(place), "PIP_NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(name, value)
    return place


def test_the_environment_takes_nothing_but_what_the_lock_names(tmp_path: Path, offline: Path) -> None:
    """tools/environment refuses another artifact than the locked one, a package that is not locked, and one without a hash.

    One test for all of it, because a new environment takes seconds.
    """
    checkout = tmp_path / "checkout"
    (checkout / "tools").mkdir(parents=True)
    shutil.copy(REPOSITORY / "tools" / "environment", checkout / "tools")
    small_wheel.made(offline, "changed")
    small_wheel.made(offline, "unasked")
    asking = small_wheel.made(offline, "asking", "unasked==1.0")
    good = small_wheel.made(offline, "good")

    done, installed = environment_with(f"changed==1.0 --hash=sha256:{'0' * 64}\n", checkout)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert "changed.py" not in installed

    done, installed = environment_with(f"asking==1.0 --hash=sha256:{asking}\n", checkout)
    assert done.returncode != 0
    assert "unasked" in done.stderr
    assert not {"asking.py", "unasked.py"} & installed

    done, installed = environment_with("good==1.0\n", checkout)
    assert done.returncode != 0
    assert "Hashes are required" in done.stderr
    assert "good.py" not in installed

    done, installed = environment_with(f"good==1.0 --hash=sha256:{good}\n", checkout)
    assert "good.py" in installed, done.stderr


def environment_with(lock: str, checkout: Path) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """Run tools/environment in a checkout with this lock file; return what came of it and what is installed."""
    (checkout / "constraints.txt").write_text(lock)
    done = subprocess.run(
        [checkout / "tools" / "environment", "demo"],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, {path.name for path in checkout.glob(".venv/lib/*/site-packages/*")}


def test_what_is_fetched_for_the_wheel_is_what_the_lock_names(tmp_path: Path, offline: Path) -> None:
    """`make fresh` and the bench install from what was fetched so: an artifact with another hash ends them."""
    right = small_wheel.made(offline, "somebody")
    lock, fetched = tmp_path / "lock.txt", tmp_path / "fetched"
    fetched.mkdir()
    for wrong in (f"somebody==1.0 --hash=sha256:{'0' * 64}\n", "somebody==1.0\n"):
        lock.write_text(wrong)
        with pytest.raises(subprocess.CalledProcessError):
            wheel.fetch(lock, fetched)
        assert not list(fetched.iterdir())
    lock.write_text(f"somebody==1.0 --hash=sha256:{right}\n")
    wheel.fetch(lock, fetched)
    assert [path.name for path in fetched.iterdir()] == ["somebody-1.0-py3-none-any.whl"]
