"""The flags of TLS: which certificate authorities to trust, and which certificates to present."""

from __future__ import annotations

from . import checks
from .flag import Flag, Group
from .kinds import DATA, FILE, FILES, SWITCH

CLIENT_PAIR = ("--oidc-client-certificate", "--oidc-client-key")
LOCAL_SERVER = ("--local-server-cert", "--local-server-key")

TRUST = ("--certificate-authority", "--certificate-authority-data", "--insecure-skip-tls-verify")
"""The flags that decide which provider is trusted."""

RENEGOTIATION = ("--tls-renegotiation-once", "--tls-renegotiation-freely")
"""kubelogin's flags for providers that asked for a certificate in the middle of a connection (TLS 1.2 and older)."""


def _pair(flags: tuple[str, str], field: str, *, help: str) -> tuple[Flag, Flag]:  # noqa: A002 - as in `Flag`
    """Return the rows of a certificate and its key; each requires the other."""
    certificate, key = flags
    row = Flag("", FILE, group=Group.TLS, rare=True, repeat=True)
    return (
        row._replace(name=certificate, help=help, field=f"{field}.certificate", requires=key),
        row._replace(
            name=key,
            help=f"Private key (PEM) of {certificate}.",
            field=f"{field}.key",
            requires=certificate,
        ),
    )


TLS = (
    Flag(
        "--certificate-authority",
        FILES,
        help="CA certificate to trust for the provider, in addition to the system's; repeatable.",
        group=Group.TLS,
        field="tls.ca_files",
        repeat=True,
    ),
    Flag(
        "--certificate-authority-data",
        DATA,
        help="CA certificate to trust for the provider, as base64-encoded PEM; repeatable.",
        group=Group.TLS,
        field="tls.ca_data",
        read=checks.authorities,
        repeat=True,
    ),
    Flag(
        "--insecure-skip-tls-verify",
        SWITCH,
        help="[DANGEROUS] Do not verify the provider's certificate.",
        group=Group.TLS,
        field="tls.insecure",
        repeat=True,
    ),
    *_pair(
        CLIENT_PAIR,
        "tls.key_pair",
        help="Certificate (PEM) to present to the provider, if it asks for one.",
    ),
    *_pair(
        LOCAL_SERVER,
        "redirect.local_server",
        help="Certificate (PEM) of the address that the browser returns to, which is then https.",
    ),
    *(
        Flag(
            flag,
            SWITCH,
            help="Accepted without effect: TLS 1.3 has no renegotiation.",
            group=Group.ADVANCED,
            rare=True,
        )
        for flag in RENEGOTIATION
    ),
)
