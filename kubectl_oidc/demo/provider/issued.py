"""What the demo's provider keeps in memory: its one client, authorization codes, refresh tokens.

All tokens of one sign-in are one family. If a code or refresh token is used twice, one of the two users has stolen it, so the
whole family ends (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oidc.core import AuthorizationCodeMixin

if TYPE_CHECKING:
    from collections.abc import Collection

CLIENT_ID = "demo"
SCOPES = ("openid", "email", "profile", "offline_access")
GRANT_TYPES = ("authorization_code", "refresh_token")

CODE_SECONDS = 60
"""How long an authorization code is valid."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person who signed in at the time `at`, epoch seconds."""

    email: str
    at: int


class NativeApp(ClientMixin):
    """The provider's only client: public, with a loopback redirect URI on any port (RFC 8252 §7.3, §8.4)."""

    def get_client_id(self) -> str:
        """Return its client ID."""
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        """Return no default: the request must name it."""
        return ""

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        """Return the requested scopes that exist."""
        asked = scope.split() if isinstance(scope, str) else scope
        return " ".join(name for name in SCOPES if name in asked)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether the URI is http on loopback without a path, on any port."""
        try:
            parts = urlsplit(redirect_uri)
            known = parts.hostname in _LOOPBACK and (parts.port is None or parts.port > 0)
        except ValueError:
            return False
        plain = parts.scheme == "http" and not (parts.query or parts.fragment or parts.username)
        return known and plain and parts.path in {"", "/"}

    def check_client_secret(self, client_secret: str) -> bool:  # noqa: ARG002 - Authlib's signature
        """Return False: a public client has no secret."""
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        """Return whether the client may use this authentication method."""
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        """Return whether the client may use this response type."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether the client may use this grant."""
        return grant_type in GRANT_TYPES


@dataclass(slots=True)
class Family:
    """All tokens of one sign-in."""

    ended: bool = False


@dataclass(slots=True)
class Code(AuthorizationCodeMixin):
    """An authorization code (RFC 6749 §4.1.2) and its parameters."""

    sign_in: SignIn
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    expires: float
    family: Family = field(default_factory=Family)
    used: bool = False

    def get_redirect_uri(self) -> str:
        """Return its redirect URI."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return its scopes."""
        return self.scope

    def get_nonce(self) -> str | None:
        """Return the nonce for the ID token."""
        return self.nonce

    def get_auth_time(self) -> int:
        """Return when the person signed in, epoch seconds."""
        return self.sign_in.at

    def get_acr(self) -> str:
        """Return no authentication context class."""
        return ""

    def get_amr(self) -> list[str]:
        """Return no authentication methods."""
        return []


@dataclass(slots=True)
class RefreshToken(TokenMixin):
    """A refresh token, which can be used once."""

    sign_in: SignIn
    scope: str
    family: Family
    used: bool = False

    def check_client(self, client: ClientMixin) -> bool:
        """Return whether it was issued to this client."""
        return client.get_client_id() == CLIENT_ID

    def get_scope(self) -> str:
        """Return its scopes."""
        return self.scope


class IssuedTokens:
    """Codes and refresh tokens. Not thread-safe: the caller holds a lock while it redeems one."""

    def __init__(self) -> None:
        self.client = NativeApp()
        self.codes: dict[str, Code] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}

    def redeemable(self, text: str) -> Code | None:
        """Return the code if it is valid; end its family if it was redeemed before."""
        code = self.codes.get(text)
        if code is None or code.expires < time.time():
            return None
        if code.used:
            code.family.ended = True
            return None
        return code

    def refreshable(self, text: str) -> RefreshToken | None:
        """Return the refresh token if it is valid; end its family if it was used before."""
        token = self.refresh_tokens.get(text)
        if token is None or token.family.ended:
            return None
        if token.used:
            token.family.ended = True
            return None
        return token
