"""An OpenID provider on loopback: its endpoints and its sign-in page.

The issuer is https with a certificate of the demo's authority, so that everything is tested as with a real provider. A browser
does not trust that authority, so only the sign-in page is plain http on loopback, which nobody else can read (RFC 8252 §8.3).
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Flask, Response, abort, g, jsonify, redirect, render_template, request, session

from kubectl_oidc.demo.https_server import Listener

from .grants import ALGORITHM, Server, Settings
from .issued import CLIENT_ID, GRANT_TYPES, SCOPES, IssuedTokens, SignIn
from .people import team

if TYPE_CHECKING:
    from typing import Self

    from werkzeug import Response as AnyResponse

    from kubectl_oidc.demo.authority import Authority

    from .people import Directory

LIFETIME = 3600
"""The lifetime of an ID token in seconds, as at Okta."""


class Provider:
    """The provider; a context manager that serves while it is entered.

    Args:
        lifetime: The lifetime of its ID and access tokens, in seconds.

    Attributes:
        sent_back: The email addresses of the people who got a code, in order.
        token_requests: How many requests the token endpoint has received.
    """

    def __init__(
        self, authority: Authority, directory: Directory | None = None, *, lifetime: int = LIFETIME
    ) -> None:
        self.directory = directory or team()
        self.client_id = CLIENT_ID
        self.sent_back: list[str] = []
        self.token_requests = 0
        self._app = self._build()
        self._back = Listener(self._app, authority.server_context())
        self._front = Listener(self._app)
        self.issuer = self._back.origin
        key = _signing_key()
        self._public_key = {name: value for name, value in key.items() if name not in _PRIVATE_MEMBERS}
        self._redeeming = threading.Lock()
        settings = Settings(
            issuer=self.issuer, key=key, lifetime=lifetime, directory=self.directory, issued=IssuedTokens()
        )
        self._server = Server(self._app, settings)

    def __enter__(self) -> Self:
        self._back.start()
        self._front.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._front.close()
        self._back.close()

    def _build(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.config.update(
            SECRET_KEY=secrets.token_bytes(32),  # sign-ins end with the provider
            SESSION_COOKIE_NAME="kubectl_oidc_demo",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            TRUSTED_HOSTS=["127.0.0.1"],  # against DNS rebinding
            MAX_CONTENT_LENGTH=64 * 1024,
        )
        app.before_request(_make_style_nonce)
        app.after_request(_guard_pages)
        app.add_url_rule("/.well-known/openid-configuration", view_func=self._metadata)
        app.add_url_rule("/keys", view_func=self._keys)
        app.add_url_rule("/authorize", view_func=self._authorize)
        app.add_url_rule("/sign-in", view_func=self._sign_in, methods=["POST"])
        app.add_url_rule("/sign-out", view_func=self._sign_out, methods=["GET", "POST"])
        app.add_url_rule("/token", view_func=self._token, methods=["POST"])
        app.add_url_rule("/revoke", view_func=self._revoke, methods=["POST"])
        return app

    def _metadata(self) -> Response:
        """OpenID Connect Discovery 4."""
        back = self._back.origin
        return jsonify(
            issuer=self.issuer,
            authorization_endpoint=f"{self._front.origin}/authorize",
            token_endpoint=f"{back}/token",
            revocation_endpoint=f"{back}/revoke",
            jwks_uri=f"{back}/keys",
            response_types_supported=["code"],
            response_modes_supported=["query"],
            grant_types_supported=GRANT_TYPES,
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=[ALGORITHM],
            scopes_supported=SCOPES,
            claims_supported=["sub", "email", "email_verified", "name", "preferred_username", "groups"],
            token_endpoint_auth_methods_supported=["none"],
            revocation_endpoint_auth_methods_supported=["none"],
            code_challenge_methods_supported=["S256"],
            authorization_response_iss_parameter_supported=True,
            prompt_values_supported=["none", "login", "select_account"],
        )

    def _keys(self) -> Response:
        """RFC 7517 §5."""
        return jsonify(keys=[self._public_key])

    def _authorize(self) -> AnyResponse | str:
        """OpenID Connect Core 3.1.2: a person who is signed in gets a code at once, without consent."""
        sign_in = self._signed_in()
        try:
            grant = self._server.begin(sign_in)
        except OAuth2Error as error:
            return self._refuse(error)
        except ValueError:  # Authlib rejects some characters in its own error description
            return _refusal("The request holds characters that do not belong there.")
        if sign_in is None or grant.prompt in {"login", "select_account"}:
            session.setdefault("form", secrets.token_urlsafe(16))
            query = request.query_string.decode("ascii", "replace")
            return render_template(
                "sign_in.html", people=self.directory, form=session["form"], action=f"/sign-in?{query}"
            )
        self.sent_back.append(sign_in.email)
        return self._server.send_back(sign_in, grant)

    def _refuse(self, error: OAuth2Error) -> AnyResponse:
        """Redirect the browser with the error, or show it if there is no redirect URI (RFC 6749 §4.1.2.1)."""
        if error.redirect_uri:
            return self._server.refuse(error)
        return _refusal(error.description or error.error or "The request cannot be granted.")

    def _signed_in(self) -> SignIn | None:
        email, at = session.get("email"), session.get("at")
        if isinstance(email, str) and isinstance(at, int) and email in self.directory.people:
            return SignIn(email, at)
        return None

    def _sign_in(self) -> AnyResponse:
        """Accept the form of the sign-in page, and continue with the authorization request."""
        expected = session.get("form", "")
        if not expected or not secrets.compare_digest(request.form.get("form", ""), expected):
            abort(400, "This form has ended. Go back and open the sign-in again.")
        email = request.form.get("email", "")
        if email not in self.directory.people:
            abort(400, "There is no such person.")
        session.update(email=email, at=int(time.time()))
        rest = [(name, value) for name, value in request.args.items(multi=True) if name != "prompt"]
        return redirect(f"/authorize?{urlencode(rest)}", 303)

    def _sign_out(self) -> str:
        """End the sign-in, so that the next one asks again."""
        session.clear()
        return render_template("signed_out.html")

    def _token(self) -> Response:
        """RFC 6749 §3.2, one request at a time: checking and marking a code or token as used is one step."""
        _only_over_tls()
        with self._redeeming:
            self.token_requests += 1
            return self._server.redeem()

    def _revoke(self) -> Response:
        """RFC 7009."""
        _only_over_tls()
        with self._redeeming:
            return self._server.revoke()


# Members of the private key that the public key does not have; key_ops names the private key's use (RFC 7517 §4.3).
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "key_ops"})


def _signing_key() -> dict[str, Any]:
    """Return a fresh RSA key as a private JWK (RFC 7518 §6.3)."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from jwt.algorithms import RSAAlgorithm

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key: dict[str, Any] = RSAAlgorithm.to_jwk(private, as_dict=True)
    return {**key, "kid": secrets.token_hex(8), "use": "sig", "alg": ALGORITHM, "key_ops": ["sign"]}


def _refusal(words: str) -> Response:
    """Return a page that says why there is no redirect."""
    return Response(render_template("refused.html", words=words), status=400)


def _only_over_tls() -> None:
    if not request.is_secure:
        abort(404)


def _make_style_nonce() -> None:
    g.style_nonce = secrets.token_urlsafe(16)


def _guard_pages(response: Response) -> Response:
    """Allow only the page's own style; its form may redirect to an application on loopback."""
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{g.style_nonce}'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self' http://localhost:* http://127.0.0.1:*"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
