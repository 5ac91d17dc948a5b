"""Show a token's claims as rows of names and values for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.text import json_quoted, sanitize
from kubectl_oidc.times import local_time, remaining

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_ITEMS = 40  # items of a list that are shown
_FIRST = (
    *("iss", "sub", "aud", "azp", "email", "email_verified", "preferred_username", "name", "groups"),
    *("exp", "iat"),
)
_TIMES = frozenset({"exp", "iat", "nbf", "auth_time", "updated_at"})
# They tie a token to its sign-in and mean nothing to a cluster (OpenID Connect Core 3.1.3.6, 3.3.2.11).
_LEFT_OUT = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})


def claim_rows(claims: Mapping[str, object], now: float) -> Iterator[tuple[str, str]]:
    """Return names and values as text, the well-known claims first; ``now`` is in epoch seconds."""
    order = {name: place for place, name in enumerate(_FIRST)}
    for name in sorted(claims.keys() - _LEFT_OUT, key=lambda name: (order.get(name, len(order)), name)):
        yield sanitize(name, limit=100), _value(name, claims[name], now)


def _value(name: str, value: object, now: float) -> str:
    if isinstance(value, str):
        return sanitize(value, limit=1000)
    if isinstance(value, list):
        more = [f"(and {len(value) - MOST_ITEMS} more)"] if len(value) > MOST_ITEMS else []
        items = [
            sanitize(item) if isinstance(item, str) else json_quoted(item) for item in value[:MOST_ITEMS]
        ]
        return "\n".join([*items, *more]) or "(empty list)"
    if name in _TIMES and isinstance(value, int | float) and (moment := local_time(value)):
        ends = f", in {remaining(value - now)}" if name == "exp" and value > now else ""
        return f"{value} ({moment}{ends})"
    return json_quoted(value, limit=1000)
