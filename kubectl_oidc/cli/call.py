"""What is known of a command before it is parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kubectl_oidc.sessions.session_lock import SessionLock


class Call(NamedTuple):
    """What the hot half has found out about a command.

    Attributes:
        times: How often the same kubectl was given the credential that it asks for; 0 where that was not counted.
        ahead: Whether it has its answer, and this process refreshes the session ahead of its end.
        lock: The session's lock, where it was taken on the way here.
    """

    times: int = 0
    ahead: bool = False
    lock: SessionLock | None = None


UNKNOWN = Call()
