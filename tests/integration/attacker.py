"""Somebody on this machine who attacks a callback server: idle, slow and broken connections, and forged requests without end.

It runs as a process of its own, so that it takes no time from the test's clock, and says on its standard output a line a
round; when its standard input ends it says what it was answered, as JSON. ``Attacker`` is the test's end of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

IDLE = SLOW = BARRAGE = 200
WORKERS = 8
"""Forged requests that are on their way at once."""

TRIES = 20
"""How often a request is sent that gets no answer: whoever takes too long to send it, in a crowd, is dropped."""

_MEGABYTE = b"x" * (1 << 20)
_METHODS = ("POST", "OPTIONS", "HEAD", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH", "PRI", "BREW", "get")


class Attacker:
    """The process, from the test's side.

    Args:
        port: Where the callback server listens.
        hosts: Its addresses.
        earlier: The query of an earlier sign-in's answer.
    """

    def __init__(self, port: int, hosts: Sequence[str], earlier: str) -> None:
        words = [sys.executable, "-I", __file__, str(port), earlier, *hosts]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def goes_round(self) -> None:
        """Wait until each forged request was sent, and every connection of the crowd opened, once more."""
        assert self.process.stdout
        assert self.process.stdout.readline() == "round\n"

    def ends(self) -> dict[str, list[str]]:
        """End it, and return the different answers to each kind of request."""
        said, _ = self.process.communicate(timeout=30)
        answers: dict[str, list[str]] = json.loads(said.splitlines()[-1])
        return answers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def forged(port: int, earlier: str) -> dict[str, bytes]:
    """Return requests that are not the answer, by name.

    Args:
        port: Where the callback server listens.
        earlier: The query of an earlier sign-in's answer.
    """
    host = f"Host: localhost:{port}\r\n"

    def request(target: str, fields: str = host, method: str = "GET", version: str = "1.1") -> bytes:
        return f"{method} {target} HTTP/{version}\r\n{fields}\r\n".encode()

    wrong = "/?code=evil&state=wrong"
    chunked = f"{host}Transfer-Encoding: chunked\r\n"
    smuggled = request(f"/?{earlier}")
    return {
        "a wrong state": request(wrong),
        "no state": request("/?code=evil"),
        "an empty state": request("/?code=evil&state="),
        "an error without state": request("/?error=access_denied"),
        "an error with a wrong state": request("/?error=access_denied&state=wrong"),
        "the answer to an earlier sign-in": request(f"/?{earlier}"),
        "a repeated state": request(f"{wrong}&state=wrong"),
        "a repeated code": request(f"{wrong}&code=evil"),
        "a hundred parameters": request("/?" + "&".join(f"a{n}=evil" for n in range(100))),
        "an encoding that is none": request("/?code=%zz%ff&state=%ff"),
        "the bare address": request("/"),
        "the favicon": request("/favicon.ico"),
        "a guessed start address": request("/" + "A" * 32),
        "a path upwards": request("/../../etc/passwd"),
        **{f"the method {method}": request(wrong, method=method) for method in _METHODS},
        "a foreign Host": request(wrong, "Host: evil.example\r\n"),
        "a foreign port": request(wrong, "Host: localhost:1\r\n"),
        "no Host": request(wrong, ""),
        "no Host in HTTP/1.0": request(wrong, "", version="1.0"),
        "two Hosts": request(wrong, f"{host}Host: evil.example\r\n"),
        "a whole URL": request(f"http://localhost:{port}{wrong}"),
        "a whole URL of another": request("http://evil.example/", "Host: evil.example\r\n"),
        "everything": request("*", method="OPTIONS"),
        "a preflight": request(wrong, f"{host}Origin: https://evil.example\r\n", "OPTIONS"),
        "a WebSocket": request(wrong, f"{host}Connection: Upgrade\r\nUpgrade: websocket\r\n"),
        "a header of a megabyte": request(wrong, f"{host}Cookie: ").rstrip() + _MEGABYTE + b"\r\n\r\n",
        "an address of a megabyte": request("/?code=evil&a=" + _MEGABYTE.decode()),
        "100,000 header lines": request(wrong, host + "A: evil\r\n" * 100_000),
        "a body of 10 MB": request(wrong, f"{host}Content-Length: {10 << 20}\r\n", "POST") + _MEGABYTE * 10,
        "a length and chunks": request(wrong, f"{chunked}Content-Length: 4\r\n", "POST")
        + b"0\r\n\r\n"
        + smuggled,
        "two lengths": request(wrong, f"{host}Content-Length: 0\r\nContent-Length: 9\r\n", "POST") + smuggled,
        "chunks with a request behind them": request(wrong, chunked, "POST") + b"0\r\n\r\n" + smuggled,
        "a chunk without end": request(wrong, chunked, "POST") + b"fffffff\r\nevil",
        "a hidden transfer coding": request(wrong, f"{host}Transfer-Encoding : chunked\r\n", "POST"),
        "an unknown transfer coding": request(wrong, f"{host}Transfer-Encoding: evil\r\n", "POST"),
        "a folded header": request(wrong, f"{host}A: b\r\n evil\r\n"),
        "lines that end in LF": request(wrong).replace(b"\r\n", b"\n"),
        "a carriage return in a header": request(wrong, f"{host}A: b\revil\r\n"),
        "requests in a row": request(wrong) * 50 + smuggled,
        "TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(160)),
        "NULs": b"\0" * 4000,
        "a NUL in the address": request(f"{wrong}\0"),
        "HTTP/0.9": f"GET {wrong}\r\n\r\n".encode(),
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "SSH": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "lines that say nothing": b"\r\n" * 4000 + b"x\r\n\r\n",
    }


class _Attack:
    """What goes on at once, until it is cancelled."""

    def __init__(self, port: int, hosts: Sequence[str], earlier: str) -> None:
        self.answers: dict[str, set[bytes]] = defaultdict(set)
        self._port = port
        self._hosts = hosts
        self._requests = forged(port, earlier)
        self._turn = 0
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Attack without end, and say so after each round."""
        async with asyncio.TaskGroup() as group:
            for _ in range(IDLE):
                group.create_task(self._stays())
            for _ in range(SLOW):
                group.create_task(self._stays(b"GET / HTTP/1.1\r\nCookie: "))
            while True:
                await asyncio.gather(self._floods(), self._barrage())
                print("round", flush=True)

    async def _open(self) -> socket.socket:
        """Return a connection to one of the addresses after the other."""
        self._turn += 1
        host = self._hosts[self._turn % len(self._hosts)]
        link = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        link.setblocking(False)
        try:
            await self._loop.sock_connect(link, (host, self._port))
        except BaseException:
            link.close()
            raise
        return link

    async def _stays(self, says: bytes = b"") -> None:
        """Hold a connection, saying a byte a second or nothing, and open it again when it is closed."""
        while True:
            with contextlib.suppress(OSError), await self._open() as link:
                await self._loop.sock_sendall(link, says)
                gone = asyncio.create_task(_all_of(link))
                try:
                    while not gone.done():
                        await asyncio.wait([gone], timeout=1.0)
                        await self._loop.sock_sendall(link, says[-1:])
                finally:
                    gone.cancel()
                    await asyncio.wait([gone])
            await asyncio.sleep(0.2)

    async def _floods(self) -> None:
        """Send every forged request once, several at a time, and each kind of half a connection."""
        waiting = [*self._requests.items()]

        async def work() -> None:
            while waiting:
                name, data = waiting.pop()
                for _ in range(TRIES):
                    answer = await self._asks(data)
                    self.answers[name].add(answer)
                    if answer:
                        break
                await self._resets(data)

        await asyncio.gather(*(work() for _ in range(WORKERS)))

    async def _asks(self, data: bytes) -> bytes:
        """Send a request, close this half of the connection, and return the answer."""
        with contextlib.suppress(OSError), await self._open() as link:
            reading = asyncio.create_task(_all_of(link))
            with contextlib.suppress(OSError):  # it was answered before all was sent
                await self._loop.sock_sendall(link, data)
                link.shutdown(socket.SHUT_WR)
            return await reading
        return b""

    async def _resets(self, data: bytes) -> None:
        """Send the first half of a request and break the connection."""
        with contextlib.suppress(OSError), await self._open() as link:
            await self._loop.sock_sendall(link, data[: len(data) // 2])
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def _barrage(self) -> None:
        """Send headers of a megabyte on many connections at once, in pieces, so that all are under way together."""

        async def one() -> None:
            with contextlib.suppress(OSError), await self._open() as link:
                await self._loop.sock_sendall(link, b"GET / HTTP/1.1\r\nCookie: ")
                for _ in range(256):
                    await self._loop.sock_sendall(link, _MEGABYTE[:4096])
                    await asyncio.sleep(0)

        await asyncio.gather(*(one() for _ in range(BARRAGE)))


async def _all_of(link: socket.socket) -> bytes:
    """Return what comes until the other side closes or breaks the connection."""
    loop, data = asyncio.get_running_loop(), bytearray()
    with contextlib.suppress(OSError):
        while more := await loop.sock_recv(link, 65536):
            data += more
    return bytes(data)


async def _main(port: int, earlier: str, hosts: Sequence[str]) -> dict[str, Any]:
    attack = _Attack(port, hosts, earlier)
    task = asyncio.create_task(attack.run())
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait([task, ended], return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return {name: sorted(a.decode("latin-1") for a in seen) for name, seen in attack.answers.items()}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))), flush=True)
