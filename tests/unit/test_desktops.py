"""macOS and Windows, as far as they can be had on Linux: `tests/windows.py` and `tests/os_calls.py` say what stands for what.

What of this was never run on the real thing stands in docs/packages.md, and is run by the workflows where there are such machines.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from kubectl_oidc import slow_path
from kubectl_oidc.errors import StoreError
from kubectl_oidc.exec_credential import V1
from kubectl_oidc.fast_path import answer_from_cache
from kubectl_oidc.fast_path.keychain import remove_entry
from kubectl_oidc.fast_path.keyring_session import configured
from kubectl_oidc.fast_path.known_command import KEYRING, KnownCommand
from kubectl_oidc.http import failures
from kubectl_oidc.http.progress import RequestProgress
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.kubeconfig import Stanza, write_user
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions import lock_directory
from kubectl_oidc.sessions.repository import SessionRepository
from kubectl_oidc.sessions.stores.keyring_backends import WINDOWS_LIMIT
from kubectl_oidc.sessions.stores.keyring_parts import ChunkedSecret
from kubectl_oidc.sessions.stores.os_keyring import KeyringStore
from kubectl_oidc.system import locked_file, private_files, shell
from kubectl_oidc.system.browser import Browser, no_browser
from kubectl_oidc.system.file_lock import FileLock
from kubectl_oidc.system.log import QUIET
from tests import os_calls, parts, windows
from tests.keyrings import Fake, SecretServiceLike, the_os_keyring
from tests.sessions import cache, key, session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyring.backend import KeyringBackend

ID = "0123456789abcdef" * 2
RECORD = b"0123456789" * 1_500

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the real thing is tested by the other tests"),
    pytest.mark.usefixtures("fork_server"),
]


# That world itself


def test_that_world_lacks_what_windows_lacks() -> None:
    """Otherwise the tests below would see nothing of it."""
    windows.run(
        "import os, signal, sys\n"
        "assert sys.platform == 'win32'\n"
        "for name in windows.ABSENT_MODULES:\n"
        "    try:\n"
        "        __import__(name)\n"
        "    except ModuleNotFoundError:\n"
        "        continue\n"
        "    raise AssertionError(name)\n"
        "assert not [name for name in windows.ABSENT_FROM_OS if hasattr(os, name)]\n"
        "assert not hasattr(signal, 'SIGHUP') and not hasattr(signal, 'SIGKILL')\n"
    )


def test_every_module_is_imported_on_windows() -> None:
    """None needs a module or a name at its beginning that is not there."""
    said = windows.run(
        "import importlib, sys\n"
        "for name in windows.modules():\n"
        "    importlib.import_module(name)\n"
        "import kubectl_oidc.__main__\n"
        "print(len([name for name in sys.modules if name.startswith('kubectl_oidc.')]))\n"
    )
    assert int(said) > 200


def test_every_module_is_imported_on_macos() -> None:
    """What only Linux has is not looked for there, and what Windows lacks is there."""
    script = (
        "from tests import windows\n"
        "import asyncio, importlib, subprocess, sys\n"
        "for name in windows._LIBRARIES:\n"
        "    importlib.import_module(name)\n"
        "sys.platform = 'darwin'\n"
        "for name in windows.modules():\n"
        "    importlib.import_module(name)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(parts.REPOSITORY)},
        check=True,
        timeout=60,
    )


def test_every_unit_test_can_be_collected_on_windows() -> None:
    """The workflows run them there; a file that cannot be imported would end the whole run."""
    unit = Path(__file__).parent
    names = sorted(
        ".".join(path.relative_to(unit.parent).with_suffix("").parts) for path in unit.rglob("test_*.py")
    )
    windows.run(
        "import importlib, pytest\n"
        f"for name in {names!r}:\n"
        "    try:\n"
        "        importlib.import_module(f'tests.{name}')\n"
        "    except pytest.skip.Exception:\n"
        "        pass\n"
    )


# Paths


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({"USERPROFILE": r"C:\Users\ada", "HOME": "/c/Users/ada"}, r"C:\Users\ada\.kube\cache\oidc-login"),
        ({"USERPROFILE": r"C:\Users\ada", "KUBECACHEDIR": r"D:\cache"}, r"D:\cache\oidc-login"),
        ({"USERPROFILE": r"C:\Users\ada", "KUBECACHEDIR": "D:/cache"}, r"D:/cache\oidc-login"),
        ({"KUBECACHEDIR": r"\\server\share\cache"}, r"\\server\share\cache\oidc-login"),
        ({"KUBECACHEDIR": r"\cache"}, ""),
        ({"KUBECACHEDIR": r"D:cache"}, ""),
        ({"KUBECACHEDIR": "cache"}, ""),
        ({"HOME": r"C:\Users\ada"}, ""),
    ],
)
def test_the_cache_directory_has_a_drive(environ: dict[str, str], root: str) -> None:
    """A path whose meaning moves with the working directory or with its drive is none; HOME is not asked on Windows."""
    said = windows.run(
        "import ntpath, os, sys\n"
        "from kubectl_oidc.fast_path import known_command\n"
        "for name in ('HOME', 'USERPROFILE', 'KUBECACHEDIR'):\n"
        "    os.environ.pop(name, None)\n"
        f"os.environ |= {environ!r}\n"
        "os.path = ntpath\n"
        "sys.stdout.write(known_command.cache_root())\n"
    )
    assert said == root


def test_a_windows_path_in_the_kubeconfig_is_read_again_as_it_was(tmp_path: Path) -> None:
    """Backslashes are no escapes there: this program, and whatever reads YAML, find the same command."""
    command = r"C:\Users\ada\new tools\bin\kubectl-oidc_login.exe"
    place = tmp_path / "config"
    write_user("oidc", Stanza(args=(), command=command), explicit=str(place), environ={})
    (user,) = YAML(typ="safe").load(place)["users"]
    assert user["user"]["exec"]["command"] == command


def test_a_kubeconfig_is_locked_although_the_lock_before_is_still_going_away(tmp_path: Path) -> None:
    """Windows refuses a name whose file is being removed: that is waited for, as for a lock that is held."""
    (tmp_path / "config").write_text("")
    windows.run(
        "import os, sys\n"
        "from pathlib import Path\n"
        "from kubectl_oidc.kubeconfig.kubectl_lock import locked\n"
        "real, refused = os.open, []\n"
        "def refusing(path, *more, **other):\n"
        "    if str(path).endswith('.lock') and len(refused) < 3:\n"
        "        refused.append(path)\n"
        "        raise PermissionError(13, 'Access is denied', path)\n"
        "    return real(path, *more, **other)\n"
        "os.open = refusing\n"
        "with locked(Path(sys.argv[1]), 5):\n"
        "    assert Path(sys.argv[1] + '.lock').exists()\n"
        "assert len(refused) == 3 and not Path(sys.argv[1] + '.lock').exists()\n",
        str(tmp_path / "config"),
    )


# Shells


def argv_of(line: str) -> list[str]:
    """Return the words of a command line as Microsoft's C library reads it, and Go's."""
    words, word, quoted, begun = [], "", False, False
    for slashes, char in re.findall(r"(\\*)([^\\]|$)", line):
        if char == '"':
            word += "\\" * (len(slashes) // 2)
            begun = True
            if len(slashes) % 2:
                word += '"'
            else:
                quoted = not quoted
            continue
        word += slashes
        begun = begun or bool(slashes)
        if char in " \t" and not quoted:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + char, begun or bool(char)
    return words


@pytest.mark.parametrize(
    "words",
    [
        ['--exec-arg="--oidc-auth-request-extra-params=a=b,c"', "--user=a b"],
        ['--d="y"', "C:\\dir\\", 'C:\\a b\\"x"\\', "\\\\server\\share"],
        ['--claims={"groups":["a","b"]}', "", "it's"],
    ],
)
def test_powershell_hands_double_quotes_on(words: list[str]) -> None:
    """Before 7.3 it loses them in its own quotes; after ``--%`` each version hands the line on as it stands."""
    line = shell.powershell(["kubectl", "config", *words])
    assert line.startswith("kubectl --% config ")
    assert "\n" not in line
    assert argv_of(line.removeprefix("kubectl --% ")) == ["config", *words]


@pytest.mark.parametrize("word", ['"100%"', '"a|b"'])
def test_what_would_end_or_change_such_a_line_is_quoted_as_ever(word: str) -> None:
    """After ``--%`` a bar ends the line, and percent signs name variables."""
    assert shell.powershell(["kubectl", word]) == f"kubectl '{word}'"


@pytest.mark.parametrize(
    ("environ", "expected"), [({}, True), ({"MSYSTEM": "MINGW64"}, False), ({"MSYSTEM": ""}, True)]
)
def test_git_bash_is_no_powershell(environ: dict[str, str], *, expected: bool) -> None:
    """It is a shell like any other on Linux, and says so by a variable."""
    said = windows.run(
        "from kubectl_oidc.system import shell\n"
        "print(shell.is_powershell(), shell.one_line(['a', \"it's\"]))\n",
        env=environ,
    )
    assert said == ("True a 'it''s'\n" if expected else "False a 'it'\"'\"'s'\n")


@pytest.mark.parametrize(
    "step",
    [
        "from kubectl_oidc.cli import kubectl_complete; sys.argv[1:] = ['get-token', '--oidc-iss']; kubectl_complete.main()",
        "from kubectl_oidc.cli.program import main; main(['completion', 'bash'])",
    ],
)
def test_what_a_program_reads_has_no_line_ends_of_windows(tmp_path: Path, step: str) -> None:
    """Kubectl would take the last line of a completion for a candidate, and a bash on Windows would read no line."""
    windows.run(
        "import os, sys\n"
        "file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
        "os.dup2(file, 1)\n"
        "sys.stdout.reconfigure(newline='\\r\\n')\n"
        f"{step}\n",
        str(tmp_path / "said"),
    )
    said = (tmp_path / "said").read_bytes()
    assert said.endswith(b"\n")
    assert said.count(b"\n") > 1
    assert b"\r" not in said


def test_on_windows_a_cache_directory_is_the_same_in_capitals() -> None:
    """Its file systems tell no capital letter from a small one, so the session is the same."""
    windows.run(
        "import ntpath, os\n"
        "from pathlib import PureWindowsPath\n"
        "from kubectl_oidc.http.tls import SYSTEM_TRUST\n"
        "from kubectl_oidc.authentication.request import SignInRequest\n"
        "from kubectl_oidc.sessions.stores import SessionStorage\n"
        "os.path = ntpath\n"
        "def key(name):\n"
        "    storage = SessionStorage(cache_dir=PureWindowsPath(name), default_cache_dir=False)\n"
        "    request = SignInRequest(issuer='https://i.example.com', client_id='k', storage=storage, tls=SYSTEM_TRUST)\n"
        "    return request.key().id()\n"
        "assert key('C:\\\\Cache') == key('c:/cache') != key('c:/other')\n"
    )


# The browser


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_an_x_display_is_no_sign_of_a_desktop_there(platform: str) -> None:
    """XQuartz over SSH: `open` would open the page on the remote machine's own screen, which the user does not see."""
    environ = {"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
    assert "SSH" in (no_browser(environ, platform, container=False) or "")
    assert no_browser({"DISPLAY": "/private/tmp/x:0"}, platform, container=False) is None


def test_windows_opens_the_page_by_its_own_means(tmp_path: Path) -> None:
    """Ampersands reach the browser unchanged, because cmd.exe is not involved. If there is no browser, the reason is given."""
    browser = tmp_path / "browser"
    browser.write_text(
        f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened.part\nmv {tmp_path}/opened.part {tmp_path}/opened\n'
    )
    browser.chmod(0o700)
    script = (
        "import os, sys\n"
        "from kubectl_oidc.system.browser import Browser\n"
        "found = Browser.from_environment(command=None, environ=os.environ, platform=sys.platform, container=False)\n"
        "print(found.available(), found.open('https://issuer.example.com/?a=1&b=%20'))\n"
    )
    assert windows.run(script, env={windows.DESKTOP: str(browser)}) == "None True\n"
    end = time.monotonic() + 20
    while not (tmp_path / "opened").exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert (tmp_path / "opened").read_text() == "https://issuer.example.com/?a=1&b=%20"
    assert windows.run(script) == "None False\n"


def test_on_windows_a_browsers_command_gets_no_console_of_ours() -> None:
    """It is detached from our console and from its Ctrl-C."""
    said = windows.run(
        "import os, subprocess, sys\n"
        "from kubectl_oidc.system.browser import Browser\n"
        "class Started:\n"
        "    def __init__(self, words, **how):\n"
        "        print(how['creationflags'], words[1:], 'KUBECTL_OIDC_CLIENT_SECRET' in how['env'])\n"
        "    def wait(self, seconds): return 0\n"
        "subprocess.Popen = Started\n"
        "os.environ |= {'PATHEXT': ';' + os.path.splitext(sys.executable)[1], 'KUBECTL_OIDC_CLIENT_SECRET': 'x'}\n"
        "os.environ['PATHEXT'] = '.exe'\n"
        "open('firefox.exe', 'w').close()\n"
        "os.environ['PATH'] = os.getcwd()\n"
        "found = Browser.from_environment(command='firefox', environ=os.environ, platform=sys.platform, container=False)\n"
        "print(found.open('https://issuer.example.com/'))\n"
    )
    assert said == "520 ['https://issuer.example.com/'] False\nTrue\n"


def test_macos_opens_it_with_open(tmp_path: Path) -> None:
    """Whatever the person's default browser is."""
    (tmp_path / "open").touch(mode=0o700)
    browser = Browser.from_environment(
        command=None, environ={"PATH": str(tmp_path)}, platform="darwin", container=False
    )
    assert browser.commands == (("open",),)


# Keyrings, by the keyring library's own backends


def test_the_credential_locker_takes_a_session_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,560 bytes an entry, and none is moved to a second name; at the end nothing is left."""
    backend, locker = os_calls.credential_locker(monkeypatch)
    store = KeyringStore(backend)
    for record in (b"short", RECORD, b"x" * (WINDOWS_LIMIT - 128), b"x" * (WINDOWS_LIMIT - 127), b"last"):
        store.save(ID, record)
        assert KeyringStore(backend).load(ID) == record
    store.save(ID, RECORD)
    assert len(locker.kept) > 10
    assert not any("@" in name for name in locker.kept)
    assert store.delete(ID)
    assert not store.delete(ID)
    assert locker.kept == {}


def persistence(locker: os_calls.Locker) -> set[int]:
    """Return how the entries of the Credential Locker are kept."""
    return {entry["Persist"] for entry in locker.kept.values()}


def test_entries_of_the_credential_locker_stay_on_their_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """They must not roam: lock and index do not. What version 1.0.0 wrote is read, replaced by a write, and removed."""
    backend, locker = os_calls.credential_locker(monkeypatch)
    ChunkedSecret(FormerEntries(backend), f"kubectl-oidc/{ID}").save(RECORD.decode())
    assert persistence(locker) == {locker.CRED_PERSIST_ENTERPRISE}
    store = KeyringStore(backend)
    assert store.load(ID) == RECORD
    store.save(ID, b"x" * 4_000)
    assert store.load(ID) == b"x" * 4_000
    assert persistence(locker) == {locker.CRED_PERSIST_LOCAL_MACHINE}
    ChunkedSecret(FormerEntries(backend), "kubectl-oidc/other").save(RECORD.decode())
    assert store.delete("other")
    assert store.delete(ID)
    assert locker.kept == {}


class FormerEntries:
    """The Credential Locker as version 1.0.0 wrote it: by a backend with the keyring library's default.

    Args:
        backend: The keyring library's backend.
    """

    limit = WINDOWS_LIMIT

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = type(backend)()

    def get(self, service: str) -> str | None:
        return self._backend.get_password(service, "session")

    def set(self, service: str, secret: str) -> None:
        self._backend.set_password(service, "session", secret)

    def delete(self, service: str) -> bool:
        self._backend.delete_password(service, "session")
        return True


def test_a_persistence_that_somebody_chose_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that ends with the login session roams neither."""
    backend, locker = os_calls.credential_locker(monkeypatch)
    monkeypatch.setattr(backend, "persist", "session")
    KeyringStore(backend).save(ID, RECORD)
    assert persistence(locker) == {locker.CRED_PERSIST_SESSION}


def test_what_the_credential_locker_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of its own kind becomes ours, and the session before is still there."""
    backend, locker = os_calls.credential_locker(monkeypatch)
    store = KeyringStore(backend)
    store.save(ID, b"old")

    def refuses(*_: object) -> None:
        raise os_calls.WindowsError(1312, "CredWrite", "A specified logon session does not exist.")

    monkeypatch.setattr(locker, "CredWrite", refuses)
    with pytest.raises(StoreError, match="A specified logon session does not exist"):
        store.save(ID, RECORD)
    assert store.load(ID) == b"old"


def test_the_keychain_takes_a_session_in_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it asks for one entry, once; an entry is never added over another, which the Keychain refuses."""
    backend, keychain = os_calls.mac_keychain(monkeypatch)
    store = KeyringStore(backend)
    for record in (b"short", RECORD, b"last", RECORD):
        store.save(ID, record)
        assert len(keychain.kept) == 1
        assert KeyringStore(backend).load(ID) == record
    assert store.delete(ID)
    assert not store.delete(ID)
    assert keychain.kept == {}


def test_a_plugin_that_ends_between_delete_and_add_loses_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new one goes to the other slot, so what was deleted there is not the session."""
    backend, keychain = os_calls.mac_keychain(monkeypatch)
    store = KeyringStore(backend)
    for record in (b"first", b"second"):
        store.save(ID, record)
    keychain.killed = True
    with pytest.raises(KeyboardInterrupt):
        store.save(ID, b"third")
    assert KeyringStore(backend).load(ID) == b"second"


def test_after_an_update_of_python_a_session_is_read_replaced_and_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SecItemDelete refuses what a program of another name has added (-25244), so that a refreshed session could not be stored."""
    backend, keychain = os_calls.mac_keychain(monkeypatch)
    KeyringStore(backend).save(ID, b"old")
    keychain.program = "python3.13"
    store = KeyringStore(backend)
    assert store.load(ID) == b"old"
    assert keychain.asked
    for record in (b"first", b"second"):
        store.save(ID, record)
        assert len(keychain.kept) == 1
        assert store.load(ID) == record
    keychain.asked = 0
    assert store.load(ID) == b"second"
    assert keychain.asked == 0, "it is this Python's own now"
    keychain.program = "python3.14"
    assert store.delete(ID)
    assert keychain.kept == {}


@pytest.mark.parametrize("lacking", [OSError, AttributeError])
def test_a_keychain_without_that_call_names_the_refusal(
    monkeypatch: pytest.MonkeyPatch, lacking: type[Exception]
) -> None:
    """SecKeychainItemDelete is deprecated: a later macOS may lack it. The session is still there."""
    backend, keychain = os_calls.mac_keychain(monkeypatch)
    store = KeyringStore(backend)
    store.save(ID, b"old")
    keychain.program = "python3.13"

    def missing(*_: object) -> None:
        raise lacking

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(StoreError, match=str(os_calls.INVALID_OWNER_EDIT)):
        store.delete(ID)
    assert store.load(ID) == b"old"


def test_what_is_found_in_the_keychain_to_remove_it_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And an entry that is not there, or a Keychain that refuses, is no entry that was removed."""
    backend, keychain = os_calls.mac_keychain(monkeypatch)
    library = os_calls.Security(keychain)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: library)
    backend.set_password("service", "account", "x")
    keychain.refuses = os_calls.NO_INTERACTION
    assert not remove_entry("service", "account")
    keychain.refuses = 0
    assert remove_entry("service", "account")
    assert not remove_entry("service", "account")
    assert library.unfreed == 0


def test_on_macos_the_hint_opens_the_keychain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over SSH it is locked, and no window can ask for its password."""
    backend, keychain = os_calls.mac_keychain(monkeypatch)
    monkeypatch.setattr(sys, "platform", "darwin")
    keychain.refuses = os_calls.NO_INTERACTION
    with pytest.raises(StoreError) as caught:
        KeyringStore(backend).load(ID)
    assert "`security unlock-keychain`" in (caught.value.hint or "")


@pytest.mark.parametrize("status", [os_calls.DENIED, os_calls.AUTH_FAILED, os_calls.NO_INTERACTION])
def test_a_keychain_that_refuses_is_named_with_its_status(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Denied, a Python that is not signed, locked over SSH: an error with a way out, not a session that is missing."""
    backend, keychain = os_calls.mac_keychain(monkeypatch)
    store = KeyringStore(backend)
    store.save(ID, b"old")
    keychain.refuses = status
    for work in (lambda: store.load(ID), lambda: store.save(ID, b"new"), lambda: store.delete(ID)):
        with pytest.raises(StoreError, match=str(status)) as caught:
            work()
        assert "--token-cache-storage=disk" in (caught.value.hint or "")
    keychain.refuses = 0
    assert store.load(ID) == b"old"


def test_only_a_keyring_that_may_ask_is_said_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """`doctor` would call every Mac's and every Windows' keyring locked otherwise."""
    assert not KeyringStore(os_calls.credential_locker(monkeypatch)[0]).asks()
    assert not KeyringStore(os_calls.mac_keychain(monkeypatch)[0]).asks()
    assert KeyringStore(Fake()).asks()
    assert KeyringStore(SecretServiceLike(), seconds=5).asks(), (
        "there is none here to say that it is unlocked"
    )


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_a_known_command_is_answered_from_their_keyrings_on_the_fast_path(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], platform: str
) -> None:
    """It reads what the store has written, and leaves to the slow path what is not there or is refused."""
    keychain, directory = None, cache()
    if platform == "darwin":
        backend, keychain = os_calls.mac_keychain(monkeypatch)
    else:
        backend, _ = os_calls.credential_locker(monkeypatch)
    monkeypatch.setattr(sys, "platform", platform)
    whole = session(key(), expiry=int(time.time()) + 3600, id_token=Secret("x" * 6000))
    with the_os_keyring(backend):
        repository = SessionRepository(key(), storage="keyring", cache_dir=directory, environ={}, log=QUIET)
    assert isinstance(repository.store, KeyringStore)
    assert repository.store.is_read_directly({})
    assert not repository.store.is_read_directly({"PYTHON_KEYRING_BACKEND": "x"})
    words = KnownCommand(key().id(), V1, KEYRING, str(directory), 10, ())
    assert answer_from_cache(words) is None, "nothing is there"
    assert repository.save(whole, int(time.time()))
    assert answer_from_cache(words) == 0
    assert json.loads(capfd.readouterr().out)["status"] == {
        "expirationTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(whole.expiry)),
        "token": "x" * 6000,
    }
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    assert answer_from_cache(words) is None, "the library would read another keyring"
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    if keychain:
        keychain.refuses = os_calls.NO_INTERACTION
        assert answer_from_cache(words) is None


def test_their_keyrings_are_read_so_only_where_nothing_is_configured(tmp_path: Path) -> None:
    """Keyring's configuration file is in another place on Windows."""
    environ = {"LOCALAPPDATA": str(tmp_path)}
    assert not configured(environ, platform="win32")
    (tmp_path / "Python Keyring").mkdir()
    (tmp_path / "Python Keyring" / "keyringrc.cfg").touch()
    assert configured(environ, platform="win32")
    assert configured({"LOCALAPPDATA": "/nowhere", "KEYRING_PROPERTY_PERSIST": "session"}, platform="win32")
    assert not configured({"LOCALAPPDATA": "/nowhere"}, platform="win32")
    assert configured({"PROGRAMDATA": str(tmp_path)}, platform="win32")


@pytest.mark.parametrize("backend", [Fake, SecretServiceLike])
def test_another_keyring_is_not_read_so(monkeypatch: pytest.MonkeyPatch, backend: type[Fake]) -> None:
    """Another backend that the user has installed stores its entries elsewhere."""
    for platform in ("darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        assert not KeyringStore(backend()).is_read_directly({})


# Signals


@pytest.mark.parametrize(
    ("signum", "status"), [(signal.SIGINT, 130), (windows.SIGBREAK, 149), (signal.SIGTERM, 143)]
)
def test_ctrl_c_and_ctrl_break_end_it_with_their_status(signum: int, status: int) -> None:
    """The console sends Ctrl-Break when it is closed, too. There is no SIGHUP."""
    said = windows.run(
        "import os\n"
        "from kubectl_oidc import slow_path\nfrom kubectl_oidc.system import signals\n"
        "from kubectl_oidc.system.file_lock import FileLock\n"
        "def ended(words, ahead):\n"
        "    signals.listen()\n"
        "    with FileLock(['lock']) as lock:\n"
        "        assert lock.try_acquire()\n"
        f"        try: os.kill(os.getpid(), {int(signum)})\n"
        "        finally: print('tidied up')\n"
        "import kubectl_oidc.cli.program\n"
        "kubectl_oidc.cli.program.main = lambda *_: ended(None, False)\n"
        "print(slow_path.run(None))\n"
    )
    assert said == f"tidied up\n{status}\n"


def test_a_wait_lets_ctrl_c_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows a thread that waits for another without end takes no Ctrl-C; here each wait ends soon."""
    from kubectl_oidc.system.deadline import bounded

    waits: list[float | None] = []
    real = threading.Thread.join

    def join(self: threading.Thread, timeout: float | None = None) -> None:
        waits.append(timeout)
        real(self, timeout)

    monkeypatch.setattr(threading.Thread, "join", join)
    bounded(lambda: time.sleep(0.7), 30, TimeoutError)
    assert len(waits) >= 2
    assert all(seconds is not None and seconds <= 0.5 for seconds in waits)


def test_the_callback_servers_loop_has_nothing_to_do_with_signals() -> None:
    """Windows' loop would have each signal written to a socket that is closed after the sign-in."""
    windows.run(
        "import asyncio, signal\n"
        "asyncio.new_event_loop().close()\n"
        "assert signal.set_wakeup_fd(-1) != -1, 'the loop that stands for it does what it should not'\n"
        "from kubectl_oidc.loopback.server_thread import ListenerThread\n"
        "from kubectl_oidc.loopback.pages import already_answered_page\n"
        "thread = ListenerThread((), lambda *_: None, print)\n"
        "assert signal.set_wakeup_fd(-1) == -1\n"
        "thread.finish(already_answered_page(), 0)\n"
    )


# The terminal


def typed(*keys: object, ask: str = "keys.ask('Password: ', Deadline.after(5))") -> str:
    """Return what is read of keys at Windows' console, or the name of what it ends with."""
    said = windows.run(
        "import sys\n"
        "from kubectl_oidc.system.deadline import Deadline\n"
        "from kubectl_oidc.system.keyboard import Keyboard\n"
        "from kubectl_oidc.system.terminal import Terminal\n"
        f"windows.KEYS.typed = {list(keys)!r}\n"
        "keys = Keyboard(0, Terminal())\n"
        f"try: found = {ask}\n"
        "except BaseException as error: found = type(error).__name__\n"
        "sys.stdout.write(ascii(found))\n"
    )
    assert said.startswith("'")
    return str(eval(said, {}))  # noqa: S307 - a literal that this file has printed


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ([*"secret", "\r"], "secret"),
        ([*"citt", "\xe0", *" x", "\r"], "citt\xe0 x"),
        (["\xe0", "\r"], "\xe0"),
        (["a", ("\xe0", "H"), ("\xe0", "K"), ("\x00", ";"), "b", "\r"], "ab"),
        (["\ud83d", "\ude00", "\u20ac", "\r"], "\U0001f600\u20ac"),
        ([*"abc", "\b", "\xe0", "\b", "\r"], "ab"),
        ([*"x" * 9000, "\r"], "x" * 9000),
        ([*"ab", "\x03"], "Interrupted"),
        (["\r"], "SignInError"),
        ([], "SignInTimeout"),
    ],
)
def test_keys_at_the_console_of_windows(keys: list[object], line: str) -> None:
    """An à looks like the first half of an arrow key; characters beyond 16 bits come in two; nothing is lost."""
    ask = (
        "keys.ask('Password: ', Deadline.after(0.3))"
        if not keys
        else "keys.ask('Password: ', Deadline.after(5))"
    )
    assert typed(*keys, ask=ask) == line


def test_the_null_device_is_no_terminal() -> None:
    """Windows' isatty is true for NUL: a program that gives it to us would be asked a question that nobody sees."""
    windows.run(
        "import io\n"
        "from kubectl_oidc.system.standard_error import is_terminal\n"
        "class FileIO(io.RawIOBase):\n"
        "    def isatty(self): return True\n"
        "    def writable(self): return True\n"
        "class _WindowsConsoleIO(FileIO): pass\n"
        "def stream(raw): return io.TextIOWrapper(io.BufferedWriter(raw))\n"
        "assert not is_terminal(stream(FileIO())), 'NUL'\n"
        "assert is_terminal(stream(_WindowsConsoleIO()))\n"
        "assert not is_terminal(None)\n"
    )


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
def test_a_pipe_gets_utf_8_whatever_its_code_page_is(encoding: str) -> None:
    """What Python writes to a pipe on Windows is in the code page, and `status` names people of everywhere."""
    script = (
        "import click\n"
        "from kubectl_oidc import slow_path\n"
        "from kubectl_oidc.cli import program\n"
        "program.main = lambda *_: click.echo('\\u0141ukasz') or 0\n"
        "print(slow_path.run(None))\n"
    )
    assert windows.run(script, env={"PYTHONIOENCODING": encoding}).splitlines() == ["Łukasz", "0"]


# Locks


HOLDER = (
    "import sys, time\n"
    "from kubectl_oidc.system.file_lock import FileLock\n"
    "lock = FileLock(sys.argv[1:])\n"
    "assert lock.try_acquire()\n"
    "lock.describe('at work')\n"
    "print('held', flush=True)\n"
    "time.sleep(60)\n"
)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Have another plugin that holds a lock on Windows."""
    code = f"from tests import windows\nwindows.become()\n{HOLDER}"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "lock")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(parts.REPOSITORY)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


TRY = (
    "import os, sys\n"
    "from kubectl_oidc.system.file_lock import FileLock\n"
    "lock = FileLock(sys.argv[1:])\n"
    "held = lock.try_acquire()\n"
    "pid, doing = lock.holder()\n"
    "print(held, 'me' if pid == os.getpid() else pid, doing, sep=',')\n"
    "lock.release()\n"
)


def test_on_windows_one_plugin_holds_the_lock_and_says_what_for(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    """A second plugin learns who has it. When the holder dies, the lock is free, and its description is gone."""
    lock = str(tmp_path / "lock")
    assert windows.run(TRY, lock) == f"False,{holder.pid},at work\n"
    holder.kill()
    holder.wait()
    assert windows.run(TRY, lock) == "True,me,\n"


def test_on_windows_a_lock_that_cannot_be_described_is_held_all_the_same(tmp_path: Path) -> None:
    """A full disk, or a scanner that has the file: it is ours, only nameless."""
    (tmp_path / "lock").mkdir()  # what cannot be written
    assert windows.run(TRY, str(tmp_path / "lock")) == "True,0,\n"


def test_on_windows_a_lock_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """The lock never falls back to filelock's soft lock."""
    said = windows.run(
        "import sys\n"
        "from kubectl_oidc.system.file_lock import FileLock\n"
        "try: FileLock(sys.argv[1:]).try_acquire()\n"
        "except OSError as error: print(type(error).__name__, error.filename)\n"
        "assert not hasattr(sys.modules['filelock'], 'SoftFileLock')\n",
        str(tmp_path / "gone" / "lock"),
    )
    assert said == f"FileNotFoundError {tmp_path}/gone/lock\n"


def test_on_windows_whoever_hangs_is_ended_by_its_own_command(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    """There is no kill there."""
    said = windows.run(
        "import sys\n"
        "from kubectl_oidc.system.file_lock import FileLock\n"
        "from kubectl_oidc.sessions.lock_wait import still_held\n"
        "lock = FileLock(sys.argv[1:])\n"
        "assert not lock.try_acquire()\n"
        "print(still_held(lock, 5).hint)\n",
        str(tmp_path / "lock"),
    )
    assert f"(taskkill /F /PID {holder.pid})" in said


def test_macos_has_its_locks_on_the_machine_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the user's own directory below /var/folders, whatever TMPDIR and HOME are."""
    asked: list[object] = []

    def confstr(name: object) -> str:
        asked.append(name)
        return f"{tmp_path}/T/"

    monkeypatch.setattr(os, "confstr", confstr)
    assert lock_directory._darwin_directory("darwin") is None, "XDG_RUNTIME_DIR names one"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert lock_directory._darwin_directory("darwin") == tmp_path / "T" / "kubectl-oidc"
    assert asked == [65537]
    assert lock_directory._darwin_directory("linux") is None


def test_a_runtime_directory_that_is_named_holds_the_locks_on_macos_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Older releases of platformdirs know XDG_RUNTIME_DIR on Linux only, and would take a directory in the home."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    assert lock_directory.local_directory() == tmp_path / "kubectl-oidc"


def test_a_mac_whose_name_has_changed_still_knows_the_holder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its name comes from the network (scutil(8)), and a laptop changes networks; the local directory is not shared with another machine."""
    tmp_path.chmod(0o700)
    paths = [str(tmp_path / "local.lock"), str(tmp_path / "home.lock")]
    monkeypatch.setattr(sys, "platform", "darwin")
    with FileLock(paths) as holder:
        assert holder.try_acquire()
        monkeypatch.setattr(locked_file, "host_name", lambda: "dhcp-17.corp.example")
        holder.describe("signing in")
        waiter = FileLock(paths)
        assert not waiter.try_acquire()
        assert waiter.holder() == (os.getpid(), "signing in")
        assert FileLock(paths[1:]).holder() == (0, "on dhcp-17.corp.example, signing in"), (
            "a home may be shared"
        )
        monkeypatch.setattr(sys, "platform", "linux")
        assert waiter.holder() == (0, "on dhcp-17.corp.example, signing in"), (
            "and a directory with a container"
        )


@pytest.mark.parametrize("answer", [None, "", OSError(22, "Invalid argument"), ValueError("unrecognized")])
def test_a_system_without_that_directory_has_another(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    """Linux' own confstr knows no such name."""

    def confstr(_name: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(os, "confstr", confstr)
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert lock_directory._darwin_directory("darwin") is None


# Detached processes


def test_nothing_is_begun_in_the_background_on_windows(tmp_path: Path) -> None:
    """There is no fork, so the refresh waits until the token expires."""
    (tmp_path / "ahead").mkdir(mode=0o700)
    said = windows.run(
        "import sys\n"
        "from kubectl_oidc.fast_path import refresh_ahead\n"
        "print(refresh_ahead.start_refresh(sys.argv[1], '0' * 32, refresh_ahead.ALWAYS))\n",
        str(tmp_path),
    )
    assert said == "False\n"
    assert list((tmp_path / "ahead").iterdir()) == [], "and no claim is made that nobody keeps"


START_AGAIN = """
import sys
sys.platform = "darwin"
from kubectl_oidc.fast_path import refresh_ahead
sys.executable = sys.argv[1]
refresh_ahead._start_again()
"""


def start_again(program: Path, *, inherited: int) -> None:
    """Have a process on macOS start itself again as ``program``, with a descriptor that it has inherited."""
    subprocess.run(
        [sys.executable, "-c", START_AGAIN, str(program)],
        env={**os.environ, "PYTHONPATH": str(parts.REPOSITORY)},
        pass_fds=[inherited],
        capture_output=True,
        check=True,
        timeout=20,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the process lists its descriptors in /proc")
def test_on_macos_the_process_in_the_background_inherits_nothing(tmp_path: Path) -> None:
    """It is a new one, of a session of its own, with the null device as its standard files. kubectl waits for none of them."""
    program, said = tmp_path / "python", tmp_path / "said"
    program.write_text(
        "#!/bin/sh\n"
        "found=$(readlink /proc/$$/fd/[0-2])\n"
        f'echo "$_KUBECTL_OIDC_AHEAD $(ps -o sid= -p $$) $$ $found" > {said}.part\n'
        f"mv {said}.part {said}\nexec sleep 5\n"
    )
    program.chmod(0o700)
    reading, writing = os.pipe()
    began = time.monotonic()
    start_again(program, inherited=writing)
    os.close(writing)
    assert os.read(reading, 1) == b"", "nobody has it"
    os.close(reading)
    assert time.monotonic() - began < 4
    while not said.exists() and time.monotonic() - began < 20:
        time.sleep(0.02)
    mark, session_id, pid, *files = said.read_text().split()
    assert (mark, session_id) == ("1", pid)
    assert files == [os.devnull] * 3


def test_a_python_that_cannot_be_started_again_is_no_error(tmp_path: Path) -> None:
    """The answer is written already; the next call after a minute tries once more."""
    reading, writing = os.pipe()
    try:
        start_again(tmp_path / "nowhere", inherited=writing)
    finally:
        os.close(reading)
        os.close(writing)


# The disk


def test_on_macos_a_session_is_written_to_the_disk_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """fsync(2) leaves it in the disk's own memory there. A file server may have no other."""
    import fcntl

    asked: list[int] = []
    synced: list[int] = []
    full = 51

    def control(_descriptor: int, command: int) -> None:
        asked.append(command)
        if len(asked) > 2:
            raise OSError(45, "Operation not supported")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", full, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", control)
    monkeypatch.setattr(os, "fsync", synced.append)
    tmp_path.chmod(0o700)
    private_files.write_private_file(tmp_path, "session", b"x", lasting=True)
    assert (asked, synced) == ([full, full], [])
    private_files.write_private_file(tmp_path, "session", b"y", lasting=True)
    assert len(synced) == 2
    assert private_files.read_private_file(tmp_path, "session") == b"y"


# The network and the processor


def test_a_local_network_that_macos_hides_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that may not use it gets EHOSTUNREACH since macOS 15 (Apple TN3179). On Linux no setting is behind that."""
    error = OSError(errno.EHOSTUNREACH, "No route to host")

    def hint() -> str:
        return (
            failures.explain(
                error,
                url="https://sso.corp.example/token",
                progress=RequestProgress(),
                seconds=1,
                options=TlsOptions(),
            ).hint
            or ""
        )

    assert "Local Network" not in hint()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Local Network" in hint()


def test_a_library_for_another_processor_is_no_damaged_installation(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """An Intel kubectl runs under Rosetta, and so does a universal Python that it starts; its libraries may be for ARM."""
    words = "dlopen(/x.so, 0x0002): tried: '/x.so' (mach-o file, but is an incompatible architecture (have 'arm64', need 'x86_64'))"
    slow_path._report_internal_error(ImportError(words, name="_cffi_backend"))
    said = capfd.readouterr().err
    assert "_cffi_backend" in said
    assert "kubectl" in said
    assert "install the program again" not in said
    assert "(troubleshooting: python-modules)" in said


# Sockets


TAKEN = (
    "import errno, socket\n"
    "from kubectl_oidc.loopback import sockets\n"
    "from kubectl_oidc.loopback.listen_address import ListenAddress\n"
    "from kubectl_oidc.errors import NoFreeListenAddress\n"
    "class Exclusive(socket.socket):\n"
    "    refused = 0\n"
    "    def bind(self, where):\n"
    "        if REFUSES(self, where):\n"
    "            Exclusive.refused += 1\n"
    "            error = PermissionError(errno.EACCES, 'An attempt was made to access a socket in a way forbidden')\n"
    "            error.winerror = 10013\n"
    "            raise error\n"
    "        super().bind(where)\n"
    "sockets.socket.socket = Exclusive\n"
)


def test_a_free_port_that_windows_reserves_for_ipv6_is_not_taken() -> None:
    """WSAEACCES means taken there: with port 0 another one is asked for."""
    windows.run(
        TAKEN.replace("REFUSES(self, where)", "self.family == socket.AF_INET6 and Exclusive.refused < 3")
        + "found = sockets.listen([ListenAddress('127.0.0.1', 0)])\n"
        "assert found.tried == ()\n"
        "assert Exclusive.refused == (3 if socket.has_ipv6 and len(found.sockets) == 2 else Exclusive.refused)\n"
    )


def test_a_port_that_windows_reserves_leads_to_the_next_address() -> None:
    """Hyper-V reserves ranges of ports: the error says so, and names the command that shows who listens."""
    said = windows.run(
        TAKEN.replace("REFUSES(self, where)", "where[1] == 8000")
        + "found = sockets.listen([ListenAddress('127.0.0.1', 8000), ListenAddress('127.0.0.1', 0)])\n"
        "print(found.tried[0], found.tried[0].reason)\n"
        "try: sockets.listen([ListenAddress('127.0.0.1', 8000)])\n"
        "except NoFreeListenAddress as error: print(error.hint)\n"
    )
    assert said.startswith("127.0.0.1:8000 in use")
    assert "Windows" in said.splitlines()[0]
    assert "netstat -ano -p TCP | findstr :8000" in said


def test_on_windows_a_port_of_ours_is_ours_alone() -> None:
    """SO_REUSEADDR would let any program take it there while we listen: SO_EXCLUSIVEADDRUSE is set in its place."""
    windows.run(
        "import socket\n"
        "from kubectl_oidc.loopback import sockets\n"
        "from kubectl_oidc.loopback.listen_address import ListenAddress\n"
        "for listener in sockets.listen([ListenAddress('127.0.0.1', 0)]).sockets:\n"
        "    assert not listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)\n"
        "    assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE)\n"
    )
