"""Validate an ID token: issuer, audience, subject, times, nonce, at_hash (OpenID Connect Core 3.1.3.7, 12.2; RFC 8725).

``validate`` is a pure function of the token, the key set, the expected values and the time. ``jws`` checks format, algorithm
and signature; this module checks the claims.
"""

from __future__ import annotations

from kubectl_oidc.digests import compare_digest
from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import json_quoted
from kubectl_oidc.times import utc
from kubectl_oidc.urls import issuer_of

from .at_hash import at_hash_matches
from .claims import ASK, required, required_text, time_claim
from .jws import signed_claims

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.secret import Secret

    from .key_set import KeySet

SKEW = 60  # seconds that the clocks of the provider and this machine may differ
_CLOCK_HINT = "correct this machine's clock or the provider's; they may differ by 60 s at most"
_CHANGED_HINT = "sign in again (`kubectl oidc-login purge` removes this session)"


class Expected(NamedTuple):
    """The values that an ID token must have.

    Attributes:
        algorithms: ``id_token_signing_alg_values_supported`` of the metadata; empty if the metadata has none.
        nonce: The nonce of the authorization request. For a refresh: the nonce of the session's ID token.
        access_token: The access token of the same response, to compare with ``at_hash``; None if it is not used.
        subject: For a refresh: the session's ``sub``.
        audience: For a refresh: the session's ``aud``.
        refreshed: Whether the token comes from a refresh. Then ``nonce`` may be missing (Core 12.2).
        max_age: The ``max_age`` of the authorization request, in seconds.
        requester: The client that exchanged a token for this one (RFC 8693); ``client_id`` is then the audience asked for.
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


class IdToken(NamedTuple):
    """A validated ID token.

    Attributes:
        subject: ``sub``, never empty.
        expiry: ``exp`` in epoch seconds.
        issued_at: ``iat`` in epoch seconds.
        algorithm: The signature's algorithm, such as ``RS256``.
    """

    issuer: str
    subject: str
    audience: tuple[str, ...]
    expiry: int
    issued_at: int
    algorithm: str
    claims: Mapping[str, object]


def validate(token: Secret, *, keys: KeySet, expected: Expected, now: float) -> IdToken:
    """Return the ID token, validated at ``now`` (epoch seconds).

    Raises:
        UnknownKey: No key of this set verifies the signature. Try again once, with a key set fetched now.
        IdTokenError: The token is not valid. The message names the claim.
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
    """Check ``iss`` (Core 3.1.3.7 rule 2): byte for byte the configured issuer. `issuer_of` has the exception for Google."""
    issuer = required_text(claims, "iss", topic="id-token-issuer")
    if issuer_of(issuer) != expected.issuer:
        raise IdTokenError(
            f"the ID token's issuer is {json_quoted(issuer)}, not {json_quoted(expected.issuer)}",
            "set --oidc-issuer-url to exactly the provider's iss, including a slash at the end",
            topic="id-token-issuer",
        )
    return expected.issuer


def _audience(claims: Mapping[str, object], expected: Expected) -> tuple[str, ...]:
    """Check ``aud``: it contains the client (Core 3.1.3.7 rule 3), and a refresh does not change it (12.2)."""
    claim = required(claims, "aud", topic="id-token-audience")
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
            "compare --oidc-client-id with the client at the provider, which must put that client ID in aud",
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
    """Check ``azp``: it is the client, and required if ``aud`` has other members (Core 3.1.3.7 rules 4, 5).

    An exchanged token (RFC 8693) may name in ``azp`` the client that exchanged it, or leave it out.
    """
    party = claims.get("azp")
    if expected.requester is not None and party in {None, expected.requester}:
        return
    if party is None and set(audience) == {expected.client_id}:
        return
    if party is None:
        raise IdTokenError(
            f"the ID token is for {json_quoted(audience)}, and has no azp for {json_quoted(expected.client_id)}",
            "have the provider put only this client in aud, or name it in azp",
            topic="id-token-audience",
        )
    if party != expected.client_id:
        raise IdTokenError(
            f"the ID token was made for the client {json_quoted(party)} (azp), not for {json_quoted(expected.client_id)}",
            "compare --oidc-client-id with the client at the provider",
            topic="id-token-audience",
        )


def _subject(claims: Mapping[str, object], expected: Expected) -> str:
    """Check ``sub``: it is not empty (Core 2), and a refresh does not change it (12.2)."""
    subject = required_text(claims, "sub")
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
    """Return ``exp`` and ``iat`` if the token is valid now (Core 3.1.3.7 rules 9, 10; RFC 7519 §4.1.4 to §4.1.6)."""
    expiry, issued_at = time_claim(claims, "exp"), time_claim(claims, "iat")
    starts = {"iat": issued_at}
    if claims.get("nbf") is not None:
        starts["nbf"] = time_claim(claims, "nbf")
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
            f"{_CLOCK_HINT}; if both are right, the provider issues old ID tokens",
            topic="clock",
        )
    return expiry, issued_at


def _check_authentication_time(claims: Mapping[str, object], expected: Expected, now: float) -> None:
    """Check ``auth_time`` if the request had ``max_age`` (Core 3.1.3.7 rule 13)."""
    if expected.max_age is None:
        return
    if claims.get("auth_time") is None:
        raise IdTokenError(
            "the ID token has no claim auth_time, which --max-age needs",
            "leave out --max-age, or ask the provider's administrator to support it (Core 3.1.2.1)",
            topic="max-age",
        )
    signed_in = time_claim(claims, "auth_time")
    if now - signed_in > expected.max_age + SKEW:
        raise IdTokenError(
            f"the provider used a sign-in of {utc(signed_in)} (auth_time), longer ago than --max-age allows, "
            f"and here it is {utc(now)}",
            "try again with `--prompt=login`, so that the provider asks again; if it fails again, the provider ignores max_age",
            topic="max-age",
        )


def _check_nonce(claims: Mapping[str, object], expected: Expected) -> None:
    """Check ``nonce``: that of the request (Core 3.1.3.7 rule 11). A refresh may omit it, not change it (12.2)."""
    nonce = claims.get("nonce")
    if expected.nonce is None or (nonce is None and expected.refreshed):
        return
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(), expected.nonce.reveal().encode()):
        how = "has no nonce" if nonce is None else "has the nonce of another sign-in"
        raise IdTokenError(
            f"the ID token {how}, so it may not answer this request",
            "try again; if it fails again, the provider or a proxy drops the nonce (Core 3.1.3.7)",
            topic="id-token-nonce",
        )


def _check_access_token(claims: Mapping[str, object], algorithm: str, expected: Expected) -> None:
    """Check that the access token, if it is used, was issued with this ID token (Core 3.1.3.8)."""
    if expected.access_token is not None and not at_hash_matches(claims, algorithm, expected.access_token):
        raise IdTokenError(
            "the access token does not belong to the ID token (at_hash differs)",
            "try again; if it fails again, tell the provider's administrator: at_hash is wrong (Core 3.1.3.8)",
            topic="id-token-at-hash",
        )
