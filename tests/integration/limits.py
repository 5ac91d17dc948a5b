"""The program with a shorter time limit, for tests of what it does when the time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 3.0
"""How long each of these limits is."""

KEYRING = f"""
from kubectl_oidc.sessions import lost_sessions
from kubectl_oidc.sessions.stores import os_keyring

lost_sessions.SECONDS = {SECONDS}
os_keyring.find_backend.__defaults__ = os_keyring.KeyringStore.__init__.__defaults__ = ({SECONDS},)
"""
"""How long the OS keyring may take to answer: 30 s."""

UNSEEN = f"""
from kubectl_oidc.authentication.grants import announcement

announcement.UNSEEN_SECONDS = {SECONDS}
"""
"""How long a person is awaited who may not see the address in time: 30 s."""

REQUEST = f"""
from kubectl_oidc.http.client import HttpClient

HttpClient.__init__.__kwdefaults__["request_timeout"] = {SECONDS}
"""
"""How long one request may take: 15 s."""


def shorter(directory: Path, limit: str) -> dict[str, str]:
    """Return the environment in which the program has this limit shorter.

    Args:
        directory: A directory without modules, to make use of.
        limit: One of this module.
    """
    (directory / "sitecustomize.py").write_text(limit)
    return {"PYTHONPATH": str(directory)}
