"""Add or change a context and its cluster in a kubeconfig, and choose it as the current one if there is none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from kubectl_oidc.text import sanitize

from .edit_text import set_current_context, set_entry
from .rewrite import rewrite, rewrite_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from .read import Entry, Kubeconfig


@dataclass(frozen=True, slots=True)
class NewContext:
    """A context to write, and its cluster.

    Attributes:
        user: The user's name.
        cluster: The cluster's name.
        server: The members of ``cluster``, if the cluster is written too; else None.
    """

    name: str
    user: str
    cluster: str
    server: Mapping[str, object] | None = None

    def changes(self, kubeconfig: Kubeconfig) -> Iterator[str]:
        """Return what it changes in entries that exist, one line each, without secrets."""
        old = kubeconfig.contexts.get(self.name)
        for key, wanted in (("user", self.user), ("cluster", self.cluster)):
            was = str(old.value.get(key) or "") if old else ""
            if was and was != wanted:
                yield f"the context {sanitize(self.name)}: {key} {sanitize(wanted)} (was {sanitize(was)})"
        there = kubeconfig.clusters.get(self.cluster)
        if there and self.server is not None:
            yield from self._changes_of_cluster(there.value, self.server)

    def _changes_of_cluster(self, old: Mapping[str, Any], new: Mapping[str, object]) -> Iterator[str]:
        named = f"the cluster {sanitize(self.cluster)}"
        for key, before in old.items():
            after = new.get(key)
            if key == "server" and before != after:
                yield f"{named}: server {sanitize(after)} (was {sanitize(before)})"
            elif before != after:
                yield f"{named}: {sanitize(key)} is {'removed' if after is None else 'replaced'}"


@dataclass(frozen=True, slots=True)
class WrittenContext:
    """What was done: the copies of the old files, and whether it is the current context now."""

    backups: tuple[Path, ...]
    current: bool


def write_context(
    new: NewContext, kubeconfig: Kubeconfig, path: Path, *, has_backup: bool = False
) -> WrittenContext:
    """Write a context and its cluster, and return what was done.

    Args:
        kubeconfig: The merged files, read after the user was written. What is in one of them is changed there.
        path: The file for what is in none.
        has_backup: Whether this command has already written that file, and so needs no backup of it.

    Raises:
        KubeconfigError: A file cannot be written. What was written before stays.
    """
    edits: dict[Path, list[Callable[[str], str]]] = {}

    def put(kind: str, name: str, value: Mapping[str, object], old: Entry | None) -> None:
        if old is None or dict(old.value) != dict(value):
            place = old.path if old else path
            edits.setdefault(place, []).append(
                partial(_put, kind=kind, name=name, value=value, where=sanitize(place))
            )

    if new.server is not None:
        put("clusters", new.cluster, new.server, kubeconfig.clusters.get(new.cluster))
    old = kubeconfig.contexts.get(new.name)
    value: dict[str, Any] = {**(old.value if old else {}), "cluster": new.cluster, "user": new.user}
    put("contexts", new.name, value, old)
    current = not kubeconfig.current_context
    if current:
        edits.setdefault(path, []).append(partial(_choose, name=new.name, where=sanitize(path)))
    backups = []
    for place, each in edits.items():
        if has_backup and place == path:
            rewrite_again(place, partial(_apply, edits=each))
        else:
            backups.append(rewrite(place, partial(_apply, edits=each)))
    return WrittenContext(tuple(backups), current or kubeconfig.current_context == new.name)


def _put(text: str, *, kind: str, name: str, value: Mapping[str, object], where: str) -> str:
    return set_entry(text, kind, name, value, where)


def _choose(text: str, *, name: str, where: str) -> str:
    return set_current_context(text, name, where)


def _apply(text: str, *, edits: list[Callable[[str], str]]) -> str:
    for edit in edits:
        text = edit(text)
    return text
