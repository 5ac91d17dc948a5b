"""The Python packages of a bundle: this checkout's wheel, and what constraints.txt locks for the platform."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import lock_files, sbom

if TYPE_CHECKING:
    from tools.bundle_python import Lock

UV_PLATFORMS = {
    "linux-amd64": "x86_64-manylinux_2_28",
    "linux-arm64": "aarch64-manylinux_2_28",
    "darwin-amd64": "x86_64-apple-darwin",
    "darwin-arm64": "aarch64-apple-darwin",
    "windows-amd64": "x86_64-pc-windows-msvc",
}
"""The platforms, as uv names them."""

KEPT_APART = ("--link-mode=copy", f"--cache-dir={lock_files.ROOT / '.tools' / 'uv'}")
"""Copies, because `bundle_contents` changes files: a hard link would change the cache and other bundles.

The cache is this checkout's: earlier versions changed files in the user's, and uv does not check them again.
"""


def install(site: Path, platform: str, lock: Lock, program: Path) -> None:
    """Install the packages, each held to its hashes.

    Args:
        site: Where they go.
        platform: For which platform.
        lock: The Python they are for.
        program: This checkout's wheel.

    Raises:
        CalledProcessError: There is no wheel of one of them, or it has another hash.
    """
    install_locked(site, platform, lock, requirements(lock.packages.get(platform, {})))
    install_with_uv(site, platform, lock, str(program))


def install_locked(site: Path, platform: str, lock: Lock, wanted: str) -> None:
    """Install what the text of a requirements file names with versions and hashes; as ``install`` otherwise."""
    with tempfile.TemporaryDirectory(prefix="bundle-") as name:
        needed = Path(name) / "needed.txt"
        needed.write_text(wanted, encoding="utf-8")
        install_with_uv(
            site, platform, lock, "--only-binary=:all:", "--require-hashes", f"--requirements={needed}"
        )


def install_with_uv(site: Path, platform: str, lock: Lock, *what: str) -> None:
    """Install packages without what they need; ``what`` are uv's further arguments. As ``install`` otherwise."""
    target = (
        f"--target={site}",
        f"--python={sys.executable}",
        f"--python-version={lock.minor}",
        f"--python-platform={UV_PLATFORMS[platform]}",
    )
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*uv, *KEPT_APART, *target, *what], check=True)


def requirements(others: dict[str, str]) -> str:
    """Return what the program and its demo need, as lines of a requirements file with versions and hashes.

    Args:
        others: "VERSION --hash=…" of the packages that have another version on the platform, by name.
    """
    bill = json.loads(sbom.PATH.read_text(encoding="utf-8"))
    names = {part["name"] for part in bill["components"]} | of_the_demo()
    pins = [pin for pin in lock_files.read(lock_files.PROGRAM) if pin.name in names]
    lines = [f"{pin.name}=={others[pin.name]}" if pin.name in others else pin.line() for pin in pins]
    return "".join(f"{line}\n" for line in lines)


def of_the_demo() -> set[str]:
    """Return the canonical names of what the extra ``demo`` needs, as this environment's packages tell."""
    found: set[str] = set()
    waiting = [
        requirement
        for requirement in map(Requirement, importlib.metadata.requires("kubectl-oidc") or [])
        if requirement.marker and requirement.marker.evaluate({"extra": "demo"})
    ]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": "demo"})):
            continue
        found.add(name)
        waiting += map(Requirement, importlib.metadata.requires(requirement.name) or [])
    return found
