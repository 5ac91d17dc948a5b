"""The commands that the fast path answers from memory: one private file each, which names the session that answers it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.fast_path import known_command
from kubectl_oidc.fast_path.known_command import DIRECTORY
from kubectl_oidc.system import private_files

if TYPE_CHECKING:
    from kubectl_oidc.system.log import Log

MOST = 256
"""How many commands are remembered. Beyond that the oldest are forgotten."""


def log_damaged_commands(directory: Path, log: Log) -> None:
    """Log which files cannot be used. The fast path treats them as unknown commands and logs nothing."""
    for name in private_files.private_file_names(directory):
        record = private_files.read_private_file(directory, name)
        refusal = private_files.reason_not_private(directory, name)
        if record is not None and known_command.KnownCommand.parse(record) is None:
            refusal = f"the remembered command {directory / name} is damaged or of another version"
        if refusal:
            log.info(1, "record-damaged", f"{refusal}: it is not used")


def forget_commands(session_id: str) -> None:
    """Forget every command that the session answers."""
    root = known_command.cache_root()
    if not root:
        return
    directory = Path(root) / DIRECTORY
    private_files.sweep(directory)
    for name in private_files.private_file_names(directory):
        remembered = known_command.KnownCommand.parse(private_files.read_private_file(directory, name) or b"")
        if remembered is not None and remembered.session_id == session_id:
            with contextlib.suppress(OSError):
                (directory / name).unlink()
