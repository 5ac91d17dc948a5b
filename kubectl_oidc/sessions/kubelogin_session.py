"""A session as kubelogin stores it: JSON, ``{"id_token": …, "refresh_token": …}``. Nothing in the ID token is verified here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.oidc.claims import time_claim
from kubectl_oidc.oidc.jws import unverified_claims
from kubectl_oidc.secret import Secret
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import issuer_of

from .session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class KubeloginSession(NamedTuple):
    """One session in kubelogin's cache.

    Attributes:
        claims: The ID token's claims, unverified.
        where: Where it is stored, for display.
        remove: Removes it.
    """

    id_token: Secret
    refresh_token: Secret | None
    claims: Mapping[str, object]
    where: str
    remove: Callable[[], None]

    @classmethod
    def parse(cls, record: bytes | None, where: str, remove: Callable[[], None]) -> KubeloginSession | None:
        """Return the session in a record, or None if the record is not kubelogin's or is damaged."""
        try:
            values = json.loads(record or b"")
        except (ValueError, RecursionError):
            return None
        if not isinstance(values, dict) or values.keys() - {"id_token", "refresh_token"}:
            return None
        id_token, refresh_token = values.get("id_token"), values.get("refresh_token")
        if not isinstance(id_token, str) or not isinstance(refresh_token, str | None):
            return None
        try:
            claims = unverified_claims(Secret(id_token))
        except IdTokenError:
            return None
        return cls(Secret(id_token), Secret(refresh_token) if refresh_token else None, claims, where, remove)

    def fits(self, issuer: str, client_id: str) -> bool:
        """Return whether its claims name this issuer and this client (OpenID Connect Core 2)."""
        return (
            issuer_of(self.claims.get("iss")) == issuer
            and client_id in _audience(self.claims)
            and self.claims.get("azp", client_id) == client_id
        )

    def client(self) -> str:
        """Return the client in its claims."""
        audience = self.claims.get("azp", self.claims.get("aud"))
        return str(audience[0] if isinstance(audience, list) and audience else audience)

    def has_claims_of(self, scopes: tuple[str, ...]) -> bool:
        """Return whether it has the claims named like these scopes. If not, it was obtained without the scopes."""
        return all(scope in self.claims for scope in scopes if scope in {"email", "groups"})

    def usable(self) -> bool:
        """Return whether it has a subject (Core 2) and its refresh token is well-formed (RFC 6749, appendix A.17)."""
        refresh, subject = self.refresh_token, self.claims.get("sub")
        sendable = refresh is None or (refresh.reveal().isascii() and refresh.reveal().isprintable())
        return sendable and isinstance(subject, str) and bool(subject)

    def session(self, session_id: str, now: int) -> Session:
        """Return it as a session with this id that was signed in at ``now``, in epoch seconds. It is not validated.

        Raises:
            IdTokenError: Its ID token has no expiry.
        """
        return unverified_session(self.id_token, self.refresh_token)._replace(
            session_id=session_id, signed_in_at=now
        )

    def issued_at(self) -> int:
        """Return when its ID token was issued, epoch seconds; 0 if it does not say."""
        try:
            return time_claim(self.claims, "iat")
        except IdTokenError:
            return 0


def unverified_session(id_token: Secret, refresh_token: Secret | None) -> Session:
    """Return tokens that another program stored as a session, which has no id yet.

    Raises:
        IdTokenError: The ID token cannot be parsed, or has no expiry.
    """
    claims = unverified_claims(id_token)
    names = (claims.get(name) for name in ("email", "preferred_username", "sub"))
    return Session(
        session_id="",
        generation=1,
        issuer=str(issuer_of(claims.get("iss"))),
        subject=str(claims.get("sub")),
        audience=_audience(claims),
        person=sanitize(next((name for name in names if isinstance(name, str) and name), ""), limit=200),
        id_token=id_token,
        access_token=None,
        refresh_token=refresh_token,
        expiry=time_claim(claims, "exp"),
        signed_in_at=0,
    )


def _audience(claims: Mapping[str, object]) -> tuple[str, ...]:
    """Return the audience in the claims (RFC 7519 §4.1.3)."""
    audience = claims.get("aud")
    return tuple(map(str, audience)) if isinstance(audience, list) else (str(audience),)
