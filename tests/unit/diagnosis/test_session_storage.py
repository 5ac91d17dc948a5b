"""The store in which the session is kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis import Finding, session_storage
from kubectl_oidc.diagnosis.session_storage import check_storage
from kubectl_oidc.errors import StoreError
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.sessions.permissions import loose_paths
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.sessions.stores.disk import DiskStore
from kubectl_oidc.sessions.upgrade_from_1_0 import former_key
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


def test_a_session_of_1_0_that_is_not_used_is_removed_by_the_repair(tmp_path: Path) -> None:
    """Its id is another one if the user trusts an authority; the present session stays."""
    run = doctor_run(cache_dir=tmp_path, storage="disk", tls=TlsOptions(ca_data=(b"x",)))
    key = run.request.key()
    former = former_key(key, run.request.storage).id()
    assert former != key.id()
    for session_id, trust in ((former, None), (key.id(), key.trust)):
        entry = index.Entry(session_id, "host", person="ada", storage="disk", trust=trust)
        index.write_entry(tmp_path, entry)
    warnings = [one for one in check_storage(run) if isinstance(one, Finding)]
    (found,) = warnings
    assert (found.topic, found.repair is not None) == ("trust", True)
    assert found.repair
    assert found.repair.act
    found.repair.act()
    stored = [entry.session_id for entry in index.read_entries(tmp_path) if entry.storage]
    assert stored == [key.id()]
    assert not [one for one in check_storage(run) if isinstance(one, Finding)]


@pytest.mark.skipif(sys.platform == "win32", reason="there the access list counts, not the mode")
def test_permissions_of_others_are_a_problem_that_can_be_mended(tmp_path: Path) -> None:
    """A directory that others write, a file that they read. A link is left alone, and so is what it leads to."""
    cache, outside = tmp_path / "cache", tmp_path / "outside"
    run = doctor_run(cache_dir=cache, storage="disk")
    list(check_storage(run))
    outside.write_text("x")
    outside.chmod(0o666)
    (cache / "tokens" / "link").symlink_to(outside)
    (cache / "tokens" / "file").write_text("x")
    (cache / "tokens" / "file").chmod(0o640)
    for loose in ([cache / "tokens" / "file"], [cache, cache / "tokens", cache / "tokens" / "file"]):
        for path in loose:
            path.chmod(0o640 if path.is_file() else 0o777)
        (found,) = check_storage(run)
        assert isinstance(found, Finding)
        assert (found.severity, found.topic) == ("problem", "cache-directory")
        assert loose_paths(cache) == loose
        assert found.repair
        assert found.repair.act
        found.repair.act()
        assert loose_paths(cache) == []
    assert outside.stat().st_mode & 0o777 == 0o666
    assert (cache / "tokens" / "file").stat().st_mode & 0o777 == 0o600
