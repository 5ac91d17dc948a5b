"""A release of this checkout, as the recipes and packages describe it: one source for all of them.

Addresses, digests and names are placeholders until a release fills them in.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools import lock_files

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

NAME = "kubectl-oidc"
ABOUT = (
    "A kubectl exec credential plugin. It signs you in with your identity provider in the browser, checks the ID token, "
    "stores the session in the keyring of the operating system, and gives the token to kubectl."
)

ADDRESS = "https://RELEASE_ADDRESS"
HOMEPAGE = "https://HOMEPAGE"
PUBLISHER = "PUBLISHER"
CONTACT = "CONTACT@HOMEPAGE"
NO_DIGEST = "0" * 64  # no file has it, so that a recipe that was not filled in installs nothing

REVISION = "1"
"""The packages' own number behind the version."""

PLATFORMS = (
    ("linux", "amd64"),
    ("linux", "arm64"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
    ("windows", "amd64"),
)
"""What there are bundles for: operating system and processor, in Go's words."""


def archive_name(directory: str, system: str, machine: str) -> str:
    """Return the file name of the bundle for one of ``PLATFORMS``; ``directory`` is what everything in it is below."""
    return f"{directory}-{system}-{machine}.{'zip' if system == 'windows' else 'tar.gz'}"


@dataclass(frozen=True, slots=True)
class Release:
    """A version and where to download it.

    Attributes:
        version: The version.
        description: What the project is, in one sentence.
        licence: SPDX expression.
        date: When the version was released.
        address: The URL of the directory with the artifacts.
        homepage: The project's.
        publisher: The person or organization that publishes it.
        contact: The publisher's mail address.
        artifacts: The directory with the artifacts; None for placeholders.
    """

    version: str
    description: str
    licence: str
    date: dt.date
    address: str = ADDRESS
    homepage: str = HOMEPAGE
    publisher: str = PUBLISHER
    contact: str = CONTACT
    artifacts: Path | None = None

    @property
    def directory(self) -> str:
        """The directory that is everything in a bundle."""
        return f"{NAME}-{self.version}"

    @property
    def maintainer(self) -> str:
        """The publisher with the mail address, as packages name their maintainer."""
        return f"{self.publisher} <{self.contact}>"

    @property
    def time(self) -> dt.datetime:
        """The time of every file in a package: SOURCE_DATE_EPOCH, or else the release's date."""
        if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
            return dt.datetime.fromtimestamp(int(epoch), dt.UTC)
        return dt.datetime.combine(self.date, dt.time(), dt.UTC)

    def bundle(self, system: str, machine: str) -> str:
        """Return the file name of the bundle for one of ``PLATFORMS``."""
        return archive_name(self.directory, system, machine)

    def url(self, artifact: str) -> str:
        """Return the URL of an artifact."""
        return f"{self.address}/{artifact}"

    def digest(self, artifact: str) -> str:
        """Return the SHA-256 of an artifact, in hexadecimal.

        Raises:
            OSError: There are artifacts, and this is not among them.
        """
        if self.artifacts is None:
            return NO_DIGEST
        return hashlib.sha256((self.artifacts / artifact).read_bytes()).hexdigest()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that replace the placeholders."""
    parser.add_argument("--release", default=ADDRESS, help="URL of the directory with the artifacts")
    parser.add_argument("--homepage", default=HOMEPAGE, help="URL of the project")
    parser.add_argument("--publisher", default=PUBLISHER, help="who publishes the release")
    parser.add_argument("--contact", default=CONTACT, help="mail address of the publisher")


def of_options(given: argparse.Namespace) -> Release:
    """Return the release of this checkout as the options of ``add_options`` and ``--artifacts`` describe it."""
    return of_this_checkout(
        address=given.release,
        homepage=given.homepage,
        publisher=given.publisher,
        contact=given.contact,
        artifacts=given.artifacts,
    )


def of_this_checkout(
    *,
    address: str = ADDRESS,
    homepage: str = HOMEPAGE,
    publisher: str = PUBLISHER,
    contact: str = CONTACT,
    artifacts: Path | None = None,
) -> Release:
    """Return the release that pyproject.toml and CHANGELOG.md describe.

    Raises:
        ValueError: CHANGELOG.md has no date for this version.
    """
    project = tomllib.loads((lock_files.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Release(
        version=project["version"],
        description=project["description"].partition(":")[0],
        licence=project["license"],
        date=_date_of(project["version"]),
        address=address,
        homepage=homepage,
        publisher=publisher,
        contact=contact,
        artifacts=artifacts,
    )


def _date_of(version: str) -> dt.date:
    changes = (lock_files.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(f"^## {re.escape(version)} \N{EN DASH} ([0-9-]+)$", changes, re.MULTILINE)
    if found is None:
        raise ValueError(f"CHANGELOG.md has no heading with the date of {version}")
    return dt.date.fromisoformat(found[1])
