"""The options that say how the client proves who it is, and which of them do not go together.

As with the client's secret (``client_secret.py``), they are no part of a session's identity: the client stays the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import click

from kubectl_oidc.cli.client_secret import FLAG as SECRET_FLAG
from kubectl_oidc.cli.paths import expanded
from kubectl_oidc.client_assertion import FLAG as KEY_FLAG, ID_FLAG, AssertionKeyFile
from kubectl_oidc.client_authentication import AUTO, BASIC, METHODS, NONE, POST, PRIVATE_KEY_JWT
from kubectl_oidc.errors import UsageError

if TYPE_CHECKING:
    from kubectl_oidc.cli.options import Option
    from kubectl_oidc.token_request import TokenRequest

FLAG = "--oidc-client-authentication"

CLIENT_AUTHENTICATION: tuple[Option, ...] = (
    (
        (FLAG,),
        {
            "type": click.Choice((AUTO, *METHODS)),
            "default": AUTO,
            "show_default": True,
            "help": f"How the client proves who it is; auto: {PRIVATE_KEY_JWT} with a key, else what the provider offers for a "
            "secret, else none.",
        },
    ),
    (
        (KEY_FLAG,),
        {
            "metavar": "FILE",
            "help": f"Private key of the client, for {PRIVATE_KEY_JWT} (PEM; RSA, elliptic curve or Ed25519).",
        },
    ),
    ((ID_FLAG,), {"metavar": "KID", "help": "Its key ID at the provider."}),
)


class Asked(TypedDict):
    """The fields of a TokenRequest that these flags are."""

    client_assertion_key: AssertionKeyFile | None
    client_authentication: str


def read(values: dict[str, Any]) -> Asked:
    """Return what the flags say.

    Args:
        values: The options' values by their names.

    Raises:
        UsageError: A key ID without a key, or a home directory that is not known.
    """
    name, key_id = values.get("oidc_client_assertion_key"), values.get("oidc_client_assertion_key_id")
    if key_id and not name:
        raise UsageError(f"{ID_FLAG} is given without {KEY_FLAG}", "give both, or neither")
    return {
        "client_assertion_key": (
            AssertionKeyFile(path=expanded(KEY_FLAG, name), key_id=key_id or None) if name else None
        ),
        "client_authentication": values.get("oidc_client_authentication") or AUTO,
    }


def check(request: TokenRequest) -> None:
    """Refuse a method that lacks what it needs, and a choice that nobody has made.

    Args:
        request: What is asked for.

    Raises:
        UsageError: The flags do not go together.
    """
    method = request.client_authentication
    secret, key = bool(request.client_secret), request.client_assertion_key is not None
    if method == AUTO and secret and key:
        raise UsageError(
            f"{SECRET_FLAG} and {KEY_FLAG} are both given",
            f"give one of them, or say with {FLAG} which is used",
        )
    if method == NONE and (secret or key):
        given = SECRET_FLAG if secret else KEY_FLAG
        raise UsageError(f"{FLAG}={method} and {given} are both given", "give one of them")
    if method in {BASIC, POST} and not secret:
        raise UsageError(
            f"{FLAG}={method} needs {SECRET_FLAG}",
            f"give the client's secret, {SECRET_FLAG}-file, or KUBECTL_OIDC_CLIENT_SECRET",
        )
    if method == PRIVATE_KEY_JWT and not key:
        raise UsageError(f"{FLAG}={method} needs {KEY_FLAG}", "name the file with the client's private key")
