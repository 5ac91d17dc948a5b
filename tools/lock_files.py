"""The lock files, as ``make lock`` writes them: exact versions with the hashes of every artifact."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "constraints.txt"
"""The program, its demo and what builds it."""
DEVELOPMENT = ROOT / "constraints-dev.txt"
"""Tests and tools."""

_HASH = " --hash=sha256:"


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock file.

    Attributes:
        name: In its canonical form.
        version: The one version.
        marker: Where it is needed; None for everywhere.
        hashes: SHA-256 of each artifact, in hexadecimal, in the file's order.
    """

    name: str
    version: str
    marker: Marker | None
    hashes: tuple[str, ...]

    def line(self) -> str:
        """Return the line of a requirements file that asks for it where it is needed."""
        where = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}=={self.version}{where}" + self._hashes()

    def anywhere(self) -> str:
        """Return the line of a requirements file that asks for it on every platform."""
        return f"{self.name}=={self.version}" + self._hashes()

    def _hashes(self) -> str:
        return "".join(_HASH + digest for digest in self.hashes)


def read(path: Path) -> list[Pin]:
    """Read a lock file.

    Args:
        path: The file.

    Returns:
        Its packages, in its order. One may stand there twice, with markers that exclude each other.

    Raises:
        ValueError: A line is no package at one exact version with hashes.
    """
    text = path.read_text(encoding="utf-8").replace("\\\n", "")
    return [_pin(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _pin(line: str) -> Pin:
    words, *hashes = [part.strip() for part in " ".join(line.split()).split(_HASH)]
    requirement = Requirement(words)
    exact = [part.version for part in requirement.specifier if part.operator == "=="]
    if len(exact) != len(requirement.specifier) or len(exact) != 1 or requirement.url or not hashes:
        raise ValueError(f"not pinned with hashes: {words}")
    return Pin(canonicalize_name(requirement.name), exact[0], requirement.marker, tuple(hashes))
