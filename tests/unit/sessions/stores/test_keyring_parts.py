"""Slots: a record in a keyring is the old one or the new one, whole, wherever its writer is killed."""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, strategies as st

from kubectl_oidc.fast_path.keyring_session import FORMAT, MOST_PARTS
from kubectl_oidc.sessions.stores.keyring_parts import ChunkedSecret
from tests.arbitrary import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.sessions.stores.keyring_parts import Entries

SERVICE = "kubectl-oidc/0123456789abcdef"
WINDOWS_LIMIT = 1_280  # UTF-16 characters
LENGTHS = (10, 1_281, 4_000, 20_000)


class Killed(BaseException):
    """The process ends here."""


class Vault:
    """A keyring that promises nothing, and whose user is killed at one of its steps.

    Attributes:
        kept: What it holds, by the names that it gives it.
        steps: How many more steps are taken before the user is killed; None for never.
    """

    limit = 1_250

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.steps: int | None = None

    def step(self) -> None:
        """Be killed if it is time."""
        if self.steps is not None:
            if self.steps == 0:
                raise Killed
            self.steps -= 1

    def get(self, service: str) -> str | None:
        self.step()
        return self.kept.get(service)

    def set(self, service: str, secret: str) -> None:
        self.step()
        self.put(service, secret)
        self.step()

    def put(self, service: str, secret: str) -> None:
        """Do what `set` does, between its steps."""
        assert len(secret.encode("utf-16-le")) // 2 <= WINDOWS_LIMIT, "the Credential Locker refuses it"
        self.kept[service] = secret

    def delete(self, service: str) -> bool:
        self.step()
        there = self.kept.pop(service, None) is not None
        self.step()
        return there


class Windows(Vault):
    """Moves an entry of the same service away before it writes, as keyring's Credential Locker backend does."""

    def put(self, service: str, secret: str) -> None:
        if service in self.kept:
            self.kept[f"session@{service}"] = self.kept[service]
            self.step()
        super().put(service, secret)

    def get(self, service: str) -> str | None:
        self.step()
        return self.kept.get(service, self.kept.get(f"session@{service}"))

    def delete(self, service: str) -> bool:
        self.step()
        there = self.kept.pop(service, None) is not None
        self.step()
        return self.kept.pop(f"session@{service}", None) is not None or there


class MacOS(Vault):
    """Writes by delete, then add."""

    def put(self, service: str, secret: str) -> None:
        self.kept.pop(service, None)
        self.step()
        super().put(service, secret)


BACKENDS = (Windows, MacOS)


@cache
def record(length: int, letter: str) -> str:
    """Return a record of this length, no part of which looks like another."""
    return "".join(f"{letter}{number}." for number in range(length))[:length]


def killed_at(vault: Vault, step: int, work: Callable[..., object], *arguments: str) -> bool:
    """Do ``work`` and be killed before the step of this number; tell whether it came to that."""
    vault.steps = step
    try:
        work(*arguments)
    except Killed:
        return True
    finally:
        vault.steps = None
    return False


def slots(vault: Entries) -> ChunkedSecret:
    """Return what a new process sees."""
    return ChunkedSecret(vault, SERVICE)


def test_the_vaults_are_entries() -> None:
    """The keyrings of this test have the shape that `Slots` asks for."""
    for backend in (Vault, *BACKENDS):
        assert slots(backend()).load() is None
        assert not slots(backend()).delete()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("length", [0, 1, 1_121, 1_122, 1_123, 1_250, *LENGTHS])
def test_a_record_of_any_length_is_kept_replaced_and_removed(backend: type[Vault], length: int) -> None:
    """Each entry fits, one slot is used at a time, and nothing is left at the end."""
    vault = backend()
    for letter in "abcd":
        slots(vault).save(record(length, letter))
        assert slots(vault).load() == record(length, letter)
        assert len(vault.kept) == 1 + -(-max(0, length - (vault.limit - 128)) // vault.limit)
    assert slots(vault).delete()
    assert vault.kept == {}
    assert slots(vault).load() is None
    assert not slots(vault).delete()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("new", LENGTHS)
@pytest.mark.parametrize("old", [10, 4_000])
def test_killed_at_any_step_of_a_save_the_old_record_or_the_new_one_is_there(
    backend: type[Vault], old: int, new: int
) -> None:
    """Whatever the step: one whole record; a later save is loaded and leaves no stray part; nor does a delete."""
    seen = set()
    for step in count():
        vault = backend()
        slots(vault).save(record(old, "x"))
        slots(vault).save(record(old, "old"))
        killed = killed_at(vault, step, slots(vault).save, record(new, "new"))
        found = slots(vault).load()
        assert found in {record(old, "old"), record(new, "new")}, step
        seen.add(found)

        again = backend()
        again.kept = dict(vault.kept)
        slots(again).save(record(30, "again"))
        assert slots(again).load() == record(30, "again"), step
        assert len(again.kept) == 1, "one head, and nothing of what the killed writer left"

        assert slots(vault).delete()
        assert vault.kept == {}, step
        if not killed:
            break
    assert found == record(new, "new"), "a save that ended is loaded"
    assert len(seen) == 2
    assert step >= 10


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("length", LENGTHS)
def test_killed_at_any_step_of_the_first_save_there_is_nothing_or_the_record(
    backend: type[Vault], length: int
) -> None:
    """Without an old record a killed writer leaves a miss, and a delete removes what it left."""
    for step in count():
        vault = backend()
        killed = killed_at(vault, step, slots(vault).save, record(length, "new"))
        assert slots(vault).load() in {None, record(length, "new")}
        left = bool(vault.kept)
        assert slots(vault).delete() == left
        assert vault.kept == {}, step
        if not killed:
            break


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("length", LENGTHS)
def test_killed_at_any_step_of_a_delete_the_record_is_there_or_gone(
    backend: type[Vault], length: int
) -> None:
    """A record is never half deleted, and the next delete removes the rest."""
    for step in count():
        vault = backend()
        slots(vault).save(record(length, "old"))
        killed = killed_at(vault, step, slots(vault).delete)
        assert slots(vault).load() in {None, record(length, "old")}
        slots(vault).delete()
        assert vault.kept == {}, step
        if not killed:
            break


@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_twice_in_a_row_a_whole_record_is_there(backend: type[Vault]) -> None:
    """The save after a killed save is killed too, at every pair of steps: still one of the whole records."""
    old, new, newer = record(3_000, "old"), record(6_000, "new"), record(4_000, "newer")
    for first in count():
        vault = backend()
        slots(vault).save(old)
        killed_first = killed_at(vault, first, slots(vault).save, new)
        between = slots(vault).load()
        state = dict(vault.kept)
        for second in count():
            vault.kept = dict(state)
            killed = killed_at(vault, second, slots(vault).save, newer)
            assert slots(vault).load() in {between, newer}, (first, second)
            slots(vault).delete()
            assert vault.kept == {}, (first, second)
            if not killed:
                break
        if not killed_first:
            break
    assert first > 10, "there were steps enough to be killed at"


WORK = st.tuples(st.sampled_from(["save", "delete"]), st.integers(0, 6_000), st.none() | st.integers(0, 40))


@given(backend=st.sampled_from(BACKENDS), steps=st.lists(WORK, max_size=6))
@example(
    Windows, [*[("save", 0, None)] * 4, ("save", 1, 5), ("delete", 0, 3)]
)  # an older record must not come back
@examples(150)
def test_any_series_of_saves_deletes_and_kills_keeps_records_whole(
    backend: type[Vault], steps: list[tuple[str, int, int | None]]
) -> None:
    """What is loaded is what a save put there last, or the one before where that save was killed."""
    vault = backend()
    current: str | None = None
    for number, (what, length, kill) in enumerate(steps):
        new = record(length, f"{number}:") if what == "save" else None
        work: Callable[..., object] = slots(vault).delete if new is None else slots(vault).save
        arguments = () if new is None else (new,)
        if kill is None:
            work(*arguments)
            current = new
        else:
            killed = killed_at(vault, kill, work, *arguments)
            found = slots(vault).load()
            assert found in ({current, new} if killed else {new})
            current = found
        assert slots(vault).load() == current
    slots(vault).delete()
    assert vault.kept == {}


@pytest.mark.parametrize("backend", BACKENDS)
def test_sessions_do_not_touch_each_other_s_entries(backend: type[Vault]) -> None:
    """If one service name is the beginning of another, saves and deletes affect only their own."""
    vault = backend()
    names = ("kubectl-oidc/aa", "kubectl-oidc/aab", "kubectl-oidc/aa/a")
    for name in names:
        ChunkedSecret(vault, name).save(record(3_000, name))
    ChunkedSecret(vault, names[0]).save(record(10, "short"))
    ChunkedSecret(vault, names[0]).delete()
    assert ChunkedSecret(vault, names[0]).load() is None
    assert [ChunkedSecret(vault, name).load() for name in names[1:]] == [
        record(3_000, name) for name in names[1:]
    ]


def two_records(vault: Vault) -> tuple[str, str]:
    """Leave an old and a new record side by side, as a writer does that was killed before it emptied the old slot."""
    old, new = record(3_000, "old"), record(2_900, "new")
    slots(vault).save(old)
    before = dict(vault.kept)
    slots(vault).save(new)
    vault.kept |= before
    assert slots(vault).load() == new
    return old, new


@given(data=st.data())
@examples(150)
def test_a_damaged_entry_costs_its_record_and_never_mixes_two(data: st.DataObject) -> None:
    """An entry is lost, cut, swapped or overwritten: the other whole record is loaded, or none; a save heals it."""
    vault = Vault()
    old, new = two_records(vault)
    name = data.draw(st.sampled_from(sorted(vault.kept)))
    other = data.draw(st.sampled_from(sorted(vault.kept)))
    secret = vault.kept[name]
    damaged = data.draw(
        st.none()
        | st.text(max_size=60)
        | st.just(vault.kept[other])
        | st.integers(0, len(secret) - 1).map(lambda length: secret[:length])
        | st.integers(0, len(secret) - 1).map(lambda at: secret[:at] + "~" + secret[at + 1 :])
    )
    if damaged is None:
        del vault.kept[name]
    else:
        vault.kept[name] = damaged
    assert slots(vault).load() in {old, new, None}
    slots(vault).save(record(1_500, "next"))
    assert slots(vault).load() == record(1_500, "next")


@pytest.mark.parametrize(
    "head",
    [
        "",
        "\n",
        f"{FORMAT} 2 1\nrest",
        f"{FORMAT} 2 -1 {'0' * 32}\n",
        f"{FORMAT} ² 1 {'0' * 32}\n",
        f"{FORMAT} 2 ³ {'0' * 32}\n",
        f"{FORMAT} {'9' * 5_000} 1 {'0' * 32}\n",
        f"{FORMAT} 2 {MOST_PARTS + 1} {'0' * 32}\n",
        f"{FORMAT} 2 0 {'0' * 32}\n\ud800",
        f"kubectl-oidc-slot-2 2 0 {'0' * 32}\n",
    ],
    ids=repr,
)
def test_a_head_that_cannot_be_understood_is_a_miss(head: str) -> None:
    """Of a future version, with numbers that are none, or not text at all: no record, no exception, and healed by a save."""
    vault = Vault()
    slots(vault).save(record(3_000, "old"))
    (name,) = [name for name in vault.kept if name.endswith(("/a", "/b"))]
    vault.kept[name] = head
    assert slots(vault).load() is None
    slots(vault).save("new")
    assert slots(vault).load() == "new"
    slots(vault).delete()
    assert vault.kept == {}


def test_a_record_that_is_too_long_is_refused_before_anything_is_touched() -> None:
    """More than the parts can hold: an error, and the old record stays."""
    vault = Vault()
    slots(vault).save("old")
    vault.steps = 0
    with pytest.raises(ValueError):  # noqa: PT011 - the type is what callers rely on
        slots(vault).save("x" * (MOST_PARTS * vault.limit + 1))
    vault.steps = None
    assert slots(vault).load() == "old"
    assert len(vault.kept) == 1


class Answering(Vault):
    """Has an answer for every name, whatever was removed."""

    asked = 0

    def get(self, service: str) -> str | None:
        self.asked += 1
        assert self.asked < 10 * MOST_PARTS, "it is asked without end"
        return super().get(service) or "something else"


def test_a_keyring_that_answers_every_name_is_not_asked_without_end() -> None:
    """A slot never has more parts than a record may have, so no more are looked for."""
    vault = Answering()
    assert slots(vault).delete()
    vault.asked = 0
    slots(vault).save("new")
    assert slots(vault).load() == "new"
