"""The wheel of this checkout in an environment of its own, as a user would have it, with the versions of the lock."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tools import lock_files

ROOT = lock_files.ROOT
PROGRAM = "kubectl-oidc_login"


def build(directory: Path, source: Path = ROOT) -> Path:
    """Build the wheel of this checkout.

    Args:
        directory: Where it goes.
        source: What it is made of: the checkout, or a source archive.

    Returns:
        The wheel's path.
    """
    _pip(
        Path(sys.executable),
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        f"--wheel-dir={directory}",
        str(source),
    )
    (wheel,) = directory.glob("kubectl_oidc-*.whl")
    return wheel


def source_archive(directory: Path) -> Path:
    """Build the source archive (sdist) of this checkout.

    Args:
        directory: Where it goes.

    Returns:
        The archive's path.
    """
    command = [sys.executable, "-m", "hatchling", "build", "--target=sdist", f"--directory={directory}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (archive,) = directory.glob("kubectl_oidc-*.tar.gz")
    return archive


def install(wheel: Path, directory: Path, *, extra: str = "", newest_pip: bool = False) -> Path:
    """Make an environment and install the wheel, letting its own metadata say what else is needed.

    Args:
        wheel: What ``build`` returned.
        directory: The environment; it must not exist.
        extra: An extra of the package, such as ``demo``.
        newest_pip: Whether the lock's pip installs, not the one that came with the interpreter. Old ones write a
            console script that imports ``re``.

    Returns:
        The environment's ``bin`` directory.
    """
    subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
    python = directory / "bin" / "python"
    with tempfile.TemporaryDirectory(prefix="locked-") as name:
        fetch(lock_files.PROGRAM, Path(name))
        locked = ("install", "--no-index", f"--find-links={name}")
        if newest_pip:
            _pip(python, *locked, "--upgrade", "pip")
        _pip(python, *locked, f"{wheel}[{extra}]" if extra else str(wheel))
    _pip(python, "check")
    return directory / "bin"


def fetch(lock: Path, directory: Path) -> None:
    """Download what a lock file names, each artifact held to its hashes.

    With ``--require-hashes`` pip would refuse our own wheel beside them, so they are fetched first, and what is
    installed comes from there alone.

    Args:
        lock: The lock file.
        directory: Where the artifacts go.

    Raises:
        CalledProcessError: pip failed, or something is not what the lock names.
    """
    _pip(Path(sys.executable), "download", "--require-hashes", f"--requirement={lock}", f"--dest={directory}")


def _pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True)
