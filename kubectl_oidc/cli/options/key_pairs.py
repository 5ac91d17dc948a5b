"""The options that name a certificate and its key: for the provider, and for the address that the browser comes back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.http.key_pair import KeyPair

from .paths import expanded

if TYPE_CHECKING:
    from .types import Option

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


def key_pair(values: dict[str, Any], flags: tuple[str, str]) -> KeyPair | None:
    """Return the certificate and key that two flags name; None where they do not.

    Args:
        values: The options' values by their names.
        flags: The flag of the certificate, and that of the key.

    Raises:
        UsageError: The home directory in one of them is not known.
    """
    files = [values.get(flag.removeprefix("--").replace("-", "_")) for flag in flags]
    if not all(files):
        return None
    certificate, key = (expanded(flag, str(name)) for flag, name in zip(flags, files, strict=True))
    return KeyPair(certificate=certificate, key=key, flags=flags)
