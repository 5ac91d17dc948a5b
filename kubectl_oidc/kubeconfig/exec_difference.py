"""Show what changes in a user's exec section, without secrets."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from kubectl_oidc.text import sanitize
from kubectl_oidc.yaml_text import yaml_block

from .stanza_secrets import redacted, redacted_pairs, redacted_userinfo, redacted_variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


def exec_difference(path: Path, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return a unified diff of a user's exec section, without secrets."""
    title = f"{sanitize(path)}, user {sanitize(name)}"
    keys = [*dict.fromkeys((*old, *new))]  # both in the same order: the diff shows changes, not moves
    before, after = (list(_shown_lines(keys, stanza)) for stanza in (old, new))
    return "\n".join(difflib.unified_diff(before, after, title, title, lineterm="", n=50))


def _shown_lines(keys: Sequence[str], stanza: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of an exec section without secrets."""
    shown = {key: stanza[key] for key in keys if key in stanza}
    if isinstance(shown.get("args"), list):
        shown["args"] = [redacted_pairs(word) for word in redacted([str(word) for word in shown["args"]])]
    if isinstance(shown.get("env"), list):
        shown["env"] = [redacted_variable(variable) for variable in shown["env"]]
    for line in yaml_block({"exec": shown}).splitlines():
        words = line.lstrip()
        yield " " * (len(line) - len(words)) + sanitize(redacted_userinfo(words), limit=400)


def holds_secret(stanza: Mapping[str, Any]) -> bool:
    """Return whether an exec section has a secret, which the diff hides."""
    return "***" in "".join(_shown_lines([*stanza], stanza))
