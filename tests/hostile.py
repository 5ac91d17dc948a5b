"""A small HTTP(S) server that does what it is told, wrong things included, and a proxy made of it.

Everything is said in bytes on a socket, so that an answer may be late, endless, cut off, or no HTTP at all.

    with Hostile() as server:
        server.on("/doc", reply(503), json_reply({"a": 1}))   # one after the other; the last one stays
        ...
        assert [asked.path for asked in server.asked] == ["/doc", "/doc"]
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import json
import select
import socket
import ssl
import struct
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import trustme


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Talk:
    """One request on a connection, for a script to answer."""

    asked: Asked
    connection: socket.socket
    stopping: threading.Event
    keep_alive: bool = field(default=True)

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def wait(self, seconds: float = 30.0) -> bool:
        """Wait, but not longer than the server lives; True when it ends."""
        return self.stopping.wait(seconds)


if TYPE_CHECKING:
    Script = Callable[[Talk], None]


def reply(
    status: int = 200,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    kind: str = "application/json",
) -> Script:
    """Answer with a whole response."""

    def script(talk: Talk) -> None:
        fields = {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        talk.send(f"HTTP/1.1 {status} So\r\n{head}\r\n".encode("latin-1") + body)

    return script


def json_reply(document: object, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Script:
    """Answer with JSON."""
    return reply(status, json.dumps(document).encode(), headers=headers)


def html_reply(status: int = 200) -> Script:
    """Answer with a web page, as captive portals and gateways do."""
    return reply(
        status, b"<html><b>Sign in to the Wi-Fi, dear SECRET-BODY</b></html>", kind="text/html; charset=utf-8"
    )


def gzip_bomb(size: int) -> Script:
    """Answer with ``size`` zero bytes, compressed into a thousandth."""

    def script(talk: Talk) -> None:  # compressed when it is asked for: that takes long
        reply(200, gzip.compress(bytes(size), compresslevel=1), headers={"Content-Encoding": "gzip"})(talk)

    return script


def raw(data: bytes) -> Script:
    """Send bytes, whatever they are, and close."""

    def script(talk: Talk) -> None:
        talk.keep_alive = False
        talk.send(data)

    return script


def drip(data: bytes, every: float) -> Script:
    """Send one byte after another, ``every`` so many seconds."""

    def script(talk: Talk) -> None:
        talk.keep_alive = False
        for byte in data:
            talk.send(bytes([byte]))
            if talk.wait(every):
                return

    return script


def silence(talk: Talk) -> None:
    """Take the request and never answer."""
    talk.keep_alive = False
    talk.wait()


def reset(talk: Talk) -> None:
    """Take the request and reset the connection."""
    talk.keep_alive = False
    talk.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(talk: Talk) -> None:
    """Take the request and close the connection without a word."""
    talk.keep_alive = False


def tunnel(port: int, welcome: bytes = b"HTTP/1.1 200 Connected\r\n\r\n") -> Script:
    """Be a proxy: connect every host to this machine's ``port`` (the name need not resolve)."""

    def script(talk: Talk) -> None:
        talk.keep_alive = False
        with socket.create_connection(("127.0.0.1", port), timeout=10) as far:
            talk.send(welcome)
            _forward(talk.connection, far)

    return script


def _forward(near: socket.socket, far: socket.socket) -> None:
    """Send on what either side sends, until one has ended.

    In one thread: before Python 3.13.4, a TLS connection that one thread reads and another writes may break.
    """
    while True:
        received = isinstance(near, ssl.SSLSocket) and near.pending()
        readable = [near] if received else select.select([near, far], [], [])[0]
        for source, sink in ((near, far), (far, near)):
            if source in readable:
                data = source.recv(65536)
                if not data:
                    return
                sink.sendall(data)


def certificate(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """Return a server's TLS settings with a certificate of ``authority`` for ``names``, this machine's by default."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
    return context


def nameless(authority: trustme.CA, common_name: str = "localhost") -> ssl.SSLContext:
    """Return a server's TLS settings with a certificate that names its host as common name alone, without subjectAltName."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]))
        .issuer_name(x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as place:  # Windows opens no temporary file a second time
        file = Path(place, "chain.pem")
        file.write_bytes(private + builder.sign(signer, hashes.SHA256()).public_bytes(pem))
        context.load_cert_chain(file)
    return context


class Hostile:
    """The server; ``asked`` holds the requests that came, in order."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, greeting: Script | None = None) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self._tls = tls
        self._greeting = greeting
        self._scripts: dict[str, list[Script]] = {}
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"

    def present(self, tls: ssl.SSLContext) -> None:
        """Have other TLS settings from the next connection on, as an impostor at the same address has."""
        self._tls = tls

    def on(self, path: str, *scripts: Script) -> None:
        """Answer ``path`` (or ``*``, any other) by these, one request each; the last one stays."""
        self._scripts[path] = list(scripts)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        try:
            connection.settimeout(30)
            if self._greeting is not None:
                self._greeting(Talk(Asked("", "", {}, b""), connection, self._stopping))
                return
            if self._tls is not None:
                wrapped = self._tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open.discard(connection)
                    connection = wrapped
                    self._open.add(connection)
            self._talk(connection)
        except (OSError, ValueError):
            return
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _talk(self, connection: socket.socket) -> None:
        buffer = b""
        while not self._stopping.is_set():
            while b"\r\n\r\n" not in buffer:
                data = connection.recv(65536)
                if not data:
                    return
                buffer += data
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            method, path, _version = first.split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            length = int(headers.get("content-length", "0"))
            while len(buffer) < length:
                buffer += connection.recv(65536)
            body, buffer = buffer[:length], buffer[length:]
            talk = Talk(Asked(method, path, headers, body), connection, self._stopping)
            self.asked.append(talk.asked)
            self._script(path)(talk)
            if not talk.keep_alive:
                return

    def _script(self, path: str) -> Script:
        with self._lock:
            scripts = self._scripts.get(path.partition("?")[0]) or self._scripts.get("*") or [reply(404)]
            return scripts.pop(0) if len(scripts) > 1 else scripts[0]


def discovery(issuer: str, **changes: object) -> dict[str, object]:
    """Return a good discovery document of ``issuer``; a change to ``...`` removes a member."""
    base = issuer.removesuffix("/")
    document: dict[str, object] = {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "jwks_uri": f"{base}/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        **changes,
    }
    return {name: value for name, value in document.items() if value is not ...}
