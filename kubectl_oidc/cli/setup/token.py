"""Name the token that the cluster receives, and collect the certificate authorities of its issuer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest

# Such a file may hold more, a private key for example, which must not reach the cluster.
_CERTIFICATE = re.compile(r"-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----\n[^-]*?-----END \1-----\n")


def token_name(request: SignInRequest) -> str:
    """Return the token's name for people."""
    if request.exchange:
        return f"token for {sanitize(request.exchange.audience)}"
    return "access token" if request.use_access_token else "ID token"


def authorities(request: SignInRequest) -> str | None:
    """Return the given certificate authorities as one PEM text; None if there are none. The sign-in has read them before."""
    pems = [*(path.read_bytes() for path in request.tls.ca_files), *request.tls.ca_data]
    lines = [line.strip() for pem in pems for line in pem.decode("utf-8", "replace").splitlines()]
    text = "".join(f"{line}\n" for line in lines if line)
    return "".join(found[0] for found in _CERTIFICATE.finditer(text)) or None
