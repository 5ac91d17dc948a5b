"""Single claims of an ID token, read with their types (OpenID Connect Core 2, RFC 7519 §4)."""

from __future__ import annotations

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.text import json_quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_LAST_MOMENT = (
    32_503_680_000  # the year 3000: the last that every platform's calendar knows; milliseconds lie beyond
)
ASK = "the provider must put this right: tell its administrator which claim and which client"


def present(claims: Mapping[str, object], name: str, *, topic: str = "") -> object:
    """Return a required claim; null counts as missing (Core 5.3.2).

    Args:
        claims: The claims of an ID token.
        name: The claim's name.
        topic: The troubleshooting topic of the error.

    Raises:
        IdTokenError: It is missing.
    """
    value = claims.get(name)
    if value is None:
        raise IdTokenError(f"the ID token has no claim {name}", ASK, topic=topic)
    return value


def text(claims: Mapping[str, object], name: str, *, topic: str = "") -> str:
    """Return a required claim that is a string, perhaps an empty one.

    Args:
        claims: The claims of an ID token.
        name: The claim's name.
        topic: The troubleshooting topic of the error.

    Raises:
        IdTokenError: It is missing or no string.
    """
    value = present(claims, name, topic=topic)
    if isinstance(value, str):
        return value
    raise IdTokenError(f"the ID token's claim {name} is {json_quoted(value)}, not a string", ASK, topic=topic)


def moment(claims: Mapping[str, object], name: str) -> int:
    """Return a required claim that is a time, in epoch seconds from 1970 to 2999; a fraction is cut off (RFC 7519 §2).

    Args:
        claims: The claims of an ID token.
        name: The claim's name.

    Raises:
        IdTokenError: It is missing or no such time; a bool is an int to Python, and is none here.
    """
    value = present(claims, name)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LAST_MOMENT:
        return int(value)
    raise IdTokenError(
        f"the ID token's claim {name} is {json_quoted(value, limit=40)}, not a time in whole seconds, or fractions of one, since 1970",
        ASK,
    )


def utc(seconds: float) -> str:
    """Return epoch seconds as people read them; by arithmetic, because Windows' calendar functions end early."""
    from datetime import UTC, datetime, timedelta

    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds)):%Y-%m-%d %H:%M:%S} UTC"
