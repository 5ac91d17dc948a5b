"""The current credential, stored for the fast path, and damaged files or keys in its place."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.fast_path import credential
from kubectl_oidc.sessions.current_credential import CurrentCredential
from kubectl_oidc.sessions.stores.base import Place
from kubectl_oidc.sessions.stores.kernel import KernelStore
from kubectl_oidc.sessions.stores.no_store import NoStore
from kubectl_oidc.system.log import JSON, Log
from tests.sessions import cache, key, linux_only, need_the_kernel_keyring, posix_only, session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = int(time.time())
KEY = key(name=secrets.token_hex(8))
WHOLE = session(KEY)


def current(storage: str, level: int = 1) -> CurrentCredential:
    store = NoStore()
    store.name = storage
    return CurrentCredential(Place(KEY.id(), store, cache(), Log(level, JSON)), {"CI": "1"})


@pytest.fixture
def file() -> Path:
    """Have a credential in its file, and return that."""
    assert current("disk").put(WHOLE, NOW) == "disk"
    return cache() / "credentials" / KEY.id()


@pytest.fixture
def in_kernel() -> Iterator[KernelStore]:
    """Have a place in the kernel keyring that is empty afterwards."""
    need_the_kernel_keyring()
    store = KernelStore()
    yield store
    store.withdraw(KEY.id())


@pytest.mark.parametrize(
    ("storage", "place"), [("disk", "disk"), ("kernel", "kernel"), ("keyring", "keyring"), ("none", "")]
)
def test_it_is_stored_with_the_session(storage: str, place: str) -> None:
    """If the kernel keyring is not private, the credential of a session in the OS keyring is there too."""
    assert current(storage).place() == place


@pytest.mark.parametrize("storage", ["keyring", "none"])
def test_if_the_fast_path_cannot_read_it_nothing_is_stored(storage: str) -> None:
    """No place, and no file."""
    assert current(storage).put(WHOLE, NOW) == ""
    assert not cache().exists()


@pytest.mark.parametrize("record", [b"", b"kubectl-oidc credential 2\n", b"\xff" * 50])
def test_a_damaged_or_future_credential_is_logged_and_replaced(
    file: Path, record: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only at -v 1. A valid one is not logged."""
    current("disk").put(WHOLE, NOW)
    assert capsys.readouterr().err == ""
    for level in (0, 1):
        file.write_bytes(record)
        current("disk", level).put(WHOLE, NOW)
        logged = capsys.readouterr().err.splitlines()
        assert len(logged) == level
        assert level == 0 or str(file) in logged[0]
        found = credential.read_credential(KEY.id(), "disk", str(cache()))
        assert found is not None
        assert found.expiry == WHOLE.expiry


@posix_only
def test_a_credential_file_that_others_can_use_is_logged(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log names it, and it is replaced by a private one."""
    file.chmod(0o644)
    current("disk").put(WHOLE, NOW)
    assert str(file) in capsys.readouterr().err
    assert file.stat().st_mode & 0o777 == 0o600


@linux_only
def test_a_damaged_credential_in_the_kernel_keyring_is_logged_and_replaced(
    in_kernel: KernelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the event's name, because it has no path."""
    in_kernel.publish(KEY.id(), b"kubectl-oidc credential 2\n", 60)
    assert current("kernel").put(WHOLE, NOW) == "kernel"
    assert '"record-damaged"' in capsys.readouterr().err
    assert credential.read_credential(KEY.id(), "kernel", "") is not None
    assert current("kernel").withdraw()
    assert not current("kernel").withdraw()
    assert credential.read_credential(KEY.id(), "kernel", "") is None
