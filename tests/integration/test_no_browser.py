"""Where there is no browser: an address or a code that is pasted at the terminal, and who comes first."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.plugin import wait_until
from tests.reasons import not_accepted

from .laptop import Laptop, claims_of, token_of
from .on_terminal import OnTerminal
from .said import failure, files_with, locks_held

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin import Running

    from .person import Person
    from .realm import OpenIdProvider
    from .scripted_browser import ScriptedBrowser

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

KEYBOARD = "--grant-type=authcode-keyboard"
UNREACHABLE = "--oidc-redirect-url=http://localhost:47999"  # nothing listens there
PASTE = "Enter"


@pytest.fixture
def server(
    openid_provider: OpenIdProvider, scripted_browser: ScriptedBrowser, start_plugin: Callable[..., Running]
) -> Laptop:
    """Have a server without a browser; the person's own is elsewhere."""
    realm = openid_provider.new_realm(more_grants=True)
    return Laptop(realm, scripted_browser, start_plugin, client="keyboard")


def words(server: Laptop, *more: str) -> list[str]:
    identity = server.realm.flags("--token-cache-storage=disk", client="keyboard")
    return ["get-token", *identity, "--listen-address=127.0.0.1:0", *more]


def address(terminal: OnTerminal) -> str:
    """Return the address that is to be opened."""
    found: list[str] = re.findall(r"^ +(http://\S+/auth\?\S+)$", terminal.text(), re.MULTILINE)
    return found[-1]


def where_the_browser_ends(person: Person, url: str) -> str:
    """Sign in elsewhere, where nothing of ours listens, and return the address of the page that is not there."""
    ends: list[str] = []
    page = person.open(url)
    redirect = parse_qs(urlsplit(url).query)["redirect_uri"][0]
    page.on("request", lambda request: ends.append(request.url) if request.url.startswith(redirect) else None)
    person.fill_in(page)
    wait_until(lambda: ends, "the browser comes to the redirect URI")
    return ends[0]


def test_the_address_of_the_failed_page_is_pasted(server: Laptop, person: Person) -> None:
    """Over SSH: the address and the ssh line are printed, and what the browser could not reach is pasted, unseen."""
    with OnTerminal(*words(server, UNREACHABLE)) as terminal:
        terminal.shows(PASTE)
        assert "ssh -L" in terminal.text()
        ended_at = where_the_browser_ends(person, address(terminal))
        wait_until(terminal.hides, "the terminal shows no keys")
        terminal.type(b"https://example.com/?code=x&state=forged\r")
        terminal.shows(not_accepted("http://x/?code=c&state=another"))
        terminal.type(ended_at.encode() + b"\r")
        ended = terminal.ended()
        assert not terminal.hides(), "the terminal is as it was"
    assert ended.status == 0, ended.stderr
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    code = parse_qs(urlsplit(ended_at).query)["code"][0]
    assert code not in ended.stderr
    assert files_with(code) == []


def test_the_code_alone_is_pasted(server: Laptop, person: Person) -> None:
    """What stands after code= is enough."""
    with OnTerminal(*words(server, UNREACHABLE)) as terminal:
        terminal.shows(PASTE)
        ended_at = where_the_browser_ends(person, address(terminal))
        terminal.type(parse_qs(urlsplit(ended_at).query)["code"][0].encode() + b"\r")
        ended = terminal.ended()
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"


def test_the_browser_that_reaches_us_comes_first(server: Laptop) -> None:
    """Through a forwarded port the browser ends at our page, and nothing needs to be pasted."""
    with OnTerminal(*words(server)) as terminal:
        terminal.shows(PASTE)
        terminal.type(b"half of a li")
        subprocess.run([server.scripted.command, address(terminal)], check=True, timeout=20)
        ended = terminal.ended()
        assert not terminal.hides(), "the terminal is as it was"
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"


def test_without_a_terminal_nothing_is_to_be_pasted(server: Laptop) -> None:
    """The address and the ssh line are all."""
    ended = server.run(*words(server, "--authentication-timeout-sec=1"))
    assert "ssh -L" in ended.stderr
    assert PASTE not in ended.stderr


def test_a_browser_of_ones_own_needs_no_paste(server: Laptop) -> None:
    """On a desktop the terminal's keys are left alone."""
    with OnTerminal(*server.words()) as terminal:
        ended = terminal.ended()
    assert ended.status == 0
    assert PASTE not in ended.stderr


# authcode-keyboard


@pytest.mark.parametrize("what", ["address", "code"])
def test_a_pasted_answer_signs_in(server: Laptop, person: Person, what: str) -> None:
    """authcode-keyboard with a redirect URI at which nothing is: the address, or the code in it, is pasted."""
    server.realm.id_tokens_live(5)  # seconds; not handed out again
    with OnTerminal(*words(server, KEYBOARD, UNREACHABLE)) as terminal:
        terminal.shows("Enter")
        ended_at = where_the_browser_ends(person, address(terminal))
        code = parse_qs(urlsplit(ended_at).query)["code"][0]
        terminal.type((ended_at if what == "address" else code).encode() + b"\r")
        ended = terminal.ended()
    assert ended.status == 0, ended.stderr
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert code not in ended.stderr
    server.realm.forget()
    assert server.run(*words(server, KEYBOARD, UNREACHABLE)).status == 0
    assert server.realm.seen().token_requests == ["refresh_token"]


@pytest.mark.parametrize("grant", ["--grant-type=authcode", KEYBOARD])
def test_an_address_that_does_not_name_its_issuer_is_not_taken(
    server: Laptop, person: Person, grant: str
) -> None:
    """RFC 9207 §2.4: the provider's metadata promises iss; without it, or with another, the wait goes on."""
    with OnTerminal(*words(server, grant, UNREACHABLE)) as terminal:
        terminal.shows("Enter")
        whole = where_the_browser_ends(person, address(terminal))
        ended_at, _, iss = whole.rpartition("&iss=")
        assert parse_qs(f"iss={iss}")["iss"] == [server.realm.issuer]
        terminal.type(ended_at.encode() + b"\r")
        terminal.shows(not_accepted("http://x/?code=c&state=state", iss_required=True))
        terminal.type(ended_at.encode() + b"&iss=https%3A%2F%2Fevil.example.com\r")
        terminal.shows(not_accepted("http://x/?code=c&state=state&iss=https://other"))
        terminal.type(whole.encode() + b"\r")
        ended = terminal.ended()
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"


def test_the_redirect_uri_is_kubelogins(server: Laptop) -> None:
    """The provider is asked to show the code itself; Ctrl-C leaves nothing behind."""
    with OnTerminal(*words(server, KEYBOARD)) as terminal:
        terminal.shows("Enter")
        asked = parse_qs(urlsplit(address(terminal)).query)
        assert asked["redirect_uri"] == ["urn:ietf:wg:oauth:2.0:oob"]
        assert asked["code_challenge_method"] == ["S256"]
        terminal.type(b"two words\r")
        terminal.shows(not_accepted("two words"))
        terminal.type(b"\x03")
        ended = terminal.ended()
        assert not terminal.hides(), "the terminal is as it was"
    assert (ended.status, ended.stdout) == (130, "")
    assert locks_held() == []


def test_without_a_terminal_there_is_nobody_to_paste(server: Laptop) -> None:
    """authcode-keyboard in the background: one error, and what to do instead."""
    ended = server.run(*words(server, KEYBOARD))
    failure(ended, "no-terminal", KEYBOARD, "--grant-type=device-code")
