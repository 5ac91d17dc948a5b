"""Sign in without a browser: open the URL, press the first button of the sign-in page, keep the cookies.

``python -m kubectl_oidc.demo.scripted_person --cookies FILE URL`` is a browser command (``--browser-command``) for a computer
without a browser, such as a server or CI. It sends requests only to this computer.
"""

from __future__ import annotations

import argparse
import sys
from html.parser import HTMLParser
from http.client import HTTPException
from http.cookiejar import LWPCookieJar
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from http.client import HTTPMessage, HTTPResponse
    from typing import IO
    from urllib.request import OpenerDirector

SECONDS = 60
"""How long one answer may take: the application answers when it has exchanged the code."""

_LIMIT = 1 << 20  # bytes of a page
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class _Form(HTMLParser):
    """The first form of a page: its action, its hidden fields, its buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: list[tuple[str, str]] = []
        self.buttons: list[tuple[str, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the fields and buttons of the form."""
        attributes = {name: value or "" for name, value in attrs}
        field = (attributes.get("name", ""), attributes.get("value", ""))
        if tag == "form" and self.action is None:
            self.action = attributes.get("action", "")
            self._inside = True
        elif tag == "input" and self._inside and attributes.get("type") == "hidden":
            self.fields.append(field)
        elif tag == "button" and self._inside:
            self.buttons.append(field)

    def handle_endtag(self, tag: str) -> None:
        """Stop at the end of the form."""
        if tag == "form":
            self._inside = False


class _StayHere(HTTPRedirectHandler):
    """Follow redirects only on this computer, because the redirect to the application holds a code."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Return the redirected request."""
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class PersonWithoutBrowser:
    """Sign in by HTTP as a person does in a browser. The file ``cookies``, if given, keeps the cookies between runs."""

    def __init__(self, cookies: Path | None = None) -> None:
        self._jar = LWPCookieJar(None if cookies is None else str(cookies))
        if cookies is not None and cookies.exists():
            self._jar.load(ignore_discard=True)
        self._keeps = cookies is not None
        # Loopback is never proxied.
        self._opener: OpenerDirector = build_opener(
            ProxyHandler({}), HTTPCookieProcessor(self._jar), _StayHere()
        )

    def open(self, url: str, *, email: str = "") -> str:
        """Open a URL, sign in if there is a sign-in page, and return the last page.

        Args:
            url: An http URL of this computer.
            email: The person whose button is pressed; empty for the first one.

        Raises:
            OSError: No answer came, or an HTTP error.
            HTTPException: The answer is not HTTP, or the URL cannot be requested.
            ValueError: The URL or a redirect is not on this computer, or the sign-in page has no such button.
        """
        address, page = self._ask(url)
        form = _Form()
        form.feed(page)
        if form.action is not None and form.buttons:
            button = next((one for one in form.buttons if email in {"", one[1]}), None)
            if button is None:
                raise ValueError(f"the sign-in page has no button for {email}")
            _, page = self._ask(urljoin(address, form.action), [*form.fields, button])
        if self._keeps:
            self._jar.save(ignore_discard=True)
        return page

    def _ask(self, url: str, fields: list[tuple[str, str]] | None = None) -> tuple[str, str]:
        _check(url)
        body = None if fields is None else urlencode(fields).encode("ascii")
        request = Request(url, data=body)  # noqa: S310 - http, checked above
        response: HTTPResponse
        try:
            with self._opener.open(request, timeout=SECONDS) as response:
                return response.url, response.read(_LIMIT).decode("utf-8", "replace")
        except HTTPError as error:
            error.close()
            raise


def _check(url: str) -> None:
    """Raise ValueError if the URL is not on this computer."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        raise ValueError(f"{parts.scheme}://{parts.hostname} is not http on this machine")


def main(arguments: list[str]) -> int:
    """Sign in once, and return the exit status."""
    parser = argparse.ArgumentParser(prog="kubectl_oidc.demo.scripted_person", description=__doc__)
    parser.add_argument("--cookies", type=Path, help="file that remembers who is signed in")
    parser.add_argument("--as", dest="email", default="", help="whose button is pressed (default: the first)")
    parser.add_argument("url")
    options = parser.parse_args(arguments)
    try:
        PersonWithoutBrowser(options.cookies).open(options.url, email=options.email)
    except (OSError, HTTPException, ValueError) as error:
        # Its message may hold the URL with a code.
        sys.stderr.write(f"error: the demo's person could not sign in: {type(error).__name__}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
