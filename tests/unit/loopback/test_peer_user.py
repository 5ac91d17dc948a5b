"""The user at the other end of a connection, from the system's own tables. If they do not tell, nobody is refused."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.loopback.peer_user import CLOSED, is_other_user, user_id_of_peer
from tests.sessions import linux_only

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


class Connected:
    """A socket that says where it is connected, as far as the tables are concerned."""

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 8000

    def getpeername(self) -> tuple[str, int]:
        return "127.0.0.1", 40000


def line(near: str, far: str, uid: int, inode: int = 1) -> str:
    """Return a line of the system's table."""
    return f"   0: {near} {far} 01 00000000:00000000 00:00000000 00000000 {uid:5d}        0 {inode} 1 0 20 4 30 10 -1\n"


def connection(family: socket.AddressFamily, near: str, far: str) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection, ours first; ``far`` is the address that the other end calls."""
    with socket.socket(family) as listener:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            listener.bind((near, 0))
        except OSError:
            pytest.skip(f"this machine has no {near}")
        listener.listen()
        other = socket.create_connection((far, listener.getsockname()[1]))
        return listener.accept()[0], other


@linux_only
@pytest.mark.parametrize(
    ("family", "near", "far"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET6, "::1", "::1"),
        (socket.AF_INET6, "::", "127.0.0.1"),
    ],
    ids=["IPv4", "IPv6", "IPv4 to a socket of IPv6"],
)
def test_a_process_of_ours_is_known(family: socket.AddressFamily, near: str, far: str) -> None:
    """By the tables of this very machine."""
    ours, other = connection(family, near, far)
    with closing(ours), closing(other):
        assert user_id_of_peer(ours) == os.getuid()


@pytest.mark.skipif(sys.byteorder != "little", reason="the tables below are written in little-endian words")
def test_the_line_is_the_other_ends(tmp_path: Path) -> None:
    """Not ours, which has the two addresses the other way round, and not that of another port."""
    ours, theirs = "0100007F:1F40", "0100007F:9C40"
    (tmp_path / "tcp").write_text(
        HEADER + line(ours, theirs, 1) + line("0100007F:9C41", ours, 2) + line(theirs, ours, 1007)
    )
    assert user_id_of_peer(Connected(), tmp_path) == 1007  # type: ignore[arg-type]


@pytest.mark.skipif(sys.byteorder != "little", reason="the tables below are written in little-endian words")
@pytest.mark.parametrize("tables", [["tcp6"], ["tcp", "tcp6"]], ids=["alone", "beside another"])
def test_a_socket_of_ipv6_that_speaks_ipv4_is_in_its_own_table(tmp_path: Path, tables: list[str]) -> None:
    """Its addresses are written as those of IPv6."""
    mapped = "0000000000000000FFFF00000100007F"
    for name in tables:
        (tmp_path / name).write_text(HEADER)
    (tmp_path / "tcp6").write_text(HEADER + line(f"{mapped}:9C40", f"{mapped}:1F40", 1008))
    assert user_id_of_peer(Connected(), tmp_path) == 1008  # type: ignore[arg-type]


@pytest.mark.skipif(sys.byteorder != "little", reason="the tables below are written in little-endian words")
@pytest.mark.parametrize("uid", [0, 1007])
def test_a_socket_that_was_closed_is_nobody_s(tmp_path: Path, uid: int) -> None:
    """Its inode is 0, and its user reads as 0, which is not root."""
    (tmp_path / "tcp").write_text(HEADER + line("0100007F:9C40", "0100007F:1F40", uid, inode=0))
    assert user_id_of_peer(Connected(), tmp_path) == CLOSED  # type: ignore[arg-type]


@linux_only
def test_who_closes_before_it_is_looked_at_is_a_stranger() -> None:
    """By this machine's own tables: not our user and not root, whoever runs the test."""
    ours, other = connection(socket.AF_INET, "127.0.0.1", "127.0.0.1")
    with closing(ours):
        other.sendall(b"GET / HTTP/1.1\r\n\r\n")
        other.close()
        assert is_other_user(user_id_of_peer(ours), {"SUDO_UID": "0"})


@pytest.mark.skipif(sys.byteorder != "little", reason="the table below is written in little-endian words")
def test_a_line_that_is_cut_off_says_nothing(tmp_path: Path) -> None:
    """It is the other end's, and the user id is not in it."""
    (tmp_path / "tcp").write_text(HEADER + "   0: 0100007F:9C40 0100007F:1F40 01\n")
    assert user_id_of_peer(Connected(), tmp_path) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [None, "", HEADER, HEADER + "   0: nonsense\n", "\xff"])
def test_a_table_that_does_not_tell_is_no_answer(tmp_path: Path, content: str | None) -> None:
    """Missing, empty, of another form: the system does not say who it is."""
    if content is not None:
        for name in ("tcp", "tcp6"):
            (tmp_path / name).write_text(content, encoding="latin-1")
    ours, other = connection(socket.AF_INET, "127.0.0.1", "127.0.0.1")
    with closing(ours), closing(other):
        assert user_id_of_peer(ours, tmp_path) is None


@linux_only
def test_strangers_are_other_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own user, root, the user who ran sudo and an unknown user are not strangers."""
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    for uid in (1000, 0, 65534, None):
        assert not is_other_user(uid, {})
    for uid in (1, 1007, 65533, CLOSED):
        assert is_other_user(uid, {})
    assert not is_other_user(1007, {"SUDO_UID": "1007"})
    assert is_other_user(1007, {"SUDO_UID": "1008"})
