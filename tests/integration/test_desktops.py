"""The whole program as on Windows and macOS, against a real provider, as far as that can be had on Linux."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests import windows
from tests.plugin import Ended, wait_until

from .laptop import cache, claims_of, exec_info, token_of

if TYPE_CHECKING:
    from pathlib import Path

    from .laptop import Laptop
    from .realm import Realm
    from .scripted_browser import ScriptedBrowser

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the real thing is tested by the other tests")


class Windows:
    """A Windows machine whose desktop has a browser that signs in by itself.

    Args:
        realm: Where people sign in.
        browser: The browser.
    """

    def __init__(self, realm: Realm, browser: ScriptedBrowser) -> None:
        self._realm = realm
        self._browser = browser

    def run(self, command: str, *more: str) -> Ended:
        """Run a command for the session that rests in files."""
        words = [command, *self._realm.flags("--token-cache-storage=disk"), *more]
        if command == "get-token":
            words.append("--listen-address=127.0.0.1:0")
        done = windows.program(*words, env={windows.DESKTOP: str(self._browser.command), **exec_info()})
        return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def machine(realm: Realm, scripted_browser: ScriptedBrowser) -> Windows:
    """Have a Windows machine."""
    return Windows(realm, scripted_browser)


def test_somebody_signs_in_and_out_on_windows(
    machine: Windows, realm: Realm, scripted_browser: ScriptedBrowser
) -> None:
    """The desktop's browser, files without modes, the lock of Windows: a sign-in, an answer from memory, a refresh, the end."""
    realm.id_tokens_live(25)  # seconds; 15 of them useful
    first = machine.run("get-token")
    assert first.status == 0, first.stderr
    assert claims_of(token_of(first.stdout))["sub"] == "alice"
    again = machine.run("get-token")
    assert (again.status, again.stdout, again.stderr) == (0, first.stdout, "")
    assert len(list((cache() / "words").iterdir())) == 1, "answered from memory"
    assert realm.seen().token_requests == ["authorization_code"]
    assert len(scripted_browser.opened()) == 1

    realm.forget()
    refreshed = machine.run("get-token", "--force-refresh")
    assert refreshed.status == 0, refreshed.stderr
    assert token_of(refreshed.stdout) != token_of(first.stdout)
    assert realm.seen().token_requests == ["refresh_token"]
    assert not list((cache() / "ahead").iterdir()), "nothing goes on in the background"

    assert machine.run("purge").status == 0
    assert not list((cache() / "tokens").iterdir())
    assert not list((cache() / "credentials").iterdir())


SEEN_AT_THE_FORK = """
import os, sys
def note():
    with open({path!r}, "a") as file:
        print(*sys.modules, file=file)
os.register_at_fork(before=note)
"""


def test_a_process_that_forks_has_loaded_no_framework_of_macos(laptop: Laptop, tmp_path: Path) -> None:
    """CoreFoundation, Security and libdispatch end a child that uses them after its parent did: the parent has not even them."""
    laptop.realm.id_tokens_live(40)
    laptop.signed_in("--refresh-ahead=0.001")
    time.sleep(1.1)  # a token that is younger than a second is not due
    laptop.realm.forget()
    seen = tmp_path / "seen"
    (tmp_path / "sitecustomize.py").write_text(SEEN_AT_THE_FORK.format(path=str(seen)))
    laptop.signed_in("--refresh-ahead=0.001", env={"PYTHONPATH": str(tmp_path)})
    wait_until(
        lambda: laptop.realm.seen().token_requests == ["refresh_token"], "it is refreshed in the background"
    )
    (at_the_fork,) = seen.read_text().splitlines()
    loaded = set(at_the_fork.split())
    assert "kubectl_oidc.hot.ahead" in loaded
    assert not loaded & {
        "ctypes",
        "_ctypes",
        "ssl",
        "_ssl",
        "_scproxy",
        "socket",
        "threading",
        "keyring",
        "truststore",
    }
    assert "kubectl_oidc.cold" not in loaded
