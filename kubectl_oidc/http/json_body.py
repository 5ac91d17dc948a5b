"""Parse a provider's JSON strictly: one object, UTF-8, no repeated member, bounded depth (RFC 8259).

Errors never quote the body: it may be a web page, or contain a token.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NoReturn

from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from .exchange import Response

_HINT = "check for a proxy or captive portal in between, then --oidc-issuer-url, then the provider"


_TEXTS = frozenset({"text/plain", "text/html"})
"""What servers call a file of unknown type."""


class NotJson(InvalidProviderResponse):
    """The answer has another content type than JSON. Perhaps it is not from the provider at all."""


def odd_content_type(response: Response) -> str:
    """Return the media type of an answer in lower case if it is not JSON, else an empty string."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Without a content type the body decides. application/jwk-set+json and the like are JSON too (RFC 6839 §3.1).
    return kind if kind and not kind.endswith(("/json", "+json")) else ""


def parse_object(response: Response, what: str, *, public: bool = False) -> dict[str, object]:
    """Return the JSON object in an answer.

    Args:
        what: Names the answer in errors: "the discovery document https://…".
        public: Whether JSON is also accepted as text/plain or text/html: some servers serve public documents so.

    Raises:
        NotJson: It has another content type.
        InvalidProviderResponse: It is broken, ambiguous, nested too deeply, or not an object.
    """
    kind = odd_content_type(response)
    if public and kind in _TEXTS:
        with contextlib.suppress(InvalidProviderResponse):
            return load_object(response.body, what)
    if kind:
        name = "a web page" if "html" in kind else "not JSON"
        raise NotJson(f"{what} is {name} ({sanitize(kind, limit=60)})", _HINT)
    return load_object(response.body, what)


def load_object(body: bytes, what: str) -> dict[str, object]:
    """Return the JSON object in ``body``. See ``parse_object``.

    Raises:
        InvalidProviderResponse: It is broken, ambiguous, nested too deeply, or not an object.
    """
    if not body.strip():
        raise InvalidProviderResponse(f"{what} is empty", _HINT)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidProviderResponse(f"{what} is not UTF-8", _HINT) from None
    try:
        document = parse_strictly(text)
    except AmbiguousJson as error:
        raise InvalidProviderResponse(f"{what} {error}", _HINT) from None
    except RecursionError:
        raise InvalidProviderResponse(f"{what} is nested too deeply", _HINT) from None
    except ValueError:
        # Not chained: the parser's message quotes the body.
        raise InvalidProviderResponse(f"{what} is invalid JSON", _HINT) from None
    if not isinstance(document, dict):
        raise InvalidProviderResponse(f"{what} is JSON, but not an object", _HINT)
    return document


class AmbiguousJson(ValueError):
    """The text is not JSON, but many parsers accept it: a member that occurs twice (RFC 8259 §4), NaN, Infinity.

    Attributes:
        member: The name of the repeated member, or None.
    """

    def __init__(self, message: str, member: str | None = None) -> None:
        super().__init__(message)
        self.member = member


def parse_strictly(text: str) -> object:
    """Return the value of a JSON text.

    Raises:
        AmbiguousJson: See there.
        ValueError: The text is not JSON.
        RecursionError: The value is nested too deeply for the parser.
    """
    import json

    return json.loads(text, object_pairs_hook=_unique_members, parse_constant=_refuse_constant)


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise AmbiguousJson("names a member twice", name)
        members[name] = value
    return members


def _refuse_constant(_: str) -> NoReturn:
    raise AmbiguousJson("has a number that JSON does not allow")
