"""HTTP to the provider: limits, deadlines, what is repeated and what never, proxies. Against real servers."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme
from hypothesis import given, strategies as st

from kubectl_oidc.errors import (
    InvalidProviderResponse,
    OidcLoginError,
    ProviderUnreachable,
    UsageError,
)
from kubectl_oidc.http import connection_pool
from kubectl_oidc.http.client import HttpClient, _origin, _redirect_target
from kubectl_oidc.http.exchange import BODY_LIMIT, Response, _encoded, origin_of, retry_after
from kubectl_oidc.http.failures import causes, explain, was_cut
from kubectl_oidc.http.progress import RequestProgress
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET, Log
from kubectl_oidc.system.signals import Interrupted
from kubectl_oidc.urls import is_loopback_url
from tests.arbitrary import TEXT, or_refused
from tests.hostile import (
    Hostile,
    certificate,
    drip,
    gzip_bomb,
    hang_up,
    html_reply,
    json_reply,
    raw,
    reply,
    reset,
    silence,
    tunnel,
)
from tests.topics import about, told_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.hostile import Script, Talk


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> TlsOptions:
    return TlsOptions(ca_data=(authority.cert_pem.bytes(),))


@pytest.fixture
def server() -> Iterator[Hostile]:
    with Hostile() as server:
        yield server


@pytest.fixture
def client() -> Iterator[HttpClient]:
    client = HttpClient(log=QUIET, request_timeout=5, pauses=(0.02, 0.05))
    yield client
    client.close()


def soon(seconds: float = 5.0) -> Deadline:
    return Deadline.after(seconds)


def timed(work: Callable[[], object]) -> tuple[OidcLoginError, float]:
    """Return the error that ``work`` ends with, and how long it took."""
    began = time.monotonic()
    with pytest.raises(OidcLoginError) as caught:
        work()
    return caught.value, time.monotonic() - began


# What is sent


def test_a_get_says_who_asks_and_what_it_takes(server: Hostile, client: HttpClient) -> None:
    """A GET has our User-Agent, accepts JSON, and carries the headers given."""
    server.on("/doc", json_reply({}))
    response = client.get(f"{server.url}/doc", headers={"X-Tenant": "blue ü"}, deadline=soon())
    assert response == Response(200, response.headers, b"{}")
    headers = server.asked[0].headers
    assert headers["user-agent"].startswith("kubectl-oidc/")
    assert headers["accept"] == "application/json"
    assert headers["x-tenant"].encode("latin-1").decode() == "blue ü"


def test_a_form_is_sent_in_order_with_its_content_type(server: Hostile, client: HttpClient) -> None:
    """A POST carries the fields as a form, in order, and its content type cannot be changed by a header."""
    server.on("/token", json_reply({}))
    client.post_form(
        f"{server.url}/token",
        [("a", "1 &"), ("b", "ü"), ("a", "2")],
        headers={"content-type": "text/plain"},
        deadline=soon(),
    )
    (asked,) = server.asked
    assert asked.method == "POST"
    assert asked.body == b"a=1+%26&b=%C3%BC&a=2"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("name", "value"), [("X-A", "1\r\nX-B: 2"), ("X A", "1"), ("", "1"), ("X-A\n", "1"), ("X-A", "\0")]
)
def test_a_header_that_breaks_the_request_is_refused(
    server: Hostile, client: HttpClient, name: str, value: str
) -> None:
    """No header value can add a second header or a body."""
    with pytest.raises(UsageError, check=about("usage")):
        client.get(f"{server.url}/doc", headers={name: value}, deadline=soon())
    assert server.asked == []


def test_cookies_are_not_kept(server: Hostile, client: HttpClient) -> None:
    """A cookie that one answer sets is not sent with the next request."""
    server.on("*", reply(200, b"{}", headers={"Set-Cookie": "a=b; Path=/"}))
    client.get(f"{server.url}/one", deadline=soon())
    client.get(f"{server.url}/two", deadline=soon())
    assert "cookie" not in server.asked[1].headers


def test_netrc_is_not_used(
    server: Hostile, client: HttpClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password in .netrc for the host is not sent."""
    netrc = home / ".netrc"
    netrc.write_text("machine localhost login me password SECRET\ndefault login me password SECRET\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.on("*", json_reply({}))
    client.get(f"{server.url}/one", deadline=soon())
    client.post_form(f"{server.url}/two", [], deadline=soon())
    assert all("authorization" not in asked.headers for asked in server.asked)


def test_a_request_leaves_in_one_write(client: HttpClient) -> None:
    """Header and form together: a second small write may wait for the acknowledgement of the first."""
    heard: list[bytes] = []

    def script(talk: Talk) -> None:
        heard.append(talk.connection.recv(65536))
        json_reply({})(talk)

    with Hostile(greeting=script) as server:
        client.post_form(f"http://localhost:{server.port}/token", [("a", "b")], deadline=soon())
    assert heard[0].startswith(b"POST /token HTTP/1.1\r\nHost: localhost:")
    assert heard[0].endswith(b"\r\nContent-Length: 3\r\n\r\na=b")


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding"])
def test_a_header_that_would_change_the_length_of_the_request_is_refused(
    server: Hostile, client: HttpClient, name: str
) -> None:
    """The rest of the form would be a second request."""
    with pytest.raises(UsageError, check=about("usage", "--oidc-request-header")):
        client.post_form(f"{server.url}/token", [("a", "b")], headers={name: "0"}, deadline=soon())
    assert server.asked == []


def test_a_given_header_replaces_our_own(server: Hostile, client: HttpClient) -> None:
    """Whatever its capitals are."""
    server.on("/doc", json_reply({}))
    client.get(f"{server.url}/doc", headers={"user-agent": "mine", "HOST": "else.test"}, deadline=soon())
    assert [server.asked[0].headers[name] for name in ("user-agent", "host")] == ["mine", "else.test"]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("", "/"),
        ("?a=b", "/?a=b"),
        ("/a%20b/c;d=1?e=%C3%BC&f=g+h", "/a%20b/c;d=1?e=%C3%BC&f=g+h"),
        ('/ü"<>^`{|}', "/%C3%BC%22%3C%3E%5E%60%7B%7C%7D"),
    ],
)
def test_a_path_is_sent_as_it_is_or_percent_encoded(
    server: Hostile, client: HttpClient, path: str, sent: str
) -> None:
    """What a URL may have stays as it is."""
    server.on("*", json_reply({}))
    client.get(server.url + path, deadline=soon())
    assert server.asked[0].path == sent


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://idp.example.com", ("https", "idp.example.com", 443)),
        ("https://IDP.example.com:444", ("https", "idp.example.com", 444)),
        ("http://[::1]", ("http", "::1", 80)),
        ("https://MÜNCHEN.example.com", ("https", "xn--mnchen-3ya.example.com", 443)),
        ("https://straße.example.com", None),  # strasse in IDNA 2003, another host in IDNA 2008
        ("https://ü..example.com", None),
    ],
)
def test_a_host_has_one_form_in_ascii(url: str, origin: tuple[str, str, int] | None) -> None:
    """A name for which the standards differ is refused: the browser might go to another host."""
    if origin:
        assert origin_of(url) == origin
        return
    with pytest.raises(ProviderUnreachable, check=about("provider-unreachable", url)) as caught:
        HttpClient(log=QUIET).get(url, deadline=soon())
    assert not caught.value.sent


# Connections


def test_a_connection_is_used_again_for_its_origin(authority: trustme.CA) -> None:
    """Metadata, token and keys cost one TLS handshake; another host name another one."""
    with Hostile(certificate(authority)) as server:
        server.on("*", json_reply({}))
        client = HttpClient(tls=trusting(authority), log=QUIET)
        client.get(f"{server.url}/doc", deadline=soon())
        client.post_form(f"{server.url}/token", [], deadline=soon())
        client.get(f"{server.url}/keys", deadline=soon())
        assert server.connections == 1
        client.get(f"https://127.0.0.1:{server.port}/doc", deadline=soon())
        assert server.connections == 2
        client.close()


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("idle", ["for long", "closed by the peer", "with words from the peer"])
def test_a_connection_that_was_idle_is_used_with_care(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, idle: str, *, secure: bool
) -> None:
    """A form is never sent over one that the peer has closed or will close soon."""

    def script(talk: Talk) -> None:
        json_reply({})(talk)
        talk.keep_alive = idle != "closed by the peer"
        if idle == "with words from the peer":
            time.sleep(0.05)
            talk.send(b"HTTP/1.1 408 Request Timeout\r\n\r\n")

    with Hostile(certificate(authority) if secure else None) as server:
        server.on("/doc", script)
        server.on("/token", json_reply({}))
        client = HttpClient(tls=trusting(authority), log=QUIET)
        client.get(f"{server.url}/doc", deadline=soon())
        time.sleep(0.2)
        if idle == "for long":
            monkeypatch.setattr(connection_pool, "_IDLE_SECONDS", 0.1)
        assert client.post_form(f"{server.url}/token", [], deadline=soon()).status == 200
        client.close()
        assert (server.connections, len(server.asked)) == (2, 2)


def test_after_it_is_closed_no_connection_is_kept(server: Hostile, client: HttpClient) -> None:
    """One that was in use at that moment is closed when its request ends."""

    def script(talk: Talk) -> None:
        client.close()
        json_reply({})(talk)

    server.on("/doc", script)
    client.get(f"{server.url}/doc", deadline=soon())
    assert client._pool._idle == {}


# Imports

IMPORTED = """
import pathlib, sys
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
before = set(sys.modules)
http = HttpClient(tls=TlsOptions(ca_files=(pathlib.Path(sys.argv[2]),)), log=QUIET)
assert http.get(sys.argv[1], deadline=Deadline.after(20)).status == 200
http.close()
print(*sorted(before & {"ssl", "socket", "http.client", "email", "select", "dataclasses"}))
print(*sorted(set(sys.modules) & {"encodings.idna", "stringprep", "zlib", "kubectl_oidc.http.tunnel"}))
print(*sorted(name for name in sys.modules if name.partition(".")[0] in {"h11", "httpx2", "anyio", "idna"}))
"""


def test_what_is_not_needed_is_not_imported(authority: trustme.CA, tmp_path: Path) -> None:
    """The module brings no network, a request to an ASCII host no codec for others, and none brings another HTTP library."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Hostile(certificate(authority)) as server:
        server.on("/doc", json_reply({}))
        done = subprocess.run(
            [sys.executable, "-c", IMPORTED, f"{server.url}/doc", str(tmp_path / "ca.pem")],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == "\n\n\n"


# Size


@pytest.mark.parametrize(
    "script", [reply(200, b"x" * (BODY_LIMIT + 1)), gzip_bomb(200 << 20)], ids=["plain", "gzip bomb"]
)
def test_a_body_is_read_to_one_megabyte_at_most(server: Hostile, client: HttpClient, script: Script) -> None:
    """A longer body is refused, and what counts is its length when decompressed."""
    server.on("/doc", script)
    with pytest.raises(InvalidProviderResponse, match=r"\b1 MB\b"):
        client.get(f"{server.url}/doc", deadline=soon())


def test_a_body_of_just_one_megabyte_is_read(server: Hostile, client: HttpClient) -> None:
    """The limit itself is allowed."""
    server.on("/doc", reply(200, b"x" * BODY_LIMIT))
    assert len(client.get(f"{server.url}/doc", deadline=soon()).body) == BODY_LIMIT == 1_048_576


def test_a_body_that_is_falsely_called_compressed_is_an_error(server: Hostile, client: HttpClient) -> None:
    """Broken compression is the provider's fault, and its bytes are not shown."""
    server.on("/doc", reply(200, b"SECRET-BODY", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(
        InvalidProviderResponse, check=about("provider-misbehaves", "/doc", "HTTPS_PROXY")
    ) as caught:
        client.get(f"{server.url}/doc", deadline=soon())
    assert "SECRET-BODY" not in caught.value.message


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2 SECRET-BODY\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
    ids=["not HTTP", "an endless header"],
)
def test_what_is_no_http_is_named(server: Hostile, client: HttpClient, answer: bytes) -> None:
    """An answer in another protocol, or with a header without end, is an error that does not echo it."""
    server.on("/doc", raw(answer))
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", "/doc")) as caught:
        client.get(f"{server.url}/doc", deadline=soon())
    assert "SECRET-BODY" not in caught.value.message


# Time

_WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    "script",
    [silence, drip(_WHOLE, 0.05), drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 20, 0.02)],
    ids=["silence", "one byte at a time", "only informational answers"],
)
def test_a_request_has_one_deadline_for_all_of_it(server: Hostile, script: Script) -> None:
    """However slowly the answer comes, the request ends after its time; bytes that trickle in do not prolong it."""
    client = HttpClient(log=QUIET, request_timeout=0.4)
    server.on("/doc", script)
    error, took = timed(lambda: client.get(f"{server.url}/doc", deadline=soon(60)))
    assert isinstance(error, ProviderUnreachable)
    assert error.sent
    assert 0.3 < took < 1.5
    client.close()


def test_the_callers_deadline_is_kept_when_it_is_sooner(server: Hostile, client: HttpClient) -> None:
    """A deadline shorter than the request's own time-out counts, and one that has passed sends nothing."""
    server.on("/doc", silence)
    _, took = timed(lambda: client.get(f"{server.url}/doc", deadline=soon(0.3)))
    assert took < 1.5
    error, took = timed(lambda: client.post_form(f"{server.url}/late", [], deadline=soon(0)))
    assert isinstance(error, ProviderUnreachable)
    assert not error.sent
    assert took < 0.2
    assert [asked.path for asked in server.asked] == ["/doc"]


def test_a_body_without_end_is_bounded_by_the_deadline(server: Hostile) -> None:
    """A body that trickles for ever ends with the deadline too."""
    client = HttpClient(log=QUIET, request_timeout=0.4)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"

    def endless(talk: object) -> None:
        raw(head)(talk)  # type: ignore[arg-type]
        drip(b"a" * 1000, 0.02)(talk)  # type: ignore[arg-type]

    server.on("/doc", endless)
    error, took = timed(lambda: client.get(f"{server.url}/doc", deadline=soon(60)))
    assert isinstance(error, ProviderUnreachable)
    assert error.sent
    assert took < 1.5
    client.close()


def test_a_request_that_was_given_up_does_not_leave_afterwards(
    server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the name resolves only after the deadline, the form is not sent any more: a refresh token stays unused."""
    look_up = socket.getaddrinfo

    def slow(*arguments: object, **options: object) -> object:
        time.sleep(0.5)
        return look_up(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    client = HttpClient(log=QUIET, request_timeout=0.2)
    error, took = timed(
        lambda: client.post_form(f"{server.url}/token", [("refresh_token", "r")], deadline=soon())
    )
    assert isinstance(error, ProviderUnreachable)
    assert not error.sent
    assert took < 0.45
    assert "0.2 s" in error.message
    time.sleep(0.7)
    assert server.asked == []
    client.close()


def test_ctrl_c_ends_a_request_at_once(server: Hostile, client: HttpClient) -> None:
    """A signal reaches the caller while the provider is silent."""
    import signal

    server.on("/doc", silence)

    def interrupt(signum: int, _: object) -> None:
        raise Interrupted(signum)

    before = signal.signal(signal.SIGINT, interrupt)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    try:
        timer.start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            client.get(f"{server.url}/doc", deadline=soon())
        assert time.monotonic() - began < 2
    finally:
        signal.signal(signal.SIGINT, before)
        timer.join()


# What is repeated


@pytest.mark.parametrize("trouble", [reply(503), reply(500), reply(429), hang_up, reset])
def test_a_get_is_tried_again_when_the_provider_stumbles(
    server: Hostile, client: HttpClient, trouble: Script
) -> None:
    """429, 5xx and cut connections are tried again, and the good answer counts."""
    server.on("/doc", trouble, trouble, json_reply({"good": True}))
    assert client.get(f"{server.url}/doc", deadline=soon()).body == b'{"good": true}'
    assert len(server.asked) == 3


def test_a_get_gives_up_after_the_third_time(server: Hostile, client: HttpClient) -> None:
    """The third 503 is the answer; the third cut connection is the error."""
    server.on("/doc", reply(503))
    server.on("/cut", hang_up)
    assert client.get(f"{server.url}/doc", deadline=soon()).status == 503
    with pytest.raises(ProviderUnreachable) as caught:
        client.get(f"{server.url}/cut", deadline=soon())
    assert was_cut(caught.value)
    assert [asked.path for asked in server.asked] == ["/doc"] * 3 + ["/cut"] * 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 200])
def test_a_get_is_not_tried_again_when_the_answer_stands(
    server: Hostile, client: HttpClient, status: int
) -> None:
    """Any other status is an answer."""
    server.on("/doc", reply(status))
    assert client.get(f"{server.url}/doc", deadline=soon()).status == status
    assert len(server.asked) == 1


def test_retry_after_is_kept(server: Hostile, client: HttpClient) -> None:
    """The provider's Retry-After is waited for where there is time, and ends the attempts where there is not."""
    server.on("/doc", reply(429, headers={"Retry-After": "1"}), json_reply({}))
    began = time.monotonic()
    assert client.get(f"{server.url}/doc", deadline=soon()).status == 200
    assert time.monotonic() - began >= 1.0
    server.on("/later", reply(503, headers={"Retry-After": "120"}))
    began = time.monotonic()
    assert client.get(f"{server.url}/later", deadline=soon()).status == 503
    assert time.monotonic() - began < 0.5
    assert [asked.path for asked in server.asked] == ["/doc", "/doc", "/later"]


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("7", 7.0),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-3", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_in_both_forms(words: str, seconds: float | None) -> None:
    """Seconds and HTTP dates are understood, anything else counts as not said."""
    assert retry_after(Response(503, {"retry-after": words}, b"")) == seconds


@pytest.mark.parametrize("trouble", [reply(503), reply(429), hang_up, reset, silence])
def test_a_form_is_sent_once_whatever_happens(server: Hostile, trouble: Script) -> None:
    """A token request is never repeated, not even when the connection is cut."""
    client = HttpClient(log=QUIET, request_timeout=0.5)
    server.on("/token", trouble, json_reply({}))
    try:
        assert client.post_form(f"{server.url}/token", [], deadline=soon()).status in {503, 429}
    except ProviderUnreachable as error:
        assert error.sent  # noqa: PT017 - an answer is fine too
    time.sleep(0.1)
    assert len(server.asked) == 1
    client.close()


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304, 300])
def test_no_redirect_from_a_form_is_followed(server: Hostile, client: HttpClient, status: int) -> None:
    """A token request that is redirected is an error: its secrets go nowhere else."""
    server.on("/token", reply(status, headers={"Location": f"{server.url}/elsewhere"}))
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", "/token", str(status))):
        client.post_form(f"{server.url}/token", [("code", "c")], deadline=soon())
    assert [asked.path for asked in server.asked] == ["/token"]


def test_a_get_follows_a_few_redirects(server: Hostile, client: HttpClient) -> None:
    """A document may have moved, and relative addresses work."""
    server.on("/a", reply(302, headers={"Location": "/b"}))
    server.on("/b", reply(308, headers={"Location": f"{server.url}/c"}))
    server.on("/c", json_reply({"c": 1}))
    assert client.get(f"{server.url}/a", headers={"X-Tenant": "t"}, deadline=soon()).body == b'{"c": 1}'
    assert [asked.headers.get("x-tenant") for asked in server.asked] == ["t", "t", "t"]


def test_headers_stay_with_the_first_origin(server: Hostile, client: HttpClient) -> None:
    """A redirect to another host or port does not carry the person's headers there."""
    with Hostile() as other:
        server.on("/a", reply(302, headers={"Location": f"{other.url}/b"}))
        other.on("/b", json_reply({}))
        client.get(f"{server.url}/a", headers={"X-Key": "SECRET"}, deadline=soon())
        assert "x-key" in server.asked[0].headers
        assert "x-key" not in other.asked[0].headers


@pytest.mark.parametrize(
    "location",
    [
        "http://192.0.2.7/doc",
        "ftp://localhost/doc",
        "file:///etc/passwd",
        "",
        "http://[",
        "https://a:b@localhost/",
    ],
)
def test_a_redirect_to_anything_but_https_is_not_followed(
    server: Hostile, client: HttpClient, location: str
) -> None:
    """Plain http leads nowhere but to this machine, and other schemes nowhere at all."""
    server.on("/a", reply(302, headers={"Location": location}))
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", "/a")):
        client.get(f"{server.url}/a", deadline=soon())


def test_an_https_document_is_not_redirected_to_http(authority: trustme.CA) -> None:
    """From https no redirect leads to http, not even on this machine."""
    with Hostile(certificate(authority)) as secure, Hostile() as bare:
        client = HttpClient(tls=trusting(authority), log=QUIET)
        secure.on("/a", reply(302, headers={"Location": f"{bare.url}/b"}))
        with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", "/a", " http")):
            client.get(f"{secure.url}/a", deadline=soon())
        assert bare.asked == []
        client.close()


def test_redirects_in_a_circle_end(server: Hostile, client: HttpClient) -> None:
    """A redirect to itself is an error after a few rounds."""
    server.on("/a", reply(302, headers={"Location": "/a"}))
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", "/a")):
        client.get(f"{server.url}/a", deadline=soon())
    assert len(server.asked) == 4


# Connections that do not come about


def test_a_refused_connection_is_named_and_was_not_sent(client: HttpClient) -> None:
    """Nothing listens: the host and port are named, and the request certainly did not leave."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error, _ = timed(lambda: client.post_form(f"http://127.0.0.1:{port}/token?x=SECRET", [], deadline=soon()))
    assert isinstance(error, ProviderUnreachable)
    assert not error.sent
    assert f"http://127.0.0.1:{port}/token:" in error.message
    assert any(isinstance(cause, ConnectionRefusedError) for cause in causes(error))
    assert "SECRET" not in error.message + error.hint


def test_a_name_that_does_not_resolve_is_named(client: HttpClient) -> None:
    """An unknown host name is reported as such; nothing was sent."""
    error, _ = timed(lambda: client.get("https://no-such-provider.invalid/doc", deadline=soon()))
    assert isinstance(error, ProviderUnreachable)
    assert not error.sent
    assert "no-such-provider.invalid:443" in error.message


def test_a_port_that_does_not_speak_tls_is_named(client: HttpClient) -> None:
    """Asking a plain HTTP port by https says that TLS is not spoken there."""
    with Hostile(greeting=raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        url = f"https://localhost:{server.port}/doc"
        error, _ = timed(lambda: client.get(url, deadline=soon()))
    assert isinstance(error, ProviderUnreachable)
    assert not error.sent
    assert f"localhost:{server.port}" in error.message
    assert "TLS" in error.message
    assert "(wrong version number)" in error.message


def test_a_tls_handshake_that_hangs_ends_with_the_deadline() -> None:
    """A peer that accepts and then says nothing costs the deadline, no more, and nothing was sent."""
    client = HttpClient(log=QUIET, request_timeout=0.3)
    with Hostile(greeting=silence) as server:
        url = f"https://localhost:{server.port}/token"
        error, took = timed(lambda: client.post_form(url, [], deadline=soon()))
    assert isinstance(error, ProviderUnreachable)
    assert not error.sent
    assert took < 1.5
    client.close()


def test_a_cut_connection_after_the_request_counts_as_sent(server: Hostile, client: HttpClient) -> None:
    """When the provider took the request and said nothing, the refresh token may have been used."""
    server.on("/token", hang_up)
    error, _ = timed(lambda: client.post_form(f"{server.url}/token", [], deadline=soon()))
    assert isinstance(error, ProviderUnreachable)
    assert error.sent
    assert was_cut(error)


def test_each_reason_for_no_answer_has_its_own_words() -> None:
    """Each names the host. What the system says is shown as it is."""
    errors: dict[str, list[Exception]] = {
        "refused": [ConnectionRefusedError()],
        "cut": [ConnectionResetError(), BrokenPipeError(), ssl.SSLEOFError()],
        "no name": [socket.gaierror()],
        "late": [TimeoutError()],
        "the system's": [OSError(113, "No route to host")],
        "another": [OSError()],
    }

    def said(error: Exception) -> str:
        return explain(
            error, url="https://idp.test/doc", progress=RequestProgress(), seconds=5, options=TlsOptions()
        ).message

    told_apart({reason: map(said, each) for reason, each in errors.items()})
    assert all("https://idp.test/doc" in said(error) for each in errors.values() for error in each)
    assert said(errors["the system's"][0]).endswith("No route to host")


def test_an_answer_that_is_cut_short_is_no_answer(server: Hostile, client: HttpClient) -> None:
    """A body shorter than its Content-Length is a cut connection, never half a document."""
    server.on(
        "/token", raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{}")
    )
    error, _ = timed(lambda: client.post_form(f"{server.url}/token", [], deadline=soon()))
    assert isinstance(error, ProviderUnreachable)
    assert error.sent


# Proxies


def test_https_goes_through_the_proxy_of_the_environment(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY is used, with its user name and password, and sees no request in the clear."""
    with Hostile(certificate(authority, "provider.test")) as provider, Hostile() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:pass%20word@127.0.0.1:{proxy.port}")
        proxy.on("*", tunnel(provider.port))
        provider.on("/token", json_reply({"ok": 1}))
        client = HttpClient(tls=trusting(authority), log=QUIET)
        response = client.post_form("https://provider.test/token", [("a", "SECRET")], deadline=soon())
        assert response.body == b'{"ok": 1}'
        (asked,) = proxy.asked
        assert (asked.method, asked.path, asked.body) == ("CONNECT", "provider.test:443", b"")
        assert asked.headers["proxy-authorization"] == "Basic bWU6cGFzcyB3b3Jk"
        assert "proxy-authorization" not in provider.asked[0].headers
        client.close()


def test_no_proxy_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host in NO_PROXY is asked directly."""
    with Hostile() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "other.test,.provider.invalid")
        client = HttpClient(log=QUIET)
        with pytest.raises(ProviderUnreachable, match=r"a\.provider\.invalid") as caught:
            client.get("https://a.provider.invalid/doc", deadline=soon())
        assert any(isinstance(cause, socket.gaierror) for cause in causes(caught.value))
        assert proxy.asked == []
        client.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST"])
def test_loopback_is_never_proxied(server: Hostile, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """This machine's own addresses are asked directly, whatever the proxy variables say, broken ones included."""
    with Hostile() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", "gopher://nonsense")
        server.on("/doc", json_reply({}))
        client = HttpClient(log=QUIET)
        assert client.get(f"http://{host}:{server.port}/doc", deadline=soon()).status == 200
        assert proxy.asked == []
        client.close()


@pytest.mark.parametrize(
    ("answer", "words", "hint"),
    [
        (reply(407), "407", "USER:PASSWORD@HOST:PORT"),
        (html_reply(403), "403", "NO_PROXY"),
        (reply(502), "502", "NO_PROXY"),
    ],
)
def test_a_proxy_that_refuses_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, answer: Script, words: str, hint: str
) -> None:
    """The proxy's host, port and status are said, its password never; the request did not leave."""
    with Hostile() as proxy:
        proxy.on("*", answer)
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:SECRETPASS@localhost:{proxy.port}")
        client = HttpClient(log=QUIET)
        error, _ = timed(
            lambda: client.post_form("https://provider.test/token", [("a", "b")], deadline=soon())
        )
        client.close()
    assert isinstance(error, ProviderUnreachable)
    assert not error.sent
    assert f" localhost:{proxy.port} " in error.message
    assert f"({words}" in error.message
    assert hint in error.hint
    assert error.topic == "proxy"
    assert "SECRETPASS" not in error.message + error.hint


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the proxy refuses the connection, the error says the proxy's name, not the provider's fault."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:SECRETPASS@127.0.0.1:{port}")
    client = HttpClient(log=QUIET)
    error, _ = timed(lambda: client.get("https://provider.test/doc", deadline=soon()))
    client.close()
    assert f" 127.0.0.1:{port} " in error.message
    assert error.topic == "proxy"
    assert "SECRETPASS" not in error.message + error.hint


@pytest.mark.parametrize("value", ["gopher://me:SECRETPASS@h:1", "http://me:SECRETPASS@h:port"])
def test_a_proxy_url_that_cannot_be_used_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """A malformed proxy variable is a usage error that does not repeat it."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    client = HttpClient(log=QUIET)
    with pytest.raises(UsageError, match="HTTPS_PROXY ") as caught:
        client.get("https://provider.test/doc", deadline=soon())
    assert "SECRETPASS" not in str(caught.value.__cause__) + caught.value.message + caught.value.hint


def test_what_is_got_ready_is_used_or_named_beforehand(
    server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request finds the TLS settings made; a proxy that cannot be used is known without a request."""
    server.on("/doc", json_reply({}))
    client = HttpClient(log=QUIET)
    client.prepare(f"{server.url}/doc")
    made = client._pool._context
    assert made is not None
    assert client.get(f"{server.url}/doc", deadline=soon()).status == 200
    assert client._pool.tls_context() is made
    client.close()
    monkeypatch.setenv("HTTPS_PROXY", "gopher://h:1")
    with pytest.raises(UsageError, match="HTTPS_PROXY "):
        HttpClient(log=QUIET).prepare("https://provider.test/doc")


def test_what_can_be_made_ready_is_while_the_answer_is_awaited() -> None:
    """The answer here comes only when the other work is done: both go on at the same time."""
    made_ready = threading.Event()

    def script(talk: Talk) -> None:
        assert made_ready.wait(10)
        json_reply({"a": 1})(talk)

    with Hostile() as server:
        server.on("/token", script)
        client = HttpClient(log=QUIET)
        response = client.post_form(
            f"{server.url}/token", [("a", "b")], deadline=soon(), meanwhile=made_ready.set
        )
        client.close()
    assert response.status == 200


def test_what_is_made_ready_may_fail() -> None:
    """It is no part of the request."""

    def fail() -> None:
        raise RuntimeError("of no interest")

    with Hostile() as server:
        server.on("/token", json_reply({"a": 1}))
        client = HttpClient(log=QUIET)
        response = client.post_form(f"{server.url}/token", [], deadline=soon(), meanwhile=fail)
        client.close()
    assert response.status == 200


# What is shown


def test_the_log_shows_requests_and_nothing_secret(
    server: Hostile, capsys: pytest.CaptureFixture[str]
) -> None:
    """-v 9 shows method, address, status and size, but no query, header, form or body."""
    client = HttpClient(log=Log(9))
    server.on("/token", json_reply({"access_token": "SECRET-TOKEN"}))
    client.post_form(
        f"{server.url}/token?q=SECRET-QUERY",
        [("refresh_token", "SECRET-FORM")],
        headers={"Authorization": "SECRET-HEADER"},
        deadline=soon(),
    )
    client.close()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"POST {server.url}/token: 200, 32 " in shown.err
    assert "SECRET" not in shown.err


DATE = st.builds(
    "{} {} {} {} {}".format,
    st.sampled_from(["Wed,", "0", "31", "Mon", "-1"]) | TEXT,
    st.sampled_from(["Jan", "Foo", "12", ","]) | TEXT,
    st.integers(-1, 99999) | TEXT,
    st.sampled_from(["00:00:00", "24:61:61", "1:2", "::", "a:b:c"]) | TEXT,
    st.sampled_from(["GMT", "-0000", "+9999", "-99999999", "EST", "+"]) | TEXT,
)


@given(TEXT | DATE | st.integers().map(str))
def test_any_retry_after_is_a_wait_or_not_said(words: str) -> None:
    """A number of seconds, a date in any state of repair, or anything else: a wait from 0 on, or none, and no error."""
    wait = retry_after(Response(503, {"retry-after": words}, b""))
    assert wait is None or 0 <= wait < 1e12


@given(
    TEXT | st.builds("{}//{}".format, st.sampled_from(["", "http:", "https:", "HTTPS:", "file:"]), TEXT),
    st.sampled_from(["https://a.example/b?c", "http://127.0.0.1:1/"]),
)
def test_any_location_is_a_safe_address_or_refused(location: str, url: str) -> None:
    """Where a redirect leads is https, or on this machine from this machine; else the refusal is in plain words."""
    with or_refused(InvalidProviderResponse):
        target = _redirect_target(url, Response(302, {"location": location}, b""))
        assert target is not None
        assert urlsplit(target).scheme == "https" or (url.startswith("http:") and is_loopback_url(target))
        assert _origin(target)[2] > 0


@given(st.dictionaries(TEXT, TEXT, max_size=3))
def test_no_header_breaks_a_request(headers: dict[str, str]) -> None:
    """Any names and values: fields without a line break, each name once, or a usage error that repeats nothing."""
    with or_refused(UsageError):
        fields = _encoded(headers)
        assert not any(set(b"\r\n\0") & set(name + value) for name, value in fields)
        names = [name.lower() for name, _ in fields]
        assert len(names) == len(set(names))
