"""What comes to the redirect URI (RFC 6749 §3.1, §10.12; RFC 9207 §2.4; RFC 9700 §4.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Pairs = list[tuple[str, str]]
EVIL = "https://evil.example.com"


@dataclass(frozen=True, slots=True)
class Callback:
    """A row of the table: a request to the redirect URI that is not the answer, or an answer that ends the sign-in.

    Attributes:
        name: What comes, in words.
        query: Makes the query of it from the honest one.
        status: The HTTP status that it is answered with.
        method: Its method.
        host: Its Host header, where it is not ours.
        path: Its path.
        promised: Whether the provider's metadata promises ``iss``.
        says: What the error must say, where the sign-in ends with it; otherwise the wait goes on.
    """

    name: str
    query: Callable[[Pairs], Pairs] = lambda pairs: pairs
    status: int = 403
    method: str = "GET"
    host: str = ""
    path: str = "/"
    promised: bool = False
    says: str = ""


def _with(**changes: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: [*((name, value) for name, value in pairs if name not in changes), *changes.items()]


def _without(*names: str, and_: Pairs | None = None) -> Callable[[Pairs], Pairs]:
    return lambda pairs: [pair for pair in pairs if pair[0] not in names] + (and_ or [])


def _twice(name: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: [*pairs, *(pair for pair in pairs if pair[0] == name)]


def _shorter(pairs: Pairs) -> Pairs:
    """Cut the state's last character off."""
    return [(name, value[:-1] if name == "state" else value) for name, value in pairs]


DENIED = [("error", "access_denied"), ("error_description", "not today")]

FORGED: tuple[Callback, ...] = (
    Callback("a code with another state", _with(state="another", code="stolen")),
    Callback("a code with the state but its last character", _shorter),
    Callback("a code without a state", _without("state")),
    Callback("a code with an empty state", _with(state="")),
    Callback("an error without a state", lambda _: DENIED),
    Callback("an error with another state", lambda _: [*DENIED, ("state", "another")]),
    Callback("a state twice", _twice("state"), 400),
    Callback("a code twice", _twice("code"), 400),
    Callback("our state with another, before it", lambda pairs: [("state", "x"), *pairs], 400),
    Callback("a code and an error", lambda pairs: [*pairs, *DENIED], 400),
    Callback("only a state", _without("code"), 400),
    Callback("an empty code", _with(code=""), 400),
    Callback("nothing", lambda _: [], 400),
    Callback("a hundred parameters", lambda pairs: [*pairs, *((f"p{n}", "") for n in range(100))], 400),
    Callback("a code from another issuer", _with(iss=EVIL)),
    Callback("a code from another issuer, where an issuer is promised", _with(iss=EVIL), promised=True),
    Callback("a code from no issuer, where one is promised", _without("iss"), promised=True),
    Callback("an error from another issuer", _without("code", and_=[*DENIED, ("iss", EVIL)])),
    Callback(
        "an error from no issuer, where one is promised", _without("code", "iss", and_=DENIED), promised=True
    ),
    *(
        Callback(f"{method} instead of GET", method=method, status=405)
        for method in ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
    ),
    Callback("another host (DNS rebinding)", host="evil.example.com"),
    Callback("our host with another port", host="localhost:1"),
    Callback("our host as a part of another name", host="localhost.evil.example.com"),
    Callback("another path", path="/callback", status=404),
    Callback("a favicon", path="/favicon.ico", status=404),
    Callback("a path that leads out", path="/../", status=404),
    Callback("two slashes", path="//", status=404),
)
"""Each is refused, and the honest answer that comes afterwards is taken."""

ENDING: tuple[Callback, ...] = (
    Callback("an error", _without("code", and_=DENIED), 400, says="access_denied"),
    Callback(
        "an error from the promised issuer",
        _without("code", and_=[*DENIED, ("iss", "ISSUER")]),
        400,
        promised=True,
        says="access_denied",
    ),
    Callback(
        "an error that nobody knows",
        _without("code", and_=[("error", "x_odd")]),
        400,
        says="x_odd",
    ),
    Callback("a code that was never issued", _with(code="stolen"), 400, says="invalid_grant"),
)
"""Each ends the sign-in with an error."""
