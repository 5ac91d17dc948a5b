"""Who is signed in: the session's identity and its record.

A session is identified by what makes a different token, another person's or another trust; how the browser is opened or which port
listens makes no different one, so ten clusters that trust the same client share one sign-in.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kubectl_oidc.fast_path.credential import hexdigest
from kubectl_oidc.secret import Secret
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubectl_oidc.oidc.id_token import IdToken
    from kubectl_oidc.oidc.tokens import Tokens

VERSION = 1
RAISE = 2
"""By how much a purge or another sign-in raises the generation: a refresh on its way has counted one further already, and
what it brings must be older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKey:
    """What identifies a session.

    Attributes:
        issuer: The issuer, byte for byte.
        client_id: The client.
        scopes: The scopes asked for; their order makes no difference.
        grant: The grant, such as ``authcode``.
        username: The user name of a password grant, else empty.
        extra_params: Extra authorization parameters, in any order.
        request_headers: Headers that reach the provider, in any order.
        cache_dir: A cache directory that is not the default of the account's own home (``account_home``), else empty.
        name: ``--session``, else empty.
        use_access_token: Whether the access token is handed out, not the ID token.
        exchange: What the token is exchanged for (``TokenExchange.identity``), else empty.
        wishes: Which account is wished for (``Wishes.identity``), else empty.
        trust: Who is trusted to be the provider (``trust.identity``); empty for the system's authorities.
    """

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    grant: str = "authcode"
    username: str = ""
    extra_params: tuple[tuple[str, str], ...] = ()
    request_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    cache_dir: str = ""
    name: str = ""
    use_access_token: bool = False
    exchange: tuple[str, ...] = ()
    wishes: tuple[tuple[str, object], ...] = ()
    trust: tuple[str, ...] = ()

    def id(self) -> str:
        """Return the session's id: 32 hexadecimal digits of a digest over the canonical form."""
        canonical = [
            VERSION,
            self.issuer,
            self.client_id,
            sorted(set(self.scopes)),
            self.grant,
            self.username,
            sorted(self.extra_params),
            sorted((name.lower(), value) for name, value in self.request_headers),
            self.cache_dir,
            self.name,
            self.use_access_token,
        ]
        if self.exchange:
            canonical.append(self.exchange)
        if self.wishes:
            canonical.append(dict(self.wishes))
        if self.trust:
            canonical.append({"trust": self.trust})
        return hashlib.sha256(json.dumps(canonical).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A sign-in as it is kept.

    Attributes:
        session_id: The id of its SessionKey.
        generation: How often its refresh token was replaced; one of an older generation is never sent.
        issuer: The issuer that vouched.
        subject: ``sub``: who.
        audience: ``aud``: for whom.
        person: The same person in words for people: email, preferred user name, or the subject.
        id_token: The ID token.
        access_token: The access token, or an exchanged token, kept only where it is handed out.
        refresh_token: The refresh token, where the provider gave one.
        expiry: When the token that is handed out ends, epoch seconds.
        signed_in_at: When the person signed in, epoch seconds.
        cache: The `cache_mark` of the cache directory that knows it; empty in records of version 1.0.0. A keyring is the same for
            all of a user's directories.
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
    cache: str = field(default="", compare=False)

    @classmethod
    def begin(cls, session_id: str, tokens: Tokens, *, generation: int, now: int) -> Session:
        """Return the session that a sign-in begins.

        Args:
            session_id: The id of its SessionKey.
            tokens: What the sign-in brought.
            generation: Its generation.
            now: Epoch seconds.
        """
        return cls(
            session_id=session_id,
            generation=generation,
            issuer=tokens.id_token.issuer,
            subject=tokens.id_token.subject,
            audience=tokens.id_token.audience,
            person=person(tokens.id_token),
            id_token=tokens.raw_id_token,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expiry=tokens.expiry,
            signed_in_at=now,
        )

    def renewed(self, refresh_token: Secret, *, generation: int) -> Session:
        """Return the session with the refresh token that replaces its own (RFC 6749 §6)."""
        return replace(self, refresh_token=refresh_token, generation=generation)

    def with_tokens(self, tokens: Tokens, *, generation: int) -> Session:
        """Return the session with what a refresh brought; without a new refresh token the old one stays."""
        return replace(
            self,
            generation=generation,
            # A refresh may bring no ID token; then whose the session is stays as it was said.
            person=self.person if tokens.raw_id_token == self.id_token else person(tokens.id_token),
            id_token=tokens.raw_id_token,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token or self.refresh_token,
            expiry=tokens.expiry,
        )

    def token(self) -> Secret:
        """Return the token that is handed out."""
        return self.access_token or self.id_token

    def claims(self) -> Mapping[str, object]:
        """Return what the token that is handed out says; nothing where it is one that somebody else reads."""
        from kubectl_oidc.errors import IdTokenError
        from kubectl_oidc.oidc.jws import unverified_claims

        try:
            return unverified_claims(self.token())
        except IdTokenError:
            return {}

    def issued_at(self, now: int) -> int:
        """Return when the token that is handed out was issued, epoch seconds.

        Args:
            now: Stands in for it where the token does not say: an access token that somebody else reads.
        """
        from kubectl_oidc.errors import IdTokenError
        from kubectl_oidc.oidc.claims import moment
        from kubectl_oidc.oidc.jws import unverified_claims

        try:
            return min(now, moment(unverified_claims(self.token()), "iat"))
        except IdTokenError:
            return now

    def authenticated_at(self) -> int:
        """Return when the person last proved who they are: ``auth_time`` (OpenID Connect Core 2), else when they signed in here.

        A refresh may leave ``auth_time`` out and does not move it (12.2), so one that is later than the sign-in does not count.
        """
        from kubectl_oidc.errors import IdTokenError
        from kubectl_oidc.oidc.claims import moment
        from kubectl_oidc.oidc.jws import unverified_claims

        try:
            return min(self.signed_in_at, moment(unverified_claims(self.id_token), "auth_time"))
        except IdTokenError:
            return self.signed_in_at

    def record(self) -> bytes:
        """Return the record as ASCII JSON, so that a character is a byte on every keyring."""
        return _guarded(
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
            }
        )

    @classmethod
    def parse(cls, record: bytes | None, session_id: str) -> Session | None:
        """Return the session in ``record``, or None when it is damaged, of another version or another session's.

        Args:
            record: What a store held.
            session_id: The session that was asked for.
        """
        try:
            values = json.loads(record or b"")
            if (
                not isinstance(values, dict)
                or values.get("version") != VERSION
                or values.get("session") != session_id
                or _guarded(values) != record
            ):
                return None
            return _from_values(values)
        except (KeyError, TypeError, ValueError, RecursionError):
            return None


def cache_mark(cache_dir: Path) -> str:
    """Return what tells a cache directory from another in a record: 16 hexadecimal digits.

    Args:
        cache_dir: The directory; symbolic links in its path make no difference.
    """
    return hexdigest(os.fsencode(os.path.realpath(cache_dir)))[:16]


def person(id_token: IdToken) -> str:
    """Return who the token is about, in words for people: email, preferred user name, or the subject."""
    for claim in ("email", "preferred_username"):
        value = id_token.claims.get(claim)
        if isinstance(value, str) and value:
            return sanitize(value, limit=200)
    return sanitize(id_token.subject, limit=200) or "somebody whom no ID token names"


def _guarded(values: dict[str, Any]) -> bytes:
    """Return the values as they are stored, a digest among them: a damaged token must not be handed out."""
    whole = {name: value for name, value in values.items() if name != "digest"}
    whole["digest"] = hexdigest(_json(whole))
    return _json(whole)


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode("ascii")


def _from_values(values: dict[str, Any]) -> Session:
    return Session(
        session_id=_text(values["session"]),
        generation=_number(values["generation"]),
        issuer=_text(values["issuer"]),
        subject=_text(values["sub"]),
        audience=_texts(values["aud"]),
        person=_text(values["person"]),
        id_token=Secret(_text(values["id_token"])),
        access_token=_secret(values["access_token"]),
        refresh_token=_secret(values["refresh_token"]),
        expiry=_number(values["expiry"]),
        signed_in_at=_number(values["signed_in_at"]),
        cache=_text(values.get("cache", "")),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(entry) for entry in value)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _secret(value: object) -> Secret | None:
    return None if value is None else Secret(_text(value))
