"""Spans of time as flags have them, the way Go writes them: ``90s``, ``30m``, ``1h30m``; a plain number is seconds."""

from __future__ import annotations

import re

LONGEST = 366 * 86400
"""The longest span that a flag takes, in seconds."""

_UNITS = {"h": 3600, "m": 60, "s": 1}
_FORM = re.compile("".join(rf"(?:([0-9]{{1,8}}){unit})?" for unit in _UNITS))


def parse(text: str) -> int | None:
    """Return a span in seconds, or None where the text is none, or one of more than a year.

    Args:
        text: What was typed.
    """
    if text.isascii() and text.isdecimal():
        seconds = int(text) if len(text) <= len(str(LONGEST)) else LONGEST + 1
    else:
        found = _FORM.fullmatch(text)
        if not text or found is None:
            return None
        seconds = sum(
            int(part or 0) * unit for part, unit in zip(found.groups(), _UNITS.values(), strict=True)
        )
    return seconds if seconds <= LONGEST else None


def written(seconds: int) -> str:
    """Return a span as it may be typed, such as ``1h30m``; ``parse`` reads it.

    Args:
        seconds: The span.
    """
    parts, left = [], seconds
    for unit, length in _UNITS.items():
        if left >= length:
            parts.append(f"{left // length}{unit}")
            left %= length
    return "".join(parts) or "0s"
