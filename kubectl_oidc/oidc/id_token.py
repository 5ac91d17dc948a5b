"""Whether an ID token may be believed (OpenID Connect Core 3.1.3.7 and 12.2, RFC 8725).

``validate`` is a pure function: the key set, the expectations and the clock's reading come in. The envelope
(format, algorithm, signature) is ``jws``'s part; here are the rules for the claims.
"""

from __future__ import annotations

from dataclasses import dataclass

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.text import json_quoted
from kubectl_oidc.urls import issuer_of

from .claims import ASK, moment, present, text, utc
from .jws import signed_claims

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.secret import Secret

    from .key_set import KeySet

SKEW = 60  # seconds that two honest clocks may differ
_CLOCK_HINT = (
    "set this machine's clock, or have the provider's set; more than 60 s of difference is not forgiven"
)
_CHANGED_HINT = "the session is not used any more: sign in again (kubectl oidc-login purge removes it)"


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must say.

    Args:
        issuer: The configured issuer.
        client_id: Our client ID.
        algorithms: ``id_token_signing_alg_values_supported`` of the metadata; () when it names none.
        nonce: What the authorization request sent, or for a refresh what the session's first ID token held.
        access_token: The access token that came along, for ``at_hash``; None if it is not used.
        subject: The session's ``sub``, for a refresh.
        audience: The session's ``aud``, for a refresh.
        refreshed: The token comes from a refresh, so that ``nonce`` may be missing (Core 12.2).
        max_age: The most seconds since the person signed in at the provider, as the authorization request asked; else None.
        requester: Who had the token made for the audience ``client_id`` by an exchange (RFC 8693); None for an ID token of our own.
    """

    issuer: str
    client_id: str
    algorithms: tuple[str, ...] = ()
    nonce: Secret | None = None
    access_token: Secret | None = None
    subject: str | None = None
    audience: tuple[str, ...] | None = None
    refreshed: bool = False
    max_age: int | None = None
    requester: str | None = None


@dataclass(frozen=True, slots=True)
class IdToken:
    """An ID token that was validated.

    Args:
        issuer: ``iss``.
        subject: ``sub``, never empty.
        audience: ``aud``, always as a tuple.
        expiry: ``exp``, epoch seconds.
        issued_at: ``iat``, epoch seconds.
        algorithm: What it is signed with, such as ``RS256``.
        claims: All claims, these included.
    """

    issuer: str
    subject: str
    audience: tuple[str, ...]
    expiry: int
    issued_at: int
    algorithm: str
    claims: Mapping[str, object]


def validate(token: Secret, *, keys: KeySet, expected: Expected, now: float) -> IdToken:
    """Return what an ID token says, if it may be believed.

    Args:
        token: The ID token, a compact JWS.
        keys: The provider's key set.
        expected: What it must say.
        now: The clock's reading, epoch seconds.

    Returns:
        The validated token.

    Raises:
        UnknownKey: No key of this set verifies it; with a set fetched anew it is worth one more try.
        IdTokenError: It must not be believed; the message names the claim.
    """
    algorithm, claims = signed_claims(token, keys=keys, algorithms=expected.algorithms)
    issuer = _issuer(claims, expected)
    audience = _audience(claims, expected)
    _check_authorized_party(claims, audience, expected)
    subject = _subject(claims, expected)
    expiry, issued_at = _times(claims, now)
    _check_authentication_time(claims, expected, now)
    _check_nonce(claims, expected)
    _check_access_token(claims, algorithm, expected)
    return IdToken(issuer, subject, audience, expiry, issued_at, algorithm, claims)


def _issuer(claims: Mapping[str, object], expected: Expected) -> str:
    """Core 3.1.3.7 rule 2: ``iss`` is the issuer, byte for byte; for Google see `issuer_of`."""
    issuer = text(claims, "iss", topic="id-token-issuer")
    if issuer_of(issuer) != expected.issuer:
        raise IdTokenError(
            f"the ID token's issuer is {json_quoted(issuer)}, not {json_quoted(expected.issuer)}",
            "--oidc-issuer-url must be exactly the iss that the provider writes, a slash at the end included",
            topic="id-token-issuer",
        )
    return expected.issuer


def _audience(claims: Mapping[str, object], expected: Expected) -> tuple[str, ...]:
    """Core 3.1.3.7 rule 3: ``aud`` contains the client; 12.2: a refresh does not change it."""
    claim = present(claims, "aud", topic="id-token-audience")
    names = [claim] if isinstance(claim, str) else claim
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise IdTokenError(
            f"the ID token's claim aud is {json_quoted(claim)}, neither a string nor a list of strings",
            ASK,
            topic="id-token-audience",
        )
    audience = tuple(names)
    if expected.client_id not in audience:
        raise IdTokenError(
            f"the ID token is for the audience {json_quoted(claim)}, not for the client {json_quoted(expected.client_id)}",
            "compare --oidc-client-id with the client at the provider: it must put that client ID in aud",
            topic="id-token-audience",
        )
    if expected.audience is not None and set(audience) != set(expected.audience):
        raise IdTokenError(
            f"the refreshed ID token's audience is {json_quoted(claim)}, the session's was {json_quoted(expected.audience)}",
            _CHANGED_HINT,
            topic="id-token-changed",
        )
    return audience


def _check_authorized_party(
    claims: Mapping[str, object], audience: tuple[str, ...], expected: Expected
) -> None:
    """Core 3.1.3.7 rules 4 and 5: ``azp`` is the client, and needed where others are in the audience too.

    RFC 8693 has no such rule: in an exchanged token it may name who exchanged it, and the audience is what counts.
    """
    party = claims.get("azp")
    if expected.requester is not None and party in {None, expected.requester}:
        return
    if party is None and set(audience) == {expected.client_id}:
        return
    if party is None:
        raise IdTokenError(
            f"the ID token is for {json_quoted(audience)}, and no azp says that it was made for {json_quoted(expected.client_id)}",
            "let the provider put this client alone in aud, or name it in azp",
            topic="id-token-audience",
        )
    if party != expected.client_id:
        raise IdTokenError(
            f"the ID token was made for the client {json_quoted(party)} (azp), not for {json_quoted(expected.client_id)}",
            "compare --oidc-client-id with the client at the provider",
            topic="id-token-audience",
        )


def _subject(claims: Mapping[str, object], expected: Expected) -> str:
    """Core 2: ``sub`` names the person; 12.2: a refresh does not change it."""
    subject = text(claims, "sub")
    if not subject.strip():
        raise IdTokenError("the ID token's claim sub is empty", ASK)
    if expected.subject is not None and subject != expected.subject:
        raise IdTokenError(
            f"the refreshed ID token is of another person: sub is {json_quoted(subject)}, not {json_quoted(expected.subject)}",
            _CHANGED_HINT,
            topic="id-token-changed",
        )
    return subject


def _times(claims: Mapping[str, object], now: float) -> tuple[int, int]:
    """Core 3.1.3.7 rules 9 and 10, RFC 7519 §4.1.4 to §4.1.6; return ``exp`` and ``iat``."""
    expiry, issued_at = moment(claims, "exp"), moment(claims, "iat")
    starts = {"iat": issued_at}
    if claims.get("nbf") is not None:
        starts["nbf"] = moment(claims, "nbf")
    for name, start in starts.items():
        if start > now + SKEW:
            what = "was issued" if name == "iat" else "is not valid before"
            raise IdTokenError(
                f"the clocks differ: the ID token {what} {utc(start)} ({name}), and here it is {utc(now)}",
                _CLOCK_HINT,
                topic="clock",
            )
    if now > expiry + SKEW:
        raise IdTokenError(
            f"the ID token that just came expired at {utc(expiry)}, and here it is {utc(now)}",
            f"{_CLOCK_HINT}; if both are right, the provider hands out old ID tokens",
            topic="clock",
        )
    return expiry, issued_at


def _check_authentication_time(claims: Mapping[str, object], expected: Expected, now: float) -> None:
    """Core 3.1.3.7 rule 13: what was asked for with ``max_age`` says ``auth_time``, and that is no longer ago."""
    if expected.max_age is None:
        return
    if claims.get("auth_time") is None:
        raise IdTokenError(
            "the ID token has no claim auth_time, which --max-age needs",
            "leave out --max-age, or have the provider keep to it (Core 3.1.2.1): tell its administrator",
            topic="max-age",
        )
    signed_in = moment(claims, "auth_time")
    if now - signed_in > expected.max_age + SKEW:
        raise IdTokenError(
            f"the provider took a sign-in of {utc(signed_in)} (auth_time), longer ago than --max-age allows, "
            f"and here it is {utc(now)}",
            "try again with --prompt=login, which has the provider ask anew; if it stays, it does not keep to max_age",
            topic="max-age",
        )


def _check_nonce(claims: Mapping[str, object], expected: Expected) -> None:
    """Core 3.1.3.7 rule 11: the token answers our request; 12.2: a refresh may omit ``nonce``, not change it."""
    nonce = claims.get("nonce")
    if expected.nonce is None or (nonce is None and expected.refreshed):
        return
    if not isinstance(nonce, str) or not _equal(nonce, expected.nonce.reveal()):
        how = "has no nonce" if nonce is None else "has the nonce of another sign-in"
        raise IdTokenError(
            f"the ID token {how}, so it may not answer this request",
            "try again; if it stays, the provider or something between does not keep the nonce (Core 3.1.3.7)",
            topic="id-token-nonce",
        )


def belongs(claims: Mapping[str, object], algorithm: str, access_token: Secret) -> bool:
    """Return whether ``at_hash``, if present, is the left half of the access token's hash (Core 3.1.3.6, 3.1.3.8).

    Args:
        claims: The claims of an ID token.
        algorithm: What it is signed with; its last three characters name the hash.
        access_token: The access token that came along.
    """
    from base64 import urlsafe_b64encode
    from hashlib import new

    claim = claims.get("at_hash")
    if claim is None:
        return True
    digest = new(f"sha{algorithm[2:]}", access_token.reveal().encode("utf-8", "surrogatepass")).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return isinstance(claim, str) and _equal(claim, half)


def _check_access_token(claims: Mapping[str, object], algorithm: str, expected: Expected) -> None:
    """Core 3.1.3.8: an access token that is used is the one that the ID token was issued with."""
    if expected.access_token is not None and not belongs(claims, algorithm, expected.access_token):
        raise IdTokenError(
            "the access token does not belong to the ID token (at_hash differs)",
            "try again; if it stays, the provider computes at_hash wrongly (Core 3.1.3.8): tell its administrator",
            topic="id-token-at-hash",
        )


def _equal(claim: str, ours: str) -> bool:
    """Compare a claim in constant time with what it must be."""
    from hmac import compare_digest

    return compare_digest(claim.encode(), ours.encode())
