"""The person at the screen: Debian's Chromium, driven through the sign-in page."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from tests import parts
from tests.plugin import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

# A browser that minds its own business: nothing is fetched that the test does not open.
_ARGUMENTS = [
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
]


def chromium(profile: Path) -> Iterator[Browser]:
    """Run Chromium without a screen until the generator is closed.

    Args:
        profile: A directory that Chromium may take for its home.
    """
    path = parts.program("chromium", "chromium-browser", "google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        parts.missing("playwright is not installed (it is in the dependency group dev)")
    environment = {"HOME": str(profile), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS, env=dict(environment))
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody whose browser opens what the program asks for, and who signs in like a person.

    Args:
        context: A browser context without cookies.
        directory: Where the browser command and the URLs that it was given stand.
    """

    def __init__(self, context: BrowserContext, directory: Path) -> None:
        self._context = context
        self._inbox = directory / "opened"
        self._next = 0
        self.command = directory / "browser"
        self.command.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {shlex.quote(str(self._inbox))}\n')
        self.command.chmod(0o700)

    @property
    def flag(self) -> str:
        """The flag that makes the program open this person's browser."""
        return f"--browser-command={self.command}"

    def opened(self) -> list[str]:
        """Return the URLs that the program asked to open, in order."""
        return self._inbox.read_text().splitlines() if self._inbox.exists() else []

    def browser_opens(self) -> Page:
        """Wait for the next URL and return the page that it leads to."""
        wait_until(lambda: len(self.opened()) > self._next, "the program opens the browser")
        url = self.opened()[self._next]
        self._next += 1
        return self.open(url)

    def open(self, url: str) -> Page:
        """Open a URL in a new tab and return its page."""
        page = self._context.new_page()
        page.goto(url)
        return page

    def sign_in(self, name: str = "alice") -> Page:
        """Wait for the browser, fill in the sign-in page and return the page at the end.

        Args:
            name: Who signs in.
        """
        page = self.browser_opens()
        self.fill_in(page, name)
        page.wait_for_url("http://localhost:*/**")
        return page

    @staticmethod
    def fill_in(page: Page, name: str = "alice", password: str | None = None) -> None:
        """Fill in the sign-in page and send it; without a password, with the right one."""
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(f"password of {name}" if password is None else password)
        page.get_by_role("button", name="Sign in").click()

    def pages(self) -> list[Page]:
        """Return the tabs that are open."""
        return list(self._context.pages)
