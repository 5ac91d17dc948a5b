"""Fixtures that unit tests of several packages use."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.sessions.stores.kernel import KernelStore
from tests.keyrings import the_os_keyring
from tests.sessions import key, need_the_kernel_keyring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.sessions.session_key import SessionKey


@pytest.fixture
def no_os_keyring() -> Iterator[None]:
    """Have no OS keyring, on any desktop."""
    with the_os_keyring(None):
        yield


@pytest.fixture
def own_key() -> Iterator[SessionKey]:
    """Return a session key for this test, and remove its keys from the kernel keyring afterwards."""
    need_the_kernel_keyring()
    one = key(name=secrets.token_hex(8))
    yield one
    KernelStore().delete(one.id())
    KernelStore().withdraw(one.id())
