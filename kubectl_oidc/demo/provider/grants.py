"""The grants of the demo's provider: Authlib configured as a strict provider (OpenID Connect Core 3.1, RFC 7636, RFC 9700).

PKCE with S256 is required. A refresh token is issued only with ``offline_access``, and can be used once. The authorization
response names the issuer (RFC 9207).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode

from .issued import CLIENT_ID, CODE_SECONDS, Code, IssuedTokens, RefreshToken, SignIn

if TYPE_CHECKING:
    from authlib.oauth2 import OAuth2Request
    from authlib.oauth2.rfc6749 import BaseGrant
    from flask import Flask, Response

    from .people import Directory

ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the grants.

    Attributes:
        key: The private signing key, a JWK with its ``kid``.
        lifetime: The lifetime of ID and access tokens, in seconds.
    """

    issuer: str
    key: dict[str, Any]
    lifetime: int
    directory: Directory
    issued: IssuedTokens


class Server(AuthorizationServer):
    """The authorization server; its grants read the settings here."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.settings = settings
        lifetime = settings.lifetime
        app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"authorization_code": lifetime, "refresh_token": lifetime}
        app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
        super().__init__(app, self._find_client, self._store_refresh_token)
        id_token = _IdToken(settings)
        self.register_grant(_CodeGrant, [_RequirePkce(), id_token])
        self.register_grant(_RefreshGrant, [id_token])
        self.register_endpoint(_Revocation)
        self._issuer = _Issuer(settings.issuer)
        self.register_extension(self._issuer)

    def _find_client(self, client_id: str) -> object:
        return self.settings.issued.client if client_id == CLIENT_ID else None

    def _store_refresh_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Store the refresh token that was just issued, in the family of the code or token that was redeemed."""
        origin: Any = request.authorization_code or request.refresh_token
        if "refresh_token" in token:
            issued = RefreshToken(origin.sign_in, origin.scope, origin.family)
            self.settings.issued.refresh_tokens[token["refresh_token"]] = issued

    def begin(self, sign_in: SignIn | None) -> BaseGrant:
        """Check the current authorization request (RFC 6749 §4.1.1); the grant's ``prompt`` shows if a person must act first.

        Raises:
            OAuth2Error: The request must be rejected.
        """
        grant: BaseGrant = self.get_consent_grant(end_user=sign_in)  # type: ignore[no-untyped-call] # bare in the stubs
        return grant

    def send_back(self, sign_in: SignIn, grant: BaseGrant) -> Response:
        """Redirect the browser with a code (RFC 6749 §4.1.2)."""
        return cast("Response", self.create_authorization_response(grant_user=sign_in, grant=grant))

    def redeem(self) -> Response:
        """Answer a token request (RFC 6749 §3.2)."""
        return cast("Response", self.create_token_response())

    def revoke(self) -> Response:
        """Answer a revocation request (RFC 7009)."""
        response: Any = self.create_endpoint_response("revocation")  # type: ignore[no-untyped-call] # bare in the stubs
        return cast("Response", response)

    def refuse(self, error: OAuth2Error) -> Response:
        """Redirect the browser to the error's redirect URI (RFC 6749 §4.1.2.1)."""
        response: Response = self.handle_response(*error())
        self._issuer.add_issuer_parameter(self, response)
        return response


class _Issuer(IssuerParameter):
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        super().__init__()

    def get_issuer(self) -> str:
        return self._issuer


class _RequirePkce(CodeChallenge):
    """Require S256 in the authorization request, not only when the code is redeemed."""

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with code_challenge_method S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class _CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        data = request.payload.data
        self.server.settings.issued.codes[code] = Code(
            sign_in=request.user,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            nonce=data.get("nonce"),
            code_challenge=data["code_challenge"],
            code_challenge_method=data["code_challenge_method"],
            expires=time.time() + CODE_SECONDS,
        )

    def query_authorization_code(self, code: str, client: object) -> Code | None:  # noqa: ARG002
        found: Code | None = self.server.settings.issued.redeemable(code)
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        authorization_code.used = True

    def authenticate_user(self, authorization_code: Code) -> SignIn:
        return authorization_code.sign_in

    def generate_token(self, *args: Any, **kwargs: Any) -> dict[str, str | int]:
        """Issue a refresh token only if ``offline_access`` was requested (OpenID Connect Core 11)."""
        offline = "offline_access" in (kwargs.get("scope") or "").split()
        return super().generate_token(*args, **{**kwargs, "include_refresh_token": offline})


class _RefreshGrant(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken:
        # Authlib answers invalid_grant to None; its stubs do not allow it.
        found: RefreshToken = self.server.settings.issued.refreshable(refresh_token)
        return found

    def authenticate_user(self, refresh_token: RefreshToken) -> SignIn:
        return refresh_token.sign_in

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:  # type: ignore[override] # the stubs name the base class
        refresh_token.used = True


class _IdToken(OpenIDCode):
    """The ID token of a sign-in and of a refresh, with the current groups."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def resolve_client_private_key(self, client: object) -> dict[str, Any]:  # noqa: ARG002
        return self._settings.key

    def get_client_algorithm(self, client: object) -> str:  # noqa: ARG002
        return ALGORITHM

    def get_encode_header(self, client: object) -> dict[str, Any]:  # noqa: ARG002
        return {"alg": ALGORITHM, "kid": self._settings.key["kid"]}

    def get_client_claims(self, client: object) -> dict[str, Any]:  # noqa: ARG002
        now = int(time.time())
        return {
            "iss": self._settings.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + self._settings.lifetime,
        }

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:  # noqa: ARG002
        """Allow a nonce again: a browser may open the same authorization request twice."""
        return False

    def generate_user_info(self, user: SignIn, scope: str) -> UserInfo:
        """Return the claims about the person (OpenID Connect Core 5.4), with the groups for any scope."""
        directory = self._settings.directory
        person = directory.people.get(user.email)
        claims = UserInfo(sub=person.subject if person else user.email, auth_time=user.at)
        if "email" in scope.split():
            claims.update(email=user.email, email_verified=True)
        if person and "profile" in scope.split():
            claims.update(name=person.name, preferred_username=person.email)
        if groups := directory.claimed_groups(user.email):
            claims["groups"] = groups
        return claims


class _Revocation(RevocationEndpoint):
    """RFC 7009: revoking a refresh token ends every token of its sign-in."""

    CLIENT_AUTH_METHODS = ("none",)

    def query_token(self, token_string: str, token_type_hint: str | None) -> RefreshToken | None:  # noqa: ARG002
        found: RefreshToken | None = self.server.settings.issued.refresh_tokens.get(token_string)
        return found

    def revoke_token(self, token: RefreshToken, request: OAuth2Request) -> None:  # noqa: ARG002
        token.family.ended = True
