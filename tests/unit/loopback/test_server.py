"""The callback server over real sockets: the answer comes through, whatever else is sent, and the port is free after."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

import pytest

from kubectl_oidc.errors import NoFreeListenAddress, ProviderUnreachable, SignInTimeout
from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
from kubectl_oidc.loopback.connection import HEAD_BYTES, Connection, Reply
from kubectl_oidc.loopback.connections import CONNECTION_SECONDS, MOMENT, MOST_CONNECTIONS, Listener
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.loopback.pages import Failed, SignedIn, final_page
from kubectl_oidc.loopback.server import _ENDED, FLUSH_SECONDS, CallbackServer
from kubectl_oidc.loopback.server_thread import ListenerThread
from kubectl_oidc.loopback.sockets import _IN_USE as IN_USE, listen
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.log import JSON, QUIET, Log
from tests import parts
from tests.integration.users import as_user

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence

    from kubectl_oidc.loopback.authorization_response import RejectedRequest, Request

T = TypeVar("T")

STATE = "St4te" * 9
CODE = "C0de-of-the-provider"
ISSUER = "https://id.example.com"
AUTHORIZATION_URL = f"https://id.example.com/authorize?client_id=a&state={STATE}&nonce=n"
ANY_PORT = (ListenAddress("127.0.0.1", 0),)
SIGNED_IN = SignedIn("alice@example.com", time.time() + 3600, ISSUER)
PATIENCE = 20.0  # seconds until a test gives up; nothing that works takes nearly so long
MANY = 200

GOOD = f"/?code={CODE}&state={STATE}"


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


IPV6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")


@dataclass(frozen=True)
class Response:
    """What came back on a connection."""

    status: int
    headers: Mapping[str, str]
    body: str
    whole: str


class Client:
    """A connection to the server, as a browser or anybody else opens one."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.port, self.host = port, host
        self.socket = socket.create_connection((host, port), timeout=PATIENCE)

    def send(self, data: bytes) -> Client:
        with contextlib.suppress(ConnectionError):  # the server may have said its word before all was sent
            self.socket.sendall(data)
        return self

    def get(self, target: str, **headers: str) -> Client:
        fields = {"Host": f"localhost:{self.port}", **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return self.send(f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode())

    def read(self) -> Response:
        """Return the response that ends with the connection, which is then closed on this side too."""
        data = b""
        with self.socket:
            while more := self.socket.recv(65536):
                data += more
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        pairs = [line.partition(": ") for line in lines]
        headers = {name.lower(): value for name, _, value in pairs}
        assert len(headers) == len(pairs), "no header is there twice"
        return Response(int(first.split(" ")[1]), headers, body.decode(), data.decode())

    def again(self, target: str) -> Response:
        """Return what the same browser gets at another address."""
        host = self.host
        return Client(self.port, host).get(target).read()

    def closed(self) -> bool:
        """Tell whether the server closes the connection without a word."""
        with self.socket:
            try:
                return self.socket.recv(1) == b""
            except ConnectionResetError:
                return True


def serving(
    addresses: Sequence[ListenAddress] = ANY_PORT,
    *,
    redirect_url: str | None = None,
    iss_required: bool = False,
    log: Log = QUIET,
    support_link: str = "",
) -> CallbackServer:
    return CallbackServer(
        addresses,
        redirect_url=redirect_url,
        state=Secret(STATE),
        issuer=ISSUER,
        iss_required=iss_required,
        log=log,
        support_link=support_link,
    )


@pytest.fixture
def server() -> Iterator[CallbackServer]:
    with serving() as server:
        yield server


def port_of(server: CallbackServer) -> int:
    port = urlsplit(server.start_url).port
    assert port
    return port


def free_port() -> int:
    """Return a port that nothing has at this moment on either half of localhost."""
    with serving() as server:
        return port_of(server)


def client(server: CallbackServer, host: str = "127.0.0.1") -> Client:
    return Client(port_of(server), host)


def landed(browser: Client) -> Response:
    """Return what a browser shows that has come back: it is sent on to an address without code and state at once."""
    response = browser.read()
    if response.status != 303 or not response.headers["location"].startswith("/"):
        return response
    return browser.again(response.headers["location"])


def came_back(server: CallbackServer, target: str = GOOD) -> Client:
    """Return a browser that brought the answer, was sent on, and waits for the page at the end."""
    response = client(server).get(target).read()
    assert (response.status, response.body) == (303, "")
    return client(server).get(response.headers["location"])


def finished(server: CallbackServer, browser: Client, outcome: SignedIn | Failed = SIGNED_IN) -> Response:
    """Return what the browser has at the end; it reads meanwhile, as browsers do."""
    with ThreadPoolExecutor(1) as pool:
        response = pool.submit(landed, browser)
        server.finish(outcome)
        return response.result(PATIENCE)


def works(server: CallbackServer, host: str = "127.0.0.1", **headers: str) -> bool:
    """Tell whether nothing was answered yet and the real callback now is, with the page at the end."""
    assert server.wait(0) is None, "something else was taken for the answer"
    browser = client(server, host).get(GOOD, **headers)
    assert server.wait(PATIENCE) == AuthorizationResponse(Secret(CODE))
    response = finished(server, browser)
    return response.status == 200 and 'class="good"' in response.body


def refuses(port: int) -> bool:
    """Return whether nobody listens at the port any more, and it is free."""
    with serving([ListenAddress("127.0.0.1", port)]) as server:
        return port_of(server) == port


# The straight way


def test_the_redirect_uri_is_localhost_without_a_path(server: CallbackServer) -> None:
    """Without --oidc-redirect-url it is http://localhost:PORT, which providers compare byte for byte."""
    assert server.redirect_uri == f"http://localhost:{port_of(server)}"
    assert server.tried == ()
    assert server.exposed is None


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=IPV6)])
def test_the_answer_comes_through_on_either_half_of_localhost(server: CallbackServer, host: str) -> None:
    """A browser may take localhost for 127.0.0.1 or for ::1: both are ours (RFC 8252 §7.3)."""
    assert works(server, host)


def test_the_browser_waits_for_the_outcome_and_then_has_it(server: CallbackServer) -> None:
    """The page at the end says how the exchange ended, so it comes after it."""
    browser = came_back(server)
    assert server.wait(PATIENCE) == AuthorizationResponse(Secret(CODE))
    browser.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        browser.socket.recv(1)
    browser.socket.settimeout(PATIENCE)
    response = finished(server, browser, Failed("the provider is down", "try again later"))
    assert response.status == 400
    assert "The provider is down" in response.body
    assert "Try again later" in response.body


def test_an_error_of_the_provider_is_an_answer(server: CallbackServer) -> None:
    """A person who cancels is not waited for until the time is up."""
    browser = client(server).get(f"/?error=access_denied&error_description=No+way&state={STATE}")
    assert server.wait(PATIENCE) == AuthorizationResponse(None, "access_denied", "No way")
    assert finished(server, browser, Failed("refused", "ask")).status == 400


def test_the_page_of_a_failure_names_the_support_link() -> None:
    """The machine's settings have it."""
    with serving(support_link="https://help.example.com/") as server:
        assert "https://help.example.com/" in finished(server, came_back(server), Failed("no", "ask")).body


def test_the_browser_goes_where_the_user_wants(server: CallbackServer) -> None:
    """--open-url-after-authentication takes the place of our page."""
    browser = client(server).get(GOOD)
    assert server.wait(PATIENCE)
    response = finished(server, browser, SignedIn("a", 0, ISSUER, "https://example.com/welcome"))
    assert (response.status, response.headers["location"]) == (303, "https://example.com/welcome")
    assert response.body == ""


def test_the_wait_ends_when_its_time_is_up(server: CallbackServer) -> None:
    """Without an answer it returns None, at once for 0 seconds and no earlier than asked."""
    began = time.monotonic()
    assert server.wait(0) is None
    assert server.wait(0.2) is None
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("cut", [1, 5, 30, -4, -2, -1])
def test_the_callback_may_come_in_pieces(server: CallbackServer, cut: int) -> None:
    """A request is whole when its last byte is there, and not before."""
    data = f"GET {GOOD} HTTP/1.1\r\nHost: localhost:{port_of(server)}\r\n\r\n".encode()
    browser = client(server).send(data[:cut])
    assert server.wait(0.05) is None
    browser.send(data[cut:])
    assert server.wait(PATIENCE) == AuthorizationResponse(Secret(CODE))
    assert finished(server, browser).status == 200


def test_a_browser_with_many_cookies_gets_through(server: CallbackServer) -> None:
    """Cookies that other programs on localhost have set are sent here too, far more than web servers commonly take."""
    assert works(server, Cookie="a" * (HEAD_BYTES - 1000))


# Forged requests


def tls_client_hello() -> bytes:
    return b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(160))


HTTP = "HTTP/1.1\r\nHost: {host}\r\n"
MEGABYTE = "x" * (1 << 20)
FORGED = {
    "a wrong state": ("GET /?code=evil&state=wrong " + HTTP + "\r\n", 403),
    "no state": ("GET /?code=evil " + HTTP + "\r\n", 403),
    "an error without state": ("GET /?error=access_denied " + HTTP + "\r\n", 403),
    "an error with a wrong state": ("GET /?error=access_denied&state=wrong " + HTTP + "\r\n", 403),
    "a repeated state": (f"GET {GOOD}&state={STATE} " + HTTP + "\r\n", 400),
    "a repeated code": (f"GET {GOOD}&code=evil " + HTTP + "\r\n", 400),
    "a code and an error": (f"GET {GOOD}&error=access_denied " + HTTP + "\r\n", 400),
    "another issuer": (f"GET {GOOD}&iss={quote('https://evil.example')} " + HTTP + "\r\n", 403),
    "an error of another issuer": (
        f"GET /?error=a&state={STATE}&iss={quote('https://evil.example')} " + HTTP + "\r\n",
        403,
    ),
    "a foreign Host": (f"GET {GOOD} HTTP/1.1\r\nHost: evil.example:8000\r\n\r\n", 403),
    "a foreign Host, the right one beside it": (
        f"GET {GOOD} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: {{host}}\r\n\r\n",
        403,
    ),
    "no Host": (f"GET {GOOD} HTTP/1.1\r\n\r\n", 400),
    "no Host in HTTP/1.0": (f"GET {GOOD} HTTP/1.0\r\n\r\n", 403),
    "an empty Host": (f"GET {GOOD} HTTP/1.1\r\nHost:\r\n\r\n", 403),
    "two Hosts": (f"GET {GOOD} " + HTTP + "Host: evil.example\r\n\r\n", 400),
    "POST": (f"POST {GOOD} " + HTTP + "Content-Length: 3\r\n\r\na=b", 405),
    "POST of a form": (
        "POST / " + HTTP + f"Content-Length: {len(GOOD) - 2}\r\n\r\n{GOOD[2:]}",
        405,
    ),
    "POST of a megabyte": ("POST / " + HTTP + f"Content-Length: {1 << 20}\r\n\r\n{MEGABYTE}", 405),
    "OPTIONS": (
        f"OPTIONS {GOOD} "
        + HTTP
        + "Origin: https://evil.example\r\nAccess-Control-Request-Private-Network: true\r\n\r\n",
        405,
    ),
    "OPTIONS of everything": ("OPTIONS * " + HTTP + "\r\n", 405),
    "HEAD": (f"HEAD {GOOD} " + HTTP + "\r\n", 405),
    "CONNECT": ("CONNECT example.com:443 " + HTTP + "\r\n", 405),
    "the favicon": ("GET /favicon.ico " + HTTP + "\r\n", 404),
    "another path": (f"GET /callback{GOOD[1:]} " + HTTP + "\r\n", 404),
    "the bare address": ("GET / " + HTTP + "\r\n", 400),
    "a whole URL, as to a proxy": (f"GET http://localhost{GOOD} " + HTTP + "\r\n", 400),
    "a header of a megabyte": (f"GET {GOOD} " + HTTP + f"Cookie: {MEGABYTE}\r\n\r\n", 431),
    "a megabyte of headers": (f"GET {GOOD} " + HTTP + "A: b\r\n" * 170_000 + "\r\n", 431),
    "an address of a megabyte": (f"GET {GOOD}&a={MEGABYTE} " + HTTP + "\r\n", 431),
    "an unknown transfer coding": (f"POST {GOOD} " + HTTP + "Transfer-Encoding: odd\r\n\r\n", 431),
    "a length that is none": (f"GET {GOOD} " + HTTP + "Content-Length: -1\r\n\r\n", 400),
    "a header without a colon": (f"GET {GOOD} " + HTTP + "odd\r\n\r\n", 400),
    "bytes beyond ASCII in the address": (f"GET {GOOD}&a=ü " + HTTP + "\r\n", 400),
    "a NUL": (f"GET {GOOD}\0 " + HTTP + "\r\n", 400),
    "HTTP/0.9": (f"GET {GOOD}\r\n\r\n", 400),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 403),
    "not HTTP": ("SSH-2.0-OpenSSH_9.9\r\n\r\n", 400),
    "a password for Redis": ("AUTH secret\r\nFLUSHALL\r\n\r\n", 400),
}


@pytest.mark.parametrize(("request_text", "status"), FORGED.values(), ids=FORGED)
def test_a_forged_request_is_refused_and_the_wait_goes_on(
    server: CallbackServer, request_text: str, status: int
) -> None:
    """It is answered with 4xx and a page that gives nothing away; the real callback still works afterwards."""
    server.expect(lambda: AUTHORIZATION_URL)
    stranger = client(server)
    stranger.send(request_text.replace("{host}", f"localhost:{stranger.port}").encode())
    response = stranger.read()
    assert response.status == status
    assert response.headers["connection"] == "close"
    assert response.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in response.headers
    assert "location" not in response.headers
    assert not any(word in response.whole for word in (STATE, CODE, "evil", "access_denied"))
    assert works(server)


@pytest.mark.parametrize(
    "sent",
    [tls_client_hello(), b"\0" * 4000, b"\xff" * 100 + b"\r\n\r\n", b"\r\n" * 4000 + b"x\r\n\r\n"],
    ids=["TLS", "zeros", "ones", "empty lines"],
)
def test_bytes_of_another_protocol_do_not_end_the_wait(server: CallbackServer, sent: bytes) -> None:
    """A client that does not speak HTTP gets 400 or a closed connection, and the real answer is still received."""
    stranger = client(server).send(sent)
    stranger.socket.shutdown(socket.SHUT_WR)
    assert stranger.read().status == 400
    assert works(server)


@pytest.mark.parametrize("sent", [b"", b"G", f"GET {GOOD} HTTP/1.1\r\nHost: localhost\r\n".encode()])
@pytest.mark.parametrize("abrupt", [False, True])
# Windows' event loop loses the socket of a client that has gone before it is accepted.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored while finalizing socket" if sys.platform == "win32" else "error"
)
def test_who_leaves_early_does_no_harm(server: CallbackServer, sent: bytes, *, abrupt: bool) -> None:
    """A connection that ends or breaks before its request is whole changes nothing."""
    stranger = client(server).send(sent)
    if abrupt:
        stranger.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stranger.socket.close()
    assert works(server)


def test_head_is_answered_without_a_body(server: CallbackServer) -> None:
    """Its Content-Length says what GET would bring; nothing follows (RFC 9110 §9.3.2)."""
    stranger = client(server)
    stranger.send(f"HEAD {GOOD} HTTP/1.1\r\nHost: localhost:{stranger.port}\r\n\r\n".encode())
    response = stranger.read()
    assert response.headers["allow"] == "GET"
    assert int(response.headers["content-length"]) > 0
    assert response.body == ""


def test_a_reply_is_not_lost_to_a_reset(server: CallbackServer) -> None:
    """What a client still sends after its refusal is taken in, so that it can send all and then read why."""
    stranger = client(server)
    stranger.socket.sendall(f"GET / HTTP/1.1\r\nCookie: {MEGABYTE * 3}\r\n\r\n".encode())
    assert stranger.read().status == 431
    assert works(server)


def in_a_loop(
    work: Callable[[], Coroutine[object, object, T]],
    loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.SelectorEventLoop,
) -> T:
    """Run a coroutine in a loop of its own, and in a thread: the browser tests keep a loop running in this one."""

    def run() -> T:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(work())

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result(30)


async def _linger(client: socket.socket) -> None:
    await Connection(client).linger()


def test_nothing_that_was_sent_is_left_unread() -> None:
    """A socket closed with unread bytes resets the connection (RFC 9112 §9.6), so they are read before."""
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        far.sendall(b"x" * 50_000)
        far.shutdown(socket.SHUT_WR)
        in_a_loop(lambda: _linger(near))
        assert near.recv(1) == b""


def test_only_the_first_request_of_a_connection_counts(server: CallbackServer) -> None:
    """What a stranger smuggles in behind a refused request is not read."""
    stranger = client(server)
    head = f"Host: localhost:{stranger.port}\r\n\r\n"
    stranger.send(f"GET /favicon.ico HTTP/1.1\r\n{head}GET {GOOD} HTTP/1.1\r\n{head}".encode())
    response = stranger.read()
    assert response.status == 404
    assert response.whole.count("HTTP/1.1") == 1
    assert works(server)


def test_a_promised_issuer_must_be_in_the_answer() -> None:
    """Where the metadata promises `iss`, a code or an error without it is refused, and with it taken (RFC 9207)."""
    with serving(iss_required=True) as server:
        assert client(server).get(GOOD).read().status == 403
        assert client(server).get(f"/?error=access_denied&state={STATE}").read().status == 403
        assert server.wait(0) is None
        browser = client(server).get(f"{GOOD}&iss={quote(ISSUER, safe='')}")
        assert server.wait(PATIENCE) == AuthorizationResponse(Secret(CODE))
        assert finished(server, browser).status == 200


# Many connections


@contextlib.contextmanager
def crowd(server: CallbackServer, first: bytes) -> Iterator[list[Client]]:
    """Hold many connections that have sent ``first`` and no whole request."""
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(MANY):
            one = client(server)
            stack.enter_context(one.socket)
            clients.append(one.send(first))
        yield clients


def test_idle_connections_do_not_hold_up_the_callback(server: CallbackServer) -> None:
    """With 200 that say nothing, the browser is served at once, and so is the end of the sign-in."""
    began = time.monotonic()
    with crowd(server, b""):
        assert works(server)
    assert time.monotonic() - began < CONNECTION_SECONDS


def test_slow_connections_do_not_hold_up_the_callback(server: CallbackServer) -> None:
    """With 200 that send a byte now and then, the browser is served at once."""
    began, over = time.monotonic(), threading.Event()
    with crowd(server, b"GET / HTTP/1.1\r\nCookie: ") as clients:

        def drip() -> None:
            while not over.is_set():
                for each in clients:
                    with contextlib.suppress(OSError):
                        each.socket.send(b"x")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert works(server)
        finally:
            over.set()
            dripping.join(PATIENCE)
    assert time.monotonic() - began < CONNECTION_SECONDS


def test_a_crowd_that_comes_later_does_not_push_the_browser_out(
    server: CallbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has brought the answer is held until the outcome is known, however many come meanwhile."""
    monkeypatch.setattr(
        "kubectl_oidc.loopback.server.FLUSH_SECONDS", PATIENCE
    )  # the crowd may take longer to come
    browser = client(server).get(GOOD)
    assert server.wait(PATIENCE) == AuthorizationResponse(Secret(CODE))
    with crowd(server, b"GET /"):
        assert client(server).get("/favicon.ico").read().status == 404
        assert 'class="good"' in finished(server, browser).body


def test_of_too_many_connections_the_oldest_goes(server: CallbackServer) -> None:
    """Memory is bounded: the first that waits makes room for one more."""
    first, began = client(server), time.monotonic()
    with crowd(server, b""):
        assert first.closed()
    assert time.monotonic() - began < CONNECTION_SECONDS, "it went because its time was over"
    assert works(server)


def test_connections_that_have_ended_count_no_more(server: CallbackServer) -> None:
    """However many there were before, the oldest of those that wait is the one that goes."""
    for _ in range(MOST_CONNECTIONS):
        client(server).get("/favicon.ico").read()
    test_of_too_many_connections_the_oldest_goes(server)


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock can be put forward."""

    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


async def _conversation(loop: SkippingLoop, listener: Listener, port: int, sent: bytes) -> list[bytes]:
    """Return what a client reads before, and after, the time for a connection is over."""
    running = asyncio.create_task(listener.run())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    read = asyncio.create_task(reader.read())
    await asyncio.sleep(0.05)
    seen = [b"open"] if not read.done() else [await read]
    loop.skipped += CONNECTION_SECONDS
    await asyncio.sleep(0)  # wakes the loop, which then looks at its clock
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            await asyncio.wait([read])
    seen.append(b"open" if not read.done() else await read)
    listener.stop(0)
    await running
    read.cancel()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return seen


@pytest.mark.parametrize(
    ("sent", "afterwards"),
    [(b"", b""), (b"GET / HTTP/1.1\r\nA: ", b""), (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"open")],
    ids=["says nothing", "says half", "brings the answer"],
)
def test_a_connection_has_ten_seconds_for_its_request(sent: bytes, afterwards: bytes) -> None:
    """Who has not sent a whole request by then is let go; who waits for the outcome is not."""
    found = listen(ANY_PORT)
    loop = SkippingLoop()
    outcome: asyncio.Future[Reply] = loop.create_future()
    # The listener belongs to the loop that runs it.
    listener = Listener(found.sockets, lambda _request: outcome)
    seen = in_a_loop(lambda: _conversation(loop, listener, found.asked.port, sent), lambda: loop)
    assert seen == [b"open", afterwards]


class StandingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock does not move."""

    now = 1.0

    def time(self) -> float:
        return self.now


async def _crowded(loop: StandingLoop, listener: Listener, port: int) -> tuple[bool, bytes, bytes]:
    """Fill the server; return whether its first client is there yet, and what that and one more read a moment later."""
    running = asyncio.create_task(listener.run())
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS)]
    for _ in range(10_000):
        if len(listener._droppable) == MOST_CONNECTIONS:
            break
        await asyncio.sleep(0)
    crowd.append(await asyncio.open_connection("127.0.0.1", port))
    crowd[-1][1].write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    for _ in range(100):
        await asyncio.sleep(0)
    full = len(listener._droppable) == MOST_CONNECTIONS
    loop.now += MOMENT
    seen = await crowd[0][0].read(), await crowd[-1][0].read()
    listener.stop(0)
    for _, writer in crowd:
        writer.close()
    await running
    return full, *seen


def test_a_crowd_that_comes_at_once_leaves_each_a_moment_to_speak() -> None:
    """No connection is dropped before a browser would have sent its request. Then the oldest goes, and the next is served."""
    found = listen(ANY_PORT)
    loop = StandingLoop()
    listener = Listener(found.sockets, lambda _request: Reply(400, ()))
    full, first, last = in_a_loop(lambda: _crowded(loop, listener, found.asked.port), lambda: loop)
    assert full
    assert first == b""
    assert last.startswith(b"HTTP/1.1 400")


async def _read_late(
    loop: SkippingLoop, listener: Listener, port: int, outcome: asyncio.Future[Reply]
) -> int:
    """Return how much of a long page a client gets that begins to read after its time is over."""
    running = asyncio.create_task(listener.run())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0.05)
    outcome.set_result(Reply(200, (), bytes(LONG_PAGE)))
    await asyncio.sleep(0.05)
    loop.skipped += CONNECTION_SECONDS
    await asyncio.sleep(0.05)
    got = 0
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 20):
            got += len(data)
    writer.close()
    listener.stop(0)
    await running
    return got


LONG_PAGE = 64 << 20


def test_who_was_held_has_ten_seconds_to_take_the_page_in() -> None:
    """From the moment that the outcome is known."""
    found = listen(ANY_PORT)
    loop = SkippingLoop()
    outcome: asyncio.Future[Reply] = loop.create_future()
    listener = Listener(found.sockets, lambda _request: outcome)
    assert in_a_loop(lambda: _read_late(loop, listener, found.asked.port, outcome), lambda: loop) < LONG_PAGE


async def _drop_at_once(listener: Listener) -> None:
    """Accept the connection that waits, and drop it before anything is done for it."""
    running = asyncio.create_task(listener.run())
    for _ in range(1000):
        if listener._droppable:
            break
        await asyncio.sleep(0)
    listener._drop_oldest()
    await asyncio.sleep(0)
    listener.stop(0)
    await running


def test_a_connection_that_is_dropped_at_once_is_closed() -> None:
    """Even one whose turn never came is closed by us, not left to the garbage (pytest tells of that)."""
    found = listen(ANY_PORT)
    listener = Listener(found.sockets, lambda _request: Reply(400, ()))
    stranger = Client(found.asked.port)
    in_a_loop(lambda: _drop_at_once(listener))
    assert stranger.closed()


# A second answer


@pytest.mark.parametrize(
    "again",
    [GOOD, f"/?code=other&state={STATE}", f"/?error=access_denied&state={STATE}"],
    ids=["the same", "another code", "an error"],
)
def test_a_second_answer_redeems_nothing(server: CallbackServer, again: str) -> None:
    """A reload, or who has read the first answer, gets a page that says so; the first answer stays."""
    browser = client(server).get(GOOD)
    answer = server.wait(PATIENCE)
    second = client(server).get(again).read()
    assert second.status == 409
    assert 'class="over"' in second.body
    assert STATE not in second.whole
    assert server.wait(0) is answer
    assert finished(server, browser).status == 200


def test_of_answers_at_the_same_time_one_is_taken(server: CallbackServer) -> None:
    """However many come at once, one gets the final page, and every other is told that it was not needed."""
    browsers = [client(server) for _ in range(20)]
    for number, browser in enumerate(browsers):
        browser.get(f"/?code={number}&state={STATE}")
    answer = server.wait(PATIENCE)
    assert answer
    assert answer.code
    taken = int(answer.code.reveal())
    others = [browser.read().status for number, browser in enumerate(browsers) if number != taken]
    assert others == [409] * 19
    assert finished(server, browsers[taken]).status == 200


def test_a_forged_request_after_the_answer_is_still_refused(server: CallbackServer) -> None:
    """Who does not know the state does not learn that there is an answer."""
    browser = client(server).get(GOOD)
    assert server.wait(PATIENCE)
    assert client(server).get("/?code=a&state=wrong").read().status == 403
    assert finished(server, browser).status == 200


# The start address


def test_the_start_address_leads_to_the_provider(server: CallbackServer) -> None:
    """It redirects to the authorization URL at every request, and shows nothing else."""
    server.expect(lambda: AUTHORIZATION_URL)
    for _ in range(2):
        response = client(server).get(urlsplit(server.start_url).path).read()
        assert (response.status, response.headers["location"]) == (303, AUTHORIZATION_URL)
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cache-control"] == "no-store"
        assert response.body == ""
    assert works(server)


def test_the_start_address_gives_nothing_away_and_cannot_be_guessed(server: CallbackServer) -> None:
    """It is part of a command line: it does not contain the state, but 24 random bytes, new each time."""
    with serving() as other:
        tickets = {urlsplit(each.start_url).path for each in (server, other)}
    assert len(tickets) == 2
    assert all(len(ticket) == 1 + 32 for ticket in tickets)
    assert STATE not in server.start_url
    assert server.start_url.startswith("http://localhost:")


def test_the_start_address_is_good_for_nothing_before_and_after(server: CallbackServer) -> None:
    """Until the authorization URL is known nothing is there; once the answer has come it leads nowhere."""
    path = urlsplit(server.start_url).path
    assert client(server).get(path).read().status == 404
    server.expect(lambda: AUTHORIZATION_URL)
    browser = client(server).get(GOOD)
    assert server.wait(PATIENCE)
    after = client(server).get(path).read()
    assert after.status == 409
    assert "location" not in after.headers
    assert finished(server, browser).status == 200


def test_the_start_address_is_not_for_strangers(server: CallbackServer) -> None:
    """A foreign Host, another method or a guess is not sent on, so the state stays with us."""
    server.expect(lambda: AUTHORIZATION_URL)
    path = urlsplit(server.start_url).path
    asked = client(server).get(path, Host="evil.example")
    guessed = client(server).get(path[:-1])
    posted = client(server)
    posted.send(
        f"POST {path} HTTP/1.1\r\nHost: localhost:{posted.port}\r\nContent-Length: 0\r\n\r\n".encode()
    )
    responses = [each.read() for each in (asked, guessed, posted)]
    assert [each.status for each in responses] == [403, 404, 405]
    assert not any(STATE in each.whole for each in responses)


def test_an_authorization_request_that_fails_ends_the_wait(server: CallbackServer) -> None:
    """Finding out where the browser goes may fail: browser and terminal say the same words."""

    def fails() -> str:
        raise ProviderUnreachable("the provider answers 503", "try again <later>")

    server.expect(fails)
    response = client(server).get(urlsplit(server.start_url).path).read()
    assert response.status == 400
    assert "The provider answers 503" in response.body
    assert "Try again &lt;later&gt;" in response.body
    with pytest.raises(ProviderUnreachable, match="503"):
        server.wait(PATIENCE)


def test_a_fault_of_ours_ends_the_wait_and_shows_nothing_of_itself(server: CallbackServer) -> None:
    """The browser hears that it failed; what happened is raised where the answer is awaited."""

    def fails() -> str:
        raise RuntimeError("SECRET")

    server.expect(fails)
    response = client(server).get(urlsplit(server.start_url).path).read()
    assert response.status == 400
    shown = Failed.from_error(RuntimeError())
    assert shown.message[1:] in response.body
    assert shown.hint[1:] in response.body
    assert "SECRET" not in response.body
    with pytest.raises(RuntimeError, match="SECRET"):
        server.wait(PATIENCE)


def test_an_authorization_request_that_takes_its_time_holds_up_nobody(server: CallbackServer) -> None:
    """While one browser waits to be sent on, the answer to an earlier visit is taken."""
    asked, let_go = threading.Event(), threading.Event()

    def slow() -> str:
        asked.set()
        let_go.wait(PATIENCE)
        return AUTHORIZATION_URL

    server.expect(slow)
    waiting = client(server).get(urlsplit(server.start_url).path)
    assert asked.wait(PATIENCE)
    browser = client(server).get(GOOD)
    assert server.wait(PATIENCE) == AuthorizationResponse(Secret(CODE))
    let_go.set()
    assert waiting.read().status == 303
    assert finished(server, browser).status == 200


def test_an_authorization_url_cannot_break_the_response(server: CallbackServer) -> None:
    """What a provider's metadata put into it becomes no header of ours."""
    server.expect(lambda: "https://id.example.com/a\r\nSet-Cookie: a=b\r\n\r\n<b>ü</b>")
    response = client(server).get(urlsplit(server.start_url).path).read()
    assert response.headers["location"].startswith("https://id.example.com/a%0D%0ASet-Cookie")
    assert "set-cookie" not in response.headers
    assert response.body == ""


# The redirect URL


def test_a_registered_redirect_url_is_used_as_it_is() -> None:
    """Behind a proxy, host and path are the proxy's: the answer comes to that path, with either host."""
    url = "https://login.example.com/oidc/callback"
    for host in ("login.example.com", None):
        with serving(redirect_url=url) as server:
            assert server.redirect_uri == url
            assert client(server).get(GOOD).read().status == 404
            headers = {"Host": host} if host else {}
            browser = client(server).get(f"/oidc/callback{GOOD[1:]}", **headers)
            assert server.wait(PATIENCE) == AuthorizationResponse(Secret(CODE))
            assert finished(server, browser).status == 200


def test_the_port_of_the_redirect_url_decides_which_address_is_listened_on() -> None:
    """Among the listen addresses the one with that port is taken, be it the second."""
    port = free_port()
    addresses = [ListenAddress("127.0.0.1", 0), ListenAddress("127.0.0.1", port)]
    with serving(addresses, redirect_url=f"http://localhost:{port}/callback") as server:
        assert port_of(server) == port
        assert server.redirect_uri == f"http://localhost:{port}/callback"


def test_a_redirect_url_whose_port_is_in_use_is_not_answered_elsewhere() -> None:
    """The browser would not come back at another port: another program would receive the code."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        addresses = [ListenAddress("127.0.0.1", port), ListenAddress("127.0.0.1", 0)]
        with (
            pytest.raises(NoFreeListenAddress, match=rf"127\.0\.0\.1:{port} \({IN_USE}\)$"),
            serving(addresses, redirect_url=f"http://localhost:{port}"),
        ):
            pytest.fail("it listens")


# Which address


def test_the_next_address_serves_when_one_is_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    """The sign-in works there, the redirect URI says so, and which was not free and why is known and logged."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with serving([ListenAddress("localhost", port), *ANY_PORT], log=Log(1)) as server:
            (tried,) = server.tried
            assert str(tried) == f"127.0.0.1:{port}"
            assert tried.reason == IN_USE
            assert server.redirect_uri == f"http://localhost:{port_of(server)}"
            assert port_of(server) != port
            assert works(server)
    assert f"127.0.0.1:{port} " in capsys.readouterr().err


def test_other_machines_are_let_in_only_when_asked_and_then_named() -> None:
    """A listen address beyond loopback sets `exposed`, so that the user is warned."""
    everywhere = ListenAddress("0.0.0.0", 0)  # noqa: S104 - what is asked for here
    with serving([everywhere]) as server:
        assert server.exposed == ListenAddress(everywhere.host, port_of(server))
        assert server.unserved is None, "localhost is among all addresses"
        assert works(server)


def test_a_redirect_uri_that_leads_beside_us_is_told() -> None:
    """If it listens only on another address, it is not reached by localhost, which the default redirect URI contains."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; it picks the address that would be used
        except OSError:
            pytest.skip("this machine has no address but loopback")
        outside = probe.getsockname()[0]
    with serving([ListenAddress(outside, 0)]) as server:
        assert server.unserved == f"localhost:{port_of(server)}"
    with serving([ListenAddress(outside, 0)], redirect_url=f"http://{outside}/callback") as server:
        assert server.unserved is None
    with serving() as server:
        assert server.unserved is None


# The end


def test_the_port_is_free_when_the_block_ends() -> None:
    """It listens only during the sign-in: afterwards nobody answers, and the port is free again."""
    with serving() as server:
        port = port_of(server)
    assert refuses(port)


def test_finish_stops_listening_and_may_come_twice(server: CallbackServer) -> None:
    """The port is free after `finish`, even in the block. A second call shows nothing to anybody."""
    assert works(server)
    assert refuses(port_of(server))
    server.finish(Failed("late", "late"))
    assert server.wait(0) == AuthorizationResponse(Secret(CODE))


def test_an_exception_frees_the_port_and_tells_the_browser() -> None:
    """A browser that waits sees that the sign-in ended in the terminal. Idle connections are closed."""
    server = serving()
    with contextlib.suppress(KeyboardInterrupt), server:
        idle = client(server)
        browser = came_back(server)
        assert server.wait(PATIENCE)
        raise KeyboardInterrupt
    response = browser.read()
    assert response.status == 400
    assert _ENDED.message[1:] in response.body
    assert _ENDED.hint[1:] in response.body
    assert idle.closed()
    assert refuses(port_of(server))


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or "SUDO_UID" in os.environ,
    reason="Linux tells who asks, and only root can become another user",
)
def test_another_user_does_not_get_to_the_provider(capsys: pytest.CaptureFixture[str]) -> None:
    """Another user who sees the start URL in the process list is refused, and learns nothing. The user's own browser is not refused."""
    with serving(log=Log(9)) as server:
        server.expect(lambda: AUTHORIZATION_URL)
        port, path = port_of(server), urlsplit(server.start_url).path
        asks = f"exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET {path} HTTP/1.1\\r\\nHost: localhost:{port}\\r\\n\\r\\n' >&3; cat <&3"
        command = [*as_user(60_001), parts.program("bash"), "-c", asks]
        refused = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=True, cwd="/"
        )
        own = client(server).get(path).read()
    assert refused.stdout.startswith("HTTP/1.1 403 ")
    assert STATE not in refused.stdout
    assert "(403): " in capsys.readouterr().err
    assert own.headers["location"] == AUTHORIZATION_URL


def test_who_comes_too_late_is_told_so() -> None:
    """The page has the terminal's message, and does not say that the sign-in was ended there."""
    with contextlib.suppress(SignInTimeout), serving() as server:
        browser = came_back(server)
        assert server.wait(PATIENCE)
        raise SignInTimeout("nobody came within 3 s", "come within a minute")
    response = browser.read()
    assert (
        response.body
        == final_page(
            Failed("nobody came within 3 s", "come within a minute", timed_out=True), now=0
        ).body.decode()
    )
    assert "Nobody came within 3 s" in response.body
    assert "Come within a minute" in response.body
    assert _ENDED.message[1:] not in response.body


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to oneself ends the process there")
def test_ctrl_c_ends_the_wait_and_frees_the_port() -> None:
    """A signal reaches the waiting thread at once, and nothing of the server stays."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    server, began = serving(), time.monotonic()
    try:
        with server:
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                server.wait(PATIENCE)
    finally:
        timer.join(PATIENCE)
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - began < PATIENCE / 2
    assert refuses(port_of(server))
    assert not [each for each in threading.enumerate() if each.name == "callback-server"]


def test_the_address_is_clean_before_the_code_is_redeemed(server: CallbackServer) -> None:
    """Neither code nor state is in the address that stays in the browser, nor in its history; the redirect comes at once."""
    response = client(server).get(GOOD).read()
    assert response.status == 303
    assert response.headers["cache-control"] == "no-store"
    place = response.headers["location"]
    assert place.startswith("/?page=")
    assert STATE not in response.whole
    assert CODE not in response.whole
    assert server.wait(0) == AuthorizationResponse(Secret(CODE)), "the exchange did not wait for the browser"
    with serving() as other:
        assert client(other).get(GOOD).read().headers["location"] != place, (
            "nobody guesses it: the page names the person"
        )


def test_a_reload_has_the_same_page(server: CallbackServer) -> None:
    """At every request until the sign-in is over; only at its exact URL, and not before there is an answer."""
    early = client(server).get("/?page=guessed").read()
    assert (early.status, "location" in early.headers) == (403, False)
    first = came_back(server)
    place = client(server).get(GOOD).read()
    assert place.status == 409, "the answer itself is good for one sign-in"
    again = [came_again(server) for _ in range(2)]
    assert client(server).get("/?page=guessed").read().status == 403
    with ThreadPoolExecutor(3) as pool:
        pages = [pool.submit(each.read) for each in (first, *again)]
        server.finish(SIGNED_IN)
        assert {page.result(PATIENCE).status for page in pages} == {200}


def came_again(server: CallbackServer) -> Client:
    """Return a browser that has loaded the page at the end once more."""
    return client(server).get(server._end_url.reveal())


@pytest.mark.parametrize("leaves", [True, False], ids=["has gone", "does not read"])
def test_a_browser_that_does_not_take_its_page_is_not_waited_for(
    server: CallbackServer, *, leaves: bool
) -> None:
    """The token does not wait for a window that was closed, or that hangs."""
    with came_back(server).socket as browser:
        assert server.wait(PATIENCE) == AuthorizationResponse(Secret(CODE))
        if leaves:
            browser.close()
        began = time.monotonic()
        server.finish(SIGNED_IN)
        assert time.monotonic() - began < PATIENCE / 2
    assert refuses(port_of(server))


def test_a_browser_that_does_not_follow_is_waited_for_only_briefly(server: CallbackServer) -> None:
    """The two seconds count from its answer, so a slow exchange adds nothing to them."""
    client(server).get(GOOD).read()
    assert server.wait(PATIENCE)
    time.sleep(0.5)
    began = time.monotonic()
    server.finish(SIGNED_IN)
    assert time.monotonic() - began < FLUSH_SECONDS - 0.3
    assert refuses(port_of(server))


def test_idle_connections_do_not_hold_up_the_end() -> None:
    """With 200 open, leaving the block closes them all and takes no time."""
    with contextlib.ExitStack() as stack:
        with serving() as server:
            clients = stack.enter_context(crowd(server, b"GET / HTTP"))
            client(server).get("/favicon.ico").read()  # all before it have been accepted
            began = time.monotonic()
        assert time.monotonic() - began < CONNECTION_SECONDS / 2
        assert all(each.closed() for each in clients)


def test_the_end_waits_until_the_browser_has_the_page(server: CallbackServer) -> None:
    """The program leaves at once then, and would take the page with it."""
    browser = came_back(server)
    assert server.wait(PATIENCE)
    server.finish(Failed("no", "again"))
    assert "callback-server" not in {thread.name for thread in threading.enumerate()}
    assert browser.read().status == 400


def test_a_failure_of_the_server_is_raised_where_the_answer_is_awaited(server: CallbackServer) -> None:
    """What should never happen ends the wait, not the patience of the person."""
    assert server._running is not None
    server._running._failed(ZeroDivisionError("never"))
    with pytest.raises(ZeroDivisionError, match="never"):
        server.wait(PATIENCE)


class Unusable:
    """Sockets that cannot even be looked at."""

    def __iter__(self) -> Iterator[socket.socket]:
        raise ZeroDivisionError


def test_a_thread_that_fails_says_so_and_can_still_be_ended() -> None:
    """The failure reaches the caller, and the end does not wait for what is not there."""
    failures: list[BaseException] = []
    told = threading.Event()

    def failed(error: BaseException) -> None:
        failures.append(error)
        told.set()

    def respond(page: asyncio.Future[Reply], _request: Request | RejectedRequest) -> asyncio.Future[Reply]:
        return page

    running = ListenerThread(Unusable(), respond, failed)  # type: ignore[arg-type]
    assert told.wait(PATIENCE)
    running.finish(Reply(400, ()), 0)
    assert [type(error) for error in failures] == [ZeroDivisionError]


# What is said of it


def test_the_log_holds_no_secret_and_nothing_of_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    """At the highest level, rejected requests are logged only with their status and our own reason."""
    with serving(log=Log(9, JSON)) as server:
        server.expect(lambda: AUTHORIZATION_URL)
        ticket = urlsplit(server.start_url).path[1:]
        client(server).get(f"/{ticket}").read()
        client(server).get("/?code=evil-words&state=evil-state").read()
        client(server).get("/evil-path", Cookie="evil-cookie").read()
        assert client(server).send(b"\x1b[31mevil-bytes\r\n\r\n").read().body
        browser = client(server).get(GOOD)
        assert server.wait(PATIENCE)
        client(server).get(GOOD).read()
        finished(server, browser)
        shown = repr(vars(server))
    told = capsys.readouterr().err
    assert f" {server.redirect_uri.rpartition(':')[2]} " in told
    assert all(status in told for status in ("(403)", "(404)", "(400)"))
    assert {"listening", "callback", "callback-refused", "callback-repeated"} <= {
        json.loads(line)["event"] for line in told.splitlines()
    }
    assert not any(word in told for word in ("evil", "\x1b", STATE, CODE, ticket))
    assert not any(word in shown.replace(AUTHORIZATION_URL, "") for word in (STATE, CODE))


def test_the_limit_is_well_above_what_a_browser_opens() -> None:
    """A browser opens up to six connections to a host at once, some of them idle."""
    assert MOST_CONNECTIONS >= 6 * 4
