"""A laptop whose program meets a hostile provider, at the highest verbosity, and what must not be found afterwards.

The browser is a shell script that writes down what it was started with; the test itself goes where it should have gone.
"""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubectl_oidc.sessions.session import Session
from kubectl_oidc.sessions.stores.disk import DIRECTORY as TOKENS
from tests.tokens import CLIENT_ID

from .laptop import cache
from .said import beside_the_reason, written_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.hostile_provider import HostileProvider
    from tests.plugin import Running

CLIENT_SECRET = "SECRET-of-the-client"

# No proxy stands between the tests and this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_LOG = re.compile(r"\[v\d+\] ")
_TRACEBACK = re.compile(r"  |\w+(\.\w+)+, .*:$")  # its first line begins with the type of the error


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follow no redirect."""

    def redirect_request(self, *_: object) -> None:
        return None


_STAYING = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser shows.

    Attributes:
        status: The HTTP status.
        headers: Its headers, names in lower case.
        text: The page.
    """

    status: int
    headers: Mapping[str, str]
    text: str


def visit(url: str, *, method: str = "GET", host: str = "", follow: bool = True) -> Page:
    """Open a URL as a browser does.

    Args:
        url: Where to.
        method: The HTTP method.
        host: The Host header, where it is not the URL's.
        follow: Whether redirects are followed.
    """
    named = {"Host": host} if host else {}
    request = urllib.request.Request(url, method=method, headers=named)  # noqa: S310 - an http URL of this machine
    try:
        with (_OPENER if follow else _STAYING).open(request, timeout=20) as answer:
            return Page(
                answer.status, {n.lower(): v for n, v in answer.headers.items()}, answer.read().decode()
            )
    except urllib.error.HTTPError as error:
        with error:
            return Page(error.code, {n.lower(): v for n, v in error.headers.items()}, error.read().decode())


@dataclass
class Outcome:
    """What a run left behind.

    Attributes:
        status: The exit status.
        stdout: What stands on standard output.
        stderr: All that was said, the log included.
        pages: What the browser showed, in order.
    """

    status: int
    stdout: str
    stderr: str
    pages: list[Page] = field(default_factory=list)

    def said(self) -> list[str]:
        """Return the lines that stand there at any verbosity, beside the reason of a sign-in: neither log nor traceback."""
        lines = [line for line in beside_the_reason(self.stderr).splitlines() if not _LOG.match(line)]
        return [line for line in lines if not _TRACEBACK.match(line)]


@dataclass
class VisitedLaptop:
    """The program on a laptop, and the person at it.

    Attributes:
        provider: Where people sign in.
        directory: Where the browser's script and notes are.
        begin: The fixture ``start_plugin``.
        opened: How often a browser was opened.
    """

    provider: HostileProvider
    directory: Path
    begin: Callable[..., Running]
    opened: int = 0

    def __post_init__(self) -> None:
        self.browser = self.directory / "browser"
        notes = self.directory / "notes"
        self.browser.write_text(
            f'#!/bin/sh\n{{ env; printf "%s\\n" "$0" "$@"; }} >>"{notes}.children"\nprintf "%s\\n" "$1" >>"{notes}.opened"\n'
        )
        self.browser.chmod(0o700)

    def words(self, *more: str, command: str = "get-token") -> list[str]:
        """Return the command line after the program's name."""
        return [
            command,
            f"--oidc-issuer-url={self.provider.issuer}",
            f"--oidc-client-id={CLIENT_ID}",
            "--oidc-extra-scope=email",
            "--token-cache-storage=disk",
            f"--browser-command={self.browser}",
            "--listen-address=127.0.0.1:0",
            "-v",
            "9",
            *more,
        ]

    def run(
        self, *more: str, command: str = "get-token", then: Callable[[str], list[Page]] | None = None
    ) -> Outcome:
        """Run the program to its end, as a person who goes wherever the browser is sent.

        Args:
            more: Further flags.
            command: The command.
            then: What the person does with the URL instead; it returns what the browser showed.
        """
        return self.run_words(self.words(*more, command=command), then)

    def run_words(self, words: list[str], then: Callable[[str], list[Page]] | None = None) -> Outcome:
        """Run the program with any words, as `run` does."""
        running = self.begin(*words, env={"KUBECTL_OIDC_CLIENT_SECRET": CLIENT_SECRET})
        pages: list[Page] = []
        url = self._next_url(running)
        if url:
            pages = then(url) if then else [visit(url)]
        ended = running.ended(timeout=40)
        return Outcome(ended.status, ended.stdout, ended.stderr, pages)

    def _next_url(self, running: Running) -> str:
        """Return the URL that is opened next, or nothing when the program ends before."""
        notes = self.directory / "notes.opened"
        end = time.monotonic() + 30
        while time.monotonic() < end:
            urls = notes.read_text().splitlines() if notes.exists() else []
            if len(urls) > self.opened:
                self.opened = len(urls)
                return urls[-1]
            if not running.is_running():
                return ""
            time.sleep(0.01)
        return ""

    @staticmethod
    def session() -> Session | None:
        """Return the one session that is stored, or None; more than one is a failure."""
        found = list((cache() / TOKENS).glob("*")) if (cache() / TOKENS).is_dir() else []
        assert len(found) <= 1
        return Session.parse(found[0].read_bytes(), found[0].name) if found else None

    def places_with_secrets(self, outcome: Outcome) -> list[str]:
        """Return where a secret stands that must not stand there, in words; secrets are everything that provider and client hid.

        The token may be on standard output, tokens may be in the session's own files, and the state is in what the browser is
        sent to by the loopback server alone. Everything else is a leak.
        """
        secrets = {**self.provider.seen.secrets, "client secret": CLIENT_SECRET}
        tokens = {"id_token", "access_token", "refresh_token"}  # of the last answer, which alone is known
        children = self.directory / "notes.children"
        places = {
            "standard error": outcome.stderr,
            "a child's arguments or environment": children.read_text() if children.exists() else "",
            "standard output": outcome.stdout,
            **{f"page {number}": f"{page.text}\n{page.headers}" for number, page in enumerate(outcome.pages)},
        }
        found = [
            f"{name} in {place}"
            for place, text in places.items()
            for name, secret in secrets.items()
            if _stands_in(secret, text) and not (place == "standard output" and name == "id_token")
        ]
        for path in written_files():
            ours = path.parent.name in {TOKENS, "credentials"}
            content = path.read_bytes().decode("utf-8", "replace")
            found += [
                f"{name} in {path}"
                for name, secret in secrets.items()
                if _stands_in(secret, content) and not (ours and name in tokens)
            ]
        return found


def _stands_in(secret: str, text: str) -> bool:
    """Tell whether a secret, or the part of a token that makes it one, stands in a text."""
    signature = secret.rpartition(".")[2] if secret.count(".") == 2 else secret
    return len(signature) > 3 and (secret in text or signature in text)
