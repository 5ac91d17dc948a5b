"""What the fast path found out about a command before its arguments are parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.named_tuple import NamedTuple

if TYPE_CHECKING:
    from kubectl_oidc.http.early_connection import EarlySocket
    from kubectl_oidc.sessions.session_lock import SessionLock


class Call(NamedTuple):
    """What the fast path found out.

    Attributes:
        times: How often this kubectl process already received the same credential; 0 if that was not counted.
        ahead: Whether kubectl already has its answer, and this process only refreshes the session before it expires.
        lock: The session's lock, if the fast path holds it.
        opened: A TCP connection to the issuer that is being opened, if the provider will be asked without a proxy.
    """

    times: int = 0
    ahead: bool = False
    lock: SessionLock | None = None
    opened: EarlySocket | None = None
