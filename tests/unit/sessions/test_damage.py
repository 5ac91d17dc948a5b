"""Damaged, cut or future records are treated as missing and logged at -v 1: sessions in each store, index, known commands."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.authentication.outcome import Outcome
from kubectl_oidc.authentication.remember_command import remember_command
from kubectl_oidc.authentication.request import SignInRequest
from kubectl_oidc.exec_credential import V1
from kubectl_oidc.fast_path import known_command
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.sessions.repository import SessionRepository
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.sessions.stores.kernel import KernelStore
from kubectl_oidc.system import private_files
from kubectl_oidc.system.log import Log
from tests.keyrings import SecretServiceLike, WindowsLike, the_os_keyring
from tests.sessions import (
    CLIENT,
    ISSUER,
    cache,
    kept,
    key,
    need_the_kernel_keyring,
    posix_only,
    remembered,
    repository,
    session,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = key(name=secrets.token_hex(8))
NOW = int(time.time())
STORES = ("disk", "kernel", "windows", "secret service")
CI = {"CI": "true"}  # the kernel keyring is not used beside the OS keyring

DAMAGE: dict[str, Callable[[str], str]] = {
    "all but empty": lambda _record: "{",
    "cut": lambda record: record[:-9],
    "one character changed": lambda record: record.replace("refresh-token", "refresh_token", 1),
    "of a future version": lambda record: record.replace('{"version":1', '{"version":2', 1),
    "another session's": lambda record: record.replace(KEY.id(), "f" * 32),
    "no text": lambda _record: "\x00\x01",
}


class Stored:
    """A session in a store, and a way to put anything in its record's place.

    Args:
        store: One of STORES.
    """

    def __init__(self, store: str) -> None:
        self.name = store if store in {"disk", "kernel"} else "keyring"
        self.backend = WindowsLike() if store == "windows" else SecretServiceLike()

    def repository(self, level: int = 0) -> SessionRepository:
        return SessionRepository(KEY, storage=self.name, cache_dir=cache(), environ=CI, log=Log(level))

    def put(self, record: str) -> None:
        """Put it in the record's place, without any check."""
        if self.name == "keyring":
            for service, (user, _) in list(self.backend.kept.items()):
                self.backend.kept[service] = (user, record)
        else:
            self.repository().store.save(KEY.id(), record.encode())


@pytest.fixture(params=STORES)
def stored(request: pytest.FixtureRequest) -> Iterator[Stored]:
    """Have a session in each store."""
    if request.param == "kernel":
        need_the_kernel_keyring()
    here = Stored(request.param)
    with the_os_keyring(here.backend):
        yield here
    if request.param == "kernel":
        KernelStore().delete(KEY.id())
        KernelStore().withdraw(KEY.id())


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_session_is_treated_as_missing_and_logged(
    stored: Stored, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log names its place, only at -v 1, and the next session replaces it."""
    whole = kept(stored.repository(), session(KEY))
    assert stored.repository(1).load() == whole
    assert capsys.readouterr().err == ""
    stored.put(DAMAGE[damage](whole.record().decode()))

    assert stored.repository(0).load() is None
    assert capsys.readouterr().err == ""
    one = stored.repository(1)
    assert one.load() is None
    where = one.store.where()
    logged = capsys.readouterr().err.splitlines()
    assert [where in line for line in logged] == [True, True], "the damage, and that there is no session"
    fresh = session(KEY, generation=one.index_entry.next_generation(None))
    assert one.save(fresh, NOW)
    assert stored.repository().load() == fresh


def test_a_session_that_is_not_there_is_no_damage(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    """The log says only that there is none."""
    one = stored.repository(1)
    assert one.load() is None
    (logged,) = capsys.readouterr().err.splitlines()
    assert one.store.where() in logged


def _is_wide(path: Path) -> str:
    path.chmod(0o640)
    return str(path)


def _has_two_names(path: Path) -> str:
    path.with_name("other").hardlink_to(path)
    return str(path)


def _is_a_link(path: Path) -> str:
    path.rename(path.with_name("other"))
    path.symlink_to(path.with_name("other"))
    return str(path)


def _is_endless(path: Path) -> str:
    with path.open("ab") as file:
        file.truncate(private_files.FILE_LIMIT + 1)
    return str(path)


def _is_where_others_write(path: Path) -> str:
    path.parent.chmod(0o777)
    return str(path.parent)


@posix_only
@pytest.mark.parametrize("what", [_is_wide, _has_two_names, _is_a_link, _is_endless, _is_where_others_write])
def test_a_file_that_others_can_use_is_treated_as_missing_and_logged(
    what: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise nobody would know why a session that is there is not used."""
    kept(repository(KEY), session(KEY))
    named = what(cache() / "tokens" / KEY.id())
    assert SessionRepository(KEY, storage="disk", cache_dir=cache(), environ={}, log=Log(1)).load() is None
    assert named in capsys.readouterr().err.splitlines()[0]


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 2}'])
def test_a_damaged_index_entry_is_logged_and_loses_no_session(
    content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """The session is used, and the log names the file at -v 1."""
    whole = kept(repository(KEY), session(KEY))
    entry = cache() / "sessions" / f"{KEY.id()}.json"
    entry.write_bytes(content)
    one = SessionRepository(KEY, storage="disk", cache_dir=cache(), environ={}, log=Log(1))
    assert one.load() == whole
    (logged,) = capsys.readouterr().err.splitlines()
    assert str(entry) in logged


def test_a_damaged_known_command_is_logged_and_breaks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The command is unknown, and at -v 1 the damaged file is named, and no other."""
    whole = session(KEY)
    one = repository(KEY)
    remembered(one, ["get-token", "whole"], "disk")
    damaged = remembered(one, words_of(KEY), "disk")
    record = damaged.read_bytes()
    outcome = Outcome(
        renewed=False,
        session=whole,
        storage="somewhere",
        place="disk",
        repository=one,
    )
    request = SignInRequest(
        issuer=ISSUER, client_id=CLIENT, tls=TlsOptions(), storage=SessionStorage(cache_dir=cache())
    )
    future = record.replace(known_command.FORMAT, known_command.FORMAT + b"0", 1)
    for content in (b"", record[:-1], future):
        damaged.write_bytes(content)
        assert known_command.find_known_command(words_of(KEY)) is None
        remember_command(request, outcome, api_version=V1, margin=10, settings="", log=Log(1))
        (logged,) = capsys.readouterr().err.splitlines()
        assert str(damaged) in logged
