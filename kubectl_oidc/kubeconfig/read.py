"""Find the kubeconfig files, and merge them by client-go's loading rules.

``--kubeconfig`` names one file, else ``KUBECONFIG`` is a list of files, else it is ``~/.kube/config``. If several files have the
same name, only the entry of the first one counts. Files of the list that do not exist are skipped.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.text import sanitize

from .home import kube_directory
from .parse import parse_kubeconfig

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Entry:
    """One named cluster, context or user.

    Args:
        value: The mapping under ``cluster:``, ``context:`` or ``user:``.
        path: The file that defines it; paths in ``value`` are relative to that file's directory.
    """

    name: str
    value: Mapping[str, Any]
    path: Path


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """The merged kubeconfig files; clusters, contexts and users by name.

    Args:
        paths: The files, existing or not, in order.
        current_context: Its name; empty if none is set.
        named_by: What names the files: ``--kubeconfig`` or ``KUBECONFIG``; empty for the default.
    """

    paths: tuple[Path, ...]
    clusters: Mapping[str, Entry] = field(default_factory=dict)
    contexts: Mapping[str, Entry] = field(default_factory=dict)
    users: Mapping[str, Entry] = field(default_factory=dict)
    current_context: str = ""
    named_by: str = ""

    def context_cluster(self, context: str | None = None) -> str:
        """Return the cluster name of ``context``, or of the current context; empty if there is none."""
        entry = self.contexts.get(self.current_context if context is None else context)
        return str(entry.value.get("cluster") or "") if entry else ""

    def context_user(self) -> str:
        """Return the user name of the current context; empty if there is none."""
        entry = self.contexts.get(self.current_context)
        return str(entry.value.get("user") or "") if entry else ""

    def missing_files(self) -> str:
        """Return a sentence that names the missing files and what refers to them; empty if all exist."""
        missing = [path for path in self.paths if not path.exists()]
        names = ", ".join(sanitize(path, limit=300) for path in missing)
        verb = "does" if len(missing) == 1 else "do"
        who = f"{self.named_by} names {names}, which" if self.named_by else names
        return f"{who} {verb} not exist" if missing else ""


def auth_provider_config(user: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the configuration of a user with ``auth-provider: oidc``, perhaps empty; None for another user."""
    provider = user.get("auth-provider")
    if not isinstance(provider, dict) or provider.get("name") != "oidc":
        return None
    config = provider.get("config")
    return config if isinstance(config, dict) else {}


def kubeconfig_paths(explicit: str | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the kubeconfig files in order, existing or not.

    Args:
        explicit: The value of ``--kubeconfig``; empty or None if it is not given.
        environ: KUBECONFIG, and the variables of the home directory.
    """
    if explicit:
        return (Path(explicit).expanduser(),)
    listed = [name for name in environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    if listed:
        return tuple(Path(name) for name in dict.fromkeys(listed))
    return (kube_directory(environ) / "config",)


def read_kubeconfig(explicit: str | None, environ: Mapping[str, str]) -> Kubeconfig:
    """Return the merged kubeconfig files; the arguments are those of `kubeconfig_paths`.

    Raises:
        KubeconfigError: A file cannot be read or parsed, or the one that ``--kubeconfig`` names does not exist.
    """
    files = kubeconfig_paths(explicit, environ)
    merged: dict[str, dict[str, Entry]] = {"clusters": {}, "contexts": {}, "users": {}}
    current = ""
    for path in files:
        text = read_text(path)
        if text is None and explicit:
            raise KubeconfigError(f"there is no kubeconfig {sanitize(path)}", "check --kubeconfig")
        data = parse_kubeconfig(text or "", sanitize(path))
        for kind, known in merged.items():
            for item in data.get(kind) or []:
                name, value = str(item.get("name", "")), item.get(kind.removesuffix("s"))
                known.setdefault(name, Entry(name, value if isinstance(value, dict) else {}, path))
        current = current or str(data.get("current-context") or "")
    named_by = "--kubeconfig" if explicit else "KUBECONFIG" if environ.get("KUBECONFIG") else ""
    return Kubeconfig(files, merged["clusters"], merged["contexts"], merged["users"], current, named_by)


def read_text(path: Path) -> str | None:
    """Return a kubeconfig's text with its line endings; None if the file does not exist.

    Raises:
        KubeconfigError: It cannot be read, is not a regular file, or is not UTF-8.
    """
    try:
        # Reading a pipe without a writer would never end.
        if not stat.S_ISREG(path.stat().st_mode) and path != Path(os.devnull):
            raise KubeconfigError(
                f"the kubeconfig {sanitize(path)} is not a regular file",
                "give a file with --kubeconfig or KUBECONFIG",
            )
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KubeconfigError(
            f"cannot read the kubeconfig {sanitize(path)}: {error.strerror or error}",
            "check the file's owner and permissions",
        ) from error
    except UnicodeDecodeError as error:
        raise KubeconfigError(
            f"the kubeconfig {sanitize(path)} is not UTF-8 text", "save it as UTF-8. The file has not changed"
        ) from error
