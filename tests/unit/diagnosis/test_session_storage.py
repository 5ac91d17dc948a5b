"""The store in which the session is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis import session_storage
from kubectl_oidc.diagnosis.session_storage import check_storage
from kubectl_oidc.errors import StoreError
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.sessions.stores.disk import DiskStore
from tests.sessions import not_on_windows
from tests.unit.diagnosis.doctor_run import doctor_run, result_of

if TYPE_CHECKING:
    from pathlib import Path


def test_the_test_record_is_removed_from_the_store(tmp_path: Path) -> None:
    """No session is known afterwards."""
    found = result_of(check_storage(doctor_run(cache_dir=tmp_path, storage="disk")))
    assert found.status == "ok"
    assert str(tmp_path / "tokens") in found.message
    assert list((tmp_path / "tokens").iterdir()) == []
    assert index.read_entries(tmp_path) == []


@not_on_windows("Windows always has a keyring")
def test_files_are_a_warning_if_nobody_chose_them(tmp_path: Path) -> None:
    """Without a keyring, and in CI, where the kernel keyring is not used."""
    run = doctor_run(cache_dir=tmp_path, environ={"CI": "1"})
    found = result_of(check_storage(run))
    assert (found.status, found.topic) == ("warning", "store")
    assert str(tmp_path / "tokens") in found.message


def test_a_slow_store_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_storage, "_SLOW_SECONDS", 0.0)
    found = result_of(check_storage(doctor_run(cache_dir=tmp_path, storage="disk")))
    assert (found.status, found.topic) == ("warning", "store")


def test_a_locked_store_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would ask the user."""
    monkeypatch.setattr(DiskStore, "asks", lambda _: True)
    found = result_of(check_storage(doctor_run(cache_dir=tmp_path, storage="disk")))
    assert (found.status, found.topic) == ("warning", "os-keyring")
    assert not (tmp_path / "tokens").exists()


def test_a_store_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        list(check_storage(doctor_run(cache_dir=tmp_path / "file" / "cache", storage="disk")))
