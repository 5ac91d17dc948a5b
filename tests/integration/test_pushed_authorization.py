"""Pushed authorization requests (RFC 9126): the installed program, a real provider that offers or requires them."""

from __future__ import annotations

import re
import subprocess
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.plugin import wait_until

from .laptop import Laptop, claims_of, token_of
from .on_terminal import OnTerminal
from .said import failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin import Running

    from .realm import OpenIdProvider
    from .scripted_browser import ScriptedBrowser

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

NO_BROWSER = "--skip-open-browser"
FLAG = "--oidc-pushed-authorization-requests"


if TYPE_CHECKING:
    Install = Callable[[str], Laptop]


@pytest.fixture
def laptop_at(
    openid_provider: OpenIdProvider, scripted_browser: ScriptedBrowser, start_plugin: Callable[..., Running]
) -> Install:
    """Have a laptop whose provider does with pushed requests what is named: ``no``, ``offered``, ``required``."""

    def install(pushed: str) -> Laptop:
        realm = openid_provider.new_realm(more_grants=True, pushed=pushed)
        return Laptop(realm, scripted_browser, start_plugin)

    return install


def went_through_the_browser(laptop: Laptop) -> list[dict[str, str]]:
    return laptop.realm.seen().authorization_requests


def addresses(text: str) -> list[str]:
    """Return the printed addresses of the authorization endpoint, in order."""
    return re.findall(r"^ +(http://\S+/auth\?\S+)", text, re.MULTILINE)


@pytest.mark.parametrize("pushed", ["offered", "required"])
@pytest.mark.parametrize("client", ["kubernetes", "confidential"])
def test_the_browser_carries_a_client_id_and_a_request_uri(
    laptop_at: Install, pushed: str, client: str
) -> None:
    """State, nonce and challenge do not pass through the browser; the client authenticates as at the token endpoint."""
    laptop = laptop_at(pushed)
    laptop.client = client
    secret = (
        ['--oidc-client-secret=a secret, that: needs "quoting" & more'] if client == "confidential" else []
    )
    assert claims_of(laptop.signed_in(*secret))["sub"] == "alice"
    (carried,) = went_through_the_browser(laptop)
    assert set(carried) == {"client_id", "request_uri"}
    (asked,) = laptop.realm.seen().pushed_requests
    assert asked["client_id"] == client
    assert asked["code_challenge_method"] == "S256"
    assert {"state", "nonce", "redirect_uri", "scope"} <= set(asked)


def test_without_it_in_the_metadata_nothing_is_pushed(laptop_at: Install) -> None:
    """The request goes through the browser whole, and no further request is made."""
    laptop = laptop_at("no")
    laptop.signed_in()
    seen = laptop.realm.seen()
    assert {"state", "nonce", "code_challenge"} <= set(seen.authorization_requests[0])
    assert "POST /request" not in seen.requests


def test_the_start_page_opens_late_and_again(laptop_at: Install) -> None:
    """Each visit pushes the request anew, so that a request URI that has ended, or was used, stops nobody."""
    laptop = laptop_at("required")
    laptop.realm.request_uris_live(1)
    laptop.scripted.is_left_alone()
    running = laptop.start()
    laptop.wait_for_browser()
    (start,) = laptop.browser.opened()
    first = leads_to(start)
    assert "request_uri=" in first
    wait_until(lambda: leads_to(first) == "", "the request URI ends")
    laptop.scripted.signs_in_as("alice")
    subprocess.run([laptop.scripted.command, start], check=True, timeout=20)
    assert claims_of(token_of(running.ended().stdout))["sub"] == "alice"
    assert len(laptop.realm.seen().pushed_requests) == 2


def leads_to(url: str) -> str:
    """Return where an address redirects to; empty where it does not."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=20)
    connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
    location = connection.getresponse().headers.get("location", "")
    connection.close()
    return location


def test_a_printed_address_does_not_end_where_it_need_not(laptop_at: Install) -> None:
    """A person opens it minutes later on another machine: it is the whole request."""
    laptop = laptop_at("offered")
    running = laptop.start(NO_BROWSER, "--authentication-timeout-sec=30")
    url = reads(running)
    assert {"state", "nonce"} <= set(dict(parse_qsl(urlsplit(url).query)))
    subprocess.run([laptop.scripted.command, url], check=True, timeout=20)
    assert claims_of(token_of(running.ended().stdout))["sub"] == "alice"
    assert laptop.realm.seen().pushed_requests == []


def reads(running: Running) -> str:
    """Return the next address that a program prints."""
    assert running.process.stderr is not None
    while line := running.process.stderr.readline():
        if found := addresses(line):
            return found[0]
    raise AssertionError("no address was printed")


def test_a_printed_address_that_has_ended_is_printed_anew(laptop_at: Install) -> None:
    """Where the provider takes pushed requests only, it says how long the address is good, and the next one signs in."""
    laptop = laptop_at("required")
    laptop.realm.request_uris_live(1)
    running = laptop.start(NO_BROWSER, "--authentication-timeout-sec=30")
    first = reads(running)
    laptop.realm.request_uris_live(60)
    second = reads(running)
    assert set(dict(parse_qsl(urlsplit(first).query))) == {"client_id", "request_uri"}
    assert first != second
    subprocess.run([laptop.scripted.command, second], check=True, timeout=20)
    assert claims_of(token_of(running.ended().stdout))["sub"] == "alice"


def test_the_keyboard_grant_prints_it_anew_too(laptop_at: Install) -> None:
    """authcode-keyboard waits for keys; what was printed ends meanwhile, and another address is there."""
    laptop = laptop_at("required")
    laptop.client = "keyboard"
    laptop.realm.request_uris_live(1)
    words = laptop.words("--grant-type=authcode-keyboard", "--oidc-redirect-url=http://localhost:8000")
    with OnTerminal(*words) as terminal:
        terminal.shows(" 1 s")
        wait_until(lambda: len(set(addresses(terminal.text()))) > 1, "another address is printed")
        terminal.type(b"\x03")
        assert terminal.ended().status == 130


@pytest.mark.parametrize("status", [404, 405, 500])
def test_an_endpoint_that_is_broken_stops_nobody(laptop_at: Install, status: int) -> None:
    """A provider whose metadata names it and that has it not: the request goes through the browser; -v 1 says why."""
    laptop = laptop_at("offered")
    laptop.realm.fail_next("/request", status=status)
    ended = laptop.get_token("-v", "1")
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert re.search(rf"\[v1\] .*\b{status}\b", ended.stderr)
    assert "state" in went_through_the_browser(laptop)[0]


def test_an_endpoint_that_must_be_used_and_is_broken_is_the_error(laptop_at: Install) -> None:
    """The browser shows the same words as the terminal, and the sign-in ends at once."""
    laptop = laptop_at("required")
    laptop.realm.fail_next("/request", status=503)
    ended = laptop.get_token()
    failure(ended, "provider-unreachable", "503")
    assert went_through_the_browser(laptop) == []


def test_a_fault_of_the_request_is_said_on_the_terminal(laptop_at: Install) -> None:
    """A redirect URI that is not registered would else be said in the browser alone, while the terminal waits."""
    laptop = laptop_at("offered")
    laptop.client = "port-8000-only"
    ended = laptop.get_token()
    failure(ended, "provider-refused", "invalid_request", "redirect_uri", "http://localhost:")


def test_it_can_be_left_out_and_asked_for(laptop_at: Install) -> None:
    """`no` for a provider that breaks it, `required` for one that asks it of this client and not in its metadata."""
    offered = laptop_at("offered")
    offered.signed_in(f"{FLAG}=no")
    assert offered.realm.seen().pushed_requests == []
    running = offered.start(f"{FLAG}=required", NO_BROWSER, "--force-refresh", "--session=other")
    assert "request_uri=" in reads(running)

    ended = laptop_at("no").get_token(f"{FLAG}=required")
    failure(ended, "pushed-authorization", "pushed_authorization_request_endpoint", f"{FLAG}=no")
