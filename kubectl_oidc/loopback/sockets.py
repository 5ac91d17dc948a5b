"""Open the listening sockets: 127.0.0.1 and ::1 at the same port, at the first listen address that is free (RFC 8252 §7.3)."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING

from kubectl_oidc.errors import NoFreeListenAddress
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import is_loopback

from .listen_address import ListenAddress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BOTH = ("127.0.0.1", "::1")
"""The addresses that a browser may use for ``localhost``."""

_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - compared only

BACKLOG = 512
"""Connections that may wait in the kernel. The kernel's own limit may be lower."""

_ANY_PORT_TRIES = 30
"""How many free ports are tried if the port is free for IPv4 but in use for IPv6."""

# The machine does not have such an address, for example no IPv6: no other program can use it, and no browser reaches it.
_ABSENT = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})

_IN_USE = "in use by another program"
_REASONS = {
    errno.EADDRINUSE: _IN_USE,
    errno.EACCES: "not allowed to this user",
    errno.EPERM: "not allowed to this user",
    errno.EADDRNOTAVAIL: "not an address of this machine",
    errno.EAFNOSUPPORT: "not an address of this machine",
    errno.EMFILE: "too many open files",
}
# Windows reports EACCES for a port that another program holds exclusively, or that Hyper-V reserves.
_WINDOWS_TAKEN = frozenset({10013, 10048})


class NotFree(NamedTuple):
    """An address that could not be listened on; ``str`` is the address.

    Attributes:
        address: ``[::1]:8000`` if only that half of ``localhost:8000`` was in use.
        reason: Why, for a message.
    """

    address: ListenAddress
    reason: str

    def __str__(self) -> str:
        return str(self.address)


class Listening(NamedTuple):
    """The open listening sockets.

    Attributes:
        asked: The listen address that was free, with the real port.
        sockets: The caller closes them.
        tried: The addresses before it, which were not free.
        absent: The addresses of ``localhost`` that this machine does not have.
    """

    asked: ListenAddress
    sockets: tuple[socket.socket, ...]
    tried: tuple[NotFree, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def exposed(self) -> bool:
        """Whether other machines may reach the sockets."""
        return not all(is_loopback(listener.getsockname()[0]) for listener in self.sockets)

    @property
    def beside_localhost(self) -> bool:
        """Whether ``localhost`` does not reach these sockets, but perhaps another program's."""
        reached = {listener.getsockname()[0] for listener in self.sockets}
        return reached.isdisjoint({*BOTH, *_WILDCARDS})


class _Refused(Exception):
    """One address is not free."""

    def __init__(self, host: str, error: OSError) -> None:
        super().__init__(str(error))
        self.host = host
        self.error = error


def listen(addresses: Sequence[ListenAddress]) -> Listening:
    """Listen on the first of ``addresses`` that is free.

    A loopback address, or no host, means both 127.0.0.1 and ::1, because the redirect URI contains ``localhost`` and the
    browser may use either. Any other host is used as given, 0.0.0.0 together with ::1.

    Raises:
        NoFreeListenAddress: None is free. The error names each address and why.
    """
    tried: list[NotFree] = []
    for address in addresses:
        try:
            found = _listen(address)
        except _Refused as refused:
            tried.append(NotFree(ListenAddress(refused.host, address.port), _reason(refused.error)))
        else:
            sockets, absent = found
            port = sockets[0].getsockname()[1]
            return Listening(ListenAddress(address.host, port), sockets, tuple(tried), absent)
    raise _none_free(tried)


def _listen(address: ListenAddress) -> tuple[tuple[socket.socket, ...], tuple[str, ...]]:
    """Return the sockets of one listen address, and the addresses that this machine does not have."""
    hosts = _hosts(address.host)
    tries = _ANY_PORT_TRIES if address.port == 0 else 1
    while True:
        tries -= 1
        try:
            return _bind_all(hosts, address.port)
        except _Refused as refused:
            if not tries or not _is_taken(refused.error):
                raise


def _hosts(host: str) -> tuple[str, ...]:
    if not host or is_loopback(host):
        # For 127.0.0.2, say, all three: the redirect URI still contains localhost.
        with contextlib.suppress(ValueError):
            return tuple(dict.fromkeys((*BOTH, str(ip_address(host)))))
        return BOTH
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise _Refused(host, error) from None
    except UnicodeError:
        # Python does not look up a name with an empty or too long label.
        raise _Refused(host, socket.gaierror(socket.EAI_NONAME, "not a host name")) from None
    hosts = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    # "::" includes IPv4. 0.0.0.0 does not include IPv6, so ::1 is added: otherwise another program could listen there.
    return (*hosts, "::1") if hosts == ("0.0.0.0",) else hosts  # noqa: S104 - compared only


def _bind_all(hosts: Iterable[str], port: int) -> tuple[tuple[socket.socket, ...], tuple[str, ...]]:
    """Listen on every address that this machine has, at one port. If one is in use, all are closed again."""
    absent: list[str] = []
    last: OSError | None = None
    with contextlib.ExitStack() as undo:
        sockets: list[socket.socket] = []
        for host in hosts:
            try:
                sockets.append(undo.enter_context(_bind(host, port)))
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise _Refused(host, error) from None
                absent.append(host)
                last = error
            else:
                port = sockets[0].getsockname()[1]
        if last is not None and not sockets:
            raise _Refused(absent[0], last)
        undo.pop_all()
    return tuple(sockets), tuple(absent)


def _bind(host: str, port: int) -> socket.socket:
    """Return a listening socket for one address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # On Windows, SO_REUSEADDR would let any program take over the port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Ignore connections of an earlier sign-in that are in TIME_WAIT.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Only "::" includes IPv4.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _is_taken(error: OSError) -> bool:
    """Return whether another program has the port."""
    return error.errno == errno.EADDRINUSE or (
        sys.platform == "win32" and getattr(error, "winerror", None) in _WINDOWS_TAKEN
    )


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "not a known host"
    if _is_taken(error) and error.errno != errno.EADDRINUSE:
        return f"{_IN_USE}, or reserved by Windows"
    words = _REASONS.get(error.errno or 0)
    return words or sanitize(os.strerror(error.errno) if error.errno else error, limit=80)


def _none_free(tried: Sequence[NotFree]) -> NoFreeListenAddress:
    if not tried:
        return NoFreeListenAddress(
            "--listen-address is empty", "give one, such as --listen-address=127.0.0.1:8000"
        )
    ports = list(dict.fromkeys(each.address.port for each in tried if each.address.port))
    port = ports[0] if ports else 0
    if sys.platform == "win32":
        find = f"netstat -ano -p TCP | findstr :{port}"
    elif sys.platform == "darwin":
        find = f"lsof -nP -iTCP:{port} -sTCP:LISTEN"
    else:
        find = f"ss -ltnp 'sport = :{port}'"
    taken = port and any(each.reason.startswith(_IN_USE) for each in tried)
    look = f"run `{find}` to see who uses it; end that program, or " if taken else ""
    return NoFreeListenAddress(
        "no listen address is free: " + ", ".join(f"{each} ({each.reason})" for each in tried),
        f"{look}give --listen-address=127.0.0.1:PORT and register http://localhost:PORT at the provider as a redirect URI",
    )
