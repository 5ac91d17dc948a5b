"""The wheel of this checkout in an environment of its own, as a user would have it, with the versions of the lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "kubectl-oidc_login"


def build(directory: Path) -> Path:
    """Build the wheel of this checkout.

    Args:
        directory: Where it goes.

    Returns:
        The wheel's path.
    """
    _pip(
        Path(sys.executable),
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        f"--wheel-dir={directory}",
        str(ROOT),
    )
    (wheel,) = directory.glob("kubectl_oidc-*.whl")
    return wheel


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
    pins = directory / "pins.txt"
    pins.write_text(_pins(), encoding="utf-8")
    if newest_pip:
        _pip(python, "install", f"--constraint={pins}", "--upgrade", "pip")
    _pip(python, "install", f"--constraint={pins}", f"{wheel}[{extra}]" if extra else str(wheel))
    _pip(python, "check")
    return directory / "bin"


def _pins() -> str:
    """Return the lock's versions without their hashes.

    With hashes pip would refuse the wheel itself, and a version number alone is enough to repeat a run.
    """
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return "".join(line.removesuffix("\\").rstrip() + "\n" for line in lines if "==" in line)


def _pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True)
