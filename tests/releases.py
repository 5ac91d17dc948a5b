"""A release of which everything is known, as a release workflow describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
