"""An OpenID provider that is honest until a test tells it otherwise, in one point.

    provider = HostileProvider(server)             # a running `Hostile`
    provider.metadata["issuer"] = "https://evil.example.com"
    provider.claims["aud"] = "another-client"
    provider.on_token = html_reply(502)

Whoever opens its authorization endpoint is signed in at once: it is the provider that is tried here, not its forms.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from .hostile import Hostile, Talk, discovery, json_reply, reply
from .tokens import ABSENT, CLIENT_ID, SigningKey, id_token, jwks, signing_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kubectl_oidc.secret import Secret

    from .hostile import Script

WELL_KNOWN = "/.well-known/openid-configuration"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
LIFE = 3600
"""Seconds that its ID tokens live."""


@dataclass
class Seen:
    """What it was sent and has sent that nobody else may see.

    Attributes:
        requests: The paths asked for, in order.
        forms: The token requests, in order.
        secrets: State, nonce, verifiers, codes and tokens, each with a name.
    """

    requests: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def grants(self) -> list[str]:
        """Return the grant types that tokens were asked for by."""
        return [form.get("grant_type", "") for form in self.forms]


class HostileProvider:
    """The provider; every attribute is what a test may change.

    Attributes:
        metadata: Its discovery document.
        key_set: What it publishes as its keys.
        key: What it signs with.
        issued: The refresh tokens that it has issued, in order; the last and the one before it are good.
        header: Changes to an ID token's header; ABSENT removes a member.
        claims: Changes to an ID token's claims; ABSENT removes a member.
        claims_of_refresh: Changes to the claims of those alone that a refresh brings.
        forge: Makes another ID token of the good one.
        answer: Changes to the token response; ABSENT removes a member.
        device: Changes to the device authorization response; ABSENT removes a member.
        callback: Makes another query of the good one, as pairs.
        on_poll: Answers to the first polls for a device code, one each.
        on_metadata: Answers for the discovery document, in the place of it; and so on.
    """

    def __init__(self, server: Hostile) -> None:
        self.server = server
        self.issuer = server.url
        self.issued: list[str] = []
        self._sign_ins: list[int] = []  # how many tokens had been issued at each sign-in
        self._nonces: dict[str, str] = {}
        self._challenges: dict[str, str] = {}
        self.be_honest()

    def be_honest(self) -> None:
        """Forget what was told, and what was seen; the sign-ins go on."""
        self.seen = Seen()
        self.metadata: dict[str, Any] = {
            **discovery(self.issuer),
            "code_challenge_methods_supported": ["S256"],
            "device_authorization_endpoint": f"{self.issuer}/device",
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                DEVICE_CODE,
            ],
        }
        self.key: SigningKey = signing_key()
        self.key_set: Any = jwks(self.key)
        self.header: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.claims_of_refresh: dict[str, Any] = {}
        self.forge: Callable[[str], str] = lambda token: token
        self.answer: dict[str, Any] = {}
        self.device: dict[str, Any] = {}
        self.callback: Callable[[list[tuple[str, str]]], list[tuple[str, str]]] = lambda pairs: pairs
        self.on_metadata: Script | None = None
        self.on_keys: Script | None = None
        self.on_poll: list[Script] = []
        self.on_token: Script | None = None
        self.on_device: Script | None = None
        self.on_authorize: Script | None = None
        self.server.on(WELL_KNOWN, self._said("on_metadata", lambda _: json_reply(self.metadata)))
        self.server.on("/keys", self._said("on_keys", lambda _: json_reply(self.key_set)))
        self.server.on("/authorize", self._said("on_authorize", self._authorize))
        self.server.on("/token", self._said("on_token", self._token))
        self.server.on("/device", self._said("on_device", self._device))

    def good_refresh_tokens(self) -> list[str]:
        """Return the refresh tokens that it takes: the last of each sign-in, and the one before, whose answer may be lost."""
        bounds = [0, *self._sign_ins, len(self.issued)]
        return [token for one, end in pairwise(bounds) for token in self.issued[one:end][-2:]]

    def _said(self, name: str, honest: Callable[[Talk], Script]) -> Script:
        """Return what answers at an endpoint: what a test has set there, else the honest thing."""

        def script(talk: Talk) -> None:
            self.seen.requests.append(urlsplit(talk.asked.path).path)
            if name == "on_token":
                self._note(talk)
            told: Script | None = getattr(self, name)
            (told or honest(talk))(talk)

        return script

    def _note(self, talk: Talk) -> None:
        form = dict(parse_qsl(talk.asked.body.decode(), keep_blank_values=True))
        self.seen.forms.append(form)
        if form.get("grant_type") == "authorization_code":
            self._sign_ins.append(len(self.issued))
        for member in ("code_verifier", "client_secret", "device_code"):
            if member in form:
                self.seen.secrets[member] = form[member]

    def _authorize(self, talk: Talk) -> Script:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(talk.asked.path).query).items()}
        code = f"SECRET-code-{len(self._nonces)}-{time.monotonic_ns()}"
        self._nonces[code], self._challenges[code] = asked.get("nonce", ""), asked.get("code_challenge", "")
        self.seen.secrets |= {"state": asked["state"], "nonce": asked["nonce"], "code": code}
        pairs = self.callback([("code", code), ("state", asked["state"])])
        return reply(302, headers={"Location": f"{asked['redirect_uri']}?{urlencode(pairs)}"})

    def _token(self, _: Talk) -> Script:
        form = self.seen.forms[-1]
        told = self.on_poll.pop(0) if self.on_poll and form["grant_type"] == DEVICE_CODE else None
        if told is not None:
            return told
        nonce = self._nonces.pop(form.get("code", ""), None)
        good = {
            "authorization_code": lambda: self._verified(form, nonce),
            "refresh_token": lambda: form["refresh_token"] in self.good_refresh_tokens(),
        }
        if not good.get(form["grant_type"], lambda: True)():
            return json_reply({"error": "invalid_grant"}, 400)
        # Core 12.2: after a refresh the ID token need not hold the nonce.
        more = self.claims_of_refresh if form["grant_type"] == "refresh_token" else {}
        return json_reply(self.token_response(nonce, more))

    def _verified(self, form: Mapping[str, str], nonce: str | None) -> bool:
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        return nonce is not None and self._challenges.pop(form["code"], "") in {"", challenge}

    def _device(self, _: Talk) -> Script:
        self.seen.secrets["device code"] = "SECRET-device-code"
        document = {
            "device_code": "SECRET-device-code",
            "user_code": "WDJB-MJHT",
            "verification_uri": f"{self.issuer}/activate",
            "expires_in": 60,
            "interval": 1,
            **self.device,
        }
        return json_reply({name: value for name, value in document.items() if value is not ABSENT})

    def token_response(self, nonce: str | None, more: Mapping[str, Any]) -> dict[str, Any]:
        """Return a token response with what was changed.

        Args:
            nonce: What the ID token holds as ``nonce``; None leaves it out.
            more: Further changes to its claims.
        """
        number = len(self.seen.forms)
        token = self.forge(self.id_token(nonce, more).reveal())
        whole = {
            "id_token": token,
            "access_token": f"SECRET-access-token-{number}",
            "refresh_token": f"SECRET-refresh-token-{number}-{time.monotonic_ns()}",
            "token_type": "Bearer",
            "expires_in": LIFE,
            **self.answer,
        }
        answer = {name: value for name, value in whole.items() if value is not ABSENT}
        for name in ("id_token", "access_token", "refresh_token"):
            if isinstance(answer.get(name), str) and answer[name]:
                self.seen.secrets[name] = answer[name]
        self.issued.append(str(answer.get("refresh_token", "")))
        return answer

    def id_token(self, nonce: str | None, more: Mapping[str, Any]) -> Secret:
        """Return an ID token with what was changed.

        Args:
            nonce: Its ``nonce``; None leaves it out.
            more: Further changes to its claims.
        """
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "00u1",
            "aud": CLIENT_ID,
            "exp": now + LIFE,
            "iat": now,
            "nonce": ABSENT if nonce is None else nonce,
            "email": "ada@example.com",
            "groups": ["eks-admins"],
            **self.claims,
            **more,
        }
        good = {name: value for name, value in claims.items() if value is not ABSENT}
        return id_token(self.key, claims=good, header=self.header)
