"""Which store is taken: the one that was asked for, or for ``auto`` the first of keyring, kernel and disk."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.sessions.stores import CHOICES, kernel_is_private, open_store
from kubectl_oidc.sessions.stores.no_store import NoStore
from kubectl_oidc.system.containers import in_container
from tests.sessions import linux_only, need_the_kernel_keyring

if TYPE_CHECKING:
    from pathlib import Path

ID = "0123456789abcdef" * 2


def test_disk_and_none_are_always_to_be_had(tmp_path: Path) -> None:
    """They need nothing of the machine; each has its flag's name, and disk the directory to show people."""
    assert open_store("disk", tmp_path).name == "disk"
    assert open_store("disk", tmp_path).where() == str(tmp_path / "tokens")
    assert open_store("none", tmp_path).name == "none"
    assert {"keyring", "kernel", "disk", "none"} | {"auto"} == set(CHOICES)


def test_none_keeps_nothing_anywhere(tmp_path: Path) -> None:
    """A record that is saved is not there; nothing is written."""
    store = NoStore()
    store.save(ID, b"record")
    assert store.load(ID) is None
    assert not store.delete(ID)
    assert store.where() == "nowhere"
    assert list(tmp_path.rglob("*.json")) == []


@linux_only
def test_the_kernel_keyring_is_taken_when_it_is_asked_for(tmp_path: Path) -> None:
    """Asked for by name it is used even in a container or CI: the person settled it."""
    need_the_kernel_keyring()
    assert open_store("kernel", tmp_path).name == "kernel"


@linux_only
@pytest.mark.parametrize(
    "environ", [{"CI": "true"}, {"CI": "1"}, {"container": "lxc"}, {"KUBERNETES_SERVICE_HOST": "h"}]
)
def test_the_kernel_keyring_is_not_private_in_ci_and_containers(environ: dict[str, str]) -> None:
    """Processes of the same user in another container read the same keyring."""
    assert not kernel_is_private(environ)


@linux_only
def test_the_kernel_keyring_is_private_outside() -> None:
    """On a machine that is no container it is ours alone."""
    assert kernel_is_private({}) is not in_container({})


LOCKED = """
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

class Locked(KeyringBackend):
    priority = 5
    def get_password(self, service, username):
        raise KeyringLocked("the collection is locked")
    set_password = delete_password = get_password
"""


def auto(directory: Path, **env: str) -> str:
    """Return the store that ``auto`` takes in a fresh process, and whether it can be read."""
    program = (
        "import os, sys; from pathlib import Path; from kubectl_oidc.sessions.stores import first_store\n"
        "from kubectl_oidc.errors import StoreError\n"
        "store = first_store(Path(sys.argv[1]), os.environ)\n"
        "try: print(store.name, store.load('0' * 32))\n"
        "except StoreError as error: print(store.name, error.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(directory)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.strip()


@linux_only
def test_auto_takes_disk_only_where_there_is_neither_keyring_nor_kernel(tmp_path: Path) -> None:
    """In CI without a desktop there is nothing else."""
    assert auto(tmp_path, CI="true") == "disk None"


@linux_only
def test_auto_takes_the_kernel_keyring_on_a_server(tmp_path: Path) -> None:
    """Without a desktop, on a machine that is no container."""
    need_the_kernel_keyring()
    if in_container({}):
        pytest.skip("this machine is a container, where auto does not take the kernel keyring")
    assert auto(tmp_path) == "kernel None"


def test_auto_stays_with_a_keyring_that_fails_just_now(tmp_path: Path) -> None:
    """A locked keyring is a keyring: the failure is said, and no file is written instead."""
    (tmp_path / "locked.py").write_text(LOCKED)
    cache = tmp_path / "cache"
    said = auto(cache, PYTHONPATH=str(tmp_path), PYTHON_KEYRING_BACKEND="locked.Locked", CI="true")
    assert said == "keyring the OS keyring cannot be used: the collection is locked"
    assert not cache.exists()


@linux_only
def test_a_keyring_that_is_asked_for_and_absent_is_an_error_with_what_to_do(tmp_path: Path) -> None:
    """It is not replaced by anything: the person chooses."""
    program = (
        "from pathlib import Path; from kubectl_oidc.sessions.stores import open_store\n"
        "from kubectl_oidc.errors import StoreError\n"
        "try: open_store('keyring', Path('cache'))\n"
        "except StoreError as error: print(error.message, error.hint, error.topic, sep='\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    message, hint, topic = done.stdout.splitlines()
    assert message == "there is no OS keyring here"
    assert "--token-cache-storage=disk or kernel" in hint
    assert topic == "os-keyring"
    assert not (tmp_path / "work" / "cache").exists()
