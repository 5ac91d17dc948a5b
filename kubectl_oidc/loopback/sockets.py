"""The listening sockets: both addresses that ``localhost`` means, at one port, or the next choice (RFC 8252 §7.3)."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from kubectl_oidc.errors import NoFreeListenAddress
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import is_loopback

from .listen_address import ListenAddress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BOTH = ("127.0.0.1", "::1")
"""What a browser may take for ``localhost``."""

_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - compared only

BACKLOG = 512
"""Connections that wait in the kernel while many come at once; it takes fewer where it has a lower limit."""

_ANY_PORT_TRIES = 30
"""A free port of IPv4 may be taken for IPv6; so often another one is asked for."""

# The host has no such family or address, as without IPv6: nobody can take it from us, and no browser reaches it.
_ABSENT = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})

_REASONS = {
    errno.EADDRINUSE: "in use by another program",
    errno.EACCES: "not allowed to this user",
    errno.EPERM: "not allowed to this user",
    errno.EADDRNOTAVAIL: "not an address of this machine",
    errno.EAFNOSUPPORT: "not an address of this machine",
    errno.EMFILE: "too many open files",
}
# Windows says EACCES for a port that another program holds exclusively, or that Hyper-V reserves.
_WINDOWS_TAKEN = frozenset({10013, 10048})


@dataclass(frozen=True, slots=True)
class NotFree:
    """An address that could not be had; ``str`` is the address alone.

    Attributes:
        address: The very address, ``[::1]:8000`` where only that half of ``localhost:8000`` was taken.
        reason: Why, in words.
    """

    address: ListenAddress
    reason: str

    def __str__(self) -> str:
        return str(self.address)


@dataclass(frozen=True, slots=True)
class Listening:
    """What is listened on.

    Attributes:
        asked: The listen address that was chosen, with the real port.
        sockets: The listening sockets; whoever holds them closes them.
        tried: The addresses before it, each not free.
        absent: The halves of ``localhost`` that this machine does not have.
    """

    asked: ListenAddress
    sockets: tuple[socket.socket, ...]
    tried: tuple[NotFree, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def exposed(self) -> bool:
        """Whether other machines may reach it."""
        return not all(is_loopback(listener.getsockname()[0]) for listener in self.sockets)

    @property
    def beside_localhost(self) -> bool:
        """Whether a browser that asks for ``localhost`` here does not reach it, but perhaps another program."""
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

    A loopback address, or none, means both 127.0.0.1 and ::1, because the redirect URI says ``localhost`` and the
    browser may take either. Any other host is listened on as asked, 0.0.0.0 together with ::1.

    Args:
        addresses: What to try, in order.

    Raises:
        NoFreeListenAddress: None is free; the error names each and why.
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
    raise _ports_taken(tried)


def _listen(address: ListenAddress) -> tuple[tuple[socket.socket, ...], tuple[str, ...]]:
    """Return the sockets of one listen address, and which addresses this machine does not have."""
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
    if _loopback(host):
        # 127.0.0.2, say, beside the two: the redirect URI says localhost all the same.
        with contextlib.suppress(ValueError):
            return tuple(dict.fromkeys((*BOTH, str(ip_address(host)))))
        return BOTH
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise _Refused(host, error) from None
    except UnicodeError:
        # A label that is empty or too long: such a name is not even looked up.
        raise _Refused(host, socket.gaierror(socket.EAI_NONAME, "no host name")) from None
    hosts = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    # "::" takes IPv4 along; the other way round a stranger could have the half of localhost that is left.
    return (*hosts, "::1") if hosts == ("0.0.0.0",) else hosts  # noqa: S104 - compared only


def _bind_all(hosts: Iterable[str], port: int) -> tuple[tuple[socket.socket, ...], tuple[str, ...]]:
    """Bind every host that this machine has at one port; nothing stays bound when one is taken."""
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
    """Return a listening socket at one address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # There SO_REUSEADDR would let any program take the port from us while we listen.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Connections of the sign-in before, in TIME_WAIT, are no reason to call the port taken.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "::" is asked for where everything is meant, IPv4 included; any other address is what it is.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _is_taken(error: OSError) -> bool:
    """Tell whether somebody else has the port; another may be free."""
    return error.errno == errno.EADDRINUSE or (
        sys.platform == "win32" and getattr(error, "winerror", None) in _WINDOWS_TAKEN
    )


def _loopback(host: str) -> bool:
    return not host or is_loopback(host)


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "not a host that this machine knows"
    if _is_taken(error) and error.errno != errno.EADDRINUSE:
        return "in use by another program, or reserved by Windows"
    words = _REASONS.get(error.errno or 0)
    return words or sanitize(os.strerror(error.errno) if error.errno else error, limit=80)


def _ports_taken(tried: Sequence[NotFree]) -> NoFreeListenAddress:
    if not tried:
        return NoFreeListenAddress(
            "there is no address to listen on", "name one: --listen-address=127.0.0.1:8000"
        )
    ports = list(dict.fromkeys(each.address.port for each in tried if each.address.port))
    port = ports[0] if ports else 0
    if sys.platform == "win32":
        find = f"netstat -ano -p TCP | findstr :{port}"
    elif sys.platform == "darwin":
        find = f"lsof -nP -iTCP:{port} -sTCP:LISTEN"
    else:
        find = f"ss -ltnp 'sport = :{port}'"
    taken = port and any("in use" in each.reason for each in tried)
    look = f"{find} shows who has it; end that program, or " if taken else ""
    return NoFreeListenAddress(
        "no listen address is free for the browser to come back to: "
        + ", ".join(f"{each} ({each.reason})" for each in tried),
        f"{look}choose another address with --listen-address=127.0.0.1:PORT and register "
        "http://localhost:PORT at the provider as a redirect URI",
    )
