"""What --grant-type, --username and --password ask for."""

from __future__ import annotations

from typing import Any, TypedDict

from kubectl_oidc.secret import Secret


class Asked(TypedDict):
    """The fields of a SignInRequest that these flags are."""

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
