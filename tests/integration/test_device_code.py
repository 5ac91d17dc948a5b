"""Signing in with a device code: the installed program, a real provider, and a browser somewhere else."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.sessions.lock_wait import signing_in
from kubectl_oidc.system.browser import no_browser
from tests import qr_screen
from tests.plugin import wait_until

from .laptop import Laptop, claims_of, token_of
from .on_terminal import OnTerminal
from .said import failure, files_with, locks_held, topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin import Running

    from .person import Person
    from .realm import OpenIdProvider, Realm
    from .scripted_browser import ScriptedBrowser

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

DEVICE = "--grant-type=device-code"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
NO_BROWSER = "--skip-open-browser"


@pytest.fixture
def laptop(
    openid_provider: OpenIdProvider, scripted_browser: ScriptedBrowser, start_plugin: Callable[..., Running]
) -> Laptop:
    """Have a laptop whose provider has the device authorization grant."""
    realm = openid_provider.new_realm(more_grants=True)
    return Laptop(realm, scripted_browser, start_plugin, client="device")


def codes(laptop: Laptop, said: str) -> tuple[str, str, str]:
    """Return the address, the code and the address with the code in it, as they were said."""
    addresses = re.findall(rf"^ +({re.escape(laptop.realm.issuer)}\S*)", said, re.MULTILINE)
    (code,) = re.findall(r"^ +([A-Z]{4}-[A-Z]{4}) *$", said, re.MULTILINE)
    assert len(addresses) == 2, said
    return addresses[0], code, addresses[1]


def reads(running: Running, words: str) -> str:
    """Return what a program says, up to the line with these words."""
    assert running.process.stderr is not None
    said = ""
    while words not in said:
        line = running.process.stderr.readline()
        assert line, said
        said += line
    return said


def test_a_browser_opens_where_there_is_one(laptop: Laptop) -> None:
    """The address with the code in it is opened; the person confirms it, and the refresh token serves later calls."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    token = laptop.signed_in(DEVICE)
    assert claims_of(token)["sub"] == "alice"
    (opened,) = laptop.browser.opened()
    assert "user_code=" in opened
    (asked,) = laptop.realm.seen().device_requests
    assert asked["code_challenge_method"] == "S256"
    assert sorted(asked["scope"].split()) == ["email", "offline_access", "openid", "profile"]
    assert set(laptop.realm.seen().token_requests) == {GRANT}

    laptop.realm.forget()
    assert claims_of(laptop.signed_in(DEVICE))["sub"] == "alice"
    assert laptop.realm.seen().token_requests == ["refresh_token"]


def test_address_and_code_are_said_without_a_terminal(laptop: Laptop, person: Person) -> None:
    """A person types the code that was said on any device, signs in there, and the program has its token."""
    running = laptop.start(DEVICE, NO_BROWSER)
    address, code, complete = codes(laptop, reads(running, "user_code"))
    assert complete.startswith(address)
    page = person.open(address)
    page.locator("input[name=user_code]").fill(code)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    person.fill_in(page)
    page.get_by_text("Sign-in Success").wait_for()
    ended = running.ended()
    assert (ended.status, ended.stderr.strip()) == (0, "")
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert laptop.browser.opened() == []


def test_who_waits_for_a_device_code_is_told_so(laptop: Laptop) -> None:
    """The others speak of the code, and of no browser that was never opened."""
    holder = laptop.start(DEVICE, NO_BROWSER)
    reads(holder, "user_code")
    ended = laptop.get_token(DEVICE, "--authentication-timeout-sec=1")
    awaited = signing_in("device-code", asks=True)
    said = failure(ended, "lock", " 1 s", awaited, f"kill {holder.process.pid}")
    assert signing_in("authcode", asks=True) not in said


def test_a_terminal_shows_the_code_and_how_much_time_is_left(laptop: Laptop) -> None:
    """The code stands out on a line of its own, the wait counts down, and Ctrl-C ends it."""
    with OnTerminal(*laptop.words(DEVICE, NO_BROWSER, "--authentication-timeout-sec=100")) as terminal:
        terminal.shows("Ctrl-C")
        _, code, _ = codes(laptop, terminal.text())
        assert re.search(rf"\x1b\[1;7m {code} \x1b\[0m", terminal.raw())
        spans = re.compile(r"((?:\d+ min )?\d+ s) [^\d\r\n]*\(Ctrl-C ")
        wait_until(lambda: spans.findall(terminal.text()), "the time is shown")
        assert spans.findall(terminal.text())[0].startswith("1 min ")
        wait_until(lambda: len(set(spans.findall(terminal.text()))) > 1, "the time that is left changes")
        terminal.type(b"\x03")
        ended = terminal.ended()
    assert (ended.status, ended.stdout) == (130, "")
    assert "Traceback" not in ended.stderr
    assert locks_held() == []


def test_a_code_is_waited_for_as_long_as_it_lives(laptop: Laptop) -> None:
    """The provider's code lives for ten minutes; a sign-in in the browser would end after three."""
    with OnTerminal(*laptop.words(DEVICE, NO_BROWSER)) as terminal:
        terminal.shows("Ctrl-C")
        assert re.search(r"\b(10 min|9 min 5\d s)\b.*Ctrl-C", terminal.text())
        terminal.type(b"\x03")
        assert terminal.ended().status == 130


def test_a_phone_reads_the_qr_code(laptop: Laptop) -> None:
    """A decoder reads the address with the code in it, and signs in there; the code is beside it, to compare."""
    with OnTerminal(*laptop.words(DEVICE, NO_BROWSER)) as terminal:
        terminal.shows("Ctrl-C")
        _, code, complete = codes(laptop, terminal.text())
        said = terminal.text().splitlines()
        blocks = qr_screen.shown(said)
        assert code in said[said.index(blocks[0]) - 1]
        assert qr_screen.decoded(qr_screen.modules(blocks, dark_text=True)) == complete
        subprocess.run([laptop.scripted.command, complete], check=True, timeout=30)
        ended = terminal.ended()
    assert ended.status == 0, ended.stderr
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"


@pytest.mark.parametrize(
    ("flags", "env", "rows"),
    [
        (["--no-qr"], {}, 40),
        ([], {"KUBECTL_OIDC_NO_QR": "true"}, 40),
        ([], {"PYTHONIOENCODING": "iso8859-1"}, 40),
        ([], {}, 12),
    ],
    ids=["flag", "variable", "encoding", "too low"],
)
def test_no_qr_code_where_nobody_wants_or_can_read_one(
    laptop: Laptop, flags: list[str], env: dict[str, str], rows: int
) -> None:
    """The address and the code are enough."""
    with OnTerminal(*laptop.words(DEVICE, NO_BROWSER, *flags), env=env, rows=rows) as terminal:
        terminal.shows("Ctrl-C")
        codes(laptop, terminal.text())
        assert not {"▀", "▄", "█"} & set(terminal.text())
        terminal.type(b"\x03")
        assert terminal.ended().status == 130


def test_a_browser_that_opened_needs_no_qr_code(laptop: Laptop) -> None:
    """The code is for another device."""
    with OnTerminal(*laptop.words(DEVICE)) as terminal:
        assert terminal.ended().status == 0
        assert not {"▀", "▄", "█"} & set(terminal.text())


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_time_that_was_given_counts_for_a_code(laptop: Laptop, how: str) -> None:
    """Also if it is the default's."""
    flags = ["--authentication-timeout-sec=180"] if how == "flag" else []
    env = {} if how == "flag" else {"KUBECTL_OIDC_AUTHENTICATION_TIMEOUT_SEC": "180"}
    with OnTerminal(*laptop.words(DEVICE, NO_BROWSER, *flags), env=env) as terminal:
        terminal.shows("Ctrl-C")
        assert re.search(r"\b(3 min|2 min 5\d s)\b.*Ctrl-C", terminal.text())
        terminal.type(b"\x03")
        assert terminal.ended().status == 130


def test_an_sshd_host_gets_a_device_code_by_itself(laptop: Laptop) -> None:
    """auto, over SSH without a display: it says so, shows the code, and a browser elsewhere signs in."""
    words = ["get-token", *laptop.realm.flags("--token-cache-storage=disk", client="device")]
    over_ssh = {"SSH_CONNECTION": "10.0.0.9 50022 10.0.0.1 22"}
    running = laptop.begin(*words, env=over_ssh)
    said = reads(running, "user_code")
    assert f"({no_browser(over_ssh, sys.platform)})" in said
    _, _, complete = codes(laptop, said)
    subprocess.run([laptop.scripted.command, complete], check=True, timeout=20)
    assert claims_of(token_of(running.ended().stdout))["sub"] == "alice"
    # The session is the one that a browser would have made: the same kubeconfig works on the desktop.
    laptop.realm.forget()
    assert laptop.begin(*words).ended().status == 0
    assert laptop.begin(*words, "--grant-type=authcode").ended().status == 0
    assert laptop.realm.seen().total == 0


def test_a_client_without_that_grant_gets_the_address(laptop: Laptop) -> None:
    """auto, no browser, and the provider has device codes but not for this client: the address is printed as ever."""
    running = laptop.begin(
        "get-token", *laptop.realm.flags("--token-cache-storage=none"), "--listen-address=127.0.0.1:0"
    )
    said = reads(running, "ssh -L")
    (address,) = re.findall(r"^ +(http://\S+/auth\?\S+)$", said, re.MULTILINE)
    subprocess.run([laptop.scripted.command, address], check=True, timeout=20)
    assert claims_of(token_of(running.ended().stdout))["sub"] == "alice"


def test_nobody_enters_the_code(laptop: Laptop) -> None:
    """After --authentication-timeout-sec it ends, and soon after background programs bother nobody."""
    ended = laptop.get_token(DEVICE, NO_BROWSER, "--authentication-timeout-sec=2")
    assert (ended.status, ended.stdout) == (1, "")
    assert topics(ended.stderr) == ["sign-in-timeout"]
    failure(laptop.get_token(DEVICE, NO_BROWSER), "sign-in-paused", DEVICE)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_wait(laptop: Laptop, signum: signal.Signals) -> None:
    """128 + N, no traceback, the lock free."""
    running = laptop.start(DEVICE, NO_BROWSER)
    reads(running, "user_code")
    running.send(signum)
    ended = running.ended(timeout=5)
    assert (ended.status, ended.stdout) == (128 + signum, "")
    assert "Traceback" not in ended.stderr
    assert locks_held() == []


def test_many_programs_show_one_code(laptop: Laptop) -> None:
    """Who comes second waits for the first one's sign-in, and has its token."""
    first = laptop.start(DEVICE, NO_BROWSER)
    complete = codes(laptop, reads(first, "user_code"))[2]
    others = [laptop.start(DEVICE, NO_BROWSER) for _ in range(4)]
    subprocess.run([laptop.scripted.command, complete], check=True, timeout=20)
    ended = [running.ended(timeout=60) for running in (first, *others)]
    assert [one.status for one in ended] == [0] * 5
    assert len({token_of(one.stdout) for one in ended}) == 1
    assert len(laptop.realm.seen().device_requests) == 1


def test_a_person_who_says_no(laptop: Laptop, person: Person) -> None:
    """Cancelled at the provider: one error, and no token."""
    running = laptop.start(DEVICE, NO_BROWSER)
    page = person.open(codes(laptop, reads(running, "user_code"))[2])
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="Cancel").click()
    ended = running.ended()
    assert (ended.status, ended.stdout) == (1, "")
    assert "access_denied" in ended.stderr
    assert topics(ended.stderr) == ["sign-in-refused"]


def test_a_provider_without_device_codes_is_named(realm: Realm, start_plugin: Callable[..., Running]) -> None:
    """--grant-type=device-code where the metadata names no endpoint for it."""
    ended = start_plugin("get-token", *realm.flags(DEVICE, "--token-cache-storage=none")).ended()
    failure(ended, "device-code", "device_authorization_endpoint", "--grant-type=authcode")


def test_setup_signs_in_by_device_code(laptop: Laptop) -> None:
    """The stanza has the flag, and the first kubectl finds the session."""
    ended = laptop.run(*laptop.words(DEVICE, "--write-kubeconfig", command="setup"))
    assert ended.status == 0, ended.stderr
    assert "config" in [path.name for path in files_with(DEVICE)], "the exec section has the flag"
    laptop.realm.forget()
    assert claims_of(laptop.signed_in(DEVICE))["sub"] == "alice"
    assert laptop.realm.seen().total == 0
