"""A session in the Keychain or the Credential Manager, read on the fast path: over calls that are played (`tests/os_calls.py`)."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from kubectl_oidc.exec_credential import V1
from kubectl_oidc.fast_path.keyring_session import read_session
from kubectl_oidc.fast_path.known_command import KEYRING
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.repository import SessionRepository
from kubectl_oidc.system.log import QUIET
from tests import os_calls, parts
from tests.keyrings import the_os_keyring
from tests.sessions import cache, key, session

if TYPE_CHECKING:
    from pathlib import Path

    from keyring.backend import KeyringBackend

    from kubectl_oidc.fast_path.credential import Credential

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the real thing is tested by the other tests")

MODULES = 45
"""The most modules that an answer from these keyrings imports, the interpreter's own included. More would make everybody wait."""


class Stored(NamedTuple):
    """A session in a keyring, and the calls that read it."""

    backend: KeyringBackend
    library: os_calls.Advapi32 | os_calls.Security
    cache_dir: Path
    name: str

    def read(self) -> Credential | None:
        """Read it as the fast path does."""
        return read_session(key().id(), str(self.cache_dir))

    def change_index(self, **values: object) -> None:
        """Change its entry in the index."""
        file = self.index_file()
        file.write_text(json.dumps({**json.loads(file.read_text()), **values}))

    def index_file(self) -> Path:
        """Return the file of its entry in the index."""
        return self.cache_dir / "sessions" / f"{key().id()}.json"

    def entries(self) -> dict[str, str]:
        """Return its entries in the keyring."""
        parts_of_slot = ("", *(f"/{number}" for number in range(1, 9)))
        names = [f"{self.name}/{slot}{part}" for slot in "ab" for part in parts_of_slot]
        found = {name: self.backend.get_password(name, "session") for name in names}
        return {name: secret for name, secret in found.items() if secret}


@pytest.fixture(params=["darwin", "win32"])
def stored(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """Have a session in the keyring of macOS or Windows."""
    cache_dir = cache()  # of the test's own home
    monkeypatch.setattr(sys, "platform", request.param)
    if request.param == "darwin":
        backend, keychain = os_calls.mac_keychain(monkeypatch)
        library: os_calls.Advapi32 | os_calls.Security = os_calls.Security(keychain)
        monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: library)
    else:
        backend, locker = os_calls.credential_locker(monkeypatch)
        library = os_calls.Advapi32(locker)
        monkeypatch.setattr(ctypes, "WinDLL", lambda *_, **__: library, raising=False)
    with the_os_keyring(backend):
        repository = SessionRepository(key(), storage="keyring", cache_dir=cache_dir, environ={}, log=QUIET)
    whole = session(key(), expiry=int(time.time()) + 3600, id_token=Secret("x" * 6000))
    assert repository.save(whole, int(time.time()))
    return Stored(backend, library, cache_dir, f"kubectl-oidc/{key().id()}")


def test_what_the_system_hands_out_is_freed_and_the_user_may_be_asked_afterwards(stored: Stored) -> None:
    """Nothing of the fast path is left for the slow path, which may need a prompt."""
    assert stored.read()
    assert stored.library.unfreed == 0
    assert getattr(stored.library, "may_ask", 1) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 99},
        {"storage": "disk"},
        {"former": ["disk"]},
        {"expiry": 1},
        {"version": 2},
        {"session_id": "0" * 32},
        {"refreshed_at": "now"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_session_that_its_index_does_not_confirm_is_not_used(
    stored: Stored, change: dict[str, object]
) -> None:
    """A purge, a newer generation, another store: the slow path looks at it."""
    assert stored.read()
    stored.change_index(**change)
    assert stored.read() is None


@pytest.mark.parametrize("index", [b"", b"{", b"[]", b'{"version": 1}', b"\xff", b"[" * 100_000])
def test_an_index_that_is_damaged_is_no_error(stored: Stored, index: bytes) -> None:
    """The slow path reports it."""
    stored.index_file().write_bytes(index)
    assert stored.read() is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("xxx", "xyx"),
        ("kubectl-oidc-slot-1", "kubectl-oidc-slot-2"),
        ("slot-1 1", "slot-1 x"),
        ('"version":1', '"version":2'),
    ],
)
def test_a_damaged_session_is_not_used(stored: Stored, old: str, new: str) -> None:
    """Its digest does not fit, or its format is another."""
    for name, secret in stored.entries().items():
        stored.backend.set_password(name, "session", secret.replace(old, new))
    assert stored.read() is None


def test_a_part_that_is_missing_is_no_session(stored: Stored) -> None:
    """The Keychain needs no parts for it; the Credential Manager holds 2,560 bytes in one."""
    name = max(stored.entries())
    stored.backend.delete_password(name, "session")
    assert stored.read() is None


def test_the_newest_whole_session_of_two_is_read(stored: Stored) -> None:
    """A writer was killed: the newer slot is damaged, and the older one is still current."""
    name = stored.name
    head = stored.entries()[f"{name}/a"].replace("slot-1 1 ", "slot-1 2 ", 1)
    stored.backend.set_password(f"{name}/b", "session", head.replace("xxx", "xyx"))
    assert stored.read()


def test_an_answer_imports_few_modules(stored: Stored) -> None:
    """Neither the keyring library nor json, re, typing or threading."""
    module = "keychain" if sys.platform == "darwin" else "credential_manager"
    script = (
        "import sys\n"
        f"sys.platform, entries = {sys.platform!r}, {stored.entries()!r}\n"
        f"from kubectl_oidc.fast_path import answer_from_cache, {module}\n"
        f"{module}.read_entry = lambda service, _: entries.get(service)\n"
        "from kubectl_oidc.fast_path.known_command import KnownCommand\n"
        f"words = KnownCommand({key().id()!r}, {V1!r}, {KEYRING!r}, {str(stored.cache_dir)!r}, 10, ())\n"
        "assert answer_from_cache(words) == 0\n"
        "sys.stderr.write(' '.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={**os.environ, "PYTHONPATH": str(parts.REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "x" * 6000 in done.stdout
    modules = set(done.stderr.split())
    assert {"ctypes", "kubectl_oidc.fast_path.keyring_session"} <= modules
    assert not modules & {"keyring", "json", "re", "typing", "threading", "kubectl_oidc.slow_path"}
    assert len(modules) <= MODULES, sorted(modules)
