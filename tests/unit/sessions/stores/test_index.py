"""The index: what is known of sessions without their secrets, and what damage costs."""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import StoreError
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.sessions.stores.disk import DiskStore
from kubectl_oidc.sessions.stores.host import Host, host_of
from kubectl_oidc.sessions.stores.tombstones import sweep
from kubectl_oidc.sessions.write_lock import writing
from kubectl_oidc.system import private_files
from tests.arbitrary import TEXT, examples, members
from tests.sessions import begin, key, linux_only, posix_only, session

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "0123456789abcdef" * 2
ENTRY = index.Entry(
    session_id=ID,
    issuer="https://issuer.example.com",
    client_id="kubernetes",
    scopes=("openid", "email"),
    name="work",
    person="alice@example.com",
    storage="keyring",
    credential="kernel",
    generation=3,
    signed_in_at=1_700_000_000,
    refreshed_at=1_700_000_100,
    expiry=1_700_003_600,
    renewable=True,
    in_flight=0,
    host="laptop",
    trust=(),
    flags=("--login-hint=alice",),
)


def put(base: Path, content: bytes, session_id: str = ID) -> None:
    """Overwrite the session's file with anything."""
    (base / "sessions" / f"{session_id}.json").write_bytes(content)


def test_an_entry_is_written_read_listed_and_removed(tmp_path: Path) -> None:
    """A written entry is read by its id and in the list. A missing entry is None when read and False when removed."""
    other = ENTRY._replace(session_id="f" * 32, person="Bob Ünsal", scopes=(), renewable=False)
    assert index.read_entry(tmp_path, ID) is None
    assert index.read_entries(tmp_path) == []
    assert not index.remove_entries(tmp_path, ID)

    index.write_entry(tmp_path, ENTRY)
    index.write_entry(tmp_path, other)
    index.write_entry(tmp_path, ENTRY._replace(generation=4))

    assert index.read_entry(tmp_path, ID) == ENTRY._replace(generation=4)
    assert index.read_entries(tmp_path) == [ENTRY._replace(generation=4), other]
    assert index.remove_entries(tmp_path, ID)
    assert index.read_entries(tmp_path) == [other]


@posix_only
def test_the_index_is_for_its_owner_s_eyes(tmp_path: Path) -> None:
    """It names people and places: files of 0600 in a directory of 0700."""
    index.write_entry(tmp_path, ENTRY)
    assert (tmp_path / "sessions").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "sessions" / f"{ID}.json").stat().st_mode & 0o777 == 0o600


def test_foreign_files_beside_the_entries_are_neither_listed_nor_touched(tmp_path: Path) -> None:
    """A note, a directory, a link or another session's file under our name is skipped."""
    index.write_entry(tmp_path, ENTRY)
    directory = tmp_path / "sessions"
    (directory / "README").write_text("mine")
    (directory / "directory.json").mkdir()
    (directory / f"{'a' * 32}.json").write_bytes((directory / f"{ID}.json").read_bytes())
    (directory / f"{'b' * 32}.json").symlink_to(directory / f"{ID}.json")
    before = sorted(path.name for path in directory.iterdir())

    assert index.read_entries(tmp_path) == [ENTRY]
    assert sorted(path.name for path in directory.iterdir()) == before


WHOLE = {"version": 1, **{name: getattr(ENTRY, name) for name in ENTRY._fields}, "scopes": ["openid"]}

DAMAGED = {
    "empty": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "not UTF-8": b'{"version": 1, "session_id": "\xff"}',
    "nested deeply": b"[" * 100_000,
    "a number too long to read": b'{"version": ' + b"1" * 5_000 + b"}",
    "a future version": json.dumps({**WHOLE, "version": 2}).encode(),
    "no version": json.dumps({**WHOLE, "version": None}).encode(),
    "a member nobody knows": json.dumps({**WHOLE, "colour": "red"}).encode(),
    "another session's": json.dumps({**WHOLE, "session_id": "f" * 32}).encode(),
    "an unknown place": json.dumps({**WHOLE, "storage": "dhsk"}).encode(),
    "an unknown place of a copy": json.dumps({**WHOLE, "former": ["dhsk"]}).encode(),
    "an unknown place of the credential": json.dumps({**WHOLE, "credential": "dhsk"}).encode(),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_or_future_entry_is_a_miss(tmp_path: Path, case: str) -> None:
    """A damaged entry is None, and the other entries are still listed."""
    other = ENTRY._replace(session_id="f" * 32)
    for entry in (ENTRY, other):
        index.write_entry(tmp_path, entry)
    put(tmp_path, DAMAGED[case])
    assert index.read_entry(tmp_path, ID) is None
    assert index.read_entries(tmp_path) == [other]
    index.write_entry(tmp_path, ENTRY)
    assert index.read_entry(tmp_path, ID) == ENTRY, "and is written anew"


@pytest.mark.parametrize("member", sorted(WHOLE.keys() - {"version", "trust", "flags"}))
def test_a_record_with_a_missing_or_mistyped_member_is_treated_as_missing(
    tmp_path: Path, member: str
) -> None:
    """A number is no text, a boolean no number; nothing is guessed."""
    index.write_entry(tmp_path, ENTRY)
    wrong: list[object] = [None, 1.5, {}]
    wrong += ["1", 1] if member in {"scopes", "renewable", "former"} else [[], True]
    for value in wrong:
        put(tmp_path, json.dumps({**WHOLE, member: value}).encode())
        assert index.read_entry(tmp_path, ID) is None, value
    put(tmp_path, json.dumps({name: value for name, value in WHOLE.items() if name != member}).encode())
    assert index.read_entry(tmp_path, ID) is None


def test_an_entry_of_version_1_0_0_has_no_trust_and_no_flags(tmp_path: Path) -> None:
    """It is read as it was written and differs from the system's authorities. Anything but a list of strings is treated as damage."""
    index.write_entry(tmp_path, ENTRY)
    old = {name: value for name, value in WHOLE.items() if name not in {"trust", "flags"}}
    put(tmp_path, json.dumps(old).encode())
    assert index.read_entry(tmp_path, ID) == ENTRY._replace(trust=None, flags=(), scopes=("openid",))
    for trust in ((), ("insecure",)):
        index.write_entry(tmp_path, ENTRY._replace(trust=trust))
        assert index.read_entry(tmp_path, ID) == ENTRY._replace(trust=trust)
    wrong: list[object] = ["insecure", 1, {}, [1], [None]]
    for value in wrong:
        for member in ("trust", "flags"):
            put(tmp_path, json.dumps({**WHOLE, member: value}).encode())
            assert index.read_entry(tmp_path, ID) is None, (member, value)


def test_a_truncated_entry_is_a_miss_at_every_length(tmp_path: Path) -> None:
    """No beginning of the file passes for the whole."""
    index.write_entry(tmp_path, ENTRY)
    whole = (tmp_path / "sessions" / f"{ID}.json").read_bytes()
    for length in range(len(whole)):
        put(tmp_path, whole[:length])
        assert index.read_entry(tmp_path, ID) is None, length


@given(
    content=st.binary(max_size=80)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(repr).map(str.encode)
)
@examples(60)
def test_listing_never_fails(content: bytes) -> None:
    """Any content at all is read without an exception."""
    base = Path.cwd() / "cache"
    index.write_entry(base, ENTRY)
    put(base, content)
    assert index.read_entry(base, ID) is None


def test_an_entry_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """The caller decides what to do, and the file in the directory's place stays."""
    (tmp_path / "sessions").write_text("mine")
    with pytest.raises(StoreError) as caught:
        index.write_entry(tmp_path, ENTRY)
    assert caught.value.topic == "cache-directory"
    assert index.read_entry(tmp_path, ID) is None
    assert index.read_entries(tmp_path) == []
    assert (tmp_path / "sessions").read_text() == "mine"


def test_the_machine_has_a_name() -> None:
    """An entry names the machine that wrote it."""
    assert index.Entry.of(session(key()), "disk").host


# One directory, several hosts

HERE, THERE = Host("1" * 16, "here"), Host("2" * 16, "there")


@contextmanager
def on(host: Host) -> Iterator[None]:
    """Be on this host while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "this_host", lambda: host)
        yield


def test_a_host_is_known_by_its_machine_id(tmp_path: Path) -> None:
    """By a digest of the machine id, which is confidential. If there is none, by its name."""
    file = tmp_path / "machine-id"
    marks = set()
    for content in ("a" * 32, "b" * 32):
        file.write_text(f"{content}\n")
        host = host_of(file, "laptop")
        assert host == host_of(file, "laptop")
        assert host.mark == host_of(file, "renamed").mark
        assert content[:8] not in host.mark
        marks.add(host.mark)
    for missing in (file, file, tmp_path / "missing"):
        file.write_text("uninitialized\n" if len(marks) == 2 else "")
        marks.add(host_of(missing, "laptop").mark)
        assert host_of(missing, "other").mark not in marks
    assert len(marks) == 3
    assert all(len(mark) == 16 for mark in marks)


@linux_only
def test_each_host_has_its_own_entry_of_a_kernel_session(tmp_path: Path) -> None:
    """Generations, times and tombstones of one do not count on the other; elsewhere a session has one entry for all."""
    for host, generation in ((HERE, 7), (THERE, 2)):
        with on(host):
            index.write_entry(
                tmp_path, ENTRY._replace(storage="kernel", generation=generation, host=host.name)
            )
    for host, generation in ((HERE, 7), (THERE, 2)):
        with on(host):
            entry = index.read_entry(tmp_path, ID)
            assert entry is not None
            assert (entry.generation, entry.host) == (generation, host.name)
            assert index.read_entries(tmp_path) == [entry]
    assert index.read_entry(tmp_path, ID) is None
    assert index.read_entries(tmp_path) == []

    other = ENTRY._replace(session_id="f" * 32, storage="disk")
    with on(HERE):
        index.write_entry(tmp_path, other)
    with on(THERE):
        assert index.read_entry(tmp_path, other.session_id) == other


@linux_only
def test_an_entry_of_1_0_0_for_a_kernel_session_counts_on_its_host(tmp_path: Path) -> None:
    """``ID.json`` with the host's name: used and replaced there, and neither used nor touched on another host."""
    old = ENTRY._replace(storage="kernel", generation=5, host=HERE.name)
    (tmp_path / "sessions").mkdir(mode=0o700)
    (tmp_path / "sessions" / f"{ID}.json").touch(mode=0o600)
    put(tmp_path, json.dumps({"version": 1, **old._asdict()}, indent=1).encode())
    with on(HERE):
        assert index.read_entry(tmp_path, ID) == old
    with on(THERE):
        assert index.read_entry(tmp_path, ID) is None
        index.write_entry(tmp_path, old._replace(generation=1, host=THERE.name))
    with on(HERE):
        assert index.read_entry(tmp_path, ID) == old
        index.write_entry(tmp_path, old._replace(generation=6))
        assert index.read_entry(tmp_path, ID) == old._replace(generation=6)
    names = sorted(path.name for path in (tmp_path / "sessions").iterdir())
    assert names == [f"{ID}.{host.mark}.json" for host in (HERE, THERE)]


@linux_only
def test_a_session_that_moves_leaves_no_entry_behind(tmp_path: Path) -> None:
    """Out of the kernel keyring and back: one file. The entry of another store stays."""
    kernel, disk = ENTRY._replace(storage="kernel"), ENTRY._replace(storage="disk")
    index.write_entry(tmp_path, kernel)
    index.write_entry(tmp_path, disk._replace(former=("kernel",)))
    assert len(list((tmp_path / "sessions").iterdir())) == 1
    index.write_entry(tmp_path, kernel._replace(former=("disk",)))
    assert len(list((tmp_path / "sessions").iterdir())) == 1
    index.write_entry(tmp_path, disk)
    assert index.read_entry(tmp_path, ID, "disk") == disk
    assert index.read_entry(tmp_path, ID, "kernel") == kernel._replace(former=("disk",))
    assert index.remove_entries(tmp_path, ID)
    assert list((tmp_path / "sessions").iterdir()) == []


# Changes


def test_changes_at_the_same_time_are_all_made(tmp_path: Path) -> None:
    """Four processes count in one entry, each by reading and writing it: none overwrites what another wrote."""
    index.write_entry(tmp_path, ENTRY._replace(generation=0))

    def count_on() -> None:
        for _ in range(15):
            index.update_entry(
                tmp_path, ID, lambda entry: entry._replace(generation=entry.generation + 1) if entry else None
            )

    children = [begin(count_on) for _ in range(4)]
    for child in children:
        os.waitpid(child, 0)
    entry = index.read_entry(tmp_path, ID)
    assert entry is not None
    assert entry.generation == 60


def test_a_change_that_returns_nothing_leaves_the_entry(tmp_path: Path) -> None:
    index.write_entry(tmp_path, ENTRY)
    assert index.update_entry(tmp_path, ID, lambda _: None) is None
    assert index.read_entry(tmp_path, ID) == ENTRY


def test_old_tombstones_are_swept(tmp_path: Path) -> None:
    """After a week no command can store the session again. Other entries stay, however old, and entries that another process is writing."""
    tombstone = ENTRY._replace(session_id="a" * 32, person="", storage="")
    young, written = tombstone._replace(session_id="b" * 32), tombstone._replace(session_id="c" * 32)
    for entry in (ENTRY, tombstone, young, written):
        index.write_entry(tmp_path, entry)
        if entry != young:
            os.utime(tmp_path / "sessions" / f"{entry.session_id}.json", (1_000_000_000, 1_000_000_000))
    with writing(tmp_path, written.session_id):
        sweep(tmp_path, time.time())
    assert index.read_entries(tmp_path) == [ENTRY, young, written]


# Power failures


def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of names that are written to the disk from now on."""
    found: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        found.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return found


@linux_only
def test_an_entry_and_its_removal_are_there_after_a_power_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory is written to the disk after the rename, and after the removal: fsync(2)."""
    found = synced(monkeypatch)
    index.write_entry(tmp_path, ENTRY)
    file, directory = found
    assert file.startswith(f".{ID}.json.")
    assert directory == "sessions"
    index.remove_entries(tmp_path, ID)
    assert found[2:] == ["sessions"]


@linux_only
def test_a_record_and_its_removal_are_there_after_a_power_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same on disk; what is only a cache is not synced."""
    found = synced(monkeypatch)
    store = DiskStore(tmp_path)
    store.save(ID, b"record")
    assert found[1:] == ["tokens"]
    assert store.delete(ID)
    assert found[2:] == ["tokens"]
    del found[:]
    private_files.write_private_file(private_files.ensure_directory(tmp_path, "words"), "name", b"content")
    assert found == []


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have one directory for every example."""
    place = tmp_path_factory.mktemp("cache")
    place.chmod(0o700)
    index.write_entry(place, ENTRY)
    return place


TEXTS = ("issuer", "client_id", "name", "person", "host")
NUMBERS = ("generation", "signed_in_at", "refreshed_at", "expiry", "in_flight")


@given(
    texts=st.fixed_dictionaries(dict.fromkeys(TEXTS, TEXT)),
    numbers=st.fixed_dictionaries(dict.fromkeys(NUMBERS, st.integers())),
    scopes=st.lists(TEXT, max_size=3).map(tuple),
)
def test_any_entry_is_read_as_it_was_written(
    base: Path, texts: dict[str, str], numbers: dict[str, int], scopes: tuple[str, ...]
) -> None:
    """Whatever an issuer or a person is called."""
    changes: dict[str, Any] = {**texts, **numbers, "scopes": scopes}
    written = ENTRY._replace(**changes)
    index.write_entry(base, written)
    assert index.read_entry(base, ID) == written


@given(members(*index.Entry._fields, "version"))
def test_an_entry_of_any_shape_is_an_entry_or_a_miss(base: Path, changes: dict[str, object]) -> None:
    """What is read has the types that we wrote, however the file was changed."""
    values = {"version": index.VERSION, **ENTRY._asdict(), **changes}
    put(base, json.dumps(values).encode())
    found = index.read_entry(base, ID)
    if found is not None:
        assert found.session_id == ID
        assert found.storage in index.PLACES
        assert all(type(getattr(found, name)) is str for name in TEXTS)
        assert all(type(getattr(found, name)) is int for name in NUMBERS)
