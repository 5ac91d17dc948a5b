"""Authenticate a request by its ID token, as kube-apiserver does."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.system.deadline import Deadline

if TYPE_CHECKING:
    from kubectl_oidc.http.client import HttpClient


# The algorithms that kube-apiserver's --oidc-signing-algs accepts: only asymmetric ones.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_FETCH_SECONDS = 10.0
_FETCH_PAUSE = 1.0
"""Seconds between two requests for new keys, so that forged tokens do not cause one each."""
EVERYBODY = "system:authenticated"


@dataclass(frozen=True, slots=True)
class User:
    """The authenticated user.

    Attributes:
        name: The ``email`` claim.
        groups: The ``groups`` claim, and ``system:authenticated``.
    """

    name: str
    groups: tuple[str, ...]


class TokenAuthenticator:
    """Check ID tokens as kube-apiserver does with ``--oidc-username-claim=email --oidc-groups-claim=groups``.

    Args:
        http: The client for the provider's key set; its TLS trust is ``--oidc-ca-file``.
    """

    def __init__(self, issuer: str, client_id: str, http: HttpClient) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._http = http
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = 0.0
        self._fetching = threading.Lock()

    def authenticate(self, authorization: str | None) -> User | None:
        """Return the user of an ``Authorization`` header; None if it has no valid token."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return None
        try:
            return _user(self._claims(token.strip()))
        except (jwt.PyJWTError, OidcLoginError, ValueError):
            return None

    def _claims(self, token: str) -> dict[str, Any]:
        key = self._key(str(jwt.get_unverified_header(token).get("kid")))
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name] if key.algorithm_name in _ALGORITHMS else [],
            issuer=self._issuer,
            audience=self._client_id,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
        return claims

    def _key(self, key_id: str) -> jwt.PyJWK:
        """Return the provider's key with this ID; an unknown ID causes a new request.

        Raises:
            ValueError: There is no such key.
            OidcLoginError: The provider does not answer.
        """
        with self._fetching:
            if key_id not in self._keys and time.monotonic() - self._fetched > _FETCH_PAUSE:
                self._keys = self._fetch_keys()
                self._fetched = time.monotonic()
            if key_id not in self._keys:
                raise ValueError("no such key")
            return self._keys[key_id]

    def _fetch_keys(self) -> dict[str, jwt.PyJWK]:
        deadline = Deadline.after(_FETCH_SECONDS)
        metadata = self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", deadline)
        if metadata.get("issuer") != self._issuer:
            raise ValueError("the metadata is another issuer's")
        address = metadata.get("jwks_uri")
        if not isinstance(address, str):
            raise ValueError("the metadata names no key set")  # noqa: TRY004 - the caller's one kind of error
        key_set = jwt.PyJWKSet.from_dict(self._get(address, deadline))
        return {key.key_id: key for key in key_set.keys if key.key_id and key.key_type != "oct"}

    def _get(self, url: str, deadline: Deadline) -> dict[str, Any]:
        response = self._http.get(url, deadline=deadline)
        document = json.loads(response.body)
        if response.status != 200 or not isinstance(document, dict):  # noqa: PLR2004 - OK
            raise ValueError("the provider does not answer")
        return document


def _user(claims: dict[str, Any]) -> User | None:
    """Return the user of these claims; None for an unverified email address, as in kube-apiserver."""
    email, groups = claims.get("email"), claims.get("groups")
    if not isinstance(email, str) or not email or claims.get("email_verified", True) is not True:
        return None
    named = [] if groups is None else [groups] if isinstance(groups, str) else groups
    if not isinstance(named, list) or not all(isinstance(group, str) for group in named):
        return None
    return User(email, (*named, EVERYBODY))
