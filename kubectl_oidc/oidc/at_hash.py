"""The claim ``at_hash``: whether an access token was issued with an ID token (OpenID Connect Core 3.1.3.6, 3.1.3.8)."""

from __future__ import annotations

from . import base64url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.secret import Secret


def at_hash_matches(claims: Mapping[str, object], algorithm: str, access_token: Secret) -> bool:
    """Return whether ``at_hash`` is absent or the left half of the access token's hash. ``algorithm`` signed the ID token."""
    from hashlib import new
    from hmac import compare_digest

    claim = claims.get("at_hash")
    if claim is None:
        return True
    digest = new(f"sha{algorithm[2:]}", access_token.reveal().encode("utf-8", "surrogatepass")).digest()
    half = base64url.encode(digest[: len(digest) // 2])
    return isinstance(claim, str) and compare_digest(claim.encode(), half.encode())
