"""What identifies a session.

A setting is part of the key if it leads to a different token, another person or another trust. How the browser is opened, or
on which port the callback server listens, is not. So ten clusters that trust the same client share one sign-in.
"""

from __future__ import annotations

import json

from kubectl_oidc.digests import sha256
from kubectl_oidc.named_tuple import NamedTuple

from .session_record import VERSION


class SessionKey(NamedTuple):
    """What identifies a session.

    Attributes:
        issuer: The issuer, byte for byte.
        scopes: The requested scopes, in any order.
        grant: The grant, such as ``authcode``.
        username: The user name of a password grant, else empty.
        extra_params: Extra authorization parameters, in any order.
        request_headers: Headers that are sent to the provider, in any order.
        cache_dir: The cache directory; empty for the default in the account's own home (``account_home``).
        name: ``--session``, else empty.
        use_access_token: Whether kubectl gets the access token instead of the ID token.
        exchange: What the token is exchanged for (``TokenExchange.identity``), else empty.
        more_identity: What else makes another session, by field name (``SignInRequest.identity``).
        trust: Who is trusted to be the provider (``trust.trust_identity``); empty for the system's authorities.
    """

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    grant: str = "authcode"
    username: str = ""
    extra_params: tuple[tuple[str, str], ...] = ()
    request_headers: tuple[tuple[str, str], ...] = ()
    cache_dir: str = ""
    name: str = ""
    use_access_token: bool = False
    exchange: tuple[str, ...] = ()
    more_identity: tuple[tuple[str, object], ...] = ()
    trust: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"SessionKey(issuer={self.issuer!r}, client_id={self.client_id!r})"  # headers may hold a secret
        )

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
        if self.more_identity:
            canonical.append(dict(self.more_identity))
        if self.trust:
            canonical.append({"trust": self.trust})
        return sha256(json.dumps(canonical).encode()).hexdigest()[:32]
