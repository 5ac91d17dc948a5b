"""A browser without a screen for tests that are not about the browser: it signs in by itself, in an instant.

It is the program behind ``--browser-command``, and ``ScriptedBrowser`` is the tests' end of it. ``redirect_back`` is for
tests that follow the last redirect in their own way.
"""

from __future__ import annotations

import shlex
import sys
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any


class ScriptedBrowser:
    """What the program may open in a test.

    Args:
        directory: Where the script, the URLs that it was given and the page at the end stand.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.command = directory / "scripted-browser"
        words = shlex.join([sys.executable, "-I", __file__, str(directory)])
        self.command.write_text(f'#!/bin/sh\nexec {words} "$1"\n')
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


def main(directory: Path, url: str) -> None:
    """Open the URL, sign in at the page that it leads to, and follow to the end; what is filled in already is confirmed."""
    with (directory / "opened").open("a") as inbox:
        inbox.write(f"{url}\n")
    name = (directory / "name").read_text()
    if not name:
        return
    route = _Route()
    browser = _opener(route)
    with browser.open(*_filled_in(browser, url, name), timeout=20) as page:
        (directory / "page").write_bytes(page.read())
        (directory / "landed").write_text(next((url for url in route.urls if "state=" in url), page.url))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
