"""The flags of TLS: whom to trust, and the certificates to present, to the provider and to the browser."""

from __future__ import annotations

from . import checks
from .flag import Flag
from .kinds import DATA, FILE, FILES, SWITCH

CLIENT_PAIR = ("--oidc-client-certificate", "--oidc-client-key")
LOCAL_SERVER = ("--local-server-cert", "--local-server-key")

RENEGOTIATION = ("--tls-renegotiation-once", "--tls-renegotiation-freely")
"""kubelogin's flags for providers that asked for a certificate in the middle of a connection (TLS 1.2 and older)."""


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
    Flag(
        CLIENT_PAIR[0],
        FILE,
        help="Certificate to present to the provider, where it asks for one (PEM).",
        field="tls.key_pair.certificate",
        repeat=True,
        requires=CLIENT_PAIR[1],
    ),
    Flag(
        CLIENT_PAIR[1],
        FILE,
        help="Its key (PEM).",
        field="tls.key_pair.key",
        repeat=True,
        requires=CLIENT_PAIR[0],
    ),
    Flag(
        LOCAL_SERVER[0],
        FILE,
        help="Certificate of the address that the browser comes back to, which is then https (PEM).",
        field="redirect.local_server.certificate",
        repeat=True,
        requires=LOCAL_SERVER[1],
    ),
    Flag(
        LOCAL_SERVER[1],
        FILE,
        help="Its key (PEM).",
        field="redirect.local_server.key",
        repeat=True,
        requires=LOCAL_SERVER[0],
    ),
    *(
        Flag(flag, SWITCH, help="Accepted without effect: TLS 1.3 has no renegotiation.")
        for flag in RENEGOTIATION
    ),
)
