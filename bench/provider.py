"""An OpenID provider over TLS that signs everybody in at once and counts what it is asked."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from types import TracebackType

HOUR = 3600
GROUPS = ("eks-admins", *(f"team-{number:02}" for number in range(20)))
"""Of everybody; the demo's cluster lets the first do everything, the rest give the token a usual size of about 1.2 KB."""


class Asked(NamedTuple):
    """One request.

    Attributes:
        at: When it was read, as time.perf_counter_ns() counts.
        line: Method and path.
    """

    at: int
    line: str


class Provider:
    """The provider, listening on loopback while it is entered.

    Args:
        tls: The TLS settings of a server.
        port: The port that its clients see, where something lies between; else its own.

    Attributes:
        asked: Every request so far.
        lives: How many seconds the ID tokens of a client live, where it is not an hour.
        groups: The groups in the ID tokens of a client, where they are not GROUPS.
    """

    def __init__(self, tls: ssl.SSLContext, port: int = 0) -> None:
        self.asked: list[Asked] = []
        self.lives: dict[str, int] = {}
        self.groups: dict[str, Sequence[str]] = {}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._nonces: dict[str, str] = {}  # by authorization code
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        # Each connection shakes hands in its own thread, when it is first read from.
        self._server.socket = tls.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port: int = self._server.server_port
        self.issuer = f"https://127.0.0.1:{port or self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def metadata(self) -> dict[str, Any]:
        """Return the discovery document (OpenID Connect Discovery 1.0, section 3)."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            # What most providers say; a client without a secret that sends its name either way is let in.
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "scopes_supported": ["openid", "email", "offline_access"],
        }

    def keys(self) -> dict[str, Any]:
        """Return the key set (RFC 7517, section 5)."""
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": "1", "use": "sig", "alg": "RS256"}]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where the browser goes on: back to the client, with a code (RFC 6749, section 4.1.2)."""
        code = secrets.token_urlsafe(16)
        self._nonces[code] = asked.get("nonce", "")
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def tokens(self, client: str, asked: dict[str, str]) -> dict[str, Any]:
        """Answer a token request (RFC 6749, sections 5.1 and 6); a refresh token is replaced each time."""
        now, life = int(time.time()), self.lives.get(client, HOUR)
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": client,
            "sub": "jane",
            "iat": now,
            "exp": now + life,
            "email": "jane@example.com",
            "email_verified": True,
            "groups": self.groups.get(client, GROUPS),
        }
        if nonce := self._nonces.pop(asked.get("code", ""), ""):
            claims["nonce"] = nonce
        return {
            "token_type": "Bearer",
            "expires_in": life,
            "access_token": secrets.token_urlsafe(32),
            "refresh_token": secrets.token_urlsafe(32),
            "id_token": jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "1"}),
        }


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""


class _Handler(BaseHTTPRequestHandler):
    provider: Provider
    protocol_version = "HTTP/1.1"  # a connection serves several requests, as any provider's does
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece
    timeout = 30.0

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        self.provider.asked.append(Asked(time.perf_counter_ns(), f"GET {path}"))
        match path:
            case "/.well-known/openid-configuration":
                self._answer(self.provider.metadata())
            case "/keys":
                self._answer(self.provider.keys())
            case "/authorize":
                self.send_response(302)
                self.send_header("Location", self.provider.authorize(query))
                self.send_header("Content-Length", "0")
                self.end_headers()
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        self.provider.asked.append(Asked(time.perf_counter_ns(), f"POST {self.path}"))
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        _, _, basic = self.headers.get("Authorization", "").partition(" ")
        client = form.get("client_id") or base64.b64decode(basic).decode().partition(":")[0]
        self._answer(self.provider.tokens(client, form))

    def _answer(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        """Say nothing: the requests are counted, not told."""
