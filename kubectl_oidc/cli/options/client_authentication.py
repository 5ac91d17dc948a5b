"""The options that say how the client proves who it is.

As with the client's secret (``client_secret.py``), they are no part of a session's identity: the client stays the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import click

from kubectl_oidc.oidc.client import AUTO, METHODS, PRIVATE_KEY_JWT
from kubectl_oidc.oidc.client_assertion import FLAG as KEY_FLAG, ID_FLAG, AssertionKeyFile

from .paths import expanded

if TYPE_CHECKING:
    from .types import Option

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
    """The fields of a SignInRequest that these flags are."""

    client_assertion_key: AssertionKeyFile | None
    client_authentication: str


def read(values: dict[str, Any]) -> Asked:
    """Return what the flags say.

    Args:
        values: The options' values by their names.

    Raises:
        UsageError: A home directory that is not known.
    """
    name, key_id = values.get("oidc_client_assertion_key"), values.get("oidc_client_assertion_key_id")
    return {
        "client_assertion_key": (
            AssertionKeyFile(path=expanded(KEY_FLAG, name), key_id=key_id or None) if name else None
        ),
        "client_authentication": values.get("oidc_client_authentication") or AUTO,
    }
