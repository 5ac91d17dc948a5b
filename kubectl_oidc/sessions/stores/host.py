"""Which host this is. Several hosts may share one home directory, and each has its own kernel keyring."""

from __future__ import annotations

import functools
import socket
from pathlib import Path

from kubectl_oidc.digests import sha256
from kubectl_oidc.named_tuple import NamedTuple

MACHINE_ID = Path("/etc/machine-id")
"""machine-id(5): 32 hexadecimal digits and a line break. It is confidential, so only a digest of it is used."""


class Host(NamedTuple):
    """One host.

    Attributes:
        mark: 16 hexadecimal digits, for file names.
        name: The host name, which entries of version 1.0.0 contain.
    """

    mark: str
    name: str


def host_of(machine_id: Path, name: str) -> Host:
    """Return a host.

    Args:
        machine_id: Its file of machine-id(5). If that is missing or not initialized, the host name identifies it.
        name: Its host name.
    """
    try:
        content = machine_id.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        content = ""
    if content in ("", "uninitialized"):
        content = name
    digest = sha256(f"kubectl-oidc host {content}".encode(errors="surrogateescape"))
    return Host(digest.hexdigest()[:16], name)


@functools.cache
def this_host() -> Host:
    """Return the host that this process runs on."""
    return host_of(MACHINE_ID, socket.gethostname())
