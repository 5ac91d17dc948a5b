"""Where the callback server listens: what --listen-address says, both halves of localhost, the next choice, the names."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import NoFreeListenAddress, UsageError
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.loopback.redirect_uri import addresses_at_port, allowed_host_headers, browser_host_and_port
from kubectl_oidc.loopback.sockets import (
    _IN_USE,
    Listening,
    NotFree,
    _bind_all,
    _none_free,
    _reason,
    _Refused,
    listen,
)
from tests.topics import told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what a container's published port needs; asked for by one flag
OUTSIDE = "240.0.0.1"  # reserved (RFC 1112): no machine has it, while test networks do use those of RFC 5737


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


HAS_IPV6 = _has_ipv6()
IPV6 = pytest.mark.skipif(not HAS_IPV6, reason="this machine has no ::1")
HALVES = {"127.0.0.1", "::1"} if HAS_IPV6 else {"127.0.0.1"}


def address(text: str) -> ListenAddress:
    return ListenAddress.parse(text)


@contextlib.contextmanager
def listening(*addresses: str) -> Iterator[Listening]:
    """Listen on the first that is free while the block runs."""
    found = listen([address(each) for each in addresses])
    try:
        yield found
    finally:
        for listener in found.sockets:
            listener.close()


@contextlib.contextmanager
def occupied(host: str) -> Iterator[int]:
    """Give a port that another program has at ``host``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as other:
        yield other.getsockname()[1]


def free_port() -> int:
    """Return a port that nothing has at this moment."""
    with listening("localhost:0") as found:
        return found.asked.port


def hosts(found: Listening) -> set[str]:
    return {listener.getsockname()[0] for listener in found.sockets}


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=10).close()
    except OSError:
        return False
    return True


# --listen-address


@pytest.mark.parametrize(
    ("text", "host", "port", "written"),
    [
        ("127.0.0.1:8000", "127.0.0.1", 8000, "127.0.0.1:8000"),
        ("localhost:0", "localhost", 0, "localhost:0"),
        ("LOCALHOST:1", "LOCALHOST", 1, "LOCALHOST:1"),
        ("[::1]:8000", "::1", 8000, "[::1]:8000"),
        ("[2001:db8::1]:65535", "2001:db8::1", 65535, "[2001:db8::1]:65535"),
        ("[::]:8000", "::", 8000, "[::]:8000"),
        (":8000", "", 8000, ":8000"),
        ("0.0.0.0:8000", EVERYWHERE, 8000, "0.0.0.0:8000"),
        ("my-laptop.example.com:8000", "my-laptop.example.com", 8000, "my-laptop.example.com:8000"),
        ("a:1", "a", 1, "a:1"),
        ("localhost:00080", "localhost", 80, "localhost:80"),
        (" 127.0.0.1:8000\n", "127.0.0.1", 8000, "127.0.0.1:8000"),
    ],
)
def test_a_listen_address_is_a_host_and_a_port(text: str, host: str, port: int, written: str) -> None:
    """Names, addresses, IPv6 in brackets, and no host at all are read as kubelogin reads them, and written back."""
    found = address(text)
    assert found == ListenAddress(host, port)
    assert str(found) == written


MALFORMED = {
    "no port": ["", "localhost", "8000"],
    "port": [
        "localhost:",
        ":",
        "localhost:http",
        "localhost:65536",
        "localhost:000001",
        "localhost:-1",
        "localhost:+1",
        "localhost: 1",
        "localhost:8_0",
        "localhost:٨٠",
        "localhost:8000/callback",
    ],
    "IPv6 without brackets": ["::1:8000", "2001:db8::1:8000"],
    "no host and port": ["::1", "http://localhost:8000", "localhost:8000:8000", "[::1:8000"],
    "no IPv6 in the brackets": ["[]:8000", "[localhost]:8000", "[127.0.0.1]:8000", "[::g]:8000"],
    "character": [
        "local host:8000",
        "user@localhost:8000",
        "-localhost:8000",
        "*:8000",
        "löcalhost:8000",
        "localhost\n127.0.0.1:8000",
        "localhost\x1b[31m:8000",
    ],
}


def malformed(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        address(text)
    return caught.value


def test_each_fault_of_a_listen_address_has_its_own_reason() -> None:
    """The reason stands behind the quoted text."""
    told_apart(
        {
            fault: [malformed(text).message.rpartition('"')[2] for text in texts]
            for fault, texts in MALFORMED.items()
        }
    )
    assert "65535" in malformed("localhost:65536").message


@pytest.mark.parametrize("text", [text for texts in MALFORMED.values() for text in texts])
def test_a_malformed_listen_address_is_a_usage_error_that_says_why(text: str) -> None:
    """What was written, what is wrong with it and what would be right stand in one line each, without controls."""
    error = malformed(text)
    assert error.exit_status == 2
    assert error.message.startswith('--listen-address "')
    assert error.message.isprintable()
    assert "--listen-address=127.0.0.1:8000" in error.hint


@given(
    st.one_of(
        st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True),
        st.ip_addresses().map(str),
    ),
    st.integers(0, 65535),
)
def test_a_listen_address_written_and_read_again_is_the_same(host: str, port: int) -> None:
    """``str`` and ``parse`` undo each other, whatever the host."""
    there = ListenAddress(host, port)
    assert ListenAddress.parse(str(there)) == there


@given(st.text(max_size=30) | st.text("[]:.0123456789abcdef%", max_size=20))
def test_any_text_is_a_listen_address_or_a_usage_error(text: str) -> None:
    """No text makes the parser fail in another way, and what it takes has a port of 16 bits."""
    try:
        port = ListenAddress.parse(text).port
    except UsageError as error:
        port, words = 0, error.message
    else:
        words = ""
    assert 0 <= port <= 65535
    assert "\n" not in words


# Loopback, both halves of it


@pytest.mark.parametrize("text", ["localhost:0", "127.0.0.1:0", "[::1]:0", ":0", "LocalHost:0"])
def test_a_loopback_address_means_both_halves_of_localhost_and_nothing_else(text: str) -> None:
    """However it is written, 127.0.0.1 and ::1 are ours at one port, and no other interface (RFC 8252 §7.3)."""
    with listening(text) as found:
        assert hosts(found) == HALVES
        assert {listener.getsockname()[1] for listener in found.sockets} == {found.asked.port}
        assert found.asked == ListenAddress(address(text).host, found.asked.port)
        assert found.asked.port > 0
        assert all(answers(half, found.asked.port) for half in HALVES)
        assert not found.exposed
        assert found.tried == ()
        assert set(found.absent) == {"127.0.0.1", "::1"} - HALVES


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 without configuration")
def test_another_loopback_address_is_listened_on_beside_the_two() -> None:
    """The redirect URI still contains localhost, so 127.0.0.2 is added to the two."""
    with listening("127.0.0.2:0") as found:
        assert hosts(found) == {*HALVES, "127.0.0.2"}
        assert not found.exposed


def test_port_0_is_another_port_for_each() -> None:
    """Two sign-ins at once with port 0 do not meet."""
    with listening("localhost:0") as one, listening("localhost:0") as other:
        assert one.asked.port != other.asked.port


def test_every_interface_is_listened_on_only_when_asked_and_then_said() -> None:
    """0.0.0.0 is what a container's published port needs; that others may reach it is known to the caller."""
    with listening("0.0.0.0:0") as found:
        assert EVERYWHERE in hosts(found)
        assert found.exposed


@IPV6
def test_every_interface_of_ipv4_leaves_the_other_half_of_localhost_to_nobody_else() -> None:
    """The redirect URI says localhost: with 0.0.0.0 asked for, ::1 is ours too at that port."""
    with listening("0.0.0.0:0") as found:
        assert hosts(found) == {EVERYWHERE, "::1"}
    with occupied("::1") as port, pytest.raises(NoFreeListenAddress, match=rf"\[::1\]:{port} \({_IN_USE}\)"):
        listen([ListenAddress(EVERYWHERE, port)])


@IPV6
def test_every_interface_of_ipv6_is_every_interface() -> None:
    """[::] takes IPv4 along, so both halves of localhost answer."""
    with listening("[::]:0") as found:
        assert found.exposed
        assert all(answers(half, found.asked.port) for half in HALVES)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows reads 127.1 as a name")
def test_a_name_of_this_machine_alone_is_not_called_exposed() -> None:
    """Whether others may reach it is asked of what is listened on, not of how it was written."""
    with listening("127.1:0") as found:
        assert "127.0.0.1" in hosts(found)
        assert not found.exposed


def test_a_half_that_this_machine_does_not_have_is_left_out_and_told() -> None:
    """Without IPv6 no other program can listen on ::1, and no browser reaches it."""
    sockets, absent = _bind_all(("127.0.0.1", OUTSIDE), 0)
    with contextlib.closing(sockets[0]):
        assert [listener.getsockname()[0] for listener in sockets] == ["127.0.0.1"]
        assert absent == (OUTSIDE,)


def test_nothing_listens_where_no_half_is_there() -> None:
    """No socket at all is an error with the system's reason, not a server that cannot be reached."""
    with pytest.raises(_Refused) as caught:
        _bind_all((OUTSIDE, "240.0.0.2"), 0)
    assert caught.value.host == OUTSIDE
    assert caught.value.error.errno == errno.EADDRNOTAVAIL


def test_the_sockets_are_not_inherited() -> None:
    """No browser that is started keeps the port open."""
    with listening("localhost:0") as found:
        assert [listener.get_inheritable() for listener in found.sockets] == [False] * len(found.sockets)


def test_a_port_is_free_again_at_once() -> None:
    """Connections of the sign-in before are no reason to call its port taken."""
    with listening("localhost:0") as found:
        port = found.asked.port
        (ipv4,) = [each for each in found.sockets if each.family == socket.AF_INET]
        ipv4.setblocking(True)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            ours, _ = ipv4.accept()
            ours.close()  # the side that closes first is the one that waits in TIME_WAIT
            assert client.recv(1) == b""
    with listening(f"localhost:{port}") as again:
        assert again.asked.port == port


# What is not free


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ("127.0.0.1", "127.0.0.1"),
        pytest.param("::1", "[::1]", marks=IPV6),
        (EVERYWHERE, "127.0.0.1"),
    ],
)
def test_the_next_address_is_taken_when_a_half_of_one_is_in_use(held: str, told: str) -> None:
    """If either half of localhost is in use, the next address is used. The half and the reason are reported."""
    with occupied(held) as port, listening(f"localhost:{port}", "localhost:0") as found:
        assert found.asked.port not in {0, port}
        (tried,) = found.tried
        assert str(tried) == f"{told}:{port}"
        assert tried.reason == _IN_USE
        assert hosts(found) == HALVES


@IPV6
def test_the_other_half_is_let_go_when_one_is_in_use() -> None:
    """After a try that failed, 127.0.0.1 is as free as it was before."""
    with occupied("::1") as port, listening(f"localhost:{port}", "localhost:0"):
        socket.create_server(("127.0.0.1", port)).close()


def test_the_order_of_the_addresses_is_the_order_of_the_tries() -> None:
    """The first that is free is taken, and later ones are not touched."""
    with occupied("127.0.0.1") as taken:
        port = free_port()
        with listening(f":{port}", f":{taken}") as found:
            assert found.asked.port == port
            assert found.tried == ()


def test_when_nothing_is_free_the_error_names_each_and_why() -> None:
    """The message has every address with its reason; the hint finds who has the port, and what to do."""
    with (
        occupied("127.0.0.1") as one,
        occupied("127.0.0.1") as two,
        pytest.raises(NoFreeListenAddress) as caught,
    ):
        listen([address(f"localhost:{one}"), address(f"[::1]:{two}"), ListenAddress(OUTSIDE, 0)])
    error = caught.value
    assert f"127.0.0.1:{one} ({_IN_USE})" in error.message
    assert f"127.0.0.1:{two} ({_IN_USE})" in error.message
    assert f"{OUTSIDE}:0 ({_reason(OSError(errno.EADDRNOTAVAIL, ''))})" in error.message
    assert str(one) in error.hint
    assert "--listen-address=127.0.0.1:PORT" in error.hint
    assert "http://localhost:PORT" in error.hint
    assert error.topic == "port-in-use"


def test_without_any_address_there_is_an_error() -> None:
    """An empty list is an error."""
    with pytest.raises(NoFreeListenAddress) as caught:
        listen([])
    assert "--listen-address" in caught.value.hint


def test_a_port_of_nobody_is_not_looked_for() -> None:
    """An address that this machine does not have is held by no program: the hint looks for none, and says to choose."""
    with pytest.raises(NoFreeListenAddress) as caught:
        listen([ListenAddress(OUTSIDE, 0)])
    assert "--listen-address" in caught.value.hint
    assert not any(program in caught.value.hint for program in ("ss -", "lsof", "netstat"))


@pytest.mark.parametrize("host", ["256.1.1.1", "a..b", "a" * 64, "a" * 300])
def test_a_host_that_nobody_knows_is_not_free(host: str) -> None:
    """A name that does not resolve, or cannot even be asked for, has its reason like any other address."""
    with listening(f"{host}:0", "localhost:0") as found:
        (tried,) = found.tried
        assert str(tried) == f"{host}:0"
        assert tried.reason not in {_IN_USE, _reason(OSError(errno.EADDRNOTAVAIL, ""))}


REASONS: dict[str, list[OSError]] = {
    "in use": [OSError(errno.EADDRINUSE, "x")],
    "not allowed": [OSError(errno.EACCES, "x"), OSError(errno.EPERM, "x")],
    "no address": [OSError(errno.EADDRNOTAVAIL, "x"), OSError(errno.EAFNOSUPPORT, "x")],
    "too many": [OSError(errno.EMFILE, "x")],
    "no host": [socket.gaierror(-2, "x")],
    "another": [OSError(errno.ENOBUFS, "x")],
    "unknown": [OSError("\x1b[31m" + "odd" * 99)],
}


def test_the_reason_is_in_words() -> None:
    """Every reason for an address that is not free is one short line of text."""
    told_apart({kind: map(_reason, errors) for kind, errors in REASONS.items()})
    assert _reason(REASONS["in use"][0]) == _IN_USE
    assert _reason(REASONS["another"][0]) == os.strerror(errno.ENOBUFS)
    assert _reason(REASONS["unknown"][0]) == "[31m" + "odd" * 25 + "…"


def test_an_address_that_is_not_free_is_written_as_an_address() -> None:
    """Without its reason, for a sentence that goes on by itself."""
    assert str(NotFree(ListenAddress("::1", 8000), "a reason")) == "[::1]:8000"


# How it looks from a browser


TWO = (ListenAddress("127.0.0.1", 8000), ListenAddress("127.0.0.1", 18000))


@pytest.mark.parametrize(
    ("redirect_url", "ports"),
    [
        (None, [8000, 18000]),
        ("http://localhost:18000", [18000]),
        ("http://localhost:18000/oauth2/callback", [18000]),
        ("http://127.0.0.1:8000/", [8000]),
        ("http://[::1]:8000/", [8000]),
        ("http://localhost:9000", [8000, 18000]),
        ("http://localhost/", [8000, 18000]),
        ("https://login.example.com:18000/", [8000, 18000]),
    ],
)
def test_only_the_port_of_the_redirect_url_is_listened_on_when_it_is_among_them(
    redirect_url: str | None, ports: list[int]
) -> None:
    """At any other port the answer would go to a stranger; behind a proxy or a tunnel any port may be right."""
    assert [each.port for each in addresses_at_port(TWO, redirect_url)] == ports


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_a_redirect_url_without_a_port_means_its_schemes_port(scheme: str, port: int) -> None:
    """http://localhost is answered at port 80, https://localhost at 443 (RFC 9110 §4.2)."""
    implied = ListenAddress("127.0.0.1", port)
    assert list(addresses_at_port([*TWO, implied], f"{scheme}://localhost/")) == [implied]


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("127.0.0.1:8000", "localhost:8000"),
        ("[::1]:8000", "localhost:8000"),
        (":8000", "localhost:8000"),
        ("0.0.0.0:8000", "localhost:8000"),
        ("[::]:8000", "localhost:8000"),
        ("127.0.0.2:8000", "localhost:8000"),
        ("192.0.2.1:8000", "192.0.2.1:8000"),
        ("[2001:db8::1]:8000", "[2001:db8::1]:8000"),
    ],
)
def test_a_browser_on_this_machine_reaches_it_by_localhost(asked: str, there: str) -> None:
    """Whatever loopback address or wildcard was asked for; another address only by itself."""
    assert browser_host_and_port(address(asked)) == there


@pytest.mark.parametrize(
    ("asked", "redirect_url", "more"),
    [
        ("127.0.0.1:8000", None, set()),
        ("localhost:8000", "http://localhost:8000/cb", set()),
        ("127.0.0.2:8000", None, {"127.0.0.2:8000"}),
        ("My-Laptop:8000", None, {"my-laptop:8000"}),
        ("[2001:db8::1]:8000", None, {"[2001:db8::1]:8000"}),
        ("127.0.0.1:8000", "https://Login.example.com/cb", {"login.example.com"}),
        (
            "127.0.0.1:8000",
            "https://login.example.com:443/cb",
            {"login.example.com:443", "login.example.com"},
        ),
        ("127.0.0.1:8000", "http://localhost:9000/cb", {"localhost:9000"}),
        (":8000", None, set()),
    ],
)
def test_the_hosts_of_honest_requests_are_ours_and_the_redirect_urls(
    asked: str, redirect_url: str | None, more: set[str]
) -> None:
    """Localhost and its addresses at our port, the address asked for, and the host that a proxy may keep; no other."""
    ours = {"localhost:8000", "127.0.0.1:8000", "[::1]:8000"}
    assert allowed_host_headers(address(asked), redirect_url) == ours | more


def test_at_port_80_a_browser_names_no_port() -> None:
    """Browsers leave out the scheme's own port (RFC 9110 §7.2). A request without Host is still refused."""
    for asked in (":80", "localhost:80"):
        assert allowed_host_headers(address(asked), None) == {
            *("localhost:80", "127.0.0.1:80", "[::1]:80"),
            *("localhost", "127.0.0.1", "[::1]"),
        }


class Bound:
    """A socket that is bound to an address."""

    def __init__(self, host: str) -> None:
        self.host = host

    def getsockname(self) -> tuple[str, int]:
        return self.host, 8000


@pytest.mark.parametrize(
    ("hosts", "beside"),
    [
        (("127.0.0.1", "::1"), False),
        (("0.0.0.0",), False),  # noqa: S104 - a name
        (("::",), False),
        (("127.0.0.2",), True),
        (("10.0.0.1",), True),
    ],
)
def test_what_localhost_reaches_is_known(hosts: tuple[str, ...], beside: bool) -> None:  # noqa: FBT001
    """A wildcard address reaches this machine too. Nothing else was tried and nothing is absent, by default."""
    listening = Listening(ListenAddress("", 8000), tuple(map(Bound, hosts)))  # type: ignore[arg-type]
    assert listening.beside_localhost is beside
    assert (listening.tried, listening.absent) == ((), ())


def test_who_has_the_port_is_only_looked_for_where_somebody_has_it() -> None:
    """The first port that was asked for, not one that the system would have chosen."""
    in_use = _reason(OSError(errno.EADDRINUSE, "x"))
    taken = NotFree(ListenAddress("127.0.0.1", 8000), in_use)
    forbidden = NotFree(ListenAddress("127.0.0.1", 80), "not allowed")
    any_port = NotFree(ListenAddress("127.0.0.1", 0), in_use)
    hint = _none_free([forbidden]).hint
    assert _none_free([any_port]).hint == hint
    look = _none_free([taken, forbidden]).hint
    assert look.endswith(hint)
    assert "8000" in look.removesuffix(hint)
    assert _none_free([taken, forbidden]).message.endswith(
        f"127.0.0.1:8000 ({taken.reason}), 127.0.0.1:80 (not allowed)"
    )
