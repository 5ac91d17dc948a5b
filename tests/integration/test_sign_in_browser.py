"""A person signs in: the installed program, a real provider, and Chromium at its sign-in page."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from .laptop import Laptop, claims_of, token_of
from .said import beside_the_reason, failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin import Running

    from .person import Person
    from .realm import Realm

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

PORT_8000 = pytest.mark.together("port8000")


@pytest.fixture
def laptop(realm: Realm, person: Person, start_plugin: Callable[..., Running]) -> Laptop:
    """Have a laptop with a person in front of it."""
    return Laptop(realm, person, start_plugin)


@PORT_8000
@pytest.mark.usefixtures("port_8000")
def test_one_sign_in_serves_every_later_call(
    realm: Realm, person: Person, start_plugin: Callable[..., Running]
) -> None:
    """With no flags but the story's: one sign-in at localhost:8000, then never a browser again."""
    words = ["get-token", *realm.flags("--token-cache-storage=disk", person.flag)]
    first = start_plugin(*words)
    page = person.sign_in("alice")
    text = page.inner_text("body")
    ended = first.ended()

    assert page.url.startswith("http://localhost:8000/?page=")
    assert not any(f"{name}=" in page.url for name in ("code", "state", "iss")), (
        "nothing to copy or to leave in the history"
    )
    assert "alice@example.com" in text
    assert "close" in text.lower()
    assert ended.status == 0, ended.stderr
    claims = claims_of(token_of(ended.stdout))
    assert (claims["email"], claims["groups"]) == ("alice@example.com", ["eks-admins"])
    assert beside_the_reason(ended.stderr) == "", "without a terminal nothing is said but what needs a person"

    (asked,) = realm.seen().authorization_requests
    assert asked["redirect_uri"] == "http://localhost:8000"
    assert asked["code_challenge_method"] == "S256"
    assert sorted(asked["scope"].split()) == ["email", "offline_access", "openid", "profile"]

    realm.forget()
    second = start_plugin(*words).ended()
    assert token_of(second.stdout) == token_of(ended.stdout)
    assert realm.seen().total == 0, "a good token costs no request"
    assert len(person.opened()) == 1


def test_each_sign_in_has_fresh_secrets(laptop: Laptop, person: Person) -> None:
    """State, nonce and code challenge are long and never the same twice."""
    for _ in range(2):
        running = laptop.start("--force-refresh", "--session=other", "--token-cache-storage=none")
        if laptop.realm.seen().authorization_requests:
            person.browser_opens().wait_for_url("http://localhost:*/**")
        else:
            person.sign_in()
        assert running.ended().status == 0
    first, second = laptop.realm.seen().authorization_requests
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43, f"{name} holds 32 random bytes"
        assert first[name] != second[name]


def test_who_is_signed_in_at_the_provider_types_nothing(laptop: Laptop, person: Person) -> None:
    """A second client of the same provider is answered without a form."""
    laptop_start = laptop.start()
    person.sign_in("bob")
    assert laptop_start.ended().status == 0

    other = laptop.start("--session=other")
    page = person.browser_opens()
    page.wait_for_url("http://localhost:*/**")
    assert "bob@example.com" in page.inner_text("body")
    assert claims_of(token_of(other.ended().stdout))["sub"] == "bob"


def test_a_wrong_password_is_the_providers_affair(laptop: Laptop, person: Person) -> None:
    """The program waits while a person mistypes, and takes the sign-in that works."""
    running = laptop.start()
    page = person.browser_opens()
    person.fill_in(page, password="something else")
    page.get_by_role("alert").wait_for()
    assert running.is_running()
    person.fill_in(page)
    assert running.ended().status == 0


def test_a_cancelled_sign_in_is_an_error_on_both_sides(laptop: Laptop, person: Person) -> None:
    """The page and standard error say that access was denied and what to do; nothing is stored or printed."""
    running = laptop.start()
    page = person.browser_opens()
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url("http://localhost:*/**")
    text = page.inner_text("body")
    ended = running.ended()

    assert "access_denied" in text
    assert "The person cancelled the sign-in" in text
    assert (ended.status, ended.stdout) == (1, "")
    _, hint = failure(ended, "sign-in-refused", "access_denied").splitlines()
    assert hint.partition(" (troubleshooting")[0].casefold() in " ".join(text.split()).casefold()
    assert "Sign-in failed" in page.title()
    assert "code=" not in page.url
    assert "error=" not in page.url


def test_the_page_suits_a_phone_and_asks_nobody_else(laptop: Laptop, person: Person) -> None:
    """The page at the end fits a small screen in light and dark, runs no script and loads nothing from elsewhere."""
    running = laptop.start()
    page = person.browser_opens()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: requests.append(request.url))
    person.fill_in(page)
    page.wait_for_url("http://localhost:*/**")
    assert running.ended().status == 0

    page.set_viewport_size({"width": 320, "height": 560})
    colours = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2, "light and dark differ"
    assert page.evaluate("document.scripts.length") == 0
    assert complaints == []
    elsewhere = [url for url in requests if not url.startswith(("http://localhost:", laptop.realm.issuer))]
    assert elsewhere == []


def test_the_browser_goes_where_the_user_wants(laptop: Laptop, person: Person) -> None:
    """--open-url-after-authentication leads the browser on after the sign-in."""
    after = f"{laptop.realm.issuer}/.well-known/openid-configuration"
    running = laptop.start(f"--open-url-after-authentication={after}")
    page = person.browser_opens()
    person.fill_in(page)
    page.wait_for_url(after)
    assert running.ended().status == 0


def test_without_a_browser_the_address_is_printed(laptop: Laptop, person: Person) -> None:
    """--skip-open-browser prints an address on standard error that works when a person opens it by hand."""
    running = laptop.start("--skip-open-browser", "--authentication-timeout-sec=60")
    assert running.process.stderr is not None
    lines = iter(running.process.stderr.readline, "")
    address = next(line.strip() for line in lines if line.strip().startswith("http://"))
    page = person.open(address)
    person.fill_in(page)
    page.wait_for_url("http://localhost:*/**")
    ended = running.ended()
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert person.opened() == []


@PORT_8000
@pytest.mark.usefixtures("port_8000")
def test_localhost_is_served_on_both_loopback_addresses(
    realm: Realm, person: Person, start_plugin: Callable[..., Running]
) -> None:
    """While it waits, 127.0.0.1 and ::1 both answer at the redirect URI's port; afterwards neither does."""
    running = start_plugin("get-token", *realm.flags("--token-cache-storage=disk", person.flag))
    page = person.browser_opens()
    addresses = ["127.0.0.1", *(["::1"] if has_ipv6() else [])]
    assert [answers(address) for address in addresses] == [True] * len(addresses)
    assert not answers(outside_address()), "it listens on loopback only"
    page.get_by_role("link", name="Cancel").click()
    running.ended()
    assert not any(answers(address) for address in addresses)


@PORT_8000
@pytest.mark.usefixtures("port_8000")
def test_the_second_port_is_named_when_the_provider_may_not_know_it(
    realm: Realm, person: Person, start_plugin: Callable[..., Running]
) -> None:
    """With 8000 taken it listens on 18000; where the provider refuses that redirect URI, the hint says to register it."""
    with socket.create_server(("127.0.0.1", 8000)):
        running = start_plugin(
            "get-token",
            *realm.flags("--token-cache-storage=disk", person.flag, client="port-8000-only"),
            "--authentication-timeout-sec=3",
        )
        page = person.browser_opens()
        assert "redirect_uri" in page.inner_text("body"), "the provider says so on its own page"
        ended = running.ended()
    assert (ended.status, ended.stdout) == (1, "")
    assert "http://localhost:18000" in ended.stderr.splitlines()[-1]


@PORT_8000
@pytest.mark.usefixtures("port_8000")
def test_the_second_port_serves_as_well(
    realm: Realm, person: Person, start_plugin: Callable[..., Running]
) -> None:
    """With 8000 taken by another program the sign-in works at localhost:18000."""
    with socket.create_server(("127.0.0.1", 8000)):
        running = start_plugin("get-token", *realm.flags("--token-cache-storage=disk", person.flag))
        page = person.sign_in()
        assert page.url.startswith("http://localhost:18000/")
        assert running.ended().status == 0


def test_setup_signs_in_and_the_first_kubectl_needs_no_second_sign_in(laptop: Laptop, person: Person) -> None:
    """``setup`` shows the claims, prints what to do next, and leaves a session that get-token uses."""
    running = laptop.start(command="setup")
    person.sign_in()
    ended = running.ended()
    assert ended.status == 0, ended.stderr
    said = ended.stdout + ended.stderr
    assert "alice@example.com" in said
    assert "eks-admins" in said
    assert "kubectl config set-credentials" in said

    laptop.realm.forget()
    after = laptop.get_token()
    assert claims_of(token_of(after.stdout))["sub"] == "alice"
    assert laptop.realm.seen().total == 0
    assert len(person.opened()) == 1
    json.loads(after.stdout)


def answers(address: str, port: int = 8000) -> bool:
    """Tell whether somebody listens there."""
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True


def has_ipv6() -> bool:
    """Tell whether this machine has ::1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def outside_address() -> str:
    """Return an address of this machine that is not loopback, or one that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; it only picks the address that would be used
        except OSError:
            return "192.0.2.1"
        address: str = probe.getsockname()[0]
        return address
