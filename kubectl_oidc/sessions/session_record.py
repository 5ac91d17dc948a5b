"""The stored form of a session: ASCII JSON that includes a digest, and typed reads of its members.

A read raises TypeError if the member is of another type.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from kubectl_oidc.fast_path.credential import hexdigest
from kubectl_oidc.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1


def with_digest(values: dict[str, Any]) -> bytes:
    """Return the values as they are stored, with a digest, so that damage is noticed."""
    whole = {name: value for name, value in values.items() if name != "digest"}
    whole["digest"] = hexdigest(_json(whole))
    return _json(whole)


def cache_mark(cache_dir: Path) -> str:
    """Return 16 hexadecimal digits that identify a cache directory in a record. Symbolic links make no difference."""
    return hexdigest(os.fsencode(os.path.realpath(cache_dir)))[:16]


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode("ascii")


def parse_record(record: bytes | None, session_id: str) -> dict[str, Any]:
    """Return the values of a session's record.

    Raises:
        ValueError: The record is missing, damaged, of another version or of another session.
        RecursionError: It is nested too deeply.
    """
    values = json.loads(record or b"")
    if (
        not isinstance(values, dict)
        or values.get("version") != VERSION
        or values.get("session") != session_id
        or with_digest(values) != record
    ):
        raise ValueError
    return values


def text(value: object) -> str:
    """Return a string member."""
    if not isinstance(value, str):
        raise TypeError
    return value


def texts(value: object) -> tuple[str, ...]:
    """Return a list of strings."""
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(text, value))


def number(value: object) -> int:
    """Return a JSON value that must be an integer; a bool is not one."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def members(value: object) -> dict[str, object]:
    """Return an object."""
    if not isinstance(value, dict):
        raise TypeError
    return value


def secret(value: object) -> Secret | None:
    """Return a secret member, or None if it is null."""
    return None if value is None else Secret(text(value))
