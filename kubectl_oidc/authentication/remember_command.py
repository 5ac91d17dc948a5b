"""Remember a command: record which session answers it, so that the fast path can answer it next time."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.fast_path import known_command, refresh_ahead
from kubectl_oidc.fast_path.known_command import DIRECTORY
from kubectl_oidc.http.tls import VARIABLES
from kubectl_oidc.sessions.known_commands import MOST, log_damaged_commands
from kubectl_oidc.system import private_files
from kubectl_oidc.system.containers import in_container

from .request import JWT_BEARER

if TYPE_CHECKING:
    from kubectl_oidc.sessions.repository import SessionRepository
    from kubectl_oidc.system.log import Log

    from .outcome import Outcome
    from .request import SignInRequest


def remember_command(
    request: SignInRequest, outcome: Outcome, *, api_version: str, margin: int, settings: str, log: Log
) -> None:
    """Record which session answers this process's command line, if the fast path may answer it.

    Args:
        api_version: The ``apiVersion`` of the ExecCredential.
        margin: How many seconds before its expiry a credential is no longer used.
        settings: The state of the settings files from before they were read.
        log: A command with -v is not remembered.
    """
    root, repository = known_command.cache_root(), outcome.repository
    place = outcome.place or _keyring_place(repository)
    if not root or not place:
        return
    if log.level >= 1:
        log_damaged_commands(Path(root) / DIRECTORY, log)
    if not _may_be_remembered(request, log):
        return
    try:
        record = known_command.KnownCommand(
            repository.session_id,
            api_version,
            place,
            os.fspath(repository.cache_dir),
            margin,
            repository.lock_paths(),
            ahead=_ahead(request, outcome),
            when=request.renewal.ahead_when,
        ).record()
        if record:
            private_files.ensure_directory(repository.cache_dir, refresh_ahead.CLAIMS_DIRECTORY)
            directory = private_files.ensure_directory(Path(root), DIRECTORY)
            digest = known_command.command_digest(sys.argv[1:], settings)
            with repository.lock_if_newest(outcome.session) as is_newest:
                if is_newest:  # a purge that ran meanwhile must leave no remembered command
                    private_files.write_private_file(directory, digest, record)
            private_files.keep_newest(directory, MOST)
    except OidcLoginError as error:
        log.info(1, "command-not-remembered", f"the command is not remembered: {error.message}")


def _may_be_remembered(request: SignInRequest, log: Log) -> bool:
    """Return whether the same command line always gets the same answer, and its digest gives nothing away."""
    if request.renewal.force_refresh or log.level > 0 or not request.storage.cache_dir.is_absolute():
        return False
    if request.grant == JWT_BEARER:
        return False  # the same file may hold a token of somebody else next time
    # A weak password could be guessed from a digest that contains it.
    return not _trust_is_relative(request) and not request.password


def _trust_is_relative(request: SignInRequest) -> bool:
    """Return whether the certificate authorities depend on the working directory.

    A relative path among the arguments does not count, because the command's digest then contains the working directory.
    """
    if known_command.working_directory(sys.argv[1:]):
        return False
    named = [request.tls.variable(name) for name in VARIABLES]
    paths = [*map(os.fspath, request.tls.ca_files), *named[:1], *named[1].split(os.pathsep)]
    return any(path and not os.path.isabs(path) for path in paths)  # noqa: PTH117 - a variable's text, as it is


def _keyring_place(repository: SessionRepository) -> str:
    """Return the place of a session that is only in the OS keyring, if it can be read there with few imports; else ''."""
    if repository.store.name != known_command.KEYRING:
        return ""
    from kubectl_oidc.sessions.stores.os_keyring import KeyringStore

    return (
        known_command.KEYRING
        if isinstance(repository.store, KeyringStore) and repository.store.is_read_directly(os.environ)
        else ""
    )


def _ahead(request: SignInRequest, outcome: Outcome) -> int:
    """Return the request's --refresh-ahead, or 0 without a refresh token or, by default, in a container."""
    automatic = request.renewal.ahead_when == refresh_ahead.AUTO
    if outcome.session.refresh_token is None or (automatic and in_container(os.environ)):
        return 0
    return request.renewal.ahead
