"""``make dist``: the source archive and the wheels in ``dist/``, checked as an index checks them.

The wheels are built from the source archive. Two builds give the same bytes.
``--launcher`` builds the wheels with the native launcher as well, one for each platform. pip prefers them to the pure one.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools import go, lock_files, release, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

DIRECTORY = lock_files.ROOT / "dist"


def main() -> int:
    """Build and check them; return the exit status."""
    parser = argparse.ArgumentParser(prog="make dist")
    parser.add_argument(
        "--launcher", action="store_true", help="build the wheels with the launcher too, for each platform"
    )
    given = parser.parse_args()
    DIRECTORY.mkdir(exist_ok=True)
    for old in [*DIRECTORY.glob("kubectl_oidc-*.whl"), *DIRECTORY.glob("kubectl_oidc-*.tar.gz")]:
        old.unlink()
    try:
        archive, pure = build(DIRECTORY)
        others = from_archive(DIRECTORY, archive) if given.launcher else []
    except (go.NoGo, subprocess.CalledProcessError) as error:
        print(f"dist: failed: {error}", file=sys.stderr)
        return 1
    for made in (archive, pure, *others):
        print(made.relative_to(lock_files.ROOT))
    return 0


def build(directory: Path) -> tuple[Path, Path]:
    """Build the source archive, the wheel from it, and check both.

    Args:
        directory: Where they go; there are none in it yet.

    Returns:
        The source archive and the wheel.

    Raises:
        CalledProcessError: One of them cannot be built, or a checker refuses it.
    """
    archive = wheel.source_archive(directory)
    with _unpacked(archive) as source:
        built = wheel.build(directory, source)
    _check([built], archive)
    return archive, built


def with_launcher(directory: Path, source: Path) -> list[Path]:
    """Build the wheels with the launcher, one for each platform of a release, and check them.

    Args:
        directory: Where they go.
        source: What they are made of: the checkout, or the directory of an unpacked source archive.

    Returns:
        The wheels, in the order of the platforms.

    Raises:
        NoGo: There is no Go.
        CalledProcessError: One of them cannot be built, or a checker refuses it.
    """
    made = []
    for target in release.PLATFORMS:
        with tempfile.TemporaryDirectory(dir=directory) as work:
            built = wheel.build(Path(work), source, launcher=True, target=target)
            made.append(built.rename(directory / built.name))
    _check(made)
    return made


def from_archive(directory: Path, archive: Path) -> list[Path]:
    """Build the wheels with the launcher from a source archive; as ``with_launcher`` otherwise."""
    with _unpacked(archive) as source:
        return with_launcher(directory, source)


@contextlib.contextmanager
def _unpacked(archive: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as work, tarfile.open(archive) as packed:
        packed.extractall(work, filter="data")
        (source,) = Path(work).iterdir()
        yield source


def _check(wheels: list[Path], *archives: Path) -> None:
    programs, names = Path(sys.executable).parent, list(map(str, wheels))
    wheel.quietly(str(programs / "twine"), "check", "--strict", *map(str, archives), *names)
    wheel.quietly(str(programs / "check-wheel-contents"), *names)


if __name__ == "__main__":
    sys.exit(main())
