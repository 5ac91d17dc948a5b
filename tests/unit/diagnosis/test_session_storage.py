"""The store in which the session is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis import session_storage
from kubectl_oidc.diagnosis.session_storage import check_storage
from kubectl_oidc.errors import StoreError
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.sessions.stores.disk import DiskStore
from tests.unit.diagnosis.doctor_run import doctor_run, result_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_place_that_works_is_left_as_it_was(tmp_path: Path) -> None:
    """What was put there to try it is gone, and no session is known of."""
    kind, message, _ = result_of(check_storage(doctor_run(cache_dir=tmp_path, storage="disk")))
    assert kind == "ok"
    assert "written, read and cleared in" in message
    assert list((tmp_path / "tokens").iterdir()) == []
    assert index.read_all(tmp_path) == []


def test_files_because_there_is_nothing_better_are_a_warning(tmp_path: Path) -> None:
    """Where nobody chose them: without a keyring, and in CI, where the kernel's is not used."""
    run = doctor_run(cache_dir=tmp_path, environ={"CI": "1"})
    kind, message, _ = result_of(check_storage(run))
    assert kind == "warning"
    assert f"rest in files: {tmp_path / 'tokens'}" in message


def test_a_slow_place_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_storage, "_SLOW_SECONDS", 0.0)
    kind, message, _ = result_of(check_storage(doctor_run(cache_dir=tmp_path, storage="disk")))
    assert kind == "warning"
    assert "to write, read and clear" in message


def test_a_locked_place_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would ask."""
    monkeypatch.setattr(DiskStore, "asks", lambda _: True)
    kind, message, _ = result_of(check_storage(doctor_run(cache_dir=tmp_path, storage="disk")))
    assert kind == "warning"
    assert "background programs cannot use it" in message
    assert not (tmp_path / "tokens").exists()


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        list(check_storage(doctor_run(cache_dir=tmp_path / "file" / "cache", storage="disk")))
