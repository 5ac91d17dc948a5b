"""ID tokens (OpenID Connect Core 3.1.3.7 and 12.2, RFC 8725)."""

from __future__ import annotations

import hmac
import json
import time
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.tokens import ABSENT, CLIENT_ID, base64url, signing_key

from .scenario import REFRESH, SIGN_IN, Scenario, changing, honest, hostile, setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile_provider import HostileProvider

    from .scenario import Arrange

_header = partial(changing, "header")
_forged = partial(setting, "forge")

_MALLORY = signing_key("RS256", "mallory")
HOUR = 3600


def _claims(**changes: Any) -> Arrange:
    """Change claims; a function is asked for the value when the scenario is arranged."""

    def arrange(provider: HostileProvider) -> None:
        provider.claims |= {name: value() if callable(value) else value for name, value in changes.items()}

    return arrange


def _in(seconds: int) -> Callable[[], int]:
    return lambda: int(time.time()) + seconds


def _issuer_and(suffix: str) -> Arrange:
    def arrange(provider: HostileProvider) -> None:
        provider.claims["iss"] = f"{provider.issuer}{suffix}"

    return arrange


def _signed_by_mallory(provider: HostileProvider) -> None:
    """Sign with a key of nobody's, under the good key's name."""
    provider.key = signing_key("RS256", "stolen-name")
    provider.header["kid"] = "key-1"


def _brings_a_key(provider: HostileProvider) -> None:
    provider.key = _MALLORY
    provider.header |= {"kid": "key-1", "jwk": _MALLORY.jwk()}


def _leads_to_a_key(name: str) -> Arrange:
    def arrange(provider: HostileProvider) -> None:
        provider.key = _MALLORY
        provider.header |= {"kid": "key-1", name: f"{provider.issuer}/mallory"}

    return arrange


def _hmac(provider: HostileProvider) -> None:
    """Sign with the public key as if it were an HMAC secret (RFC 8725 §2.1)."""
    public = provider.key.private.public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def forge(token: str) -> str:
        header = base64url(b'{"alg":"HS256","kid":"key-1"}')
        signed = f"{header}.{token.split('.')[1]}"
        return f"{signed}.{base64url(hmac.digest(secret, signed.encode(), 'sha256'))}"

    provider.forge = forge


def _unsigned(algorithm: str) -> Callable[[str], str]:
    header = base64url(json.dumps({"alg": algorithm, "kid": "key-1"}).encode())
    return lambda token: f"{header}.{token.split('.')[1]}."


def _other_claims(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{base64url(json.dumps({'sub': 'root'}).encode())}.{signature}"


def _zero_signature(token: str) -> str:
    return f"{token.rpartition('.')[0]}.{base64url(bytes(256))}"


def _at_hash(right: bool) -> Arrange:  # noqa: FBT001 - the row says which
    def arrange(provider: HostileProvider) -> None:
        token = "SECRET-access-token-of-this-scenario"
        half = sha256(token.encode()).digest()[:16]
        provider.answer["access_token"] = token
        provider.claims["at_hash"] = base64url(half if right else half[::-1])

    return arrange


def _bad(
    name: str,
    arrange: Arrange,
    says: str,
    *,
    flows: tuple[str, ...] = (SIGN_IN, REFRESH),
) -> Scenario:
    """Return a row whose token ends a session, too: it cannot go on with a provider that says this."""
    return hostile(name, arrange, says, flows=flows, asks=True)


SCENARIOS: tuple[Scenario, ...] = (
    _bad("is another issuer's", _claims(iss="https://evil.example.com"), "issuer is"),
    _bad("names the issuer with a slash more", _issuer_and("/"), "issuer is"),
    _bad("names no issuer", _claims(iss=ABSENT), "iss"),
    _bad("is for another client", _claims(aud="another"), "is for the audience"),
    _bad("is for other clients", _claims(aud=["another", "third"]), "is for the audience"),
    _bad("is for nobody", _claims(aud=[]), "is for the audience"),
    _bad("has no audience", _claims(aud=ABSENT), "aud"),
    _bad("has an audience that is a number", _claims(aud=7), "aud"),
    _bad("is for others too, without a word to whom it was given", _claims(aud=[CLIENT_ID, "other"]), "azp"),
    _bad("was given to another client", _claims(aud=[CLIENT_ID, "other"], azp="other"), "azp"),
    _bad("is for us and was given to another", _claims(azp="other"), "azp"),
    _bad("has no subject", _claims(sub=ABSENT), "sub"),
    _bad("has an empty subject", _claims(sub=""), "sub"),
    _bad("has a subject that is a number", _claims(sub=7), "sub"),
    hostile("ended an hour ago", _claims(exp=_in(-HOUR), iat=_in(-2 * HOUR)), "expired at"),
    hostile("begins in an hour", _claims(nbf=_in(HOUR)), "clock"),
    hostile("was issued in an hour", _claims(iat=_in(HOUR), exp=_in(2 * HOUR)), "clock"),
    _bad("never ends", _claims(exp=ABSENT), "exp"),
    _bad("ends at a text", _claims(exp="tomorrow"), "exp"),
    _bad("ends at true", _claims(exp=True), "exp"),
    _bad("ends in ten thousand years", _claims(exp=10**13), "exp"),
    _bad("ends at a number beyond all", _claims(exp=10**400), "exp"),
    _bad("was issued at no time", _claims(iat=ABSENT), "iat"),
    _bad("has another nonce", _claims(nonce="another"), "nonce"),
    _bad("has no nonce", _claims(nonce=ABSENT), "nonce", flows=(SIGN_IN,)),
    _bad("is signed by nobody", _forged(_unsigned("none")), "none"),
    _bad("is signed by nobody, in capitals", _forged(_unsigned("NONE")), "NONE"),
    _bad("is signed with the public key as a password", _hmac, "HS256"),
    _bad("is signed by somebody else under the key's name", _signed_by_mallory, "signature"),
    _bad("brings its own key (jwk)", _brings_a_key, "signature"),
    _bad("leads to its own keys (jku)", _leads_to_a_key("jku"), "signature"),
    _bad("leads to its own certificate (x5u)", _leads_to_a_key("x5u"), "signature"),
    _bad("has lost its signature", _forged(lambda token: token.rpartition(".")[0] + "."), "signature"),
    _bad("has a signature of zeros", _forged(_zero_signature), "signature"),
    _bad("has other claims under the good signature", _forged(_other_claims), "signature"),
    _bad("is an access token", _header(typ="at+jwt"), "at+jwt"),
    _bad("is a logout token", _header(typ="logout+jwt"), "logout+jwt"),
    _bad("has a header that must be understood", _header(crit=["exp"], exp=1), "extensions"),
    _bad("is not encoded as it must be (b64)", _header(crit=["b64"], b64=False), "extensions"),
    _bad("is encrypted", _forged(lambda token: f"{token}.a.b"), "is encrypted"),
    _bad("is not a JWT", _forged(lambda _: "SECRET-opaque-token"), "JWT"),
    _bad("is cut off", _forged(lambda token: token[:-200]), "signature"),
    honest("is for a list of one", _claims(aud=[CLIENT_ID])),
    honest(
        "is for others too and was given to us",
        _claims(aud=["other", CLIENT_ID], azp=CLIENT_ID),
        flows=(SIGN_IN,),
    ),
    honest("says that it was given to us", _claims(azp=CLIENT_ID)),
    honest("names no key", _header(kid=ABSENT)),
    honest("is called a JWT", _header(typ="JWT")),
    honest("was issued 30 seconds ahead of our clock", _claims(iat=_in(30), nbf=_in(30))),
    honest("ended 30 seconds ago by our clock", _claims(exp=_in(-30), iat=_in(-300))),
    honest("belongs to the access token", _at_hash(True)),
    honest("does not belong to the access token, which is not used", _at_hash(False)),
    honest(
        "has times with fractions",
        _claims(
            exp=lambda: time.time() + HOUR + 0.75,
            iat=lambda: time.time() - 0.25,
            nbf=time.time,
            auth_time=1.5,
        ),
    ),
    honest("is of 12 KB", _claims(groups=[f"eks-team-{number:04}" for number in range(600)])),
    honest("has claims in every script", _claims(name="Ада Лавлейс 愛達 \U0001f980", groups=["eks-админы"])),
    honest("has no email", _claims(email=ABSENT)),
)
