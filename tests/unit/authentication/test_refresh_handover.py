"""A request that a signal interrupts continues in a child process: over TLS, through a proxy, in the middle of the response."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, TypeVar

import pytest
import trustme

from kubectl_oidc.authentication.refresh_handover import Handover
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system import signals
from kubectl_oidc.system.deadline import Deadline, bounded
from kubectl_oidc.system.log import QUIET
from kubectl_oidc.system.signals import Interrupted
from tests.hostile import Hostile, certificate, tunnel
from tests.plugin import wait_until
from tests.sessions import forked, posix_only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.hostile import Script, Talk

pytestmark = posix_only

T = TypeVar("T")

BODY = b'{"refresh_token": "the next one"}'


def slowly(before: float, within: float = 0.0) -> Script:
    """Return a script that answers after some seconds, and stops for some more in the middle of the body."""

    def script(talk: Talk) -> None:
        time.sleep(before)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        talk.send(head + BODY[:9])
        time.sleep(within)
        talk.send(BODY[9:])

    return script


def interrupted(
    url: str, stored: Path, *, tls: TlsOptions, after: float = 0.3, storing: float = 0.0
) -> tuple[int, str, float]:
    """Post a form to an address that answers slowly, and send ourselves a signal meanwhile.

    Args:
        url: The address.
        stored: Where the answer is written.
        tls: Whom to trust.
        after: Seconds until the signal.
        storing: Seconds that it takes to store the answer, in the first process.

    Returns:
        The signal, what becomes of the refresh, and the seconds from the signal to the end, all of the first process.
    """

    def work() -> tuple[int, str, float]:
        signals.listen()
        client, first = HttpClient(tls=tls, log=QUIET), os.getpid()

        def post() -> None:
            answer = client.post_form(url, [("a", "b")], deadline=Deadline.after(20))
            if os.getpid() == first and storing:
                bounded(lambda: time.sleep(storing), 30, AssertionError)
            stored.with_suffix(".new").write_bytes(answer.body)
            stored.with_suffix(".new").rename(stored)

        handover = Handover(post, lambda _doing: None, lambda _line: None)
        threading.Timer(after, os.kill, (first, signal.SIGTERM)).start()
        with pytest.raises(Interrupted) as caught:
            handover.run()
        return caught.value.signum, caught.value.refresh, time.monotonic()

    began = time.monotonic()
    signum, refresh, ended = forked(work)
    return signum, refresh, ended - began - after


@pytest.mark.parametrize(("before", "within"), [(3.0, 0.0), (0.0, 3.0)], ids=["before it", "in the middle"])
@pytest.mark.parametrize("proxied", ["", "http", "https"], ids=["direct", "proxy", "TLS to the proxy"])
def test_the_child_stores_the_response_after_the_parent_has_exited(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    proxied: str,
    before: float,
    within: float,
) -> None:
    """Over TLS, in the middle of a connection. The request is sent once."""
    authority = trustme.CA()
    trusting = TlsOptions(ca_data=(authority.cert_pem.bytes(),))
    authority.cert_pem.write_to_path(str(tmp_path / "system.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))  # which a proxy is checked with
    to_proxy = certificate(authority) if proxied == "https" else None
    with Hostile(certificate(authority, "localhost", "provider.test")) as server, Hostile(to_proxy) as proxy:
        url = server.url
        if proxied:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            url = "https://provider.test"
        proxy.on("*", tunnel(server.port))
        server.on("/token", slowly(before, within))
        signum, refresh, seconds = interrupted(f"{url}/token", tmp_path / "stored", tls=trusting)
        assert (signum, refresh) == (signal.SIGTERM, "goes on")
        assert seconds < 2.5
        wait_until((tmp_path / "stored").exists, "the answer is stored")
        assert (tmp_path / "stored").read_bytes() == BODY
        assert len(server.asked) == 1


def test_the_child_stores_a_response_whose_store_hangs_in_the_parent(tmp_path: Path) -> None:
    """If a store hangs in the parent, the child stores again. It sends no second request."""
    with Hostile() as server:
        server.on("/token", slowly(0))
        _, refresh, seconds = interrupted(
            f"{server.url}/token", tmp_path / "stored", tls=TlsOptions(), storing=30
        )
        assert refresh == "goes on"
        assert seconds < 2.5
        wait_until((tmp_path / "stored").exists, "the answer is stored")
        assert len(server.asked) == 1


def test_a_fast_response_needs_no_child(tmp_path: Path) -> None:
    """The parent stores it, and exits then."""
    with Hostile() as server:
        server.on("/token", slowly(0.8))
        _, refresh, _ = interrupted(f"{server.url}/token", tmp_path / "stored", tls=TlsOptions())
        assert refresh == ""
        assert (tmp_path / "stored").read_bytes() == BODY


def without_fork(work: Callable[[], T]) -> Callable[[], T]:
    """Return the work, to be run without the right to fork."""

    def refused() -> int:
        raise BlockingIOError

    def changed() -> T:
        os.fork = refused
        return work()

    return changed


@pytest.mark.parametrize("twice", [False, True])
def test_without_a_fork_the_process_waits_for_the_response(tmp_path: Path, *, twice: bool) -> None:
    """The user is told once. A second Ctrl-C gives the response up, and the user is told that too."""
    said: list[str] = []

    def work() -> tuple[str, list[str]]:
        signals.listen()
        client, stored = HttpClient(log=QUIET), tmp_path / "stored"

        def post() -> None:
            stored.write_bytes(client.post_form(url, [], deadline=Deadline.after(20)).body)

        handover = Handover(post, lambda _doing: None, said.append)
        for seconds in (0.2, *([1.9] if twice else [])):
            threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(Interrupted) as caught:
            handover.run()
        return caught.value.refresh, said

    with Hostile() as server:
        url = f"{server.url}/token"
        server.on("/token", slowly(5))
        refresh, told = forked(without_fork(work))
    assert len(told) == 1
    assert "Ctrl-C" in told[0]
    assert refresh == ("given up" if twice else "")
    assert (tmp_path / "stored").exists() is not twice
