"""A browser without a screen for tests that are not about the browser: it signs in by itself, in an instant.

The program behind ``--browser-command`` is a shell script; it hands the URL to a thread of the tests' own process, which goes
there. ``redirect_back`` is for tests that follow the last redirect in their own way.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
import shutil
import ssl
import tempfile
import traceback
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from threading import Thread
from typing import Any


class ScriptedBrowser:
    """What the program may open in a test.

    Args:
        directory: Where the script, the URLs that it was given and the page at the end stand.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.command = directory / "scripted-browser"
        place, inbox = shlex.quote(str(directory)), shlex.quote(str(_inbox()))
        self.command.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$1" >>{place}/opened\n[ ! -s {place}/name ] || printf "%s\\t%s\\n" {place} "$1" >{inbox}\n'
        )
        self.command.chmod(0o700)
        self.signs_in_as("alice")

    @property
    def flag(self) -> str:
        """The flag that makes the program open this browser."""
        return f"--browser-command={self.command}"

    def signs_in_as(self, name: str) -> None:
        """Set who signs in from now on."""
        (self._directory / "name").write_text(name)

    def is_left_alone(self) -> None:
        """Let nobody sit at this browser from now on: it opens and nothing happens."""
        self.signs_in_as("")

    def trusts(self, authority: Path) -> None:
        """Have it trust this authority alone from now on."""
        (self._directory / "authority.pem").write_bytes(authority.read_bytes())

    def landed(self) -> str:
        """Return the URL at which the last sign-in came back."""
        return (self._directory / "landed").read_text()

    def opened(self) -> list[str]:
        """Return the URLs that the program asked to open, in order."""
        inbox = self._directory / "opened"
        return inbox.read_text().splitlines() if inbox.exists() else []


class _Form(HTMLParser):
    """The form of a page: where it goes, and what is filled in already."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given.get("action") or ""
        elif tag == "input" and given.get("name"):
            self.fields[given["name"] or ""] = given.get("value") or ""


class _CameBack(Exception):
    """The provider sends the browser back; the exception's words are the URL."""


class _UpToTheAnswer(urllib.request.HTTPRedirectHandler):
    """Follow redirects, but not the one that brings the code."""

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:
        url = args[-1]
        if "code" in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query):
            raise _CameBack(url)
        return super().redirect_request(*args)


class _Route(urllib.request.HTTPRedirectHandler):
    """Where the browser was sent, the last first."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:
        self.urls.insert(0, args[-1])
        return super().redirect_request(*args)


def _opener(*more: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar()), *more
    )


def _filled_in(browser: urllib.request.OpenerDirector, url: str, name: str) -> tuple[str, bytes]:
    """Return where the form with the name and the password goes, and what it holds; earlier ones are confirmed as they are."""
    answers = None
    while True:
        with browser.open(url, answers, timeout=20) as page:
            form = _Form()
            form.feed(page.read().decode())
            assert form.fields, "a page without a form"
            url = urllib.parse.urljoin(page.url, form.action)
        signed_in = "password" in form.fields
        if signed_in:
            form.fields.update(name=name, password=f"password of {name}")
        answers = urllib.parse.urlencode(form.fields).encode()
        if signed_in:
            return url, answers


def redirect_back(url: str, name: str) -> str:
    """Sign in at the page that a URL leads to, and return the URL that the provider sends the browser back to.

    Args:
        url: What the program asked to open.
        name: Who signs in.
    """
    browser = _opener(_UpToTheAnswer())
    try:
        browser.open(*_filled_in(browser, url, name), timeout=20).close()
    except _CameBack as back:
        return str(back)
    raise AssertionError("the provider does not send the browser back")


@functools.cache
def _inbox() -> Path:
    """Return the FIFO that takes lines of a browser's directory and what it opens, and have a thread attend to it."""
    place = Path(tempfile.mkdtemp(prefix="oidc-browser-"))
    place.chmod(0o711)
    inbox = place / "inbox"
    os.mkfifo(inbox)
    inbox.chmod(0o622)  # another user's program may open it, too
    Thread(target=_attend, args=(os.open(inbox, os.O_RDWR),), daemon=True).start()
    return inbox


def remove_inbox() -> None:
    """Remove it at the end of the tests, if there was a browser."""
    if _inbox.cache_info().currsize:
        shutil.rmtree(_inbox().parent)


def _attend(descriptor: int) -> None:
    with open(descriptor, encoding="utf-8") as lines:
        for line in lines:
            directory, url = line.removesuffix("\n").split("\t")
            Thread(target=_visit, args=(Path(directory), url), daemon=True).start()


def _visit(directory: Path, url: str) -> None:
    """Sign in at the page that a URL leads to, and follow to the end; what is filled in already is confirmed."""
    route = _Route()
    try:
        authority = directory / "authority.pem"
        more = []
        if authority.exists():
            tls = ssl.create_default_context(cafile=authority)
            more.append(urllib.request.HTTPSHandler(context=tls))
        browser = _opener(route, *more)
        name = (directory / "name").read_text()
        with browser.open(*_filled_in(browser, url, name), timeout=20) as page:
            (directory / "page").write_bytes(page.read())
            (directory / "landed").write_text(next((url for url in route.urls if "state=" in url), page.url))
    except Exception:  # noqa: BLE001 - what the browser meets is for the test to find out
        with contextlib.suppress(OSError):
            (directory / "failed").write_text(traceback.format_exc())
