"""Parse --listen-address: a host and a port, in kubelogin's format."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

from kubectl_oidc.errors import UsageError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import json_quoted

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PORT = re.compile(r"[0-9]{1,5}")
_LAST_PORT = 65535


class ListenAddress(NamedTuple):
    """An address to listen on; ``str`` writes it as ``host:port``.

    Attributes:
        host: A host name or address without brackets; empty means ``localhost``.
        port: The port; 0 means any free port.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> ListenAddress:
        """Parse ``127.0.0.1:8000``, ``localhost:0``, ``[::1]:8000`` or ``:8000``.

        Without a host it is loopback. Go would listen on every interface, which a callback server must not do (RFC 8252 §8.3).

        Raises:
            UsageError: It is not a host and a port.
        """
        host, colon, port = text.strip().rpartition(":")
        if not colon:
            raise _malformed(text, "has no port")
        if not _PORT.fullmatch(port) or int(port) > _LAST_PORT:
            raise _malformed(text, f"has no port between 0 and {_LAST_PORT} after its last colon")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
            if not _is_ipv6(host):
                raise _malformed(text, "has no IPv6 address between its brackets")
        elif ":" in host:
            raise _malformed(
                text, "has an IPv6 address without brackets" if _is_ipv6(host) else "is not a host and port"
            )
        elif host and not _HOST_NAME.fullmatch(host):
            raise _malformed(text, "has a character that host names cannot have")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _malformed(text: str, why: str) -> UsageError:
    return UsageError(
        f"--listen-address {json_quoted(text)} {why}",
        "write HOST:PORT, such as `--listen-address=127.0.0.1:8000`; write an IPv6 address in brackets; port 0 is any port",
    )
