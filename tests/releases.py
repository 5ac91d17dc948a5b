"""A release of which everything is known, as a release workflow describes it."""

from __future__ import annotations

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
    """Write what is like an unpacked bundle: the links, the modes and one binary, and a Python that says what it is asked.

    Args:
        directory: Where the bundle's one directory goes.
        version: What its Python says that it is.
    """
    bundle = directory / f"kubectl-oidc-{version}"
    (bundle / "bin").mkdir(parents=True)
    (bundle / "python" / "bin").mkdir(parents=True)
    (bundle / "python" / "modules").mkdir()
    _program(
        bundle / "bin" / "kubectl-oidc_login",
        'here=$(readlink -f "$0")\nexec "${here%/*}/../python/bin/python3" "$@"\n',
    )
    _program(bundle / "python" / "bin" / "python3.13", f'echo "kubectl-oidc {version} $*"\n')
    (bundle / "python" / "bin" / "python3").symlink_to("python3.13")
    (bundle / "python" / "modules" / f"of_{version}.py").write_text("ONE = 1\n")
    (bundle / "LICENSE").write_bytes((REPOSITORY / "LICENSE").read_bytes())
    (bundle / "sbom.cdx.json").write_text("{}\n")
    return bundle


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)
