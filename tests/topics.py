"""Expect an error by its topic, for ``pytest.raises(…, check=about("…"))``. The exact words are in docs/messages.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.errors import OidcLoginError


def about(topic: str, *names: str) -> Callable[[OidcLoginError], bool]:
    """Return a check that an error has a topic, and that its message or hint contains names, such as flags and claims."""
    return lambda error: error.topic == topic and all(name in error.message + error.hint for name in names)
