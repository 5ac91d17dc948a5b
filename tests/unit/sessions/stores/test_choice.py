"""Which store is used: the requested one, or for ``auto`` the first of keyring, kernel and disk."""

from __future__ import annotations

import os
import re
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


def test_disk_and_none_are_always_available(tmp_path: Path) -> None:
    """They need nothing of the machine. Each has the flag's value as its name, and disk shows its directory."""
    assert open_store("disk", tmp_path).name == "disk"
    assert open_store("disk", tmp_path).where() == str(tmp_path / "tokens")
    assert open_store("none", tmp_path).name == "none"
    assert {"keyring", "kernel", "disk", "none"} | {"auto"} == set(CHOICES)


def test_none_stores_nothing(tmp_path: Path) -> None:
    """A saved record is not there, and nothing is written."""
    store = NoStore()
    store.save(ID, b"record")
    assert store.load(ID) is None
    assert not store.delete(ID)
    assert store.where() == "nowhere"
    assert list(tmp_path.rglob("*.json")) == []


@linux_only
def test_the_kernel_keyring_is_used_if_it_is_requested(tmp_path: Path) -> None:
    """It is used even in a container or CI, because the person chose it."""
    need_the_kernel_keyring()
    assert open_store("kernel", tmp_path).name == "kernel"


@linux_only
@pytest.mark.parametrize(
    "environ", [{"CI": "true"}, {"CI": "1"}, {"container": "lxc"}, {"KUBERNETES_SERVICE_HOST": "h"}]
)
def test_the_kernel_keyring_is_not_private_in_ci_and_containers(environ: dict[str, str]) -> None:
    """Processes of the same user in another container can read the same keyring."""
    assert not kernel_is_private(environ)


@linux_only
def test_the_kernel_keyring_is_private_outside() -> None:
    """On a machine that is not a container it is private."""
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
    """Return the store that ``auto`` chooses in a new process, and what reading it returns."""
    program = (
        "import os, sys; from pathlib import Path; from kubectl_oidc.sessions.stores import first_store\n"
        "from kubectl_oidc.errors import StoreError\n"
        "store = first_store(Path(sys.argv[1]), os.environ)\n"
        "try: print(store.name, store.load('0' * 32))\n"
        "except StoreError as error: print(store.name, error.topic)\n"
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
def test_auto_chooses_disk_only_without_keyring_and_kernel(tmp_path: Path) -> None:
    """In CI without a desktop there is nothing else."""
    assert auto(tmp_path, CI="true") == "disk None"


@linux_only
def test_auto_chooses_the_kernel_keyring_on_a_server(tmp_path: Path) -> None:
    """Without a desktop, on a machine that is no container."""
    need_the_kernel_keyring()
    if in_container({}):
        pytest.skip("this machine is a container, where auto does not take the kernel keyring")
    assert auto(tmp_path) == "kernel None"


def test_auto_chooses_a_keyring_that_fails_now(tmp_path: Path) -> None:
    """A locked keyring is a keyring: its error is reported, and no file is written instead."""
    (tmp_path / "locked.py").write_text(LOCKED)
    cache = tmp_path / "cache"
    chosen = auto(cache, PYTHONPATH=str(tmp_path), PYTHON_KEYRING_BACKEND="locked.Locked", CI="true")
    assert chosen == "keyring os-keyring"
    assert not cache.exists()


@linux_only
def test_a_requested_keyring_that_is_absent_is_an_error_with_a_hint(tmp_path: Path) -> None:
    """No other store is used instead: the person chooses."""
    program = (
        "from pathlib import Path; from kubectl_oidc.sessions.stores import open_store\n"
        "from kubectl_oidc.errors import StoreError\n"
        "try: open_store('keyring', Path('cache'))\n"
        "except StoreError as error: print(error.hint, error.topic, sep='\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    hint, topic = done.stdout.splitlines()
    assert re.search(r"--token-cache-storage=disk\b.*\bkernel\b", hint)
    assert topic == "os-keyring"
    assert not (tmp_path / "work" / "cache").exists()
