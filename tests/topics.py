"""Expect a message by what it is about, not by its words: they are in docs/messages.md, and may change.

An error is expected by its topic: ``pytest.raises(…, check=about("…"))``. Reasons that have no topic are told apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kubectl_oidc.errors import OidcLoginError


def about(topic: str, *names: str) -> Callable[[OidcLoginError], bool]:
    """Return a check that an error has a topic, and that its message or hint contains names, such as flags and claims."""
    return lambda error: error.topic == topic and all(name in error.message + error.hint for name in names)


def told_apart(said: Mapping[str, Iterable[str]]) -> None:
    """Assert that what was said of one kind of fault is always the same, and nothing that was said of another kind.

    Args:
        said: What was said, by kind; at least two kinds, without values of the case itself, such as the refused text.
    """
    words = {kind: set(texts) for kind, texts in said.items()}
    assert len(words) > 1
    assert {kind: texts for kind, texts in words.items() if len(texts) != 1 or "" in texts} == {}
    assert len(set().union(*words.values())) == len(words), words
