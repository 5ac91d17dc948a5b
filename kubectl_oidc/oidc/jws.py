"""Decode a JWT and verify its signature (compact JWS, RFC 7515; JWT, RFC 7519).

The claims are parsed from the same bytes whose signature was verified. The header selects a key of the provider by ``kid``
and ``alg`` only. Keys inside the token (``jwk``, ``jku``, ``x5c``, ``x5u``) are ignored (RFC 8725 §3.10).
"""

from __future__ import annotations

from kubectl_oidc.errors import IdTokenError, UnknownKey
from kubectl_oidc.http.json_body import AmbiguousJson, parse_strictly
from kubectl_oidc.text import json_quoted

from . import base64url
from .key_set import ALGORITHMS
from .signature import verifies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_oidc.secret import Secret

    from .key_set import KeySet

# A person in several hundred groups has a token of some 12 KB; kube-apiserver reads headers of up to 1 MB.
_MOST_CHARACTERS = 128 * 1024
# Honest claims are nested three or four deep. The code that shows or stores them is recursive.
_DEEPEST = 64
_SIGNED_SEGMENTS = 3
_ENCRYPTED_SEGMENTS = 5

_ASK = "tell the provider's administrator that its answer violates the standard, and for which client"


def signed_claims(
    token: Secret, *, keys: KeySet, algorithms: Sequence[str]
) -> tuple[str, Mapping[str, object]]:
    """Verify the signature; return its algorithm and the claims, which are not checked yet.

    Args:
        algorithms: The algorithms of the provider's metadata. If none of them is in `ALGORITHMS`, all of `ALGORITHMS` are allowed.

    Raises:
        IdTokenError: The token is not a signed JWT, is not an ID token, or its algorithm is not allowed.
        UnknownKey: No key of the set verifies it. A newer set may.
    """
    header_part, claims_part, signature_part = _segments(token)
    header = _part(header_part, "header")
    claims, signature = _decoded(claims_part, "claims"), _decoded(signature_part, "signature")
    _check_kind(header)
    algorithm = _algorithm(header, algorithms)
    signed = f"{header_part}.{claims_part}".encode("ascii")
    _check_signature(signed, signature, keys=keys, kid=_kid(header), algorithm=algorithm)
    return algorithm, _json_object(claims, "claims")


def import_signature_libraries() -> None:
    """Import early, while a response is awaited, what verifies RSA signatures: most providers use them."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: F401


def unverified_claims(token: Secret) -> Mapping[str, object]:
    """Return the claims of a JWT without verifying it: for display, or if it was verified before.

    Raises:
        IdTokenError: The token is not a signed JWT.
    """
    return _part(_segments(token)[1], "claims")


def claims_if_readable(token: Secret) -> Mapping[str, object]:
    """Return the claims of a JWT without verifying it; none if only the API server can read the token."""
    try:
        return unverified_claims(token)
    except IdTokenError:
        return {}


def unverified_algorithm(token: Secret) -> str | None:
    """Return the ``alg`` of a JWT without verifying it, or None if the header has none.

    Raises:
        IdTokenError: The token is not a signed JWT.
    """
    algorithm = _part(_segments(token)[0], "header").get("alg")
    return algorithm if isinstance(algorithm, str) else None


def _part(segment: str, name: str) -> dict[str, object]:
    return _json_object(_decoded(segment, name), name)


def _segments(token: Secret) -> tuple[str, str, str]:
    text = token.reveal()
    if len(text) > _MOST_CHARACTERS:
        raise IdTokenError(
            f"the ID token has {len(text)} characters, more than the {_MOST_CHARACTERS} that are read",
            "have the provider put fewer groups or claims in this client's ID token",
        )
    segments = text.split(".")
    if len(segments) == _ENCRYPTED_SEGMENTS:
        raise IdTokenError(
            "the ID token is encrypted (JWE), and kube-apiserver cannot read it",
            "turn ID token encryption off for this client at the provider",
        )
    if len(segments) != _SIGNED_SEGMENTS:
        raise IdTokenError(
            f"the ID token is not a signed JWT: it has {len(segments)} parts, not {_SIGNED_SEGMENTS}", _ASK
        )
    header, payload, signature = segments
    return header, payload, signature


def _decoded(segment: str, name: str) -> bytes:
    try:
        return base64url.decode(segment)
    except ValueError:
        raise IdTokenError(f"the ID token's {name} part is not base64url", _ASK) from None


def _json_object(data: bytes, name: str) -> dict[str, object]:
    """Parse one JSON object strictly: UTF-8, each member once, at most `_DEEPEST` levels."""
    import json

    try:
        value = parse_strictly(data.decode("utf-8"))
        # Refuse what cannot be written as JSON again (half a surrogate pair, infinity): showing or storing it would fail.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        if isinstance(error, AmbiguousJson) and error.member is not None:
            message = f"the ID token's {name} part names {json_quoted(error.member)} twice"
            raise IdTokenError(message, _ASK) from None
        raise IdTokenError(f"the ID token's {name} part cannot be read as JSON", _ASK) from None
    if not isinstance(value, dict):
        raise IdTokenError(f"the ID token's {name} part is not a JSON object", _ASK)
    if _is_too_deep(value):
        raise IdTokenError(f"the ID token's {name} part is nested more than {_DEEPEST} deep", _ASK)
    return value


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return bool(level)


def _check_kind(header: Mapping[str, object]) -> None:
    """Refuse other types of token (RFC 8725 §3.11) and unknown extensions (RFC 7515 §4.1.11)."""
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") != "jwt":
        raise IdTokenError(
            f"the provider gave a token of the kind {json_quoted(kind)} as ID token",
            "check which token the provider puts in id_token: an ID token has the typ JWT, or none",
        )
    if "crit" in header:
        raise IdTokenError(f"the ID token requires unknown extensions: {json_quoted(header['crit'])}", _ASK)
    if header.get("b64", True) is not True:
        raise IdTokenError("the ID token's claims are not base64url (b64), which RFC 7797 §7 forbids", _ASK)


def _algorithm(header: Mapping[str, object], metadata: Sequence[str]) -> str:
    """Return the token's ``alg`` if kube-apiserver supports it and the provider's metadata allows it."""
    allowed = [name for name in ALGORITHMS if name in metadata] or ALGORITHMS
    algorithm = header.get("alg")
    if isinstance(algorithm, str) and algorithm in allowed:
        return algorithm
    if isinstance(algorithm, str) and algorithm in ALGORITHMS:
        raise IdTokenError(
            f"the ID token is signed with {algorithm}, but the provider's metadata names {', '.join(allowed)}",
            "have the provider sign with one of those, or list the algorithm in id_token_signing_alg_values_supported",
            topic="id-token-algorithm",
        )
    if not isinstance(algorithm, str):
        message = "the ID token's header names no algorithm (alg)"
    elif algorithm.lower() == "none":
        message = f"the ID token is not signed (its alg is {json_quoted(algorithm)})"
    else:
        message = f"the ID token is signed with {json_quoted(algorithm)}, which kube-apiserver cannot verify"
    raise IdTokenError(
        message,
        f"kube-apiserver takes {', '.join(ALGORITHMS)}: have the provider sign this client's ID tokens with RS256",
        topic="id-token-algorithm",
    )


def _kid(header: Mapping[str, object]) -> str | None:
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise IdTokenError(
            f"the ID token's kid header is {json_quoted(kid)}, not a string", _ASK, topic="id-token-key"
        )
    return kid


def _check_signature(
    signed: bytes, signature: bytes, *, keys: KeySet, kid: str | None, algorithm: str
) -> None:
    """Verify the signature over header and claims with any key that fits (RFC 7515 §5.2).

    A wrong signature is an `UnknownKey` too, because the cached key set may be old: a provider may rotate keys that have no
    ``kid``, and a development provider may make a new key with the old ``kid``.
    """
    hint = "try again in a minute: the provider may be changing its keys. If it fails again, ask its administrator whether jwks_uri has the signing key (-v 1 shows unusable keys)"
    candidates = keys.candidates(kid, algorithm)
    if not candidates:
        raise UnknownKey(keys.why_none(kid, algorithm), hint, topic="id-token-key")
    if not any(verifies(key.public_key, algorithm, signed, signature) for key in candidates):
        which = (
            "any key of the provider's key set" if kid is None else f"the provider's key {json_quoted(kid)}"
        )
        raise UnknownKey(
            f"the ID token's {algorithm} signature does not match {which}", hint, topic="id-token-key"
        )
