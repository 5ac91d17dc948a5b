"""Times and durations as text: Go durations such as ``1h30m`` (the flags), durations in words, and points in time."""

from __future__ import annotations

import re

LONGEST = 366 * 86400
"""The longest duration that a flag accepts, in seconds."""

_UNITS = {"h": 3600, "m": 60, "s": 1}
_GO_DURATION = re.compile("".join(rf"(?:([0-9]{{1,8}}){unit})?" for unit in _UNITS))


def parse_duration(text: str) -> int | None:
    """Return a Go duration, or a plain number, in seconds. None if it is malformed or longer than `LONGEST`."""
    if text.isascii() and text.isdecimal():
        seconds = int(text) if len(text) <= len(str(LONGEST)) else LONGEST + 1
    else:
        parts = _GO_DURATION.fullmatch(text)
        if not text or parts is None:
            return None
        seconds = sum(
            int(part or 0) * unit for part, unit in zip(parts.groups(), _UNITS.values(), strict=True)
        )
    return seconds if seconds <= LONGEST else None


def duration_text(seconds: int) -> str:
    """Return seconds as a Go duration, such as ``1h30m``. `parse` reads it."""
    parts, left = [], seconds
    for unit, length in _UNITS.items():
        if left >= length:
            parts.append(f"{left // length}{unit}")
            left %= length
    return "".join(parts) or "0s"


def remaining(seconds: float) -> str:
    """Return a duration in words, rounded down: ``4 s``, ``3 min``, ``1 h``, ``3 h 20 min``, ``2 d 4 h``, ``3 years``."""
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 1:
        return f"{whole} s"
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    if days >= 730:  # noqa: PLR2004 - two years: nobody counts the days
        return f"{days // 365} years"
    return f"{days} d" + (f" {hours % 24} h" if hours % 24 else "")


def countdown(seconds: float) -> str:
    """Return a duration in words that change each second: ``4 s``, ``2 min 58 s``. From 10 minutes on, as `remaining`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes} min {rest} s" if 1 <= minutes < 10 and rest else remaining(seconds)  # noqa: PLR2004


def ago(seconds: float) -> str:
    """Return how long ago something was: ``12 s ago``, ``3 min ago``."""
    return f"{remaining(seconds)} ago"


def local_clock(moment: float, now: float) -> str:
    """Return epoch seconds as local time: ``14:02``, or ``14:02 on 2026-03-01`` if that is not today."""
    import time

    then, today = time.localtime(moment), time.localtime(now)
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%H:%M on %Y-%m-%d", then)


def local_time(seconds: float) -> str:
    """Return epoch seconds as local date and time with the offset. Empty if the platform's calendar does not reach there."""
    from datetime import datetime

    try:
        return datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return ""


def utc(seconds: float) -> str:
    """Return epoch seconds as ``2026-03-01 14:02:00 UTC``. Computed, because the calendar functions of Windows end early."""
    from datetime import UTC, datetime, timedelta

    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds)):%Y-%m-%d %H:%M:%S} UTC"


def rfc3339(seconds: float) -> str | None:
    """Return epoch seconds as RFC 3339 writes them, in UTC. None for 0, and beyond the platform's calendar."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds > 0 else None
    except (OverflowError, ValueError, OSError):
        return None
