"""What comes of a request: a token, and how it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .request import MARGIN

if TYPE_CHECKING:
    from kubectl_oidc.oidc.id_token import IdToken
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.repository import SessionRepository
    from kubectl_oidc.sessions.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A token, and how it came.

    Attributes:
        token: The token to hand out.
        expiry: When it ends, epoch seconds.
        id_token: The validated ID token of a sign-in or refresh; None where the stored token was still good.
        session: The session.
        signed_in: Whether a person signed in just now.
        replaced: The person whose session was replaced, if another's.
        storage: Where the session rests, in words; empty where it was not stored.
        place: Where the hot half finds the credential, or empty.
        repository: The session's keeper; None where no store could be had.
        margin: Seconds that such a token must still be good for, so that it is handed out.
    """

    token: Secret
    expiry: int
    id_token: IdToken | None
    session: Session
    signed_in: bool
    replaced: str | None
    storage: str
    place: str
    repository: SessionRepository | None
    margin: int = MARGIN
