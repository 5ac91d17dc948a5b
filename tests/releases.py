"""A release of which everything is known, as a release workflow describes it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from tests.parts import REPOSITORY
from tools import release as releases

if TYPE_CHECKING:
    from pathlib import Path

BUNDLES = {
    ("linux", "amd64"): "linux-amd64.tar.gz",
    ("linux", "arm64"): "linux-arm64.tar.gz",
    ("darwin", "amd64"): "darwin-amd64.tar.gz",
    ("darwin", "arm64"): "darwin-arm64.tar.gz",
    ("windows", "amd64"): "windows-amd64.zip",
}
"""The platforms in Go's words, each with the end of its bundle's file name."""


def filled_in_release(directory: Path) -> releases.Release:
    """Return a release without placeholders, and write a file for each of its bundles: its own name.

    Args:
        directory: Where the files go.
    """
    release = releases.of_this_checkout(
        address="https://example.com/v1",
        homepage="https://example.com",
        publisher="Example",
        contact="packages@example.com",
        artifacts=directory,
    )
    for ending in BUNDLES.values():
        name = f"kubectl-oidc-{release.version}-{ending}"
        (directory / name).write_bytes(name.encode())
    return release


def stand_in(directory: Path, version: str) -> Path:
    """Write what is like an unpacked bundle: its files and modes, and a Python that says what it is asked.

    Args:
        directory: Where the bundle's one directory goes.
        version: What its Python says that it is.
    """
    bundle = directory / f"kubectl-oidc-{version}"
    for name in ("kubectl-oidc_login", "kubectl_complete-oidc_login"):
        start = 'here=$(readlink -f "$0")\nexec "${here%/*}/../python/bin/python3" ' + name + ' "$@"\n'
        _write(bundle / "bin" / name, f"#!/bin/sh\n{start}", mode=0o755)
    python = f'#!/bin/sh\necho "{version} $*"\n'
    _write(bundle / "python" / "bin" / "python3", python, mode=0o755)
    _write(bundle / "python" / "modules" / f"of_{version}.py", "ONE = 1\n")
    wheel = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    for source, place in wheel["shared-data"].items():
        _write(bundle / place, (REPOSITORY / source).read_text())
    _write(bundle / "LICENSE", (REPOSITORY / "LICENSE").read_text())
    _write(bundle / "licences" / "python.txt", "PSF-2.0\n")
    _write(bundle / "sbom.cdx.json", "{}\n")
    return bundle


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
