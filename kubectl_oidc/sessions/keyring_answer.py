"""Answer a known command whose session is only in the Secret Service, without loading flags, HTTP or cryptography.

The fast path cannot read that. The rest of the slow path would take three times as long to load as this module.
"""

from __future__ import annotations

import os
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from kubectl_oidc.exec_credential import credential
from kubectl_oidc.fast_path import answer_with
from kubectl_oidc.fast_path.keyring_session import configured
from kubectl_oidc.fast_path.known_command import KEYRING
from kubectl_oidc.system.deadline import bounded

from .session import Session
from .stores import index, kernel_store, secret_service

if TYPE_CHECKING:
    from kubectl_oidc.fast_path.known_command import KnownCommand

SECONDS = 2.0
"""A Secret Service answers within milliseconds. If it hangs, `slow_path` goes on and reports that."""


def answer_from_keyring(command: KnownCommand) -> int | None:
    """Answer with the session in the OS keyring if its token is valid.

    Args:
        command: The known command, whose credential is in the ``keyring``.

    Returns:
        The exit status after an answer, or None, as `fast_path.answer_from_cache` does. If anything has changed since the
        command was remembered, there is no answer from here.
    """
    entry = index.read_entry(Path(command.directory), command.session_id, KEYRING)
    if (
        entry is None
        or entry.storage != KEYRING
        or entry.former
        or entry.expiry - command.margin <= time()
        or kernel_store(os.environ)
        or configured(os.environ)
    ):
        return None
    try:
        record = bounded(lambda: secret_service.load(command.session_id), SECONDS, TimeoutError)
    except Exception:  # noqa: BLE001 - keyrings raise many types of errors, and the slow path reports them
        return None
    session = Session.parse(record, command.session_id)
    if session is None or session.generation < entry.generation:
        return None
    return answer_with(command, credential(session.token(), session.expiry, entry.refreshed_at))
