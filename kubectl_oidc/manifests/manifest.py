"""One manifest, and what there is to do at one type of cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.yaml_text import block, indented

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = "{FILE}"
"""Stands in a command for the manifest's own file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One file for the cluster's side. It holds no secret.

    Args:
        name: The file's name; its ending says what it is.
        purpose: What it is for and where it goes, for people.
        content: Mappings, sequences and scalars; or the text of a file that is neither YAML nor JSON.
        command: The words of the command that uses it, `FILE` in the place of its path; empty where there is no one command.
    """

    name: str
    purpose: str
    content: object
    command: tuple[str, ...] = ()

    @property
    def is_data(self) -> bool:
        """Whether it can stand in a stream of YAML documents."""
        return not isinstance(self.content, str)

    def text(self) -> str:
        """Return the file's text, with a newline at its end."""
        if isinstance(self.content, str):
            return self.content
        if self.name.endswith(".json"):
            return indented(self.content) + "\n"
        return block(self.content) + "\n"

    def command_for(self, path: str) -> list[str]:
        """Return the words of the command for the file at ``path``."""
        return [word.replace(FILE, path) for word in self.command]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSide:
    """What there is to do at one type of cluster so that it trusts the issuer.

    Args:
        title: What it is, for people.
        notes: What is to be known first, a paragraph each.
        manifests: The files; where there is more than one way, each way's.
        command: The words of the one command that does it without a file; empty where there is none.
    """

    title: str
    notes: tuple[str, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    command: tuple[str, ...] = ()


def stream(manifests: Sequence[Manifest]) -> str:
    """Return manifests as one stream of YAML documents, each with a comment that says what it is for."""
    documents = [
        f"# {manifest.name}: {manifest.purpose}\n{manifest.text()}"
        for manifest in manifests
        if manifest.is_data
    ]
    return "---\n".join(documents)
