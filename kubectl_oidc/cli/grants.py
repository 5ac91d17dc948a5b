"""What --grant-type, --username and --password ask for, and what a grant cannot do without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

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
    """Refuse a grant that lacks what it needs, before anybody is asked anything.

    Args:
        request: What is asked for.

    Raises:
        UsageError: The client signs in as itself and has no secret (RFC 6749 §4.4: confidential clients only).
    """
    if request.grant == "client-credentials" and not request.client_secret:
        raise UsageError(
            "--grant-type=client-credentials needs --oidc-client-secret",
            "give the secret of the client that signs in as itself",
        )
