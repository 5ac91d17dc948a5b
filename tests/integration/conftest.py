"""The real parts as fixtures; each is started once a worker, and gives each test something of its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.hostile import Hostile
from tests.hostile_provider import HostileProvider
from tests.plugin import start

from .kernel_keys import KernelKeys, usable as kernel_keyring_is_usable
from .laptop import Laptop, give_new_id
from .mounts import LaptopWithin, outside_a_container
from .os_keyring import OsKeyring, serve as os_keyring_session
from .person import Person, chromium
from .realm import serve
from .scripted_browser import ScriptedBrowser, remove_inbox
from .visitor import VisitedLaptop

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.plugin import Running

    from .realm import OpenIdProvider, Realm

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether the test itself failed, for the screenshot."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def openid_provider() -> Iterator[OpenIdProvider]:
    """Run npm oidc-provider."""
    yield from serve()


@pytest.fixture
def realm(openid_provider: OpenIdProvider) -> Realm:
    """Make an issuer of the test's own."""
    return openid_provider.new_realm()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Run Chromium."""
    yield from chromium(tmp_path_factory.mktemp("chromium"))


@pytest.fixture
def person(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Person]:
    """Sit a person without cookies down at the browser; when the test fails, keep pictures of their tabs."""
    context = browser.new_context()
    context.set_default_timeout(20_000)  # milliseconds
    somebody = Person(context, tmp_path)
    yield somebody
    if request.node.stash.get(_FAILED, False):
        for number, page in enumerate(somebody.pages()):
            picture = tmp_path / f"tab-{number}.png"
            page.screenshot(path=picture)
            print(f"tab {number}, {page.url}: {picture}")
    context.close()


@pytest.fixture(scope="session", autouse=True)
def inbox() -> Iterator[None]:
    """Remove what the scripted browsers share, at the end."""
    yield
    remove_inbox()


@pytest.fixture
def scripted_browser(tmp_path: Path) -> ScriptedBrowser:
    """Have a browser that signs in by itself."""
    return ScriptedBrowser(tmp_path)


@pytest.fixture
def laptop(realm: Realm, scripted_browser: ScriptedBrowser, start_plugin: Callable[..., Running]) -> Laptop:
    """Have the program on a laptop whose browser signs in by itself; the session rests on disk."""
    return Laptop(realm, scripted_browser, start_plugin)


@pytest.fixture(scope="module")
def hostile_server() -> Iterator[Hostile]:
    """Run the server of a provider that does as it is told."""
    with Hostile() as running:
        yield running


@pytest.fixture
def visited(hostile_server: Hostile, tmp_path: Path, start_plugin: Callable[..., Running]) -> VisitedLaptop:
    """Have a laptop at which nobody has signed in, and a provider of its own that is honest until it is told otherwise."""
    return VisitedLaptop(HostileProvider(hostile_server), tmp_path, start_plugin)


@pytest.fixture(scope="session")
def home_with_a_session(
    openid_provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Realm]:
    """Sign alice in once, on disk, in a home that tests copy."""
    place = tmp_path_factory.mktemp("home-with-a-session")
    realm = openid_provider.new_realm()
    laptop = Laptop(realm, ScriptedBrowser(place), start)
    home = place / "home"
    home.mkdir(mode=0o700)
    laptop.signed_in(env={"HOME": str(home)})
    return home, realm


@pytest.fixture
def signed_in(
    home_with_a_session: tuple[Path, Realm],
    home: Path,
    scripted_browser: ScriptedBrowser,
    start_plugin: Callable[..., Running],
) -> Laptop:
    """Have a laptop on which alice is signed in already, at a realm that such laptops share."""
    prepared, realm = home_with_a_session
    shutil.copytree(prepared, home, dirs_exist_ok=True)
    give_new_id()
    realm.forget()
    return Laptop(realm, scripted_browser, start_plugin)


@pytest.fixture
def os_keyring(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OsKeyring]:
    """Run gnome-keyring, unlocked, on a D-Bus session of the test's own."""
    assert home.is_dir()
    for address in os_keyring_session():
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield OsKeyring(address)


@pytest.fixture
def desktop(laptop: Laptop, os_keyring: OsKeyring, monkeypatch: pytest.MonkeyPatch) -> Laptop:
    """Have a desktop with an OS keyring alone: the kernel keyring is not used beside it."""
    monkeypatch.setenv("CI", "1")
    assert os_keyring.entries() == {}
    laptop.storage = "keyring"
    return laptop


@pytest.fixture
def kernel_keys() -> Iterator[KernelKeys]:
    """Look into the kernel keyring, and leave no key of the test in it."""
    if not kernel_keyring_is_usable():
        parts.missing("the kernel keyring is forbidden here (seccomp)")
    keys = KernelKeys()
    yield keys
    keys.remove()


@pytest.fixture
def bare_laptop(laptop: Laptop, tmp_path: Path) -> LaptopWithin:
    """Have a laptop that is no container, whatever this machine is; the session rests where ``auto`` says."""
    bare = LaptopWithin(laptop.realm, laptop.browser, laptop.begin, storage="auto")
    (tmp_path / "root").mkdir()
    bare.within = tuple(outside_a_container(tmp_path / "root"))
    return bare
