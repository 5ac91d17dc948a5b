"""The options that name a certificate and its key: for the provider, and for the address that the browser comes back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kubectl_oidc.cli.paths import expanded
from kubectl_oidc.errors import UsageError
from kubectl_oidc.key_pair import KeyPair
from kubectl_oidc.text import plain

if TYPE_CHECKING:
    from kubectl_oidc.cli.options import Option

CLIENT = ("--oidc-client-certificate", "--oidc-client-key")
LOCAL_SERVER = ("--local-server-cert", "--local-server-key")

KEY_PAIRS: tuple[Option, ...] = (
    (
        (CLIENT[0],),
        {"metavar": "FILE", "help": "Certificate to present to the provider, where it asks for one (PEM)."},
    ),
    ((CLIENT[1],), {"metavar": "FILE", "help": "Its key (PEM)."}),
    (
        (LOCAL_SERVER[0],),
        {
            "metavar": "FILE",
            "help": "Certificate of the address that the browser comes back to, which is then https (PEM).",
        },
    ),
    ((LOCAL_SERVER[1],), {"metavar": "FILE", "help": "Its key (PEM)."}),
)


def client_key_pair(values: dict[str, Any]) -> KeyPair | None:
    """Return what is presented to the provider, where something is.

    Args:
        values: The options' values by their names.

    Raises:
        UsageError: One of the two flags is missing.
    """
    return _key_pair(values, CLIENT)


def local_server_key_pair(values: dict[str, Any]) -> KeyPair | None:
    """Return what the browser meets where it comes back to, where that is https.

    Args:
        values: The options' values by their names.

    Raises:
        UsageError: One of the two flags is missing, or the redirect URL is http.
    """
    pair = _key_pair(values, LOCAL_SERVER)
    redirect_url = values.get("oidc_redirect_url")
    if pair and redirect_url and urlsplit(redirect_url).scheme == "http":
        raise UsageError(
            f"{LOCAL_SERVER[0]} is given, and --oidc-redirect-url {plain(redirect_url)} is http",
            "register an https redirect URI at the provider and give that, or leave the certificate out",
        )
    return pair


def _key_pair(values: dict[str, Any], flags: tuple[str, str]) -> KeyPair | None:
    files = [values.get(flag.removeprefix("--").replace("-", "_")) for flag in flags]
    if not any(files):
        return None
    if not all(files):
        given, missing = flags if files[0] else flags[::-1]
        raise UsageError(f"{given} is given without {missing}", "give both, or neither")
    certificate, key = (expanded(flag, str(name)) for flag, name in zip(flags, files, strict=True))
    return KeyPair(certificate=certificate, key=key, flags=flags)
