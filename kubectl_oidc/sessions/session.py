"""A session: the tokens of one sign-in, and what its provider said of the person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.secret import Secret
from kubectl_oidc.text import sanitize

from .session_record import VERSION, members, number, parse_record, secret, text, texts, with_digest
from .sign_in_claims import SignInClaims

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.oidc.id_token import IdToken
    from kubectl_oidc.oidc.tokens import Tokens

GENERATION_STEP = 2
"""How much a purge or another sign-in adds to the generation. A refresh that was sent before has already added one, and its
tokens must count as older."""


class Session(NamedTuple):
    """A sign-in as it is stored.

    Attributes:
        session_id: The id of its SessionKey.
        generation: Counts the replacements of its refresh token. One of an older generation is never sent.
        subject: The ID token's ``sub``.
        audience: The ID token's ``aud``.
        person: Who signed in, for display: email, preferred user name, or the subject.
        access_token: The access token or an exchanged token, only if kubectl gets that one.
        refresh_token: The refresh token, if the provider issued one.
        expiry: When the token that kubectl gets expires, epoch seconds.
        signed_in_at: When the person signed in, epoch seconds.
        how: When and how the provider authenticated the person, as the ID token of the sign-in said. Empty in older records.
        cache: The `cache_mark` of the cache directory that knows it; empty in records of version 1.0.0. All of a user's cache
            directories share one keyring.
    """

    session_id: str
    generation: int
    issuer: str
    subject: str
    audience: tuple[str, ...]
    person: str
    id_token: Secret
    access_token: Secret | None
    refresh_token: Secret | None
    expiry: int
    signed_in_at: int
    cache: str = ""
    how: SignInClaims = SignInClaims()

    def __eq__(self, other: object) -> bool:
        """Return whether it is the same sign-in; which cache directory knows it makes no difference."""
        return isinstance(other, Session) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def _parts(self) -> tuple[object, ...]:
        return tuple(self._replace(cache=""))

    @classmethod
    def begin(cls, session_id: str, tokens: Tokens, *, generation: int, now: int) -> Session:
        """Return the session that a sign-in begins, at ``now`` in epoch seconds."""
        return cls(
            session_id=session_id,
            generation=generation,
            issuer=tokens.id_token.issuer,
            subject=tokens.id_token.subject,
            audience=tokens.id_token.audience,
            person=person_of(tokens.id_token),
            id_token=tokens.raw_id_token,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expiry=tokens.expiry,
            signed_in_at=now,
            how=SignInClaims.of(tokens.id_token.claims),
        )

    def renewed(self, refresh_token: Secret, *, generation: int) -> Session:
        """Return the session with the refresh token that replaces its own (RFC 6749 §6)."""
        return self._replace(refresh_token=refresh_token, generation=generation)

    def with_tokens(self, tokens: Tokens, *, generation: int) -> Session:
        """Return the session with the tokens of a refresh. Without a new refresh token it keeps its own."""
        return self._replace(
            generation=generation,
            # A refresh response may have no ID token: then the person is the same.
            person=self.person if tokens.raw_id_token == self.id_token else person_of(tokens.id_token),
            id_token=tokens.raw_id_token,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token or self.refresh_token,
            expiry=tokens.expiry,
            how=self.sign_in_claims().or_else(SignInClaims.of(tokens.id_token.claims)),
        )

    def sign_in_claims(self) -> SignInClaims:
        """Return when and how the provider authenticated the person, as far as it says."""
        from kubectl_oidc.oidc.jws import claims_if_readable

        return self.how.or_else(SignInClaims.of(claims_if_readable(self.id_token)))

    def token(self) -> Secret:
        """Return the token that kubectl gets."""
        return self.access_token or self.id_token

    def claims(self) -> Mapping[str, object]:
        """Return the claims of the token that kubectl gets, unverified; none if only the API server can read it."""
        from kubectl_oidc.oidc.jws import claims_if_readable

        return claims_if_readable(self.token())

    def issued_at(self, now: int) -> int:
        """Return when the token that kubectl gets was issued, epoch seconds; ``now`` if that is not known."""
        return _moment(self.token(), "iat", now)

    def authenticated_at(self) -> int:
        """Return when the provider last authenticated the person: ``auth_time`` (OpenID Connect Core 2), else the sign-in time.

        A refresh may omit ``auth_time`` but does not change it (12.2), so a value after the sign-in is ignored.
        """
        auth_time = self.sign_in_claims().auth_time
        return self.signed_in_at if auth_time is None else min(self.signed_in_at, auth_time)

    def record(self) -> bytes:
        """Return the record as ASCII JSON, so that a character is one byte in every keyring."""
        return with_digest(
            {
                "version": VERSION,
                "session": self.session_id,
                "generation": self.generation,
                "issuer": self.issuer,
                "sub": self.subject,
                "aud": list(self.audience),
                "person": self.person,
                "id_token": self.id_token.reveal(),
                "access_token": self.access_token.reveal() if self.access_token else None,
                "refresh_token": self.refresh_token.reveal() if self.refresh_token else None,
                "expiry": self.expiry,
                "signed_in_at": self.signed_in_at,
                **({"cache": self.cache} if self.cache else {}),
                **({"how": self.how.record()} if self.how.record() else {}),
            }
        )

    @classmethod
    def parse(cls, record: bytes | None, session_id: str) -> Session | None:
        """Return the session in ``record``, or None if that is missing, damaged, of another version or of another session."""
        try:
            values = parse_record(record, session_id)
            return cls(
                session_id=session_id,
                generation=number(values["generation"]),
                issuer=text(values["issuer"]),
                subject=text(values["sub"]),
                audience=texts(values["aud"]),
                person=text(values["person"]),
                id_token=Secret(text(values["id_token"])),
                access_token=secret(values["access_token"]),
                refresh_token=secret(values["refresh_token"]),
                expiry=number(values["expiry"]),
                signed_in_at=number(values["signed_in_at"]),
                cache=text(values.get("cache", "")),
                how=SignInClaims.of(members(values.get("how", {}))),
            )
        except (KeyError, TypeError, ValueError, RecursionError):
            return None


def _moment(token: Secret, claim: str, latest: int) -> int:
    """Return a time that a token names, epoch seconds, but none after ``latest``; ``latest`` if it names none."""
    from kubectl_oidc.errors import IdTokenError
    from kubectl_oidc.oidc.claims import time_claim
    from kubectl_oidc.oidc.jws import claims_if_readable

    try:
        return min(latest, time_claim(claims_if_readable(token), claim))
    except IdTokenError:
        return latest


def person_of(id_token: IdToken) -> str:
    """Return who the token is about, for display: email, preferred user name, or the subject."""
    for claim in ("email", "preferred_username"):
        value = id_token.claims.get(claim)
        if isinstance(value, str) and value:
            return sanitize(value, limit=200)
    return sanitize(id_token.subject, limit=200) or "an unknown person"
