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

_HINT = (
    "look at what answers there: a proxy's or captive portal's page in the way, a wrong --oidc-issuer-url, "
    "or a fault of the provider"
)


_TEXTS = frozenset({"text/plain", "text/html"})
"""What servers call a file of unknown type."""


class NotJson(InvalidProviderResponse):
    """The answer has another content type than JSON. Perhaps it is not from the provider at all."""


def content_type(response: Response) -> str:
    """Return the media type of an answer in lower case; empty if it has none."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def odd_content_type(response: Response) -> str:
    """Return the media type of an answer if it is not JSON, else an empty string."""
    kind = content_type(response)
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
    import json

    if not body.strip():
        raise InvalidProviderResponse(f"{what} is empty", _HINT)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidProviderResponse(f"{what} is not UTF-8", _HINT) from None
    try:
        document = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_reject_constant)
    except _Ambiguous as error:
        raise InvalidProviderResponse(f"{what} {error}", _HINT) from None
    except RecursionError:
        raise InvalidProviderResponse(f"{what} is nested too deeply", _HINT) from None
    except ValueError:
        # Not chained: the parser's message quotes the body.
        raise InvalidProviderResponse(f"{what} is broken JSON", _HINT) from None
    if not isinstance(document, dict):
        raise InvalidProviderResponse(f"{what} is JSON, but no object", _HINT)
    return document


class _Ambiguous(ValueError):
    pass


def _without_repeats(members: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(members)
    if len(result) != len(members):
        raise _Ambiguous("names a member twice")
    return result


def _reject_constant(_: str) -> NoReturn:
    raise _Ambiguous("holds a number that JSON does not have")
