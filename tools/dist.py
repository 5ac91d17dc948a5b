"""``make dist``: the source archive and the wheel in ``dist/``, checked as an index checks them.

The wheel is made of the source archive, as whoever builds from that archive makes it. Both are the same bytes each time.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools import lock_files, wheel

DIRECTORY = lock_files.ROOT / "dist"


def main() -> int:
    """Build and check both; return the exit status."""
    DIRECTORY.mkdir(exist_ok=True)
    for old in [*DIRECTORY.glob("kubectl_oidc-*.whl"), *DIRECTORY.glob("kubectl_oidc-*.tar.gz")]:
        old.unlink()
    try:
        for made in build(DIRECTORY):
            print(made.relative_to(lock_files.ROOT))
    except subprocess.CalledProcessError as error:
        print(f"dist: failed: {error}", file=sys.stderr)
        return 1
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
    built = wheel.build(directory, archive)
    programs = Path(sys.executable).parent
    _quietly(str(programs / "twine"), "check", "--strict", str(archive), str(built))
    _quietly(str(programs / "check-wheel-contents"), str(built))
    return archive, built


def _quietly(*command: str) -> None:
    """Run a checker, whose words matter only where it refuses.

    Raises:
        CalledProcessError: It refuses.
    """
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        done.check_returncode()


if __name__ == "__main__":
    sys.exit(main())
