"""The flags of TLS: whom to trust, and the certificates to present, to the provider and to the browser."""

from __future__ import annotations

from . import checks
from .flag import Flag
from .kinds import DATA, FILE, FILES, SWITCH

CLIENT_PAIR = ("--oidc-client-certificate", "--oidc-client-key")
LOCAL_SERVER = ("--local-server-cert", "--local-server-key")

TRUST = ("--certificate-authority", "--certificate-authority-data", "--insecure-skip-tls-verify")
"""The flags that choose whom to trust as the provider."""

RENEGOTIATION = ("--tls-renegotiation-once", "--tls-renegotiation-freely")
"""kubelogin's flags for providers that asked for a certificate in the middle of a connection (TLS 1.2 and older)."""


def _pair(flags: tuple[str, str], field: str, *, help: str) -> tuple[Flag, Flag]:  # noqa: A002 - as in `Flag`
    """Return the rows of a certificate and its key; each requires the other."""
    certificate, key = flags
    return (
        Flag(certificate, FILE, help=help, field=f"{field}.certificate", repeat=True, requires=key),
        Flag(key, FILE, help="Its key (PEM).", field=f"{field}.key", repeat=True, requires=certificate),
    )


TLS = (
    Flag(
        "--certificate-authority",
        FILES,
        help="CA to trust for the provider, beside the system's; repeatable.",
        field="tls.ca_files",
        repeat=True,
    ),
    Flag(
        "--certificate-authority-data",
        DATA,
        help="The same, as base64 of PEM; repeatable.",
        field="tls.ca_data",
        read=checks.authorities,
        repeat=True,
    ),
    Flag(
        "--insecure-skip-tls-verify",
        SWITCH,
        help="[DANGEROUS] Do not check the provider's certificate.",
        field="tls.insecure",
        repeat=True,
    ),
    *_pair(
        CLIENT_PAIR,
        "tls.key_pair",
        help="Certificate to present to the provider, where it asks for one (PEM).",
    ),
    *_pair(
        LOCAL_SERVER,
        "redirect.local_server",
        help="Certificate of the address that the browser comes back to, which is then https (PEM).",
    ),
    *(
        Flag(flag, SWITCH, help="Accepted without effect: TLS 1.3 has no renegotiation.")
        for flag in RENEGOTIATION
    ),
)
