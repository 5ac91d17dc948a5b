"""The wheel of this checkout in an environment of its own, as a user would have it, with the versions of the lock."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools import go, lock_files

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = lock_files.ROOT
PROGRAM = "kubectl-oidc_login"

COMPLETER = "kubectl_complete-oidc_login"
"""kubectl and the shells' scripts look for a program with this name."""


def build(
    directory: Path, source: Path = ROOT, *, launcher: bool = False, target: tuple[str, str] = ("", "")
) -> Path:
    """Build the wheel of this checkout.

    Args:
        directory: Where it goes.
        source: What it is made of: the checkout, or the directory of an unpacked source archive.
        launcher: Whether it has the native launcher as its script.
        target: The launcher's operating system and processor, in Go's words; empty for this machine's.

    Returns:
        The wheel's path.

    Raises:
        NoGo: The launcher needs Go, and there is none.
        CalledProcessError: It cannot be built.
    """
    variables = {"KUBECTL_OIDC_LAUNCHER": "1" if launcher else ""}
    if launcher:
        variables |= {"GOOS": target[0], "GOARCH": target[1]}
        variables["PATH"] = f"{Path(go.program()).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    _hatchling("wheel", directory, source, variables)
    (wheel,) = directory.glob("kubectl_oidc-*.whl")
    return wheel


def source_archive(directory: Path) -> Path:
    """Build the source archive (sdist) of this checkout.

    Args:
        directory: Where it goes.

    Returns:
        The archive's path.
    """
    _hatchling("sdist", directory, ROOT, {})
    (archive,) = directory.glob("kubectl_oidc-*.tar.gz")
    return archive


def install(wheel: Path, directory: Path, *, extra: str = "", as_pipx: bool = False) -> Path:
    """Make an environment and install the wheel, letting its own metadata say what else is needed.

    Args:
        wheel: What ``build`` returned.
        directory: The environment; it must not exist.
        extra: An extra of the package, such as ``demo``.
        as_pipx: Whether the environment holds the program alone, as pipx and uv make it, and the lock's pip installs
            from outside. The interpreter's own may be an old one, which writes a console script that imports ``re``, and
            the setuptools beside it has a ``.pth`` file that each start reads.

    Returns:
        The environment's ``bin`` directory.
    """
    bare = ["--without-pip"] if as_pipx else []
    subprocess.run([sys.executable, "-m", "venv", *bare, str(directory)], check=True)
    python = directory / "bin" / "python"
    pip = _outside(python) if as_pipx else _pip_of(python)
    with tempfile.TemporaryDirectory(prefix="locked-") as name:
        fetch(lock_files.PROGRAM, Path(name))
        locked = ("install", "--no-index", f"--find-links={name}")
        _run(pip, *locked, f"{wheel}[{extra}]" if extra else str(wheel))
    _run(pip, "check")
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
    _run(
        _pip_of(sys.executable),
        "download",
        "--require-hashes",
        f"--requirement={lock}",
        f"--dest={directory}",
    )


def _pip_of(python: Path | str) -> list[str]:
    return [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]


def _outside(python: Path) -> list[str]:
    return [*_pip_of(sys.executable), f"--python={python}"]


def _run(pip: list[str], *arguments: str) -> None:
    subprocess.run([*pip, *arguments], check=True)


def _hatchling(target: str, directory: Path, source: Path, variables: Mapping[str, str]) -> None:
    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        f"--target={target}",
        f"--directory={directory.absolute()}",
    ]
    quietly(*command, cwd=source, variables=variables)


def quietly(*command: str, cwd: Path | None = None, variables: Mapping[str, str] | None = None) -> None:
    """Run a program, and show its output only if it fails.

    Args:
        command: The program and its arguments.
        cwd: Its working directory; None for the current one.
        variables: Variables in addition to the environment's.

    Raises:
        CalledProcessError: It fails.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        done.check_returncode()
