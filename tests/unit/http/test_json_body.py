"""JSON from the provider, read strictly."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.http.exchange import Response
from kubectl_oidc.http.json_body import NotJson, parse_object
from tests.arbitrary import JSON, TEXT, or_refused
from tests.topics import told_apart


def answer(body: bytes, kind: str | None = "application/json") -> Response:
    return Response(200, {} if kind is None else {"content-type": kind}, body)


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON; charset=utf-8", "application/jwk-set+json", "text/json", None],
)
def test_json_content_types_are_read(kind: str | None) -> None:
    """JSON by any of its names is read, and an answer without a content type is judged by its body."""
    assert parse_object(answer(b'{"a": "\xc3\xbc"}', kind), "the answer") == {"a": "ü"}


def test_a_byte_order_mark_does_no_harm() -> None:
    """Some servers put one in front."""
    assert parse_object(answer(b'\xef\xbb\xbf{"a": 1}'), "the answer") == {"a": 1}


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("text/html; charset=utf-8", "(text/html)"),
        ("application/xhtml+xml", "(application/xhtml+xml)"),
        ("text/plain", "(text/plain)"),
        ("application/octet-stream", "(application/octet-stream)"),
        ("application/jsonp", "(application/jsonp)"),
        ("text/\x1b[31mred", "(text/ [31mred)"),
    ],
)
def test_another_content_type_is_refused(kind: str, shown: str) -> None:
    """A web page with status 200 is refused, even if its body is JSON."""
    with pytest.raises(NotJson) as caught:
        parse_object(answer(b"{}", kind), "the answer")
    assert shown in caught.value.message


BAD = {
    "empty": [b""],
    "invalid": [
        b"SECRET",
        b'{"a": "SECRET',
        b'{"a": 1} SECRET',
        b"<html>SECRET</html>",
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
    "not UTF-8": [b'{"a": "SECRET\xff"}', json.dumps({"a": "SECRET"}).encode("utf-16")],
    "nested": [b"[" * 200_000 + b"]" * 200_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000],
    "no object": [b'["SECRET"]', b'"SECRET"', b"null"],
    "twice": [b'{"issuer": "SECRET", "issuer": "b"}', b'{"a": {"b": 1, "b": 2}}'],
    "number": [b'{"a": NaN}', b'{"a": -Infinity}'],
}


def refused(body: bytes) -> InvalidProviderResponse:
    with pytest.raises(InvalidProviderResponse) as caught:
        parse_object(answer(body), "the answer")
    return caught.value


def test_each_fault_of_a_body_is_called_what_it_is() -> None:
    """The provider's administrator has to find it."""
    told_apart({fault: [refused(body).message for body in bodies] for fault, bodies in BAD.items()})


@pytest.mark.parametrize("body", [body for bodies in BAD.values() for body in bodies])
def test_what_is_no_good_object_is_refused_without_an_echo(body: bytes) -> None:
    """Broken, foreign, ambiguous or bottomless JSON: each a clear error that repeats nothing of the body."""
    error = refused(body)
    assert error.message.startswith("the answer ")
    assert error.hint
    assert "SECRET" not in error.message + error.hint
    # Nor does -v 9, which shows the chain of causes.
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__


def test_a_deep_answer_does_not_depend_on_how_deep_we_are() -> None:
    """Deep nesting ends in our error, however much of the stack is used already."""

    def deeper(levels: int) -> None:
        if levels:
            deeper(levels - 1)
        else:
            parse_object(answer(b"[" * 5000 + b"]" * 5000), "the answer")

    with pytest.raises(InvalidProviderResponse):
        deeper(sys.getrecursionlimit() // 2)


@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_any_object_is_read_as_it_was_written(document: dict[str, object]) -> None:
    """Whatever its members are called and hold."""
    assert parse_object(answer(json.dumps(document).encode()), "the answer") == document


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()), TEXT)
def test_any_answer_is_an_object_or_refused_in_plain_words(body: bytes, kind: str) -> None:
    """Any bytes under any content type; nothing of the body is repeated."""
    for said in (None, "application/json", kind):
        with or_refused(InvalidProviderResponse):
            assert isinstance(parse_object(answer(body, said), "the answer"), dict)


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "TEXT/PLAIN"])
def test_a_public_document_may_be_called_a_text(kind: str) -> None:
    """Static file servers use these types for metadata and keys. Content that is not a JSON object is still refused."""
    assert parse_object(answer(b'{"a": 1}', kind), "the document", public=True) == {"a": 1}
    for body in (b"<html>SECRET</html>", b"[1]", b"", b'{"a": 1, "a": 2}'):
        with pytest.raises(NotJson) as caught:
            parse_object(answer(body, kind), "the document", public=True)
        assert "SECRET" not in caught.value.message


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/xhtml+xml", "application/jsonp"])
def test_a_public_document_is_called_nothing_else(kind: str) -> None:
    """Only what servers call a file whose kind they do not know."""
    with pytest.raises(NotJson):
        parse_object(answer(b"{}", kind), "the document", public=True)
