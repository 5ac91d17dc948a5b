"""Where the browser comes back to: a server on the loopback interface, only while signing in (RFC 8252 §7.3, §8.3).

What is named here is imported when it is used: a refresh reads --listen-address and starts no server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .addresses import ListenAddress
    from .callback import Answer
    from .pages import Failed, SignedIn
    from .server import CallbackServer
    from .sockets import NotFree

__all__ = ["Answer", "CallbackServer", "Failed", "ListenAddress", "NotFree", "SignedIn"]

_PLACES = {
    "Answer": "callback",
    "CallbackServer": "server",
    "Failed": "pages",
    "ListenAddress": "addresses",
    "NotFree": "sockets",
    "SignedIn": "pages",
}


def __getattr__(name: str) -> object:
    """Import what is asked for (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
