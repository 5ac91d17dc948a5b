"""The current credential where the hot half finds it, and what else may stand in its place."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.fast_path import credential
from kubectl_oidc.sessions.current_credential import CurrentCredential
from kubectl_oidc.sessions.stores.kernel import KernelStore
from kubectl_oidc.system.log import Log
from tests.sessions import cache, key, linux_only, need_the_kernel_keyring, posix_only, session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = int(time.time())
KEY = key(name=secrets.token_hex(8))
WHOLE = session(KEY)


def current(storage: str, level: int = 1) -> CurrentCredential:
    return CurrentCredential(
        KEY.id(), storage=storage, cache_dir=cache(), environ={"CI": "1"}, log=Log(level)
    )


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
def test_it_rests_beside_the_session(storage: str, place: str) -> None:
    """Where the kernel keyring is not ours alone, a session in the OS keyring has it there."""
    assert current(storage).place() == place


@pytest.mark.parametrize("storage", ["keyring", "none"])
def test_where_the_hot_half_cannot_look_nothing_is_put(storage: str) -> None:
    """No place, and no file."""
    assert current(storage).put(WHOLE, NOW) == ""
    assert not cache().exists()


@pytest.mark.parametrize("record", [b"", b"kubectl-oidc credential 2\n", b"\xff" * 50])
def test_a_damaged_or_future_credential_is_said_and_replaced(
    file: Path, record: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """At -v 1, and not without; a good one is no matter."""
    current("disk").put(WHOLE, NOW)
    assert capsys.readouterr().err == ""
    for level in (0, 1):
        file.write_bytes(record)
        current("disk", level).put(WHOLE, NOW)
        said = capsys.readouterr().err
        words = f"[v1] the credential in {file} is damaged or of another version: it is not used\n"
        assert said == (words if level else "")
        found = credential.read_credential(KEY.id(), "disk", str(cache()))
        assert found is not None
        assert found.expiry == WHOLE.expiry


@posix_only
def test_a_credential_file_that_is_not_ours_alone_is_said(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is wrong with it."""
    file.chmod(0o644)
    current("disk").put(WHOLE, NOW)
    assert capsys.readouterr().err == f"[v1] {file} can be used by others: it is not used\n"
    assert file.stat().st_mode & 0o777 == 0o600


@linux_only
def test_a_damaged_credential_in_the_kernel_keyring_is_said_and_replaced(
    in_kernel: KernelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the keyring's name."""
    in_kernel.publish(KEY.id(), b"kubectl-oidc credential 2\n", 60)
    assert current("kernel").put(WHOLE, NOW) == "kernel"
    said = "[v1] the credential in the kernel keyring is damaged or of another version: it is not used\n"
    assert capsys.readouterr().err == said
    assert credential.read_credential(KEY.id(), "kernel", "") is not None
    assert current("kernel").withdraw()
    assert not current("kernel").withdraw()
    assert credential.read_credential(KEY.id(), "kernel", "") is None
