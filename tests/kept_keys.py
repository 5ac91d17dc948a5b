"""Private keys of tests, kept in a file from one process and run to the next, because making an RSA or DSA key takes a tenth of a second."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_DIRECTORY = Path(__file__).resolve().parent.parent / ".pytest_cache" / "private-keys"


def kept_key(name: str, make: Callable[[], Any]) -> Any:
    """Return the key of this name; ``make`` it if there is none, or none that can be read.

    Two processes that make it at once have different ones in this run.
    """
    path = _DIRECTORY / quote(name, safe="")
    try:
        # They were valid when they were made, and checking a prime takes as long as finding it.
        return load_der_private_key(path.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    except (OSError, ValueError):
        key = make()
        _write(path, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        return key


def _write(path: Path, content: bytes) -> None:
    """Write a file in one step, if its directory can be written."""
    try:
        _DIRECTORY.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=_DIRECTORY)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - no path
            file.write(content)
        Path(part).replace(path)
    except OSError:
        return
