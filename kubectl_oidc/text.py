"""Make text from a provider, a browser or a file safe to show on a terminal."""

from __future__ import annotations

import unicodedata

# Cc: controls and escape sequences; Cf: right-to-left overrides, zero-width marks; Cs: lone surrogates;
# Co: private use; Zl, Zp: line and paragraph separators. An honest message contains none of them.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def sanitize(value: object, *, limit: int = 300) -> str:
    """Return ``str(value)`` as one line without control, format, private-use and separator characters. White space is folded.

    Args:
        limit: The greatest length of the result in characters. Longer text is cut, and ends with an ellipsis.
    """
    text = str(value)[: limit * 8]
    seen = "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in text)
    folded = " ".join(seen.split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


def json_quoted(value: object, *, limit: int = 120) -> str:
    """Return a JSON value as JSON on one line, safe to show. Strings have quotes.

    Args:
        limit: As in `sanitize`.
    """
    import json

    try:
        return sanitize(json.dumps(value, ensure_ascii=False), limit=limit)
    except (TypeError, ValueError, RecursionError):
        return "(unreadable)"
