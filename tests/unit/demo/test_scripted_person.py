"""The demo's person without a browser: presses a button over real HTTP, and goes nowhere else."""

from __future__ import annotations

import http.server
import re
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from kubectl_oidc.demo.scripted_person import PersonWithoutBrowser, main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "state-nobody-sees"
ELSEWHERE = r"^[a-z]*://\S+ .*http"
"""What the error for an address elsewhere says: its scheme and host, and that only http is opened."""

FORM = """<!doctype html><title>Sign in</title>
<form method=post action="/press?{query}">
  <input type=hidden name=form value="a &amp; b"><input type="hidden" name="second" value="ü">
  <input type=text name=ignored value=typed>
  <button name=email value="alice@example.com">Alice</button>
  <button name=email value="bob@example.com">Bob</button>
</form>
"""
SEARCH = "<form action=/search><input type=hidden name=other value=1><button name=q>Search</button></form>"


class Site:
    """A site with a sign-in page, and an application that the browser is sent back to.

    Attributes:
        origin: Its origin.
        page: The sign-in page.
        sends: Where the browser is sent from a path.
        asked: What was asked for: method, path with query, the Cookie field.
        pressed: The forms that were sent.
    """

    def __init__(self) -> None:
        self.page = FORM
        self.sends: dict[str, str] = {"/press": "/back"}
        self.asked: list[tuple[str, str, str]] = []
        self.pressed: list[dict[str, list[str]]] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.command, self.path, self.headers.get("Cookie", "")))
                at = urlsplit(self.path)
                if at.path in site.sends:
                    self.send_response(303)
                    self.send_header("Location", site.sends[at.path])
                    self.send_header("Set-Cookie", "person=known; Path=/; HttpOnly")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                signed_in = at.path != "/sign-in" or "person=known" in self.headers.get("Cookie", "")
                text = "signed in" if signed_in else site.page.format(query=at.query)
                self.send_response(500 if at.path == "/broken" else 200)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
                site.pressed.append(parse_qs(sent))
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def sign_in(self) -> str:
        """The address of the sign-in page."""
        return f"{self.origin}/sign-in?state={SECRET}"


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    thread = threading.Thread(target=running.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()


def test_the_first_button_is_pressed(site: Site) -> None:
    """The form is sent with its hidden fields and one button, and the redirect is followed."""
    assert PersonWithoutBrowser().open(site.sign_in) == "signed in"
    assert site.pressed == [{"form": ["a & b"], "second": ["ü"], "email": ["alice@example.com"]}]
    assert [(method, path) for method, path, _ in site.asked] == [
        ("GET", f"/sign-in?state={SECRET}"),
        ("POST", f"/press?state={SECRET}"),
        ("GET", "/back"),
    ]


def test_the_button_of_the_named_person_is_pressed(site: Site) -> None:
    """``--as`` names the person."""
    PersonWithoutBrowser().open(site.sign_in, email="bob@example.com")
    assert [form["email"] for form in site.pressed] == [["bob@example.com"]]


def test_without_the_named_button_nobody_is_signed_in(site: Site) -> None:
    with pytest.raises(ValueError, match=r"carol@example\.com"):
        PersonWithoutBrowser().open(site.sign_in, email="carol@example.com")
    assert site.pressed == []


@pytest.mark.parametrize(
    "page",
    [
        "{form}{search}",
        "<input type=hidden name=stray value=1><button name=stray>Menu</button>{form}{search}",
    ],
)
def test_only_the_first_form_is_sent(site: Site, page: str) -> None:
    """Fields and buttons outside it are not sent."""
    site.page = page.format(form=FORM, search=SEARCH)
    PersonWithoutBrowser().open(site.sign_in)
    assert [set(form) for form in site.pressed] == [{"form", "second", "email"}]
    assert site.pressed[0]["email"] == ["alice@example.com"]


@pytest.mark.parametrize("page", ["done", "<form action=/press></form>", "<button name=a>a</button>", ""])
def test_a_page_without_a_form_is_the_result(site: Site, page: str) -> None:
    site.page = page
    assert PersonWithoutBrowser().open(site.sign_in) == page
    assert site.pressed == []


def test_cookies_are_kept_between_runs(site: Site, tmp_path: Path) -> None:
    """Only in the given file."""
    kept, other = tmp_path / "cookies", tmp_path / "other"
    PersonWithoutBrowser(kept).open(site.sign_in)
    PersonWithoutBrowser(kept).open(site.sign_in)
    assert len(site.pressed) == 1
    assert site.asked[-1] == ("GET", f"/sign-in?state={SECRET}", "person=known")
    PersonWithoutBrowser(other).open(site.sign_in)
    PersonWithoutBrowser().open(site.sign_in)
    assert len(site.pressed) == 3


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://localhost:8000@example.com/",
        "http://192.0.2.1/",
        "http://[2001:db8::1]/",
        "http://0.0.0.0/",
        "https://127.0.0.1/",
        "file:///etc/hostname",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
        "127.0.0.1",
        "",
    ],
)
def test_only_http_on_this_computer_is_requested(address: str) -> None:
    """Any other URL is rejected before a request."""
    with pytest.raises(ValueError, match=ELSEWHERE):
        PersonWithoutBrowser().open(address)


@pytest.mark.parametrize(
    "elsewhere", ["http://192.0.2.1/", "https://127.0.0.1:1/", "//example.com/", "ftp://127.0.0.1/a"]
)
@pytest.mark.parametrize("by", ["redirect", "form", "redirect after the form"])
def test_no_redirect_or_form_leaves_this_computer(site: Site, by: str, elsewhere: str) -> None:
    """Neither a code nor a cookie is sent to another computer."""
    if by == "redirect":
        site.sends["/sign-in"] = elsewhere
    elif by == "form":
        site.page = FORM.replace("/press?{query}", elsewhere)
    else:
        site.sends["/press"] = elsewhere
    with pytest.raises(ValueError, match=ELSEWHERE):
        PersonWithoutBrowser().open(site.sign_in)
    assert len(site.pressed) == (1 if by == "redirect after the form" else 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_every_name_of_loopback_is_accepted(site: Site, host: str) -> None:
    """RFC 8252 §7.3."""
    assert PersonWithoutBrowser().open(site.sign_in.replace("127.0.0.1", host)) == "signed in"


def test_proxies_are_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests to this computer never use a proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert PersonWithoutBrowser().open(site.sign_in) == "signed in"


def test_the_program_signs_in_and_prints_nothing(
    site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As a browser command: ``--cookies FILE --as WHO URL``."""
    assert main(["--cookies", str(tmp_path / "cookies"), "--as", "bob@example.com", site.sign_in]) == 0
    assert site.pressed[0]["email"] == ["bob@example.com"]
    assert capfd.readouterr() == ("", "")


def test_the_program_runs_as_a_module(site: Site) -> None:
    """``python -m kubectl_oidc.demo.scripted_person URL`` is the value of --browser-command."""
    command = [sys.executable, "-m", "kubectl_oidc.demo.scripted_person", site.sign_in]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(site.pressed) == 1


@pytest.mark.parametrize(
    "what",
    ["nobody listens", "not http", "an error page", "no such button", "elsewhere", "a space", "no port", "led on and on"],
)  # fmt: skip
def test_an_error_never_shows_the_url(site: Site, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The URL holds state and code. Only the type of the error is printed, in one line."""
    arguments = [site.sign_in]
    with socket.create_server(("127.0.0.1", 0)) as garbage:
        if what == "nobody listens":
            site.server.shutdown()
            site.server.server_close()
        elif what == "not http":
            threading.Thread(target=talk, args=(garbage,), daemon=True).start()
            arguments = [f"http://127.0.0.1:{garbage.getsockname()[1]}/?state={SECRET}"]
        elif what == "an error page":
            arguments = [f"{site.origin}/broken?state={SECRET}"]
        elif what == "no such button":
            arguments = ["--as", "carol@example.com", site.sign_in]
        elif what == "elsewhere":
            arguments = [f"http://{SECRET}.example.com/?state={SECRET}"]
        elif what == "a space":
            arguments = [f"{site.origin}/a b?state={SECRET}"]
        elif what == "no port":
            arguments = [f"http://127.0.0.1:{SECRET}/?state={SECRET}"]
        else:
            site.sends["/sign-in"] = f"/sign-in?state={SECRET}"
        assert main(arguments) == 1
    printed = capfd.readouterr()
    assert printed.out == ""
    assert re.fullmatch(r"error: .* [A-Za-z]+\n", printed.err)
    assert SECRET not in printed.err


@pytest.mark.parametrize("content", [b"not cookies\n", b"\xff\xfe"])
def test_an_invalid_cookie_file_is_an_error_in_one_line(
    site: Site, tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Somebody else's file is neither used nor overwritten."""
    file = tmp_path / "cookies"
    file.write_bytes(content)
    assert main(["--cookies", str(file), site.sign_in]) == 1
    assert capfd.readouterr().err.count("\n") == 1
    assert file.read_bytes() == content
    assert site.asked == []


def talk(server: socket.socket) -> None:
    """Answer one connection with what is not HTTP."""
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"hello\r\n\r\n")
