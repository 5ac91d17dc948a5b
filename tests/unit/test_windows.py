"""Windows itself: what nothing stands for. Run where there is one, or a Windows Python under Wine (`make windows`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import KubeconfigError, StoreError
from kubectl_oidc.exec_credential import V1
from kubectl_oidc.fast_path.known_command import KEYRING, KnownCommand
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.repository import SessionRepository
from kubectl_oidc.sessions.stores.os_keyring import KeyringStore
from kubectl_oidc.system import files_in_use, private_files
from kubectl_oidc.system.log import QUIET
from tests import parts
from tests.keyrings import the_os_keyring
from tests.sessions import cache, key, session
from tests.unit.kubeconfig.kubeconfig_files import KEPT, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="needs Windows (or make windows)")

MODULES_MORE = 25
"""How many modules a cached answer from the Credential Manager imports, at most, beyond the interpreter's own."""

PRINTED = "import sys; sys.stderr.write(' '.join(sys.modules))"


@pytest.fixture
def credential_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionRepository]:
    """Have a session of another name than any other in the user's own Credential Manager, and remove it afterwards."""
    from keyring.backends.Windows import WinVaultKeyring

    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    one = key(name=os.urandom(8).hex())
    with the_os_keyring(WinVaultKeyring()):  # type: ignore[no-untyped-call]
        repository = SessionRepository(one, storage="keyring", cache_dir=cache(), environ={}, log=QUIET)
    assert isinstance(repository.store, KeyringStore)
    assert repository.store.is_read_directly(os.environ)
    whole = session(one, expiry=int(time.time()) + 3600, id_token=Secret("x" * 6000))
    assert repository.save(whole, int(time.time()))
    yield repository
    repository.store.delete(one.id())


def python(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script in another interpreter; what it prints is UTF-8."""
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(parts.REPOSITORY), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )


def test_a_cached_answer_from_the_credential_manager_imports_few_modules(
    credential_manager: SessionRepository,
) -> None:
    """It is the token that the library has stored, in parts, and the library is not loaded for it."""
    session_id = credential_manager.load().session_id  # type: ignore[union-attr]
    done = python(
        "from kubectl_oidc.fast_path import answer_from_cache\n"
        "from kubectl_oidc.fast_path.known_command import KnownCommand\n"
        f"words = KnownCommand({session_id!r}, {V1!r}, {KEYRING!r}, {str(cache())!r}, 10, ())\n"
        f"assert answer_from_cache(words) == 0\n{PRINTED}"
    )
    assert json.loads(done.stdout)["status"]["token"] == "x" * 6000
    bare = set(python(PRINTED).stderr.split())
    used = set(done.stderr.split()) - bare
    assert not used & {"keyring", "json", "re", "kubectl_oidc.slow_path"}
    assert len(used) <= MODULES_MORE, sorted(used)


def test_a_name_that_the_code_page_lacks_goes_into_a_pipe() -> None:
    """Standard output that is redirected is in the code page, with surrogateescape for its errors: the program writes UTF-8."""
    assert python("import sys; print(sys.stdout.errors)").stdout.strip() == "surrogateescape"
    done = python(
        "import click\n"
        "from kubectl_oidc import slow_path\n"
        "from kubectl_oidc.cli import program\n"
        "program.main = lambda *_: click.echo('\\u0141ukasz \\u0430\\u0434\\u043c\\u0438\\u043d') or 0\n"
        "assert slow_path.run(None) == 0\n"
    )
    assert done.stdout.strip() == "\u0141ukasz \u0430\u0434\u043c\u0438\u043d"


@pytest.mark.parametrize("step", ["write", "remove"])
def test_a_session_file_that_another_program_has_open_is_named_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Not as a disk that is full."""
    monkeypatch.setattr(files_in_use, "SECONDS", 0.2)
    directory = private_files.ensure_directory(tmp_path / "tokens")
    private_files.write_private_file(directory, "a", b"old")
    steps: dict[str, Callable[[], object]] = {
        "write": lambda: private_files.write_private_file(directory, "a", b"new"),
        "remove": lambda: private_files.remove_private_file(directory, "a"),
    }
    with (directory / "a").open("rb"), pytest.raises(StoreError) as caught:
        steps[step]()
    assert "open" in caught.value.message
    assert "space" not in caught.value.hint
    assert private_files.read_private_file(directory, "a") == b"old"


def test_a_kubeconfig_that_nobody_else_may_write_is_unchanged_and_has_no_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program has it open and shares it for reading alone."""
    monkeypatch.setattr(files_in_use, "SECONDS", 0.2)
    path = tmp_path / "config"
    path.write_bytes(KEPT.encode())
    handle = open_for_reading_alone(path)
    try:
        with pytest.raises(KubeconfigError) as caught:
            put(path)
    finally:
        close(handle)
    assert "open" in caught.value.message
    assert path.read_bytes() == KEPT.encode()
    assert not list(tmp_path.glob("config.backup-*"))


def open_for_reading_alone(path: Path) -> int:
    """Open a file as a program does that lets others read it, and neither write nor remove it."""
    if sys.platform == "win32":
        import ctypes

        generic_read, share_read, open_existing = 0x80000000, 1, 3
        ctypes.windll.kernel32.CreateFileW.restype = ctypes.c_void_p
        handle: int = ctypes.windll.kernel32.CreateFileW(
            str(path), generic_read, share_read, None, open_existing, 0, None
        )
        return handle
    raise OSError


def close(handle: int) -> None:
    """Close what `open_for_reading_alone` has opened."""
    if sys.platform == "win32":
        import _winapi

        _winapi.CloseHandle(handle)


def test_the_current_drive_has_no_mark_of_a_container(tmp_path: Path) -> None:
    """Under Wine the drive Z: may well have one."""
    from kubectl_oidc.system.containers import in_container

    assert not in_container({})
    assert tmp_path.drive


def test_a_known_command_is_read_again() -> None:
    """Its paths have drives and backslashes."""
    words = KnownCommand("0" * 32, V1, KEYRING, str(cache()), 10, (rf"{cache()}\locks\a.lock",))
    again = KnownCommand.parse(words.record())
    assert again
    assert (again.directory, again.locks) == (words.directory, words.locks)
