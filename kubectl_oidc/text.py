"""Words from outside, made safe to show: what a provider, a browser or a file says before a person reads it."""

from __future__ import annotations

import unicodedata

# Cc: controls and escape sequences; Cf: right-to-left overrides, zero-width marks; Cs: lone surrogates;
# Co: private use; Zl, Zp: line and paragraph separators. None of them is ever part of an honest message.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def sanitize(value: object, *, limit: int = 300) -> str:
    """Return ``value`` as one line that a terminal shows as it is.

    Args:
        value: Anything; ``str(value)`` is shown.
        limit: The longest result, in characters; more is cut with an ellipsis.

    Returns:
        The text without control, format, private-use or separator characters, white space folded.
    """
    text = str(value)[: limit * 8]
    seen = "".join(" " if unicodedata.category(c) in _UNSEEN else c for c in text)
    folded = " ".join(seen.split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


def json_quoted(value: object, *, limit: int = 120) -> str:
    """Return a JSON value as it may stand in a message: text in quotes, one line, bounded.

    Args:
        value: A JSON value from outside, such as a claim.
        limit: The longest result, in characters; more is cut with an ellipsis.
    """
    import json

    try:
        return sanitize(json.dumps(value, ensure_ascii=False), limit=limit)
    except (TypeError, ValueError, RecursionError):
        return "something unreadable"
