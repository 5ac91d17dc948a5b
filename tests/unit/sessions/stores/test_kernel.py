"""``kernel``: the real kernel keyring, what it costs an ordinary user, and what happens where it is forbidden."""

from __future__ import annotations

import ctypes
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import StoreError
from kubectl_oidc.fast_path import kernel_keyring
from kubectl_oidc.fast_path.kernel_keyring import CREDENTIAL, GET_KEYRING_ID, KeyringCall
from kubectl_oidc.sessions.stores import first_store, open_store
from kubectl_oidc.sessions.stores.kernel import KEYCTL_DESCRIBE, SESSION, KernelStore
from tests.keyrings import the_os_keyring
from tests.plugin import wait_until
from tests.sessions import (
    as_an_ordinary_user,
    forbid_the_kernel_keyring,
    forked,
    linux_only,
    need_the_kernel_keyring,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = linux_only

SESSION_KEYRING = -3  # KEY_SPEC_SESSION_KEYRING
JOIN_SESSION_KEYRING = 1  # KEYCTL_JOIN_SESSION_KEYRING


@pytest.fixture
def new_id() -> Iterator[Callable[[], str]]:
    """Return what makes session ids of the test's own; their keys are removed at its end."""
    need_the_kernel_keyring()
    made: list[str] = []

    def make() -> str:
        made.append(secrets.token_hex(16))
        return made[-1]

    yield make
    for session_id in made:
        KernelStore().delete(session_id)
        KernelStore().withdraw(session_id)


def described(description: str) -> str:
    """Return the kernel's description of a key: type;uid;gid;permissions;description."""
    call = KeyringCall()
    key = call.find(call.home(), description.encode())
    assert key is not None
    buffer = ctypes.create_string_buffer(4096)
    call.keyctl(KEYCTL_DESCRIBE, key, buffer, len(buffer))
    return buffer.value.decode()


def time_out(description: str) -> str:
    """Return when the kernel removes a key, as in proc(5): ``perm`` for never, else such as ``59s`` or ``2m``."""
    line = re.search(rf"^\S+ \S+ +\S+ +(\S+) .*{description}", Path("/proc/keys").read_text(), re.MULTILINE)
    assert line, "the key is not in /proc/keys"
    return line[1]


def test_a_record_is_kept_replaced_and_removed(new_id: Callable[[], str]) -> None:
    """What is saved is loaded; a missing record is None, and not an error to delete; other sessions are apart."""
    one, other, store = new_id(), new_id(), KernelStore()
    assert store.load(one) is None
    assert not store.delete(one)
    store.save(other, b"other")
    for record in (b"old", b"n" * 12_000, b"\0\xff\n", b"k" * 30_000):
        store.save(one, record)
        assert KernelStore().load(one) == record
    assert store.delete(one)
    assert not store.delete(one)
    assert store.load(one) is None
    assert store.load(other) == b"other"


def test_another_process_finds_the_record_and_can_read_it(new_id: Callable[[], str]) -> None:
    """It outlives the process that wrote it, and is read by who does not possess it yet."""
    one = new_id()
    forked(lambda: KernelStore().save(one, b"record"))
    KernelStore().publish(one, b"credential", 60)
    program = (
        "import sys; from kubectl_oidc.sessions.stores.kernel import KernelStore; "
        "from kubectl_oidc.fast_path.kernel_keyring import read_key; "
        "print(KernelStore().load(sys.argv[1]), read_key('kubectl-oidc:credential:' + sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", program, one], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["b'record'", "b'credential'"]


def test_permissions_are_not_widened(new_id: Callable[[], str]) -> None:
    """A key has the kernel's default permissions: all for the possessor, view for the user, none for others."""
    one = new_id()
    KernelStore().save(one, b"record")
    KernelStore().publish(one, b"credential", 60)
    for description in (SESSION + one, CREDENTIAL + one):
        kind, _uid, _gid, permissions, name = described(description).split(";")
        assert kind in {"user", "big_key"}
        assert permissions == "3f010000"
        assert name == description


def test_the_session_s_keyring_stays_as_it_is(new_id: Callable[[], str]) -> None:
    """What is linked there would be possessed by every program of the login session."""

    def work() -> tuple[bytes | None, bytes]:
        call = KeyringCall()
        call.keyctl(JOIN_SESSION_KEYRING, 0)  # a new one, with nothing in it
        KernelStore().save(one, b"record")
        KernelStore().publish(one, b"credential", 60)
        return KernelStore().load(one), call.payload(call.keyctl(GET_KEYRING_ID, SESSION_KEYRING, 0))

    one = new_id()
    assert forked(work) == (b"record", b"")


def test_a_credential_ends_by_itself_and_a_session_does_not(new_id: Callable[[], str]) -> None:
    """The kernel removes a credential when its token expires, an update sets the time-out again, and a session has none."""
    ended, renewed = new_id(), new_id()
    store = KernelStore()
    store.publish(ended, b"credential", 1)
    store.publish(renewed, b"credential", 1)
    store.publish(renewed, b"renewed", 100)
    store.save(ended, b"session")
    store.save(ended, b"session once more")
    assert time_out(SESSION + ended) == "perm"

    wait_until(lambda: kernel_keyring.read_key(CREDENTIAL + ended) is None, "the credential ends", timeout=5)

    assert kernel_keyring.read_key(CREDENTIAL + renewed) == b"renewed"
    assert store.load(ended) == b"session once more"
    assert not store.withdraw(ended), "what has ended is not there"
    store.publish(ended, b"again", 100)
    assert kernel_keyring.read_key(CREDENTIAL + ended) == b"again", "and its place can be taken again"
    assert re.fullmatch(r"9\ds|[12]m", time_out(CREDENTIAL + ended))


@pytest.mark.parametrize("seconds", [0, -100])
def test_a_credential_that_has_ended_does_not_stay_for_ever(new_id: Callable[[], str], seconds: int) -> None:
    """A time-out of 0 would mean none: the shortest one is set instead."""
    one = new_id()
    KernelStore().publish(one, b"credential", seconds)
    assert time_out(CREDENTIAL + one) in {"0s", "1s", "expd"}


def test_a_credential_is_withdrawn(new_id: Callable[[], str]) -> None:
    """Once, whether it is there or not, and the session's record stays."""
    one, store = new_id(), KernelStore()
    store.save(one, b"record")
    assert not store.withdraw(one)
    store.publish(one, b"credential", 60)
    assert store.withdraw(one)
    assert not store.withdraw(one)
    assert kernel_keyring.read_key(CREDENTIAL + one) is None
    assert store.load(one) == b"record"


def test_a_record_that_no_key_can_hold_is_an_error_and_the_old_one_stays(new_id: Callable[[], str]) -> None:
    """More than a key's payload may be: StoreError with another place to choose."""

    def work(_home: Path) -> tuple[str, str, bytes | None]:
        # An ordinary user: the store makes room by dropping that user's credentials, which must not be another test's.
        store = KernelStore()
        store.save(one, b"old")
        with pytest.raises(StoreError) as caught:
            store.save(one, b"n" * 1_100_000)
        left = store.load(one)
        store.delete(one)
        return caught.value.topic, caught.value.hint, left

    one = new_id()
    topic, hint, left = as_an_ordinary_user(work)
    assert topic == "kernel-keyring"
    assert "--token-cache-storage" in hint
    assert left == b"old"


def test_a_full_quota_costs_credentials_first_and_then_is_an_error(new_id: Callable[[], str]) -> None:
    """With an ordinary user's quota, credentials are removed to make room for a session. If it still does not fit, that is an error."""

    def work(_home: Path) -> tuple[list[bytes | None], bytes | None, str, bytes | None, bool]:
        store = KernelStore()
        try:
            with pytest.raises(StoreError):
                fill(lambda one: store.publish(one, b"c" * 4_000, 600), credentials)
            store.save(session, b"s" * 12_000)
            left = [kernel_keyring.read_key(CREDENTIAL + one) for one in credentials]
            stored = store.load(session)
            with pytest.raises(StoreError) as caught:
                fill(lambda one: store.save(one, b"o" * 12_000), others)
            return left, stored, caught.value.hint, store.load(session), store.drop_credentials()
        finally:
            for one in (session, *others):
                store.delete(one)
            store.drop_credentials()

    session, credentials, others = new_id(), [new_id() for _ in range(20)], [new_id() for _ in range(20)]
    if _quota() > 100_000:
        pytest.skip("this machine gives its users a larger quota of keys than 20,000 bytes")
    if _has_big_keys():
        pytest.skip("this kernel has big_key, which escapes the quota")
    left, stored, hint, still, dropped = as_an_ordinary_user(work)
    assert left == [None] * 20
    assert stored == b"s" * 12_000
    assert "/proc/key-users" in hint, "it is full"
    assert still == stored
    assert not dropped, "there is none any more"


def fill(put: Callable[[str], None], session_ids: list[str]) -> None:
    for one in session_ids:
        put(one)


def _quota() -> int:
    return int(Path("/proc/sys/kernel/keys/maxbytes").read_text())


def _has_big_keys() -> bool:
    call = KeyringCall()
    home = call.home()
    try:
        key = call.add_key(b"big_key", b"kubectl-oidc:probe-of-a-test", b"x" * 2000, home)
    except OSError:
        return False
    call.keyctl(kernel_keyring.UNLINK, key, home)
    return True


def test_users_do_not_read_each_other_s_records(new_id: Callable[[], str]) -> None:
    """Another user of the machine finds nothing."""
    one = new_id()
    KernelStore().save(one, b"record")
    KernelStore().publish(one, b"credential", 60)
    found = as_an_ordinary_user(
        lambda _home: (
            KernelStore().load(one),
            kernel_keyring.read_key(CREDENTIAL + one),
            KernelStore().delete(one),
        )
    )
    assert found == (None, None, False)
    assert KernelStore().load(one) == b"record"


def test_where_the_keyring_is_forbidden_every_call_says_so(tmp_path: Path) -> None:
    """Containers forbid it by seccomp: the fast path finds nothing, the store raises an error with a hint, ``auto`` chooses another store."""

    def work() -> tuple[bool, bytes | None, list[tuple[str, bool]], str]:
        forbid_the_kernel_keyring()
        store, errors = KernelStore(), []
        for call in (
            lambda: store.load("a"),
            lambda: store.save("a", b"record"),
            lambda: store.delete("a"),
            lambda: store.publish("a", b"record", 9),
            lambda: store.withdraw("a"),
            lambda: open_store("kernel", tmp_path),
        ):
            with pytest.raises(StoreError) as caught:
                call()
            errors.append((caught.value.topic, "--token-cache-storage=keyring" in caught.value.hint))
        with the_os_keyring(None):
            auto = first_store(tmp_path, {}).name
        return store.usable(), kernel_keyring.read_key("a"), errors, auto

    need_the_kernel_keyring()
    usable, read, errors, auto = forked(work)
    assert not usable
    assert read is None
    assert errors == [("kernel-keyring", True)] * 6
    assert auto == "disk"
