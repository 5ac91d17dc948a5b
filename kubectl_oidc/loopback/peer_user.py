"""Whose process is at the other end of a connection of this machine, where the system tells (Linux, proc_net(5)).

Every user of a machine can connect to its loopback addresses, and can read in the process list what a browser was started
with. The start address there leads on to the provider with our state in it: who has that can end our sign-in with an account
of their own.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NOBODY = 65534
"""What stands for a user that a user namespace does not have (user_namespaces(7))."""

CLOSED = -1
"""What stands for the user of a socket that its process has closed: the table says inode 0 and user 0 for it."""

_FAR, _NEAR, _UID, _INODE = 1, 2, 7, 9  # fields of a line, seen from the other end


def uid_of(client: socket.socket, tables: Path = Path("/proc/net")) -> int | None:
    """Return the user id of who holds the other end of a connection, CLOSED if nobody does, or None if the system does not tell.

    Args:
        client: The connected socket.
        tables: Where the system keeps its tables of connections.
    """
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        # Not such an address, or no such table: the other one may tell.
        with contextlib.suppress(OSError, ValueError, IndexError):
            ends = [_place(client.getpeername(), family), _place(client.getsockname(), family)]
            for line in (tables / name).read_text(encoding="ascii").splitlines():
                fields = line.split()
                if fields[_FAR : _NEAR + 1] == ends:
                    return CLOSED if int(fields[_INODE]) == 0 else int(fields[_UID])
    return None


def is_stranger(uid: int | None, environ: Mapping[str, str]) -> bool:
    """Tell whether a process of this user is none of ours: not our user's, not root's, and not of who became us by sudo.

    Args:
        uid: The user id, or None if it is not known, which is no reason to refuse anybody. CLOSED is a stranger: another user
            may have sent the request and closed the connection, and its own user has no use for the answer.
        environ: The environment.
    """
    if uid is None or sys.platform != "linux":
        return False
    return uid not in {os.getuid(), 0, _NOBODY} and str(uid) != environ.get("SUDO_UID")


def _place(end: Sequence[Any], family: socket.AddressFamily) -> str:
    """Return an end as the table of this family writes it, words of 32 bits in this machine's byte order.

    Raises:
        OSError: It is no address of this family.
    """
    # What an IPv4 client of an IPv6 socket is called there; its own socket is one of IPv4, as a rule.
    host, port = end[0].removeprefix("::ffff:"), end[1]
    if family == socket.AF_INET6 and ":" not in host:
        host = f"::ffff:{host}"
    address = socket.inet_pton(family, host)
    words = (int.from_bytes(address[i : i + 4], sys.byteorder) for i in range(0, len(address), 4))
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"
