"""Read one claim of an ID token and check its type (OpenID Connect Core 2, RFC 7519 §4)."""

from __future__ import annotations

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.text import json_quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_YEAR_3000 = 32_503_680_000  # every platform's calendar ends here or later; a time in milliseconds is greater
ASK = "tell the provider's administrator which claim is wrong, and for which client"


def required(claims: Mapping[str, object], name: str, *, topic: str = "") -> object:
    """Return a required claim. Null counts as missing (Core 5.3.2).

    Raises:
        IdTokenError: The claim is missing.
    """
    value = claims.get(name)
    if value is None:
        raise IdTokenError(f"the ID token has no claim {name}", ASK, topic=topic)
    return value


def required_text(claims: Mapping[str, object], name: str, *, topic: str = "") -> str:
    """Return a required claim that is a string. The string may be empty.

    Raises:
        IdTokenError: The claim is missing or not a string.
    """
    value = required(claims, name, topic=topic)
    if isinstance(value, str):
        return value
    raise IdTokenError(f"the ID token's claim {name} is {json_quoted(value)}, not a string", ASK, topic=topic)


def time_claim(claims: Mapping[str, object], name: str) -> int:
    """Return a required claim that is a time, in epoch seconds from 1970 to 2999. A fraction is cut off (RFC 7519 §2).

    Raises:
        IdTokenError: The claim is missing or not such a time. Python counts a bool as an int; here it is an error.
    """
    value = required(claims, name)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _YEAR_3000:
        return int(value)
    raise IdTokenError(
        f"the ID token's claim {name} is {json_quoted(value, limit=40)}, not a time in whole seconds, or fractions of one, since 1970",
        ASK,
    )
