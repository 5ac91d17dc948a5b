"""The client's secret in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.secret_file import read as read_secret_file
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from pathlib import Path

FLAG = "--oidc-client-secret"
FILE_FLAG = "--oidc-client-secret-file"


def secret_in(path: Path) -> Secret:
    """Return the secret that a file holds.

    Raises:
        UsageError: The file cannot be read or holds no secret.
    """
    text = _read(path)
    if not text:
        raise UsageError(
            f"{FILE_FLAG}: {sanitize(path)} is empty",
            "write the client secret into it",
            topic="client-secret",
        )
    return Secret(text)


def _read(path: Path) -> str:
    """Return the file's text without the newline that editors put at the end."""
    hint = "name a file that you may read and that holds nothing but the client secret"
    content = read_secret_file(FILE_FLAG, path, hint=hint, topic="client-secret")
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except ValueError:
        raise UsageError(
            f"{FILE_FLAG}: {sanitize(path)} cannot be read: it is not UTF-8 text", hint, topic="client-secret"
        ) from None
