"""A certificate authority for one run of the demo. Its key stays in memory; only its certificate is written."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path


class Authority:
    """Issues certificates for this computer's loopback names."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="kubectl-oidc demo")

    def server_context(self) -> ssl.SSLContext:
        """Return the TLS settings of a server on loopback, with a certificate of its own."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._ca.issue_cert("127.0.0.1", "::1", "localhost").configure_cert(context)
        return context

    @property
    def pem(self) -> bytes:
        """The authority's certificate, PEM."""
        return self._ca.cert_pem.bytes()

    def write(self, path: Path) -> Path:
        """Write the authority's certificate as PEM, and return the path."""
        path.write_bytes(self.pem)
        return path
