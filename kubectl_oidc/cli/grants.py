"""What --grant-type, --username and --password ask for, and what a grant cannot do without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from kubectl_oidc.cli import client_authentication
from kubectl_oidc.errors import UsageError
from kubectl_oidc.secret import Secret
from kubectl_oidc.token_request import OTHER_GRANTS

if TYPE_CHECKING:
    from kubectl_oidc.token_request import TokenRequest

__all__ = ["OTHER_GRANTS", "Asked", "check", "read"]


class Asked(TypedDict):
    """The fields of a TokenRequest that these flags are."""

    grant: str
    username: str
    password: Secret | None


def read(values: dict[str, Any]) -> Asked:
    """Return what the flags say.

    Args:
        values: The options' values by their names.
    """
    grant, username = values.get("grant_type") or "auto", values.get("username") or ""
    password = values.get("password")
    return {
        "grant": "password" if grant == "auto" and username else grant,  # as in kubelogin
        "username": username,
        "password": Secret(password) if password else None,
    }


def check(request: TokenRequest) -> None:
    """Refuse a grant, or a client, that lacks what it needs, before anybody is asked anything.

    Args:
        request: What is asked for.

    Raises:
        UsageError: The client's flags do not go together, or it signs in as itself and has neither secret nor key
            (RFC 6749 §4.4: confidential clients only).
    """
    client_authentication.check(request)
    if request.grant == "client-credentials" and not (request.client_secret or request.client_assertion_key):
        raise UsageError(
            "--grant-type=client-credentials needs --oidc-client-secret or --oidc-client-assertion-key",
            "give the secret or the private key of the client that signs in as itself",
        )
