"""Write reviews as protobuf, as newer kubectls do, so that tests need no protobuf library."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"

# What kubectl v1.35.2 sent; it writes empty fields out, and an ObjectMeta and a status with nothing in them.
CAN_I_GET_VERSION = bytes.fromhex(
    "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669"
    "6577122f0a100a0012001a0022002a003200380042001211120f0a082f76657273696f6e12036765741a08080012001a0020001a002200"
)
"""``kubectl auth can-i get /version``"""

CAN_I_DELETE_A_LOG = bytes.fromhex(
    "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669"
    "657712490a100a0012001a0022002a00320038004200122b0a290a036e7331120664656c6574651a0022002a0c706f64732e76312e61"
    "70707332036c6f673a037765621a08080012001a0020001a002200"
)
"""``kubectl auth can-i delete pods.v1.apps/web --subresource=log -n ns1``, without discovery"""

WHOAMI = bytes.fromhex(
    "6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375626a65637452657669657712"
    "1a0a100a0012001a0022002a0032003800420012060a040a0012001a002200"
)
"""``kubectl auth whoami``"""

CAN_I_LIST = bytes.fromhex(
    "6b3873000a310a17617574686f72697a6174696f6e2e6b38732e696f2f7631121653656c665375626a65637452756c65735265766965"
    "77121f0a100a0012001a0022002a0032003800420012050a036e73311a04180022001a002200"
)
"""``kubectl auth can-i --list -n ns1``"""


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it: seven bits a byte, the lowest first."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(0x80 | number & 0x7F)
        number >>= 7
    return bytes([*encoded, number])


def field(number: int, value: bytes | str) -> bytes:
    """Return a field that has a length: a string or a message."""
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(fields: Mapping[int, bytes | str]) -> bytes:
    """Return a message of fields that have lengths."""
    return b"".join(field(number, value) for number, value in fields.items())


def enveloped(kind: str, spec: bytes) -> bytes:
    """Return a review of ``authorization.k8s.io/v1`` as the body of a request."""
    type_meta = message({1: "authorization.k8s.io/v1", 2: kind})
    return b"k8s\x00" + message({1: type_meta, 2: message({1: b"", 2: spec, 3: b""}), 3: "", 4: ""})


def access_review(
    *, resource: Mapping[int, str] | None = None, path: Mapping[int, str] | None = None
) -> bytes:
    """Return a SelfSubjectAccessReview.

    Args:
        resource: The ResourceAttributes by field number.
        path: The NonResourceAttributes by field number.
    """
    asked = (field(1, message(resource)) if resource is not None else b"") + (
        field(2, message(path)) if path is not None else b""
    )
    return enveloped("SelfSubjectAccessReview", asked)
