"""The claim ``at_hash``: whether an access token was issued with an ID token (OpenID Connect Core 3.1.3.6, 3.1.3.8)."""

from __future__ import annotations

from kubectl_oidc.digests import compare_digest, sha256

from . import base64url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from hashlib import _Hash

    from kubectl_oidc.secret import Secret


def at_hash_matches(claims: Mapping[str, object], algorithm: str, access_token: Secret) -> bool:
    """Return whether ``at_hash`` is absent or the left half of the access token's hash. ``algorithm`` signed the ID token."""
    claim = claims.get("at_hash")
    if claim is None:
        return True
    token = access_token.reveal().encode("utf-8", "surrogatepass")
    digest = _hash(algorithm)(token).digest()
    half = base64url.encode(digest[: len(digest) // 2])
    return isinstance(claim, str) and compare_digest(claim.encode(), half.encode())


def _hash(algorithm: str) -> Callable[[bytes], _Hash]:
    """Return the hash function of a signature algorithm, such as SHA-256 of ES256."""
    if algorithm.endswith("256"):
        return sha256
    from functools import partial
    from hashlib import new

    return partial(new, f"sha{algorithm[2:]}")
