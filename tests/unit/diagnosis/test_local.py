"""The port that the browser comes back to, and the place where the session rests."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.diagnosis import local
from kubectl_oidc.diagnosis.local import check_redirect, check_storage
from kubectl_oidc.errors import NoFreeListenAddress, StoreError
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.sessions.stores.disk import DiskStore
from tests.patient import patient, seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def taken() -> Iterator[int]:
    """Hold a port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free() -> ListenAddress:
    return ListenAddress("127.0.0.1", 0)


def test_a_free_port_is_free_afterwards(taken: int) -> None:
    """It is only tried."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    addresses = (ListenAddress("127.0.0.1", port),)
    assert port != taken
    for _ in range(2):
        assert seen(check_redirect(patient(listen_addresses=addresses))) == (
            "ok",
            f"127.0.0.1:{port} is free",
            "",
        )


def test_the_second_choice_is_a_warning_and_none_an_error(taken: int) -> None:
    """The second must be registered as well."""
    addresses = (ListenAddress("127.0.0.1", taken), free())
    kind, message, hint = seen(check_redirect(patient(listen_addresses=addresses)))
    assert kind == "warning"
    assert f"127.0.0.1:{taken} is in use by another program" in message
    assert "register http://localhost:" in hint
    with pytest.raises(NoFreeListenAddress):
        list(check_redirect(patient(listen_addresses=addresses[:1])))


@pytest.mark.parametrize(
    "request_",
    [{"grant": "device-code"}, {"grant": "password"}, {"redirect_url": "https://oidc.example.com/callback"}],
)
def test_where_no_browser_comes_back_no_port_is_tried(taken: int, request_: dict[str, Any]) -> None:
    addresses = (ListenAddress("127.0.0.1", taken),)
    assert seen(check_redirect(patient(listen_addresses=addresses, **request_)))[0] == "skipped"


def test_a_place_that_works_is_left_as_it_was(tmp_path: Path) -> None:
    """What was put there to try it is gone, and no session is known of."""
    kind, message, _ = seen(check_storage(patient(cache_dir=tmp_path, storage="disk")))
    assert kind == "ok"
    assert "written, read and cleared in" in message
    assert list((tmp_path / "tokens").iterdir()) == []
    assert index.read_all(tmp_path) == []


def test_files_because_there_is_nothing_better_are_a_warning(tmp_path: Path) -> None:
    """Where nobody chose them: without a keyring, and in CI, where the kernel's is not used."""
    examination = patient(cache_dir=tmp_path, environ={"CI": "1"})
    kind, message, _ = seen(check_storage(examination))
    assert kind == "warning"
    assert f"rest in files: {tmp_path / 'tokens'}" in message


def test_a_slow_place_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_SLOW", 0.0)
    kind, message, _ = seen(check_storage(patient(cache_dir=tmp_path, storage="disk")))
    assert kind == "warning"
    assert "to write, read and clear" in message


def test_a_locked_place_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would ask."""
    monkeypatch.setattr(DiskStore, "asks", lambda _: True)
    kind, message, _ = seen(check_storage(patient(cache_dir=tmp_path, storage="disk")))
    assert kind == "warning"
    assert "background programs cannot use it" in message
    assert not (tmp_path / "tokens").exists()


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        list(check_storage(patient(cache_dir=tmp_path / "file" / "cache", storage="disk")))
