"""The whole program as on Windows and macOS, against a real provider, as far as that can be had on Linux."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests import parts, windows
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

    def run(self, command: str, *more: str, locker: Path | None = None) -> Ended:
        """Run a command for the session, which rests in files, or in the Credential Locker."""
        storage = "disk" if locker is None else "auto"
        words = [command, *self._realm.flags(f"--token-cache-storage={storage}"), *more]
        if command == "get-token":
            words.append("--listen-address=127.0.0.1:0")
        entries = {windows.LOCKER: str(locker)} if locker else {}
        done = windows.program(
            *words, env={windows.DESKTOP: str(self._browser.command), **entries, **exec_info()}
        )
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


def test_on_windows_a_session_rests_in_the_credential_locker_and_is_answered_from_there(
    machine: Windows, realm: Realm, scripted_browser: ScriptedBrowser, tmp_path: Path
) -> None:
    """By keyring's own choice of its backend: a sign-in, the same token again, a refresh, the end."""
    locker = tmp_path / "locker"
    locker.mkdir()
    first = machine.run("get-token", locker=locker)
    assert first.status == 0, first.stderr
    assert len(list(locker.iterdir())) > 1, "its parts"
    assert not (cache() / "tokens").exists()
    assert not (cache() / "credentials").exists()
    assert len(list((cache() / "words").iterdir())) == 1
    again = machine.run("get-token", locker=locker)
    assert (again.status, again.stdout, again.stderr) == (0, first.stdout, "")
    assert realm.seen().token_requests == ["authorization_code"]
    refreshed = machine.run("get-token", "--force-refresh", locker=locker)
    assert refreshed.status == 0, refreshed.stderr
    assert realm.seen().token_requests == ["authorization_code", "refresh_token"]
    assert len(scripted_browser.opened()) == 1
    assert machine.run("purge", locker=locker).status == 0
    assert not list(locker.iterdir())


MAC = """
import os, sys, types
sys.platform = "darwin"
if os.environ.get("_KUBECTL_OIDC_AHEAD"):
    sys.modules["_scproxy"] = types.SimpleNamespace(_get_proxy_settings=dict, _get_proxies=dict)
with open({path!r}, "a") as file:
    print("begun", os.getpid(), os.getcwd(), os.environ.get("_KUBECTL_OIDC_AHEAD"), file=file)
def forked():
    with open({path!r}, "a") as file:
        print("forked", file=file)
os.register_at_fork(before=forked)
"""


@pytest.fixture
def mac(laptop: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a Mac with a session whose token nears its end; return the file in which its processes are noted.

    It is one by its name alone: what Linux has beyond it is still there, truststore is not asked, and there is no system proxy.
    """
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))  # a known command has the same variables
    laptop.realm.id_tokens_live(40)
    laptop.signed_in("--refresh-ahead=0.001")
    time.sleep(1.1)  # a token that is younger than a second is not due
    laptop.realm.forget()
    seen = tmp_path / "seen"
    (tmp_path / "sitecustomize.py").write_text(MAC.format(path=str(seen)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return seen


def test_on_macos_the_refresh_in_the_background_is_a_process_begun_anew(laptop: Laptop, mac: Path) -> None:
    """After a fork no framework of macOS is sure to work, so nothing forks: the same command begins once more, knowing what it is."""
    began = time.monotonic()
    laptop.realm.fail_next("/token", delay_ms=2500)
    old = laptop.signed_in("--refresh-ahead=0.001")
    assert time.monotonic() - began < 2, "kubectl waits for nobody"
    wait_until(
        lambda: laptop.realm.seen().token_requests == ["refresh_token"], "it is refreshed in the background"
    )
    wait_until(lambda: not list((cache() / "ahead").iterdir()), "the claim is given up")
    assert laptop.signed_in() != old
    assert laptop.realm.seen().token_requests == ["refresh_token"]
    begun = [line.split()[1:] for line in mac.read_text().splitlines() if line.startswith("begun")]
    assert [mark for _, _, mark in begun] == ["None", "1", "None"]
    assert len({pid for pid, _, _ in begun}) == 3
    assert "forked" not in mac.read_text()
    assert len(laptop.browser.opened()) == 1


def test_what_is_meant_for_such_a_process_alone_means_nothing_elsewhere(laptop: Laptop) -> None:
    """The variable does not keep a command on another system from its answer."""
    laptop.signed_in()
    token = laptop.signed_in(env={"_KUBECTL_OIDC_AHEAD": "1"})
    assert claims_of(token)["sub"] == "alice"


KEYCHAIN = """
import ctypes, os, sys, types
from pathlib import Path
sys.platform = "darwin"
sys.modules["_scproxy"] = types.SimpleNamespace(_get_proxy_settings=dict, _get_proxies=dict)
from keyring.backends import macOS
from tests import os_calls
macOS.api = os_calls.FileKeychain(Path({directory!r}))
macOS.platform = types.SimpleNamespace(system=lambda: "Darwin")
guarded = []
def library(*_, **__):
    guarded.append(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC))
    return os_calls.Security(macOS.api)
ctypes.CDLL = library
def note(what):
    with open({path!r}, "a") as file:
        print(what, file=file)
os.register_at_fork(before=lambda: note("forked"))
close, leave = os.close, os._exit
def closed(descriptor):
    if descriptor in guarded:
        note("EXC_GUARD")
        os.kill(os.getpid(), 9)
    close(descriptor)
def left(status):
    note("slow path" if "kubectl_oidc.slow_path" in sys.modules else "fast path")
    leave(status)
os.close, os._exit = closed, left
"""


def test_on_macos_a_session_rests_in_the_keychain_and_is_answered_from_there(
    laptop: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By keyring's own choice of its backend: a sign-in, an answer from the keyring, a refresh in the background, the end.

    Where a framework is loaded nothing forks, and no descriptor that it guards is closed, which would end the process (EXC_GUARD).
    """
    keychain, seen = tmp_path / "keychain", tmp_path / "seen"
    keychain.mkdir()
    (tmp_path / "sitecustomize.py").write_text(KEYCHAIN.format(directory=str(keychain), path=str(seen)))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{parts.REPOSITORY}")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    laptop.storage = "auto"
    laptop.realm.id_tokens_live(40)
    first = laptop.signed_in("--refresh-ahead=0.001")
    assert len(list(keychain.iterdir())) == 1
    assert not {name.partition("/")[0] for name in laptop.stored()} & {"tokens", "credentials"}
    time.sleep(1.1)  # a token that is younger than a second is not due
    laptop.realm.forget()
    laptop.realm.id_tokens_live(3600)
    assert laptop.signed_in("--refresh-ahead=0.001") == first
    assert seen.read_text().splitlines()[:2] == ["slow path", "fast path"]
    wait_until(
        lambda: laptop.realm.seen().token_requests == ["refresh_token"], "it is refreshed in the background"
    )
    wait_until(lambda: not list((cache() / "ahead").iterdir()), "the claim is given up")
    assert laptop.signed_in("--refresh-ahead=0.001") != first
    assert seen.read_text().splitlines()[-1] == "fast path"
    assert not {"forked", "EXC_GUARD"} & set(seen.read_text().splitlines())
    assert len(laptop.browser.opened()) == 1
    assert laptop.purge().status == 0
    assert not list(keychain.iterdir())
