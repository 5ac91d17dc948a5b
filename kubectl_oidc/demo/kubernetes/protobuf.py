"""Parse the reviews that newer versions of kubectl send as protobuf (Kubernetes' envelope, then ``runtime.Unknown``).

The field numbers are those of ``generated.proto`` in k8s.io/apimachinery and k8s.io/api/authorization/v1.
"""

from __future__ import annotations

from typing import Any

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"

_MAGIC = b"k8s\x00"
_ENVELOPE_RAW, _OBJECT_SPEC = 2, 2
_RESOURCE, _NON_RESOURCE = 1, 2
_RESOURCE_NAMES = {
    1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name",
}  # fmt: skip
_NON_RESOURCE_NAMES = {1: "path", 2: "verb"}


def review(body: bytes, kind: str) -> dict[str, Any]:
    """Return a review as a JSON object with the fields that the demo's API needs.

    Raises:
        ValueError: The body is not Kubernetes protobuf.
    """
    if not body.startswith(_MAGIC):
        raise ValueError("no Kubernetes protobuf")
    spec = _fields(_fields(_fields(body[len(_MAGIC) :]).get(_ENVELOPE_RAW, b"")).get(_OBJECT_SPEC, b""))
    if kind == "SelfSubjectReview":
        return {}  # it has no spec; its second field is the status
    if kind == "SelfSubjectRulesReview":
        return {"spec": {"namespace": spec.get(1, b"").decode()}}
    answer: dict[str, Any] = {}
    if _RESOURCE in spec:
        answer["resourceAttributes"] = _named(spec[_RESOURCE], _RESOURCE_NAMES)
    if _NON_RESOURCE in spec:
        answer["nonResourceAttributes"] = _named(spec[_NON_RESOURCE], _NON_RESOURCE_NAMES)
    return {"spec": answer}


def _named(message: bytes, names: dict[int, str]) -> dict[str, str]:
    return {names[number]: value.decode() for number, value in _fields(message).items() if number in names}


def _fields(message: bytes) -> dict[int, bytes]:
    """Return the length-delimited and fixed-size fields of a message by number; skip its integers.

    Raises:
        ValueError: The message ends too soon, or has an unknown wire type.
    """
    fields: dict[int, bytes] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            _, at = _varint(message, at)
            continue
        if wire_type == 2:  # noqa: PLR2004 - length-delimited
            length, at = _varint(message, at)
        elif wire_type in {1, 5}:
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError("an unknown wire type")
        if at + length > len(message):
            raise ValueError("the message ends too soon")
        fields[number] = message[at : at + length]
        at += length
    return fields


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and its end."""
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that means that more follows
            return value, at
    raise ValueError("a number without end")
