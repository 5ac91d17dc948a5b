"""Through proxies: CONNECT, TLS to the proxy, SOCKS5, and what each may answer. Against real servers."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import trustme

from kubectl_oidc.errors import ProviderUnreachable
from kubectl_oidc.http import tls
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
from tests.hostile import Hostile, certificate, html_reply, json_reply, nameless, raw, reply, silence, tunnel
from tests.topics import about, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hostile import Script, Talk

URL = "https://provider.test/token"
LOGIN = "m%C3%A9:p%40ss%3Aword"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def provider(authority: trustme.CA) -> Iterator[Hostile]:
    with Hostile(certificate(authority, "provider.test", "192.0.2.7", "2001:db8::7")) as server:
        server.on("/token", json_reply({"through": "the proxy"}))
        yield server


@pytest.fixture
def system(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Have the authority among the system's, which are the ones that a proxy's certificate is checked with."""
    authority.cert_pem.write_to_path(str(tmp_path / "system.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    return authority


def ask(proxy: str, authority: trustme.CA, url: str = URL, *, seconds: float = 5.0) -> bytes:
    """Post a form twice through a proxy, and return the second answer."""
    options = TlsOptions(ca_data=(authority.cert_pem.bytes(),))
    with closing(HttpClient(tls=options, log=QUIET, proxy=proxy, request_timeout=seconds)) as http:
        http.post_form(url, [("secret", "SECRET-FORM")], deadline=Deadline.after(30))
        return http.post_form(url, [], deadline=Deadline.after(30)).body


def refused(proxy: str, authority: trustme.CA, topic: str, *names: str, seconds: float = 5.0) -> str:
    """Ask through a proxy, and check the error, whose message is returned: the request was not sent, and no password is shown."""
    with pytest.raises(ProviderUnreachable, check=about(topic, "provider.test", *names)) as caught:
        ask(proxy, authority, seconds=seconds)
    assert not caught.value.sent
    assert not any(word in caught.value.message + caught.value.hint for word in ("p%40ss", "p@ss"))
    return caught.value.message


# CONNECT


@pytest.mark.parametrize("host", ["provider.test", "192.0.2.7", "[2001:db8::7]"])
def test_one_tunnel_serves_several_requests(provider: Hostile, authority: trustme.CA, host: str) -> None:
    """The proxy sees host, port and login, and nothing of the requests."""
    with Hostile() as proxy:
        proxy.on("*", tunnel(provider.port))
        url = f"http://{LOGIN}@localhost:{proxy.port}"
        assert ask(url, authority, f"https://{host}/token") == b'{"through": "the proxy"}'
    (asked,) = proxy.asked
    assert (asked.method, asked.path, asked.headers["host"]) == ("CONNECT", f"{host}:443", f"{host}:443")
    assert asked.headers["proxy-authorization"] == "Basic bcOpOnBAc3M6d29yZA=="
    assert all("proxy-authorization" not in one.headers for one in provider.asked)


@pytest.mark.parametrize(
    ("script", "name"),
    [
        (reply(407), "407"),
        (html_reply(502), "502"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000), "HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\n\r\ninjected"), ""),
        (raw(b"HTTP/1.1 200"), ""),
    ],
)
def test_a_proxy_that_does_not_connect_is_named(authority: trustme.CA, script: Script, name: str) -> None:
    """By its host and port, with what it said."""
    with Hostile() as proxy:
        proxy.on("*", script)
        refused(f"http://{LOGIN}@localhost:{proxy.port}", authority, "proxy", f"localhost:{proxy.port}", name)


def test_answers_to_connect_are_told_apart(authority: trustme.CA) -> None:
    """What is not HTTP, data after the answer, and an answer that ends too early."""
    kinds = {
        "not HTTP": [raw(b"SSH-2.0-OpenSSH_9.2\r\n"), raw(b"220 mail.test ESMTP\r\n")],
        "early data": [raw(b"HTTP/1.1 200 OK\r\n\r\ninjected")],
        "cut short": [raw(b"HTTP/1.1 200"), raw(b"HTTP/1.1 200 OK\r\n")],
    }
    with Hostile() as proxy:
        url = f"http://localhost:{proxy.port}"
        proxy.on("*", *(script for scripts in kinds.values() for script in scripts))
        told_apart(
            {kind: [refused(url, authority, "proxy") for _ in scripts] for kind, scripts in kinds.items()}
        )


def test_a_proxy_that_is_silent_ends_with_the_deadline(authority: trustme.CA) -> None:
    """It is the proxy that is named."""
    with Hostile(greeting=silence) as proxy:
        refused(f"http://localhost:{proxy.port}", authority, "proxy", f"localhost:{proxy.port}", seconds=0.3)


def test_plain_http_is_forwarded(authority: trustme.CA) -> None:
    """The proxy gets the whole URL and its login (RFC 9112 §3.2.2). Such URLs are this machine's only."""
    with Hostile() as proxy:
        proxy.on("*", json_reply({"forwarded": 1}))
        assert ask(f"http://{LOGIN}@localhost:{proxy.port}", authority, "http://127.0.0.1:1/a?b") == (
            b'{"forwarded": 1}'
        )
    assert proxy.connections == 1
    assert proxy.asked[0].path == "http://127.0.0.1:1/a?b"
    assert proxy.asked[0].headers["proxy-authorization"] == "Basic bcOpOnBAc3M6d29yZA=="
    assert proxy.asked[0].headers["host"] == "127.0.0.1:1"


# TLS to the proxy


def test_tls_to_the_proxy_has_tls_to_the_provider_in_it(provider: Hostile, system: trustme.CA) -> None:
    """Also for an answer and a form that are longer than one record of TLS."""
    long = b"x" * 300_000
    provider.on("/token", json_reply({}), reply(200, long))
    with Hostile(certificate(system)) as proxy:
        proxy.on("*", tunnel(provider.port))
        with closing(HttpClient(log=QUIET, proxy=f"https://{LOGIN}@localhost:{proxy.port}")) as http:
            for _ in range(2):
                body = http.post_form(URL, [("a", "b" * 100_000)], deadline=Deadline.after(10)).body
    assert body == long
    assert [len(one.body) for one in provider.asked] == [100_002] * 2
    assert proxy.asked[0].headers["proxy-authorization"].startswith("Basic ")
    assert proxy.connections == provider.connections == 1


def test_more_than_the_answer_inside_tls_to_the_proxy_ends_the_connection(
    provider: Hostile, system: trustme.CA
) -> None:
    """It may have been received already, where no look at the socket sees it."""

    def two_records(talk: Talk) -> None:
        json_reply({})(talk)
        json_reply({"injected": 1})(talk)

    provider.on("/token", two_records, json_reply({"good": 1}))
    with Hostile(certificate(system)) as proxy:
        proxy.on("*", tunnel(provider.port))
        with closing(HttpClient(log=QUIET, proxy=f"https://localhost:{proxy.port}")) as http:
            http.get(URL, deadline=Deadline.after(10))
            assert http.get(URL, deadline=Deadline.after(10)).body == b'{"good": 1}'
    assert provider.connections == 2


def test_a_proxys_certificate_is_checked_with_the_systems_authorities(
    provider: Hostile, authority: trustme.CA
) -> None:
    """One that is given is for the provider; the proxy's host is named."""
    with Hostile(certificate(authority)) as proxy:
        proxy.on("*", tunnel(provider.port))
        refused(f"https://{LOGIN}@localhost:{proxy.port}", authority, "tls", "localhost")
    assert proxy.asked == []


@pytest.mark.parametrize("kind", ["another host", "no subjectAltName"])
def test_a_providers_certificate_is_checked_inside_too(kind: str, system: trustme.CA) -> None:
    """As without the proxy: the provider's host is named."""
    server = (
        certificate(system, "other.test") if kind == "another host" else nameless(system, "provider.test")
    )
    with Hostile(server) as provider, Hostile(certificate(system)) as proxy:
        proxy.on("*", tunnel(provider.port))
        refused(f"https://localhost:{proxy.port}", system, "tls")
    assert provider.asked == []


def test_a_certificate_that_the_system_believes_is_looked_at_inside_too(
    system: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one without subjectAltName may be on Windows: here it is OpenSSL that is let believe a common name."""
    monkeypatch.setattr(
        "kubectl_oidc.http.tls_context.Context.check_names",
        lambda context: setattr(context, "hostname_checks_common_name", True),
    )
    with Hostile(nameless(system, "provider.test")) as provider, Hostile(certificate(system)) as proxy:
        proxy.on("*", tunnel(provider.port))
        with pytest.raises(ProviderUnreachable) as caught:
            ask(f"https://localhost:{proxy.port}", system)
    assert caught.value.hint == tls.NO_NAMES_HINT


# SOCKS


def socks(provider: int, heard: list[bytes], *answers: bytes) -> Script:
    """Be a SOCKS5 proxy that gives these answers, then connects to this machine's port."""

    def script(talk: Talk) -> None:
        for answer in answers[:-1]:
            heard.append(talk.connection.recv(512))
            talk.send(answer)
        heard.append(talk.connection.recv(512))
        if answers[-1][1]:
            talk.send(answers[-1])
        else:
            tunnel(provider, answers[-1])(talk)

    return script


IPV4 = b"\x01\x7f\x00\x00\x01\x1f\x90"


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("provider.test", b"\x03\x0dprovider.test"),
        ("192.0.2.7", b"\x01\xc0\x00\x02\x07"),
        ("[2001:db8::7]", b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x07"),
    ],
)
@pytest.mark.parametrize("bound", [IPV4, b"\x04" + bytes(18), b"\x03\x05proxy\x1f\x90"])
def test_a_socks_proxy_is_asked_by_name_or_address(
    provider: Hostile, authority: trustme.CA, scheme: str, host: str, address: bytes, bound: bytes
) -> None:
    """HTTPS_PROXY=socks5://…, as the Kubernetes documentation shows it for kubectl. The proxy looks names up (RFC 1928 §4)."""
    heard: list[bytes] = []
    with Hostile(greeting=socks(provider.port, heard, b"\x05\x00", b"\x05\x00\x00" + bound)) as proxy:
        body = ask(f"{scheme}://localhost:{proxy.port}", authority, f"https://{host}/token")
    assert body == b'{"through": "the proxy"}'
    assert heard == [b"\x05\x01\x00", b"\x05\x01\x00" + address + b"\x01\xbb"]
    assert proxy.connections == 1


def test_a_socks_proxy_gets_user_name_and_password(provider: Hostile, authority: trustme.CA) -> None:
    """In UTF-8, each with its length (RFC 1929 §2)."""
    heard: list[bytes] = []
    answers = (b"\x05\x02", b"\x01\x00", b"\x05\x00\x00" + IPV4)
    with Hostile(greeting=socks(provider.port, heard, *answers)) as proxy:
        ask(f"socks5://{LOGIN}@localhost:{proxy.port}", authority)
    assert heard[:2] == [b"\x05\x01\x02", b"\x01\x03m\xc3\xa9\x09p@ss:word"]


@pytest.mark.parametrize(
    ("answers", "topic"),
    [
        ([b"\x05\xff"], "proxy"),
        ([b"\x04\x02"], "proxy"),
        ([b"\x05\x00"], "proxy"),  # no login, though one is given
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "proxy"),
        ([b"\x05\x02", b"\x01\x01"], "proxy"),
        *(([b"\x05\x02", b"\x01\x00", bytes([5, reply, 0]) + IPV4], "proxy") for reply in (1, 5, 8, 9, 255)),
        ([b"\x05\x02", b"\x01\x00", b"\x04\x01\x00" + IPV4], "proxy"),
        ([b"\x05\x02", b"\x01"], "proxy"),
    ],
)
def test_a_socks_proxy_that_does_not_connect_is_named(
    authority: trustme.CA, answers: list[bytes], topic: str
) -> None:
    """Whatever it answers, or if it stops to."""

    def script(talk: Talk) -> None:
        for answer in answers:
            talk.connection.recv(512)
            talk.send(answer)

    with Hostile(greeting=script) as proxy:
        refused(f"socks5://{LOGIN}@localhost:{proxy.port}", authority, topic, f"localhost:{proxy.port}")


def test_a_login_that_socks_has_no_room_for_is_named(authority: trustme.CA) -> None:
    """A length is one byte."""
    with Hostile(greeting=lambda talk: talk.send(b"\x05\x02")) as proxy:
        refused(f"socks5://me:{'p' * 256}@localhost:{proxy.port}", authority, "proxy", "SOCKS")
