"""The light way: a known command whose session rests in the OS keyring alone, answered without flags, HTTP or cryptography.

The hot half cannot talk to the keyring; the rest of the cold half would take three times as long to load as this does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from kubectl_oidc.exec_credential import credential
from kubectl_oidc.fast_path import answer_with
from kubectl_oidc.fast_path.known_command import KEYRING
from kubectl_oidc.system.deadline import bounded

from .session import Session
from .stores import index, kernel_store, native_keyring, secret_service

if TYPE_CHECKING:
    from kubectl_oidc.fast_path.known_command import KnownCommand

SECONDS = 2.0
"""A Secret Service that is there answers within milliseconds; one that hangs is left to the way that says so."""


def answer_from_keyring(words: KnownCommand) -> int | None:
    """Answer from the session in the OS keyring, if its token is good.

    Args:
        words: What is known of the command, whose place is ``keyring``.

    Returns:
        The exit status after an answer, or None, as `hot.look` does. Whatever is not as it was when the command was
        remembered is left to the whole way.
    """
    entry = index.read(Path(words.directory), words.session_id, KEYRING)
    if entry is None or entry.storage != KEYRING or entry.former or entry.expiry - words.margin <= time():
        return None
    if kernel_store(os.environ) or secret_service.configured(os.environ):
        return None
    try:
        record = _load(words.session_id)
    except Exception:  # noqa: BLE001 - keyrings have errors of many kinds, and the whole way says what is the matter
        return None
    session = Session.parse(record, words.session_id)
    if session is None or session.generation < entry.generation:
        return None
    return answer_with(words, credential(session.token(), session.expiry, entry.refreshed_at))


def _load(session_id: str) -> bytes | None:
    """Return the session's record by this system's own keyring."""
    if sys.platform in native_keyring.BACKENDS:
        return bounded(lambda: native_keyring.load(session_id), native_keyring.SECONDS, TimeoutError)
    return bounded(lambda: secret_service.load(session_id), SECONDS, TimeoutError)
