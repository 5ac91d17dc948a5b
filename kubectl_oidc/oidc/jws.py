"""The signed envelope of an ID token: a compact JWS (RFC 7515) that holds a JWT (RFC 7519), read strictly.

Nothing in it is believed before the signature holds, and the claims are read from the very bytes that were
verified. The header chooses among the provider's keys by ``kid`` and ``alg``, and nothing else: keys that a token
brings along or points to (``jwk``, ``jku``, ``x5c``, ``x5u``) are ignored (RFC 8725 §3.10).
"""

from __future__ import annotations

from kubectl_oidc.errors import IdTokenError, UnknownKey
from kubectl_oidc.text import json_quoted

from .key_set import ALGORITHMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_oidc.secret import Secret

    from .key_set import Key, KeySet

# A person in several hundred groups has a token of some 12 KB; kube-apiserver reads headers to 1 MB.
_MOST_CHARACTERS = 128 * 1024
# Claims are nested three or four deep; whoever shows or stores them recurses.
_DEEPEST = 64
_BASE64URL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_SIGNED_SEGMENTS = 3
_ENCRYPTED_SEGMENTS = 5

_ASK = "the provider's answer breaks the standard: tell its administrator, and name this client"


def signed_claims(
    token: Secret, *, keys: KeySet, algorithms: Sequence[str]
) -> tuple[str, Mapping[str, object]]:
    """Verify the signature and return the claims that it covers.

    Args:
        token: The ID token.
        keys: The provider's key set.
        algorithms: What the provider's metadata names; if it names none of ours, all of ours are allowed.

    Returns:
        The algorithm that the token is signed with, and its claims, still unchecked.

    Raises:
        IdTokenError: It is no signed JWT, or of another kind, or its algorithm is not allowed.
        UnknownKey: No key of the set verifies it; a newer set may.
    """
    header_part, claims_part, signature_part = _segments(token)
    header = _json_object(_decoded(header_part, "header"), "header")
    claims, signature = _decoded(claims_part, "claims"), _decoded(signature_part, "signature")
    _check_kind(header)
    algorithm = _algorithm(header, algorithms)
    signed = f"{header_part}.{claims_part}".encode("ascii")
    _check_signature(signed, signature, keys=keys, kid=_kid(header), algorithm=algorithm)
    return algorithm, _json_object(claims, "claims")


def prepare() -> None:
    """Import what verifies signatures, ahead of the first token: it takes as long as some answers."""
    import jwt.algorithms  # noqa: F401


def unverified_claims(token: Secret) -> Mapping[str, object]:
    """Return the claims of a token without verifying anything, for display only.

    Args:
        token: An ID token, or an access token that happens to be a JWT.

    Returns:
        Its claims; nobody vouches for them.

    Raises:
        IdTokenError: It is no signed JWT.
    """
    _, payload_part, _ = _segments(token)
    return _json_object(_decoded(payload_part, "claims"), "claims")


def unverified_algorithm(token: Secret) -> str | None:
    """Return what a token says it is signed with, for display only; None where it does not say.

    Args:
        token: As for ``unverified_claims``.

    Raises:
        IdTokenError: It is no signed JWT.
    """
    header_part, _, _ = _segments(token)
    algorithm = _json_object(_decoded(header_part, "header"), "header").get("alg")
    return algorithm if isinstance(algorithm, str) else None


def _segments(token: Secret) -> tuple[str, str, str]:
    text = token.reveal()
    if len(text) > _MOST_CHARACTERS:
        raise IdTokenError(
            f"the ID token has {len(text)} characters, more than the {_MOST_CHARACTERS} that are read",
            "let the provider put fewer groups or claims in the ID token of this client",
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
    """Decode base64url without padding, in its one canonical spelling (RFC 7515 §2)."""
    from base64 import urlsafe_b64decode, urlsafe_b64encode

    if set(segment) <= _BASE64URL and len(segment) % 4 != 1:
        data = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
        if urlsafe_b64encode(data).rstrip(b"=") == segment.encode():
            return data
    raise IdTokenError(f"the ID token's {name} part is not base64url", _ASK)


def _json_object(data: bytes, name: str) -> dict[str, object]:
    """Parse one JSON object strictly: UTF-8, each member once, no deep nesting, nothing that JSON cannot say."""
    import json

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique_members)
        # What cannot be written again (NaN, half a surrogate pair) would trip whoever shows or stores it.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except _RepeatedMember as repeated:
        raise IdTokenError(
            f"the ID token's {name} part names {json_quoted(repeated.member)} twice", _ASK
        ) from None
    except (ValueError, RecursionError):
        raise IdTokenError(f"the ID token's {name} part cannot be read as JSON", _ASK) from None
    if not isinstance(value, dict):
        raise IdTokenError(f"the ID token's {name} part is not a JSON object", _ASK)
    if _deep(value):
        raise IdTokenError(f"the ID token's {name} part is nested more than {_DEEPEST} deep", _ASK)
    return value


class _RepeatedMember(Exception):
    """A JSON object names a member twice, and two readers may believe different ones (RFC 7519 §4)."""

    def __init__(self, member: str) -> None:
        super().__init__(member)
        self.member = member


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise _RepeatedMember(name)
        members[name] = value
    return members


def _deep(value: object) -> bool:
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
    """Refuse tokens of another kind (RFC 8725 §3.11) and extensions that we do not understand (RFC 7515 §4.1.11)."""
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") != "jwt":
        raise IdTokenError(
            f"the provider gave a token of the kind {json_quoted(kind)} as ID token",
            "an ID token has no typ header or JWT there; look which token the provider puts in id_token",
        )
    if "crit" in header:
        raise IdTokenError(
            f"the ID token demands extensions that nobody here knows: {json_quoted(header['crit'])}", _ASK
        )
    if header.get("b64", True) is not True:
        raise IdTokenError("the ID token's claims are not base64url (b64), which RFC 7797 §7 forbids", _ASK)


def _algorithm(header: Mapping[str, object], metadata: Sequence[str]) -> str:
    """Return the token's ``alg`` if kube-apiserver can take it and the provider's metadata allows it."""
    allowed = [name for name in ALGORITHMS if name in metadata] or ALGORITHMS
    algorithm = header.get("alg")
    if isinstance(algorithm, str) and algorithm in allowed:
        return algorithm
    if isinstance(algorithm, str) and algorithm in ALGORITHMS:
        raise IdTokenError(
            f"the ID token is signed with {algorithm}, but the provider's metadata names {', '.join(allowed)}",
            "let the provider sign with one of those, or name the algorithm in id_token_signing_alg_values_supported",
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
        f"kube-apiserver takes {', '.join(ALGORITHMS)}: let the provider sign this client's ID tokens with RS256",
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
    """Find a key that verifies the signature over header and claims (RFC 7515 §5.2).

    A signature that no key verifies is an unknown key too: a provider without kids rotates its keys, and a
    development provider makes new keys under an old kid. The key set that we hold may just be old.
    """
    hint = (
        "the provider may be changing its keys: try again in a minute; "
        "if it stays, ask its administrator whether jwks_uri serves the key that signs (-v 1 shows unusable ones)"
    )
    candidates = keys.candidates(kid, algorithm)
    if not candidates:
        raise UnknownKey(keys.why_none(kid, algorithm), hint, topic="id-token-key")
    if not any(_verifies(key, algorithm, signed, signature) for key in candidates):
        which = (
            "any key of the provider's key set" if kid is None else f"the provider's key {json_quoted(kid)}"
        )
        raise UnknownKey(
            f"the ID token's {algorithm} signature does not fit {which}", hint, topic="id-token-key"
        )


def _verifies(key: Key, algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Ask PyJWT's algorithm alone: its decode() reads the system's clock and takes more than we do."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from jwt import PyJWTError, get_algorithm_by_name

    verifier = get_algorithm_by_name(algorithm)
    try:
        return verifier.verify(signed, verifier.prepare_key(key.public_key), signature)
    except (PyJWTError, UnsupportedAlgorithm, TypeError, ValueError):
        return False  # such as a curve that this machine's OpenSSL does not allow
