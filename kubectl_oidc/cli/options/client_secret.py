"""The client's secret: from the command line, from the environment, or from a file that only its readers know.

The secret is no part of a session's identity (``SessionKey``): it proves to the provider who the *client* is, and the
client ID names that. Whoever changes it is the same client, has the same sessions, and meets the new secret at the next
request to the provider. So an answer from memory stays right when the variable or the file changes; the variable is part
of the known words all the same, as every KUBECTL_OIDC_* variable is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import UsageError
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.secret_file import read as read_secret_file
from kubectl_oidc.text import sanitize

from .paths import expanded
from .variables import overruled_by

if TYPE_CHECKING:
    from pathlib import Path

    from .types import Option

FLAG = "--oidc-client-secret"
FILE_FLAG = "--oidc-client-secret-file"

CLIENT_SECRET: tuple[Option, ...] = (
    (
        (FLAG,),
        {
            "metavar": "SECRET",
            "callback": overruled_by("oidc_client_secret_file"),
            "help": "Client secret, where the client has one.",
        },
    ),
    (
        (FILE_FLAG,),
        {
            "metavar": "FILE",
            "callback": overruled_by("oidc_client_secret"),
            "help": "File that holds the client secret, so that it stands in no kubeconfig.",
        },
    ),
)


def secret_file(values: dict[str, Any]) -> Path | None:
    """Return the file that holds the secret, ``~`` expanded; None where none is named.

    Args:
        values: The options' values by their names.

    Raises:
        UsageError: The home directory in its name is not known.
    """
    name = values.get("oidc_client_secret_file")
    if not name:
        return None
    return expanded(FILE_FLAG, name)


def client_secret(values: dict[str, Any]) -> Secret | None:
    """Return the client's secret, where it has one.

    Args:
        values: The options' values by their names.

    Raises:
        UsageError: The file cannot be read or holds no secret.
    """
    path = secret_file(values)
    if path is None:
        text = values.get("oidc_client_secret")
        return Secret(text) if text else None
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
