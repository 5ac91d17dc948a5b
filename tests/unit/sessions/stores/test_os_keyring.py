"""``keyring``: how the keyring library's backends behave and fail, and which of them count as a keyring."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from keyring.errors import InitError, KeyringLocked

from kubectl_oidc.errors import StoreError
from kubectl_oidc.sessions.stores.keyring_backends import is_keyring, limit_of
from kubectl_oidc.sessions.stores.os_keyring import KeyringStore
from tests.keyrings import Failing, Fake, Hanging, ReadOnly, SecretServiceLike, WindowsLike
from tests.sessions import SECRETS

if TYPE_CHECKING:
    from pathlib import Path

    from keyring.backend import KeyringBackend

ID = "0123456789abcdef" * 2
RECORD = (SECRETS[0] * 1_000)[:20_000].encode()


@pytest.mark.parametrize("backend", [Fake, WindowsLike, SecretServiceLike])
def test_a_record_is_kept_replaced_and_removed(backend: type[Fake]) -> None:
    """Whatever its length, another store object loads it, and nothing is left of it at the end."""
    place = backend()
    store = KeyringStore(place)
    assert store.load(ID) is None
    assert not store.delete(ID)
    for record in (b"first", RECORD, b"x" * 1_281, b"x" * 4_000, b"last"):
        store.save(ID, record)
        assert KeyringStore(place).load(ID) == record
    store.save("f" * 32, b"other")
    assert store.delete(ID)
    assert store.load(ID) is None
    assert KeyringStore(place).load("f" * 32) == b"other"
    assert store.delete("f" * 32)
    assert place.kept == {}


def test_on_windows_every_part_fits_and_has_a_service_name_of_its_own() -> None:
    """20,000 characters in entries of at most 1,280, and no entry was moved."""
    place = WindowsLike()
    for _ in range(3):
        KeyringStore(place).save(ID, RECORD)
    assert max(len(secret) for _user, secret in place.kept.values()) <= 1_280
    assert len(place.kept) == 17, "a head and 16 parts"
    assert {user for user, _secret in place.kept.values()} == {"session"}
    assert all(service.startswith(f"kubectl-oidc/{ID}/") for service in place.kept)


def test_a_roomy_keyring_holds_a_session_in_one_entry() -> None:
    """Secret Service, KWallet and the Keychain accept long secrets. An unknown backend is assumed not to."""
    place = SecretServiceLike()
    KeyringStore(place).save(ID, RECORD)
    assert len(place.kept) == 1
    assert limit_of(Fake()) <= 1_280 < limit_of(place)


def test_a_keyring_that_does_not_answer_is_given_up() -> None:
    """Each call ends in time, with an error that says so and a hint."""
    store = KeyringStore(Hanging(), seconds=0.1)
    began = time.monotonic()
    for call in (lambda: store.load(ID), lambda: store.save(ID, b"record"), lambda: store.delete(ID)):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.topic == "os-keyring"
        assert "--token-cache-storage=disk" in caught.value.hint
    assert time.monotonic() - began < 5
    Hanging.never.set()


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (KeyringLocked("Failed to unlock the collection!"), "Failed to unlock the collection!"),
        (InitError("Failed to create the collection: Prompt dismissed"), "Prompt dismissed"),
        (OSError(111, "Connection refused"), "Connection refused"),
        (RuntimeError("org.freedesktop.DBus.Error\x1b[2J"), "org.freedesktop.DBus.Error"),
        (KeyError(), "KeyError"),
    ],
)
def test_what_a_backend_raises_becomes_one_error_with_its_cause(error: Exception, cause: str) -> None:
    """Locked, dismissed, no D-Bus or a bug: StoreError with the cause in one line and a hint."""
    store = KeyringStore(Failing(error))
    for call in (lambda: store.load(ID), lambda: store.save(ID, RECORD), lambda: store.delete(ID)):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.topic == "os-keyring"
        assert cause in caught.value.message
        assert caught.value.message.isprintable()
        assert "--token-cache-storage=disk" in caught.value.hint


def test_a_keyring_that_refuses_to_write_keeps_the_old_record() -> None:
    """A denied save is an error, and the old record is still there."""
    place = Fake()
    KeyringStore(place).save(ID, b"old")
    denied = ReadOnly()
    denied.kept = place.kept
    with pytest.raises(StoreError, match="Can't store password"):
        KeyringStore(denied).save(ID, RECORD)
    assert KeyringStore(place).load(ID) == b"old"


def test_a_denied_delete_is_an_error() -> None:
    """The keyring library raises the same exception for both, so the entry is read again."""
    denied = ReadOnly()
    KeyringStore(denied).load(ID)
    assert not KeyringStore(denied).delete(ID), "there is nothing"
    denied.kept[f"kubectl-oidc/{ID}/a"] = ("session", "kubectl-oidc-slot-1 1 0 0\n")
    with pytest.raises(StoreError, match="Can't delete password"):
        KeyringStore(denied).delete(ID)


def test_no_message_holds_the_record() -> None:
    """The error for a record that does not fit or is not ASCII does not quote it."""
    store = KeyringStore(WindowsLike())
    with pytest.raises(StoreError) as caught:
        store.save(ID, RECORD * 40)
    assert SECRETS[0] not in f"{caught.value.message} {caught.value.hint}"
    assert store.load(ID) is None


@pytest.mark.parametrize("secret", ["", "é", "\ud800", "kubectl-oidc-slot-1 ² ² x\n", "x" * 5_000])
def test_a_foreign_entry_under_our_name_is_treated_as_missing(secret: str) -> None:
    """Whatever text it holds, there is no record and no exception, and the next save replaces it."""
    place = Fake()
    place.kept[f"kubectl-oidc/{ID}/a"] = ("session", secret)
    store = KeyringStore(place)
    assert store.load(ID) is None
    store.save(ID, b"record")
    assert store.load(ID) == b"record"


def test_the_place_of_a_session_is_the_keyring_s_name() -> None:
    """People know their keyring by its own name."""
    assert KeyringStore(SecretServiceLike()).where().endswith(f"({SecretServiceLike().name})")
    assert KeyringStore(Fake()).name == "keyring"


def named(module: str) -> KeyringBackend:
    """Return a backend of another module, by its name."""
    backend: KeyringBackend = type("Named", (Fake,), {"__module__": module})()
    return backend


@pytest.mark.parametrize(
    ("module", "counts"),
    [
        ("keyring.backends.SecretService", True),
        ("keyring.backends.libsecret", True),
        ("keyring.backends.kwallet", True),
        ("keyring.backends.macOS", True),
        ("keyring.backends.Windows", True),
        ("keyring_pass", True),
        ("keyring.backends.fail", False),
        ("keyring.backends.null", False),
        ("keyrings.alt.file", False),
        ("sagecipher.plaintext", False),
    ],
)
def test_null_fail_and_plain_text_do_not_count_as_a_keyring(module: str, counts: bool) -> None:  # noqa: FBT001 - a table
    """A backend that stores nothing, always fails or writes plain files is not a keyring."""
    assert is_keyring(named(module)) is counts


@pytest.mark.parametrize(
    ("modules", "counts"),
    [
        ((), False),
        (("keyring.backends.fail",), False),
        (("keyrings.alt.file", "keyring.backends.SecretService"), True),
    ],
)
def test_a_chain_counts_if_one_of_its_keyrings_does(modules: tuple[str, ...], counts: bool) -> None:  # noqa: FBT001
    """The library chains what it finds."""
    chain = type("Chain", (Fake,), {"__module__": "keyring.backends.chainer", "backends": ()})()
    chain.backends = [named(module) for module in modules]
    assert is_keyring(chain) is counts


def found(*, seconds: float = 20, **env: str) -> str:
    """Return what `find_backend` finds in a fresh process without a desktop: a class's name, None or an error."""
    program = (
        "from kubectl_oidc.sessions.stores.os_keyring import find_backend\n"
        "from kubectl_oidc.errors import StoreError\n"
        f"try: found = find_backend(seconds={seconds})\n"
        "except StoreError as error: print(error.topic, error.message, flush=True)\n"
        "else: print(found and type(found).__module__ + '.' + type(found).__name__, flush=True)\n"
        "import os; os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system always has a keyring")
def test_without_a_desktop_there_is_no_keyring() -> None:
    """On a server without D-Bus it is None, not the library's fail backend."""
    assert found() == "None"


def test_the_backend_that_the_user_chose_is_the_keyring(tmp_path: Path) -> None:
    """PYTHON_KEYRING_BACKEND or keyringrc.cfg is followed, even if that backend stores nothing. A broken one is an error."""
    assert found(PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring") == "keyring.backends.null.Keyring"
    (tmp_path / "python_keyring").mkdir()
    (tmp_path / "python_keyring" / "keyringrc.cfg").write_text(
        "[backend]\ndefault-keyring=keyring.backends.null.Keyring\n"
    )
    if sys.platform == "linux":
        assert found(XDG_CONFIG_HOME=str(tmp_path)) == "keyring.backends.null.Keyring"
    assert "absent" in found(PYTHON_KEYRING_BACKEND="absent.Keyring")


def test_a_keyring_whose_search_hangs_is_given_up(tmp_path: Path) -> None:
    """A backend that does not even start is an error in bounded time."""
    (tmp_path / "hanging.py").write_text("import time\ntime.sleep(60)\n")
    began = time.monotonic()
    error = found(seconds=1, PYTHONPATH=str(tmp_path), PYTHON_KEYRING_BACKEND="hanging.Keyring")
    assert error.startswith("os-keyring ")
    assert time.monotonic() - began < 20
