"""The result of `authenticate`: a token, and where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.named_tuple import NamedTuple

from .request import MARGIN

if TYPE_CHECKING:
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.repository import SessionRepository
    from kubectl_oidc.sessions.session import Session


class Outcome(NamedTuple):
    """A token, and where it came from.

    Attributes:
        renewed: Whether a sign-in or refresh obtained the token just now; False if the stored one was still valid.
        signed_in: Whether the user signed in just now.
        replaced: The user whose session was replaced, if it was another user's.
        storage: Where the session is stored, as text for the user; empty if it was not stored.
        place: Where the fast path finds the credential; empty if it cannot.
        repository: Where the session is stored.
        margin: How many seconds before its expiry a token is no longer handed out.
    """

    session: Session
    renewed: bool
    storage: str
    place: str
    repository: SessionRepository
    signed_in: bool = False
    replaced: str | None = None
    margin: int = MARGIN

    @property
    def token(self) -> Secret:
        """The token to answer with."""
        return self.session.token()

    @property
    def expiry(self) -> int:
        """When the token expires, epoch seconds."""
        return self.session.expiry
