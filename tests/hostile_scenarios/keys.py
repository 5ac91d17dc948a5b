"""Key sets (RFC 7517, RFC 7518 §6, RFC 8725 §3)."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.hostile import html_reply, json_reply, reply
from tests.tokens import ABSENT, base64url, jwks, signing_key

from .bodies import BROKEN, IN_BOTH
from .scenario import BOTH, SIGN_IN, Scenario, honest, hostile, making, setting

if TYPE_CHECKING:
    from tests.hostile_provider import HostileProvider

    from .scenario import Arrange

_answers = partial(setting, "on_keys")

_OTHER = signing_key("RS256", "another")
_UNKNOWN = "which is not in the provider's key set"


def _publishes(*entries: object, **more: object) -> Arrange:
    """Publish these keys, the good one not among them unless it is named by ``...``."""

    def arrange(provider: HostileProvider) -> None:
        provider.key_set = jwks(*[provider.key if entry is ... else entry for entry in entries]) | more

    return arrange


def _its_own(**changes: object) -> Arrange:
    """Publish the key that signs, with changes."""

    def arrange(provider: HostileProvider) -> None:
        provider.key_set = jwks(provider.key.jwk(**changes))

    return arrange


def _signs(algorithm: str, kid: str | None = "key-1", **options: Any) -> Arrange:
    """Sign with a key of this algorithm, and publish it."""

    def arrange(provider: HostileProvider) -> None:
        provider.key = signing_key(algorithm, kid, **options)
        provider.metadata["id_token_signing_alg_values_supported"] = [algorithm]
        provider.key_set = jwks(provider.key)

    return arrange


def _called(kind: str) -> Arrange:
    """Publish the good keys as a file whose kind the server does not know."""
    return making("on_keys", lambda p: reply(200, json.dumps(p.key_set).encode(), kind=kind))


def _private(provider: HostileProvider) -> None:
    number = provider.key.private.private_numbers().d
    provider.key_set = jwks(provider.key.jwk(d=base64url(number.to_bytes(256, "big"))))


def _rotated(provider: HostileProvider) -> None:
    """Sign with a new key, which stands beside the one that is known."""
    old, provider.key = provider.key, signing_key("RS256", "new")
    provider.key_set = jwks(old, provider.key)


_ODD: tuple[object, ...] = (
    {"kty": "oct", "kid": "key-1", "k": base64url(b"x" * 32), "alg": "HS256"},
    {"kty": "OKP", "crv": "Ed25519", "kid": "odd", "x": base64url(b"x" * 32)},
    {"kty": "AKP", "kid": "key-1", "alg": "ML-DSA-44", "pub": "AAAA"},
    {"kty": "RSA", "kid": "key-1", "use": "enc", "n": "AQAB", "e": "AQAB"},
    {"kty": "RSA", "kid": "key-1", "n": "!", "e": "AQAB"},
    {"kty": 7, "kid": ["key-1"]},
    {},
    None,
    "a string",
)

SCENARIOS: tuple[Scenario, ...] = (
    *(
        # At a refresh it is the same code that reads them, so two of them will do there.
        hostile(f"is {name}", _answers(script), says, flows=BOTH if name in IN_BOTH else (SIGN_IN,))
        for name, (script, says) in BROKEN.items()
    ),
    hostile("is not found", _answers(reply(404)), "answers 404"),
    hostile("fails each time", _answers(html_reply(500)), "answers 500"),
    hostile("has no keys", _publishes(), _UNKNOWN, asks=True),
    hostile("has no list of keys", _answers(json_reply({"keys": {"a": 1}})), "has no list of keys"),
    hostile("says nothing of keys", _answers(json_reply({"a": 1})), "has no list of keys"),
    hostile("does not hold the key that signs", _publishes(_OTHER), _UNKNOWN, asks=True),
    hostile("holds another key of that name", _publishes(_OTHER.jwk(kid="key-1")), "signature", asks=True),
    hostile("holds the key only for encryption", _its_own(use="enc"), "must not be used", asks=True),
    hostile("holds the key only for signing", _its_own(key_ops=["sign"]), "must not be used", asks=True),
    hostile("holds the key for another algorithm", _its_own(alg="RS512"), "is for RS512", asks=True),
    hostile("gives the private key away", _private, "reveals its private part", asks=True),
    hostile("holds an RSA key of 1,024 bits", _signs("RS256", bits=1024), "1024 bits", asks=True),
    hostile("holds a key of a curve that clusters refuse", _signs("ES256K"), "ES256K", asks=True),
    hostile("holds a key of a kind that clusters refuse", _signs("EdDSA"), "EdDSA", asks=True),
    *(
        honest(f"holds a key for {algorithm}", _signs(algorithm))
        for algorithm in ("RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
    ),
    honest("holds a key without a name, as the token has none", _signs("RS256", None)),
    honest("holds the key without an algorithm, a use or a name", _its_own(alg=ABSENT, use=ABSENT)),
    honest("holds unknown keys next to the good one", _publishes(*_ODD, ..., *_ODD)),
    honest("is called plain text", _called("text/plain")),
    honest("is called a web page", _called("text/html")),
    honest("holds two keys of the same name", _publishes(_OTHER.jwk(kid="key-1"), ...)),
    honest("holds two hundred other keys", _publishes(*[_OTHER.jwk(kid=f"k{n}") for n in range(199)], ...)),
    honest("holds a new key next to the known one", _rotated),
    honest(
        "comes as application/jwk-set+json",
        making(
            "on_keys",
            lambda p: json_reply(p.key_set, headers={"Content-Type": "application/jwk-set+json"}),
        ),
    ),
)
