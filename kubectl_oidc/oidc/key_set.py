"""The provider's key set: which public key may verify which algorithm (RFC 7517).

The algorithm must fit the key, whatever the token says (RFC 8725 §3.1). Keys that cannot be used are left out, and the reason
is logged.
"""

from __future__ import annotations

from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import json_quoted

from .signature import RSA, public_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

# The algorithms that kube-apiserver can verify: those of --oidc-signing-algs. AuthenticationConfiguration accepts all of them.
# All are asymmetric. EdDSA and ES256K are not supported.
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512")

_CURVE_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}  # RFC 7518 §3.4
_FEWEST_RSA_BITS = 2048  # RFC 7518 §3.3, §3.5
_MOST_RSA_BITS = 16384  # OpenSSL does not verify longer ones, and building one takes time
_MOST_KEYS = 256  # providers have one to twenty; reading thousands would take time


class Key(NamedTuple):
    """A public key that may verify ID tokens.

    Attributes:
        kid: The key ID, if there is one. Several keys may share it (RFC 7517 §4.5).
        algorithms: The algorithms that the key's type, curve and ``alg`` allow.
    """

    kid: str | None
    algorithms: frozenset[str]
    public_key: RSAPublicKey | EllipticCurvePublicKey


class LeftOut(NamedTuple):
    """A member of the key set that is not used, and why, in public facts. ``str()`` is a line for the log."""

    kid: str | None
    reason: str

    def __str__(self) -> str:
        which = "a key" if self.kid is None else f"key {json_quoted(self.kid)}"
        return f"{which}: {self.reason}"


class KeySet(NamedTuple):
    """The usable keys of a JWK Set, and what was left out of it."""

    keys: tuple[Key, ...]
    left_out: tuple[LeftOut, ...] = ()

    @classmethod
    def from_jwks(cls, document: Mapping[str, object]) -> KeySet:
        """Parse a JWK Set (RFC 7517 §5). The result may have no usable key.

        Raises:
            InvalidProviderResponse: The document has no list of keys.
        """
        entries = document.get("keys")
        if not isinstance(entries, list):
            from kubectl_oidc.errors import InvalidProviderResponse

            raise InvalidProviderResponse(
                "the provider's key set has no list of keys",
                "check jwks_uri in the provider's metadata: it must return a JWK Set",
            )
        keys: list[Key] = []
        left_out: list[LeftOut] = []
        for entry in entries[:_MOST_KEYS]:
            try:
                keys.append(_key(entry))
            except _Unusable as unusable:
                left_out.append(LeftOut(_kid_of(entry), str(unusable)))
        if len(entries) > _MOST_KEYS:
            left_out.append(LeftOut(None, f"only the first {_MOST_KEYS} of {len(entries)} keys are read"))
        return cls(tuple(keys), tuple(left_out))

    def candidates(self, kid: str | None, algorithm: str) -> tuple[Key, ...]:
        """Return every key that may verify a token (RFC 7515 §4.1.4). Without a ``kid`` every key of the algorithm counts."""
        return tuple(key for key in self.keys if kid in {None, key.kid} and algorithm in key.algorithms)

    def why_none(self, kid: str | None, algorithm: str) -> str:
        """Return in one line why ``candidates`` finds no key for the ID token."""
        if kid is None:
            return f"the provider's key set has no key that can verify an ID token signed with {algorithm}"
        for key in self.keys:
            if key.kid == kid:
                fit = ", ".join(name for name in ALGORITHMS if name in key.algorithms)
                return f"the ID token is signed with {algorithm}, but its key {json_quoted(kid)} is for {fit}"
        for other in self.left_out:
            if other.kid == kid:
                return f"the ID token's key {json_quoted(kid)} must not be used: {other.reason}"
        return f"the ID token names the key {json_quoted(kid)}, which is not in the provider's key set"


class _Unusable(Exception):
    """Why one member of a key set is left out."""


def _kid_of(entry: object) -> str | None:
    kid = entry.get("kid") if isinstance(entry, dict) else None
    return kid if isinstance(kid, str) else None


def _key(entry: object) -> Key:
    """Return the key of one member of the set, or raise _Unusable."""
    if not isinstance(entry, dict):
        raise _Unusable("not a JSON object")
    kid = entry.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise _Unusable("its kid is not a string")
    if entry.get("d") is not None:
        raise _Unusable("it reveals its private part, so anyone can sign with it")
    _check_purpose(entry)
    return Key(kid, _algorithms(entry), _public_key(entry))


def _check_purpose(entry: Mapping[str, object]) -> None:
    """Refuse keys that are not for signatures (RFC 7517 §4.2, §4.3). Null and "" count as missing."""
    use, operations = entry.get("use"), entry.get("key_ops")
    if use not in (None, "", "sig"):
        raise _Unusable(f'its use is {json_quoted(use)}, not "sig"')
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        raise _Unusable(f'its key_ops are {json_quoted(operations)}, without "verify"')


def _algorithms(entry: Mapping[str, object]) -> frozenset[str]:
    """Return the algorithms that type, curve and ``alg`` allow (RFC 7518 §6, RFC 7517 §4.4)."""
    kind, curve, named = entry.get("kty"), entry.get("crv"), entry.get("alg")
    if kind == "RSA":
        fit = frozenset(RSA)
    elif kind == "EC" and isinstance(curve, str) and curve in _CURVE_ALGORITHMS:
        fit = frozenset({_CURVE_ALGORITHMS[curve]})
    else:
        which = f"its type is {json_quoted(kind)}" + (
            "" if curve is None else f" with the curve {json_quoted(curve)}"
        )
        raise _Unusable(f"{which}, which kube-apiserver does not accept")
    if named in (None, ""):
        return fit
    if not isinstance(named, str) or named not in fit:
        raise _Unusable(f"its alg is {json_quoted(named)}, not one of {', '.join(sorted(fit))}")
    return frozenset({named})


def _public_key(entry: Mapping[str, object]) -> RSAPublicKey | EllipticCurvePublicKey:
    """Build the key from its public members only."""
    try:
        key = public_key(entry)
    except ValueError:
        raise _Unusable("its numbers cannot be read") from None
    if entry["kty"] == "RSA" and not _FEWEST_RSA_BITS <= key.key_size <= _MOST_RSA_BITS:
        raise _Unusable(f"an RSA key of {key.key_size} bits, not {_FEWEST_RSA_BITS} to {_MOST_RSA_BITS}")
    return key
