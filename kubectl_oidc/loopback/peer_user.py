"""Find the user whose process is at the other end of a local connection (Linux only, proc_net(5)).

Every user of a machine can connect to its loopback addresses, and can read the browser's command line in the process list.
The start URL in it redirects to the provider with our state. Another user who follows it could finish our sign-in with an
account of their own.
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
"""The id of a user that this user namespace does not have (user_namespaces(7))."""

CLOSED = -1
"""Returned for a socket that its process has closed. The kernel's table has inode 0 and user 0 for it."""

_FAR, _NEAR, _UID, _INODE = 1, 2, 7, 9  # the fields of a line, from the view of the other end


def user_id_of_peer(client: socket.socket, tables: Path = Path("/proc/net")) -> int | None:
    """Return the user id of the process at the other end, CLOSED if it has closed it, or None if the system does not tell."""
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        # Another address family, or no such table: try the other one.
        with contextlib.suppress(OSError, ValueError, IndexError):
            ends = [_place(client.getpeername(), family), _place(client.getsockname(), family)]
            for line in (tables / name).read_text(encoding="ascii").splitlines():
                fields = line.split()
                if fields[_FAR : _NEAR + 1] == ends:
                    return CLOSED if int(fields[_INODE]) == 0 else int(fields[_UID])
    return None


def is_other_user(uid: int | None, environ: Mapping[str, str]) -> bool:
    """Return whether a user id belongs to another user: not to this one, not to root, and not to the user who ran sudo.

    Args:
        uid: None, if it is not known, counts as this user. CLOSED counts as another one: another user may have sent the
            request and closed the connection, and a browser that has closed it does not need the answer.
        environ: SUDO_UID in it is the user who ran sudo.
    """
    if uid is None or sys.platform != "linux":
        return False
    return uid not in {os.getuid(), 0, _NOBODY} and str(uid) != environ.get("SUDO_UID")


def _place(end: Sequence[Any], family: socket.AddressFamily) -> str:
    """Return host and port in the format of the family's table: words of 32 bits in this machine's byte order.

    Raises:
        OSError: The address is not of this family.
    """
    # An IPv4 client of an IPv6 socket has this prefix; its own socket is usually an IPv4 one.
    host, port = end[0].removeprefix("::ffff:"), end[1]
    if family == socket.AF_INET6 and ":" not in host:
        host = f"::ffff:{host}"
    address = socket.inet_pton(family, host)
    words = (int.from_bytes(address[i : i + 4], sys.byteorder) for i in range(0, len(address), 4))
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"
