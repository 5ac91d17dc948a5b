"""The callback server under fire: an attacker on this machine does what it can, and the real sign-in comes through."""

from __future__ import annotations

import http.client
import os
import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests import parts

from .attacker import Attacker, forged
from .laptop import Laptop, token_of
from .scripted_browser import redirect_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin import Running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at the program in /proc")

MEMORY = 100 << 20
"""Bytes that the program may have at most: it has 50 MB without an attack, 65 under one."""
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "connection": "close",
}


def a_second() -> float:
    """Return a second, or as many as one takes here: what has more to do than it has processors gives each program its share.

    A sign-in takes 0.1 s from the redirect to the page, and 0.2 s under this attack, where nothing else runs.
    """
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class Page(NamedTuple):
    """What the browser had, and after how many seconds."""

    status: int
    text: str
    seconds: float


class SignIn:
    """A sign-in that is under way: the program listens, and the browser has the address of its start."""

    def __init__(self, laptop: Laptop, running: Running, start_url: str) -> None:
        self.laptop = laptop
        self.running = running
        self.start_url = start_url
        self.port = urlsplit(start_url).port or 0
        self.hosts = [host for host in ("127.0.0.1", "::1") if self._listens(host)]
        self.callback = ""

    def _listens(self, host: str) -> bool:
        try:
            socket.create_connection((host, self.port), timeout=5).close()
        except OSError:
            return False
        return True

    def redirected(self) -> None:
        """Go from the start address to the provider and sign in there, up to the redirect back."""
        self.callback = redirect_back(self.start_url, "alice")
        assert self.callback.startswith(f"http://localhost:{self.port}/?")

    def come_back(self, host: str = "", meet: Barrier | None = None) -> Page:
        """Follow the redirect as a browser does, and wait for the page."""
        target = urlsplit(self.callback)
        if meet:
            meet.wait(20)
        began, place = time.monotonic(), f"/?{target.query}"
        while True:
            link = http.client.HTTPConnection(host or self.hosts[0], self.port, timeout=20)
            link.request("GET", place, headers={"Host": target.netloc})
            with link.getresponse() as answer:
                text, place = answer.read().decode(), answer.headers.get("location", "")
                if not place:
                    return Page(answer.status, text, time.monotonic() - began)

    @property
    def query(self) -> str:
        """The query of the redirect."""
        return urlsplit(self.callback).query

    @property
    def secrets(self) -> list[str]:
        """What no page may show: state, code and the ticket of the start address."""
        answer = dict(parse_qsl(self.query))
        return [answer["state"], answer["code"], urlsplit(self.start_url).path[1:]]

    def most_memory(self) -> int:
        """Return the most memory that the program has had so far, in bytes (proc_pid_status(5))."""
        status = Path(f"/proc/{self.running.process.pid}/status").read_text()
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
        return int(peak) * 1024


def begin(laptop: Laptop, *more: str, files: int = 0) -> SignIn:
    """Start the program and wait until it has opened a browser, at which nobody sits.

    Args:
        laptop: Where.
        more: Further flags.
        files: How many files the program may have open; as many as the test, if 0.
    """
    laptop.scripted.is_left_alone()
    before = len(laptop.scripted.opened())
    limited = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", str(parts.plugin())] if files else None
    running = laptop.begin(*laptop.words(*more), command=limited)
    laptop.wait_for_browser(times=before + 1)
    return SignIn(laptop, running, laptop.scripted.opened()[before])


@pytest.fixture
def earlier(laptop: Laptop) -> SignIn:
    """Sign alice in once in peace; the attacker has read that answer."""
    peace = begin(laptop, "--session=earlier")
    peace.redirected()
    assert peace.come_back().status == 200
    assert peace.running.ended().status == 0
    laptop.realm.forget()
    return peace


@pytest.fixture
def besieged(laptop: Laptop, earlier: SignIn) -> Iterator[tuple[SignIn, Attacker]]:
    """Have the program wait for a sign-in while somebody attacks it."""
    under_way = begin(laptop)
    with Attacker(under_way.port, under_way.hosts, earlier.query) as attacker:
        attacker.goes_round()
        yield under_way, attacker


def test_the_real_callback_comes_through_in_under_a_second(besieged: tuple[SignIn, Attacker]) -> None:
    """400 connections held, 50 kinds of forged requests, broken ones and a barrage: one code redeemed, one session stored."""
    under_way, attacker = besieged
    under_way.redirected()
    page = under_way.come_back()
    ended = under_way.running.ended()

    assert (page.status, ended.status) == (200, 0), ended.stderr
    assert 'class="good"' in page.text
    assert page.seconds < a_second()
    assert under_way.laptop.realm.seen().token_requests == ["authorization_code"]
    assert under_way.laptop.get_token().stdout == ended.stdout, "the session is stored"
    assert attacker.process.poll() is None, "the attack went on to the end"


def test_an_attacker_learns_nothing(besieged: tuple[SignIn, Attacker]) -> None:
    """Each answer is one refusal with our headers; none repeats what was sent or holds state, ticket or code."""
    under_way, attacker = besieged
    under_way.redirected()
    attacker.goes_round()
    answers = attacker.ends()
    page = under_way.come_back()
    assert under_way.running.ended().status == 0

    assert answers.keys() == forged(0, "").keys()
    for name, each in answers.items():
        assert any(each), f"{name} was not answered"
        for answer in filter(None, each):
            head, _, body = answer.partition("\r\n\r\n")
            status, *fields = head.split("\r\n")
            headers = {key.lower(): value for key, value in (field.split(": ", 1) for field in fields)}
            assert re.match("HTTP/1.1 4[0-9]{2} ", status), name
            assert headers.items() >= HEADERS.items(), name
            assert headers["content-security-policy"].startswith("default-src 'none'"), name
            assert "HTTP/1.1" not in body, f"{name} was answered once"
            assert not any(word in answer for word in (*under_way.secrets, "evil", "wrong")), name
    assert not any(word in page.text for word in under_way.secrets)


def test_of_two_real_callbacks_at_once_one_redeems(besieged: tuple[SignIn, Attacker]) -> None:
    """A browser that follows the redirect twice, on either address: one page of each kind, one token request.

    The provider takes two seconds for the token, so that the sign-in has not ended before the second one's turn in the crowd.
    """
    under_way, _ = besieged
    under_way.redirected()
    under_way.laptop.realm.fail_next("/token", delay_ms=2000)
    meet = Barrier(2)
    hosts = (under_way.hosts[0], under_way.hosts[-1])
    with ThreadPoolExecutor(2) as pool:
        pages = sorted(pool.map(lambda host: under_way.come_back(host, meet), hosts))
    ended = under_way.running.ended()

    assert [page.status for page in pages] == [200, 409]
    assert 'class="over"' in pages[1].text
    assert pages[1].seconds < a_second()
    assert not any(word in page.text for page in pages for word in under_way.secrets)
    assert token_of(ended.stdout)
    assert under_way.laptop.realm.seen().token_requests == ["authorization_code"]
    with pytest.raises(ConnectionError):
        under_way.come_back()


def test_few_file_descriptors_are_enough(laptop: Laptop, earlier: SignIn) -> None:
    """With 256, and 400 connections held, the sign-in is as good and as quick."""
    under_way = begin(laptop, files=256)
    with Attacker(under_way.port, under_way.hosts, earlier.query) as attacker:
        attacker.goes_round()
        under_way.redirected()
        page = under_way.come_back()
        ended = under_way.running.ended()

    assert (page.status, ended.status) == (200, 0), ended.stderr
    assert page.seconds < a_second()
    assert under_way.laptop.realm.seen().token_requests == ["authorization_code"]


def test_memory_stays_bounded(laptop: Laptop, earlier: SignIn) -> None:
    """Two hundred headers of a megabyte at once, again and again, and 400 connections: no more than a sign-in may need."""
    under_way = begin(laptop)
    with Attacker(under_way.port, under_way.hosts, earlier.query) as attacker:
        for _ in range(3):
            attacker.goes_round()
        most = under_way.most_memory()
        under_way.redirected()
        assert under_way.come_back().status == 200

    assert most < MEMORY
    assert under_way.running.ended().status == 0
