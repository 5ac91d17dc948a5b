"""Ask a proxy to connect to the provider: by CONNECT (RFC 9110 §9.3.6) or SOCKS5 (RFC 1928, RFC 1929)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .answer import NotHttp, Source, read_head
from .proxy import RefusedByProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.system.deadline import Deadline

    from .proxy import Proxy
    from .stream import Stream

_SOCKS_REPLIES = (
    *("", "general SOCKS server failure", "connection not allowed by ruleset", "network unreachable"),
    *("host unreachable", "connection refused", "TTL expired", "command not supported"),
    "address type not supported",
)
"""The replies of RFC 1928 §6, by number."""


def open_tunnel(stream: Stream, proxy: Proxy, host: str, port: int, end: Deadline) -> None:
    """Have the proxy at the other end of ``stream`` connect to ``host``, which it looks up itself.

    Args:
        host: In ASCII.
        end: Until when to wait for it.

    Raises:
        RefusedByProxy: It does not.
        OSError: The connection ended or timed out.
    """
    source = Source(stream, end)
    if proxy.scheme in {"http", "https"}:
        _connect(stream, source, proxy, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    else:
        _socks(stream.sendall, source, proxy, host, port)
    if source.unread:  # the provider speaks only when it is spoken to
        raise RefusedByProxy("it sends data too early")


def _connect(stream: Stream, source: Source, proxy: Proxy, place: str) -> None:
    fields = {"Host": place, "Accept": "*/*", **proxy.headers()}
    lines = [f"CONNECT {place} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    stream.sendall("\r\n".join(lines).encode("ascii"))
    try:
        answer = read_head(source)
    except NotHttp:
        raise RefusedByProxy("its answer is not HTTP") from None
    if not 200 <= answer.status < 300:  # noqa: PLR2004
        raise RefusedByProxy(f"{answer.status} {answer.reason}")


def _socks(send: Callable[[bytes], None], source: Source, proxy: Proxy, host: str, port: int) -> None:
    method = b"\x02" if proxy.login else b"\x00"
    send(b"\x05\x01" + method)
    if source.exactly(2) != b"\x05" + method:
        raise RefusedByProxy("it requires another kind of login")
    if proxy.login:
        user, password = (_with_length(word.encode()) for word in proxy.user_and_password())
        send(b"\x01" + user + password)
        if source.exactly(2)[1]:
            raise RefusedByProxy("invalid user name or password")
    send(b"\x05\x01\x00" + _socks_address(host) + port.to_bytes(2, "big"))
    version, reply, _, kind = source.exactly(4)
    if version != 5 or reply:  # noqa: PLR2004
        raise RefusedByProxy(_SOCKS_REPLIES[reply] if reply < len(_SOCKS_REPLIES) else f"reply {reply}")
    # The address at which it connects is of no use.
    source.exactly({1: 4, 4: 16}.get(kind) or source.exactly(1)[0])
    source.exactly(2)


def _socks_address(host: str) -> bytes:
    from ipaddress import ip_address

    try:
        address = ip_address(host)
    except ValueError:
        return b"\x03" + _with_length(host.encode("ascii"))
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed  # noqa: PLR2004


def _with_length(data: bytes) -> bytes:
    if len(data) > 255:  # noqa: PLR2004
        raise RefusedByProxy("the user name or password is too long for SOCKS")
    return bytes([len(data)]) + data
