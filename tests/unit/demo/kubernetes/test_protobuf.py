"""Reviews as newer kubectls send them, read without a protobuf library."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given, strategies as st

from kubectl_oidc.demo.kubernetes import protobuf
from tests import kubernetes_protobuf as written
from tests.arbitrary import examples

ACCESS, RULES, WHO = "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SelfSubjectReview"
RESOURCE_NAMES = ("namespace", "verb", "group", "version", "resource", "subresource", "name")
SAMPLES = (written.CAN_I_GET_VERSION, written.CAN_I_DELETE_A_LOG, written.WHOAMI, written.CAN_I_LIST)

KINDS = st.sampled_from([ACCESS, RULES, WHO, "AnythingElse"])
WORDS = st.text(st.characters(codec="utf-8"), max_size=300)


def test_the_media_type_is_that_of_kubectl() -> None:
    assert protobuf.MEDIA_TYPE == written.MEDIA_TYPE


def test_requests_of_a_real_kubectl_are_parsed() -> None:
    """Four requests of kubectl v1.35.2, byte for byte."""
    assert protobuf.review(written.CAN_I_GET_VERSION, ACCESS) == {
        "spec": {"nonResourceAttributes": {"path": "/version", "verb": "get"}}
    }
    assert protobuf.review(written.CAN_I_DELETE_A_LOG, ACCESS) == {
        "spec": {
            "resourceAttributes": {
                "namespace": "ns1",
                "verb": "delete",
                "group": "",
                "version": "",
                "resource": "pods.v1.apps",
                "subresource": "log",
                "name": "web",
            }
        }
    }
    assert protobuf.review(written.WHOAMI, WHO) == {}
    assert protobuf.review(written.CAN_I_LIST, RULES) == {"spec": {"namespace": "ns1"}}


@given(st.dictionaries(st.integers(1, 7), WORDS))
def test_resource_attributes_are_parsed(fields: dict[int, str]) -> None:
    """Each field by its number, of any length; missing fields are left out."""
    body = written.access_review(resource=fields)
    names = {RESOURCE_NAMES[number - 1]: value for number, value in fields.items()}
    assert protobuf.review(body, ACCESS) == {"spec": {"resourceAttributes": names}}


@given(st.dictionaries(st.integers(1, 2), WORDS))
def test_non_resource_attributes_are_parsed(fields: dict[int, str]) -> None:
    """The path and the verb."""
    names = {{1: "path", 2: "verb"}[number]: value for number, value in fields.items()}
    body = written.access_review(path=fields)
    assert protobuf.review(body, ACCESS) == {"spec": {"nonResourceAttributes": names}}


@given(WORDS)
def test_the_namespace_of_a_rules_review_is_parsed(namespace: str) -> None:
    body = written.enveloped(RULES, written.field(1, namespace))
    assert protobuf.review(body, RULES) == {"spec": {"namespace": namespace}}


@pytest.mark.parametrize(
    "unknown",
    [
        written.varint(9 << 3) + written.varint(2**64 - 1),
        written.varint(9 << 3 | 1) + b"\xff" * 8,
        written.varint(9 << 3 | 5) + b"\xff" * 4,
        written.field(8, b"\xff\xfe"),
        written.field(2**29 - 1, "later"),
    ],
    ids=["number", "64 bits", "32 bits", "selector", "far field"],
)
def test_unknown_fields_are_ignored(unknown: bytes) -> None:
    """Before and after a known field."""
    expected = {"spec": {"resourceAttributes": {"verb": "get"}}}
    for fields in (unknown + written.field(2, "get"), written.field(2, "get") + unknown):
        for spec in (written.field(1, fields), unknown + written.field(1, fields)):
            assert protobuf.review(written.enveloped(ACCESS, spec), ACCESS) == expected


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "protobuf"),
        (b"k8s", "protobuf"),
        (b"{}", "protobuf"),
        (written.CAN_I_LIST[4:], "protobuf"),
        (b"k8s\x00\x12", "number"),
        (b"k8s\x00\x12\x80", "number"),
        (b"k8s\x00\x12" + b"\xff" * 10 + b"\x01", "number"),
        (b"k8s\x00\x12\x02\x00", "too soon"),
        (b"k8s\x00\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "too soon"),
        (b"k8s\x00\x0d\x00\x00\x00", "too soon"),
        (b"k8s\x00\x09\x00", "too soon"),
        (b"k8s\x00\x0b", "wire type"),
        (b"k8s\x00\x0e", "wire type"),
        (written.access_review(path={1: "/"})[:-5], "too soon"),
    ],
    ids=lambda value: value.hex() or "empty" if isinstance(value, bytes) else None,
)
def test_malformed_protobuf_is_a_value_error(body: bytes, words: str) -> None:
    """No magic number, a length beyond the end, a number of more than 64 bits, a group."""
    with pytest.raises(ValueError, match=words):
        protobuf.review(body, ACCESS)


@pytest.mark.parametrize("review", [ACCESS, RULES])
def test_text_that_is_not_utf_8_is_a_value_error(review: str) -> None:
    """A string in protobuf is UTF-8."""
    inner = written.field(1, b"\xff")
    spec = inner if review == RULES else written.field(1, inner)
    with pytest.raises(ValueError, match="utf-8"):
        protobuf.review(written.enveloped(review, spec), review)


def test_an_empty_envelope_has_no_attributes() -> None:
    """All fields of protobuf may be absent."""
    assert protobuf.review(b"k8s\x00", ACCESS) == {"spec": {}}
    assert protobuf.review(b"k8s\x00", RULES) == {"spec": {"namespace": ""}}


@examples(300)
@given(st.binary(max_size=200), KINDS)
@example(b"k8s\x00", ACCESS)
def test_any_bytes_are_a_review_or_a_value_error(body: bytes, kind: str) -> None:
    """With the magic number before them, or without."""
    for sent in (body, b"k8s\x00" + body):
        with suppress(ValueError):
            assert set(protobuf.review(sent, kind)) <= {"spec"}


@examples(300)
@given(st.sampled_from(SAMPLES), KINDS, st.integers(0, 200), st.binary(max_size=4), st.integers(0, 4))
def test_a_damaged_review_is_a_review_or_a_value_error(
    body: bytes, kind: str, at: int, put: bytes, removed: int
) -> None:
    """A real request with some bytes changed, added or removed."""
    damaged = body[:at] + put + body[at + removed :]
    with suppress(ValueError):
        for spec in protobuf.review(damaged, kind).values():
            for value in spec.values():
                words = [value] if isinstance(value, str) else [*value.values()]
                assert all(isinstance(word, str) for word in words)
