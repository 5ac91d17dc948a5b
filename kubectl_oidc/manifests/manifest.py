"""A manifest, and the steps for one type of cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.yaml_text import indented_json, yaml_block

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = "{FILE}"
"""The placeholder for the manifest's path in a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A file for the cluster. It has no secret.

    Attributes:
        purpose: What it is for and where it goes, for people.
        content: Mappings, sequences and scalars; or the text of a file that is neither YAML nor JSON.
        command: The command that uses the file, with `FILE` for its path; empty if there is no single command.
    """

    name: str
    purpose: str
    content: object
    command: tuple[str, ...] = ()

    @property
    def is_data(self) -> bool:
        """Whether it can be part of a stream of YAML documents."""
        return not isinstance(self.content, str)

    def text(self) -> str:
        """Return the file's text, with a newline at its end."""
        if isinstance(self.content, str):
            return self.content
        if self.name.endswith(".json"):
            return indented_json(self.content) + "\n"
        return yaml_block(self.content) + "\n"

    def command_for(self, path: str) -> list[str]:
        """Return the command for the file at ``path``."""
        return [word.replace(FILE, path) for word in self.command]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSteps:
    """What to do so that one type of cluster trusts the issuer.

    Attributes:
        notes: What to know first, one paragraph each.
        manifests: The files; if there are several ways, the files of each.
        command: The one command that needs no file; empty if there is none.
    """

    title: str
    notes: tuple[str, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    command: tuple[str, ...] = ()


def yaml_stream(manifests: Sequence[Manifest]) -> str:
    """Return manifests as one stream of YAML documents, each with its purpose as a comment."""
    documents = [
        f"# {manifest.name}: {manifest.purpose}\n{manifest.text()}"
        for manifest in manifests
        if manifest.is_data
    ]
    return "---\n".join(documents)
