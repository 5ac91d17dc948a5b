"""Discovery documents (OpenID Connect Discovery 1.0 §4.3, RFC 8414 §3.3)."""

from __future__ import annotations

import gzip
import json
from functools import partial
from typing import TYPE_CHECKING

from tests.hostile import html_reply, json_reply, reply

from .bodies import BROKEN, IN_BOTH
from .scenario import BOTH, SIGN_IN, Scenario, honest, hostile, making, setting

if TYPE_CHECKING:
    from tests.hostile_provider import HostileProvider

    from .scenario import Arrange

_answers = partial(setting, "on_metadata")
_body = partial(making, "on_metadata")


def _says(**members: object) -> Arrange:
    """Have the document say this; a member that is ``...`` is left out."""

    def arrange(provider: HostileProvider) -> None:
        provider.metadata |= members
        provider.metadata = {name: value for name, value in provider.metadata.items() if value is not ...}

    return arrange


def _slash(provider: HostileProvider) -> None:
    provider.metadata["issuer"] = f"{provider.issuer}/"


def _capitals(provider: HostileProvider) -> None:
    provider.metadata["issuer"] = provider.issuer.upper()


def _stumbles(provider: HostileProvider) -> None:
    """Fail once, then be honest."""
    failed: list[bool] = []

    def script(talk: object) -> None:
        answer = json_reply(provider.metadata) if failed else html_reply(503)
        failed.append(True)
        answer(talk)  # type: ignore[arg-type]

    provider.on_metadata = script


def _document(provider: HostileProvider) -> bytes:
    return json.dumps(provider.metadata).encode()


SCENARIOS: tuple[Scenario, ...] = (
    hostile("is another issuer's", _says(issuer="https://evil.example.com"), "issuer"),
    hostile("names the issuer with a slash more", _slash, "issuer"),
    hostile("names the issuer in capitals", _capitals, "issuer"),
    hostile("names no issuer", _says(issuer=...), "has no issuer"),
    hostile("names a list of issuers", _says(issuer=["https://evil.example.com"]), "has no issuer"),
    *(
        hostile(f"names no {name}", _says(**{name: ...}), f"has no {name}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
    ),
    *(
        hostile(f"has a {name} that is {what}", _says(**{name: url}), name)
        for name, what, url in (
            ("token_endpoint", "http, elsewhere", "http://evil.example.com/token"),
            ("jwks_uri", "http, elsewhere", "http://evil.example.com/keys"),
            ("jwks_uri", "a file", "file:///etc/passwd"),
            ("authorization_endpoint", "http, elsewhere", "http://evil.example.com/authorize"),
            ("authorization_endpoint", "a script", "javascript:alert(1)//"),
            ("authorization_endpoint", "a flag for the browser", "--no-sandbox"),
            ("authorization_endpoint", "a file", "file:///etc/passwd"),
            ("authorization_endpoint", "of another program", "ms-msdt:/id"),
            ("authorization_endpoint", "with a fragment", "https://idp.example.com/#a"),
            ("token_endpoint", "with a password", "https://user:SECRET@evil.example.com/token"),
            ("token_endpoint", "not a string", ["https://evil.example.com/token"]),
            ("device_authorization_endpoint", "http, elsewhere", "http://evil.example.com/device"),
            ("pushed_authorization_request_endpoint", "http, elsewhere", "http://evil.example.com/par"),
        )
    ),
    hostile(
        "has algorithms that are not a list",
        _says(id_token_signing_alg_values_supported="RS256"),
        "not a list",
    ),
    *(
        # At a refresh it is the same code that reads them, so two of them will do there.
        hostile(f"is {name}", _answers(script), says, flows=BOTH if name in IN_BOTH else (SIGN_IN,))
        for name, (script, says) in BROKEN.items()
    ),
    hostile("is not found", _answers(reply(404)), "no OpenID provider"),
    hostile("is forbidden", _answers(html_reply(403)), "answers 403"),
    hostile("fails each time", _answers(html_reply(503)), "answers 503"),
    hostile(
        "asks to wait longer than anybody would",
        _answers(reply(429, headers={"Retry-After": "86400"})),
        "429",
    ),
    hostile(
        "leads to http, elsewhere",
        _answers(reply(302, headers={"Location": "http://evil.example.com/"})),
        "redirect",
    ),
    hostile("leads in a circle", _answers(reply(302, headers={"Location": "?again"})), "redirect"),
    honest("begins with a byte order mark", _body(lambda p: reply(200, b"\xef\xbb\xbf" + _document(p)))),
    honest(
        "has a charset", _body(lambda p: reply(200, _document(p), kind="application/json; charset=utf-8"))
    ),
    honest("is another kind of JSON", _body(lambda p: reply(200, _document(p), kind="application/jrd+json"))),
    honest(
        "comes compressed",
        _body(lambda p: reply(200, gzip.compress(_document(p)), headers={"Content-Encoding": "gzip"})),
    ),
    honest(
        "is called a web page", _body(lambda p: reply(200, _document(p), kind="text/html; charset=utf-8"))
    ),
    honest("is called plain text", _body(lambda p: reply(200, _document(p), kind="text/plain"))),
    honest(
        "has empty texts for what it does not have",
        _says(
            revocation_endpoint="",
            end_session_endpoint="",
            pushed_authorization_request_endpoint="",
            device_authorization_endpoint="",
        ),
    ),
    honest(
        "has texts and worse for lists that are hints",
        _says(
            code_challenge_methods_supported="S256",
            token_endpoint_auth_methods_supported="client_secret_post",
            scopes_supported="openid email",
            grant_types_supported={"authorization_code": True},
        ),
    ),
    honest("comes at the second try", _stumbles),
    honest("says nothing of PKCE", _says(code_challenge_methods_supported=...), flows=(SIGN_IN,)),
    honest("says nothing of algorithms", _says(id_token_signing_alg_values_supported=...)),
    honest("has members that nobody knows", _says(x_unknown={"a": [1, None, {}]}, scopes_supported=None)),
    honest(
        "has odd members in its lists", _says(id_token_signing_alg_values_supported=[None, 1, "RS256", ["x"]])
    ),
)
