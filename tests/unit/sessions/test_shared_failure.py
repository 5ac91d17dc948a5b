"""The failure that a lock's holder shares: only one that was written since, whole, and safe to show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import ProviderUnreachable
from kubectl_oidc.sessions import shared_failure
from kubectl_oidc.sessions.session_lock import SessionLock
from kubectl_oidc.system.deadline import Deadline
from tests.arbitrary import is_one_plain_line

ERROR = ProviderUnreachable("no answer", "check the network")


def paths_in(directory: Path) -> tuple[str, ...]:
    """Return two lock files in private directories."""
    for name in ("a", "b"):
        (directory / name).mkdir(mode=0o700, exist_ok=True)
    return (str(directory / "a" / "x.lock"), str(directory / "b" / "x.lock"))


def test_what_was_left_meanwhile_counts(tmp_path: Path) -> None:
    """It has the same message and topic. A failure that was there before does not count."""
    paths = paths_in(tmp_path)
    before = shared_failure.failure_digests(paths)
    assert before == ("none", "none")
    assert shared_failure.failure_since(before, paths) is None
    shared_failure.share_failure(paths, ERROR, of_a_person=False)
    found = shared_failure.failure_since(before, paths)
    assert found is not None
    assert (found.message, found.hint, found.topic) == (ERROR.message, ERROR.hint, "provider-unreachable")
    assert not found.of_a_person
    assert shared_failure.failure_since(shared_failure.failure_digests(paths), paths) is None


def test_the_same_failure_twice_is_two(tmp_path: Path) -> None:
    """A process that waits between them fails with the second."""
    paths = paths_in(tmp_path)
    shared_failure.share_failure(paths, ERROR, of_a_person=True)
    between = shared_failure.failure_digests(paths)
    shared_failure.share_failure(paths, ERROR, of_a_person=True)
    found = shared_failure.failure_since(between, paths)
    assert found is not None
    assert found.of_a_person


def test_a_process_that_shares_one_lock_file_reads_it_there(tmp_path: Path) -> None:
    """A container that mounts the home directory has another first lock file, and waits at the second."""
    paths = paths_in(tmp_path)
    other = (str(tmp_path / "none" / "x.lock"), paths[1])
    before = shared_failure.failure_digests(other)
    shared_failure.share_failure(paths, ERROR, of_a_person=False)
    assert shared_failure.failure_since(before, other) is not None


def test_a_process_that_waits_for_a_lock_learns_why_its_holder_failed(tmp_path: Path) -> None:
    """A process that acquires the free lock later is told nothing."""
    paths = paths_in(tmp_path)
    with SessionLock(paths) as holder, SessionLock(paths) as waiter, SessionLock(paths) as later:
        assert holder.try_acquire()

        def fails() -> bool:
            shared_failure.share_failure(holder.paths, ERROR, of_a_person=False)
            holder.release()
            return False

        assert waiter.acquire(Deadline.after(5), fails)
        failure = waiter.failure_of_holder()
        assert failure is not None
        assert failure.message == ERROR.message
        waiter.release()
        assert later.acquire(Deadline.after(5), lambda: False)
        assert later.failure_of_holder() is None


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    """The holder's own error is what counts."""
    shared_failure.share_failure((str(tmp_path / "none" / "x.lock"),), ERROR, of_a_person=False)
    assert not (tmp_path / "none").exists()


GOOD = {"message": "no answer", "hint": "", "topic": "provider", "of_a_person": False}


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        json.dumps({**GOOD, "hint": None}).encode(),
        json.dumps({**GOOD, "message": 1}).encode(),
    ],
)
def test_a_damaged_record_is_no_failure(tmp_path: Path, record: bytes) -> None:
    """Damaged, or of another version."""
    paths = paths_in(tmp_path)
    file = tmp_path / "a" / "x.lock.failure"
    file.write_bytes(record)
    file.chmod(0o600)
    assert shared_failure.failure_since(("none", "none"), paths) is None


RECORDS = st.fixed_dictionaries(
    {name: st.text() | st.integers() for name in ("message", "hint", "topic")}
    | {"of_a_person": st.booleans()}
)


@given(values=RECORDS)
def test_whatever_a_record_holds_its_texts_are_safe_to_show(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]
) -> None:
    """No control character reaches a terminal."""
    paths = paths_in(tmp_path_factory.mktemp("locks"))
    file = Path(f"{paths[0]}.failure")
    file.write_text(json.dumps(values))
    file.chmod(0o600)
    found = shared_failure.failure_since(("none", "none"), paths)
    assert (found is not None) == all(isinstance(values[name], str) for name in ("message", "hint", "topic"))
    if found is not None:
        assert is_one_plain_line(found.message)
        assert is_one_plain_line(found.hint)
        assert is_one_plain_line(found.topic)
