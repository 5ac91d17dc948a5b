"""The store in which the session is kept."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis import Finding, session_storage
from kubectl_oidc.diagnosis.session_storage import check_storage
from kubectl_oidc.errors import StoreError
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.sessions.permissions import loose_paths, make_private
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.sessions.stores.disk import DiskStore
from kubectl_oidc.sessions.upgrade_from_1_0 import former_key
from tests.sessions import not_on_windows, posix_only
from tests.unit.diagnosis.doctor_run import doctor_run, result_of

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.diagnosis.run import DoctorRun


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


def repaired(run: DoctorRun, loose: list[Path]) -> None:
    """Find these paths, and repair them."""
    cache = run.request.storage.cache_dir
    (found,) = check_storage(run)
    assert isinstance(found, Finding)
    assert (found.severity, found.topic) == ("problem", "cache-directory")
    assert loose_paths(cache) == loose
    assert found.repair
    assert found.repair.act
    found.repair.act()
    assert loose_paths(cache) == []


@pytest.fixture
def run(tmp_path: Path) -> DoctorRun:
    """Have a cache directory with three records, and links to files outside that everybody may write."""
    made = doctor_run(cache_dir=tmp_path / "cache", storage="disk")
    list(check_storage(made))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (outside / "file").chmod(0o666)
    outside.chmod(0o777)
    for name in ("tokens", "sessions", "metadata"):
        directory = tmp_path / "cache" / name
        directory.mkdir(mode=0o700, exist_ok=True)
        (directory / "link").symlink_to(outside / "file")
        (directory / "file").write_text("x")
        (directory / "file").chmod(0o600)
    (tmp_path / "cache" / "failed").symlink_to(outside)
    return made


def content(path: Path) -> set[str]:
    return {one.name for one in path.iterdir()}


@posix_only
def test_what_others_can_only_read_is_kept(tmp_path: Path, run: DoctorRun) -> None:
    """A link is left alone, and so is what it leads to."""
    tokens = tmp_path / "cache" / "tokens"
    (tokens / "file").chmod(0o644)
    repaired(run, [tokens / "file"])
    assert (tokens / "file").read_text() == "x"
    assert stat.S_IMODE((tokens / "file").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "outside" / "file").stat().st_mode) == 0o666


@posix_only
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_could_have_written_is_removed(tmp_path: Path, run: DoctorRun, mode: int) -> None:
    """With private permissions it would be trusted. What is beside it stays."""
    tokens = tmp_path / "cache" / "tokens"
    (tokens / "other").write_text("x")
    (tokens / "other").chmod(0o640)
    (tokens / "file").chmod(mode)
    repaired(run, sorted([tokens / "file", tokens / "other"], key=[*tokens.iterdir()].index))
    assert content(tokens) == {"link", "other"}
    assert content(tmp_path / "cache" / "sessions") == {"link", "file"}


@posix_only
def test_all_of_a_directory_that_others_could_write_is_removed(tmp_path: Path, run: DoctorRun) -> None:
    """Others could have put in, or exchanged, files of any mode."""
    tokens = tmp_path / "cache" / "tokens"
    (tokens / "directory").mkdir()
    (tokens / "directory" / "file").write_text("x")
    tokens.chmod(0o770)
    repaired(run, [tokens])
    assert content(tokens) == set()
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o700
    assert content(tmp_path / "cache" / "sessions") == {"link", "file"}
    assert (tmp_path / "outside" / "file").read_text() == "x"


@posix_only
def test_all_records_of_a_cache_directory_that_others_could_write_are_removed(
    tmp_path: Path, run: DoctorRun
) -> None:
    """Not what is not this program's, and nothing that a link leads to."""
    cache = tmp_path / "cache"
    (cache / "another").write_text("x")
    cache.chmod(0o777)
    repaired(run, [cache])
    assert [content(cache / name) for name in ("tokens", "sessions", "metadata")] == [set()] * 3
    assert (cache / "another").read_text() == "x"
    assert content(tmp_path / "outside") == {"file"}
    assert stat.S_IMODE((tmp_path / "outside").stat().st_mode) == 0o777


@posix_only
@pytest.mark.usefixtures("run")
def test_a_link_that_is_swapped_in_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at the file and the change of its mode."""
    file, outside, look = tmp_path / "cache" / "tokens" / "file", tmp_path / "outside" / "file", os.lstat
    file.chmod(0o644)
    outside.chmod(0o644)

    def swap(path: str, **more: int) -> os.stat_result:
        found = look(path, **more)
        if path == "file" and not file.is_symlink():
            file.unlink()
            file.symlink_to(outside)
        return found

    monkeypatch.setattr(os, "lstat", swap)
    with pytest.raises(OSError, match="file"):
        make_private(tmp_path / "cache")
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


@posix_only
def test_after_a_failure_the_next_check_finds_the_same(
    tmp_path: Path, run: DoctorRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Private directories with records that were not removed would be trusted."""
    tokens = tmp_path / "cache" / "tokens"
    tokens.chmod(0o777)

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(1, "x")

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", fail)
        with pytest.raises(PermissionError):
            make_private(tmp_path / "cache")
    repaired(run, [tokens])
