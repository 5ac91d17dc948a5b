"""Where the browser comes back to: a server on the loopback interface, only while signing in (RFC 8252 §7.3, §8.3)."""

from .addresses import ListenAddress
from .callback import Answer
from .pages import Failed, SignedIn
from .server import CallbackServer
from .sockets import NotFree

__all__ = ["Answer", "CallbackServer", "Failed", "ListenAddress", "NotFree", "SignedIn"]
