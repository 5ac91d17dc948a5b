"""Remember a command: write down which session answers it, so that the hot half does next time."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.fast_path import known_command, refresh_ahead
from kubectl_oidc.http.tls import VARIABLES
from kubectl_oidc.sessions.known_commands import DIRECTORY, MOST, say_damage
from kubectl_oidc.system import private_files
from kubectl_oidc.system.containers import in_container

if TYPE_CHECKING:
    from kubectl_oidc.sessions.repository import SessionRepository
    from kubectl_oidc.system.log import Log

    from .outcome import Outcome
    from .request import SignInRequest


def remember_command(
    request: SignInRequest, outcome: Outcome, *, api_version: str, margin: int, log: Log
) -> None:
    """Write down what answers this process's command line, if it may be answered from memory.

    Args:
        request: What was asked for.
        outcome: What came of it.
        api_version: The ``apiVersion`` that the client asked for.
        margin: Seconds that a credential must still be good for.
        log: What -v shows; a command that asks for a log is not remembered.
    """
    root = known_command.cache_root()
    repository = outcome.repository
    place = outcome.place or (_light_place(repository) if repository else "")
    if not root or repository is None or not place:
        return
    if log.level >= 1:
        say_damage(Path(root) / DIRECTORY, log)
    if request.force_refresh or log.level > 0 or not request.cache_dir.is_absolute():
        return
    if _moves(request):
        return  # what it trusts moves with the working directory
    if request.password:
        return  # people choose passwords that can be guessed: even a digest with one in it tells who guesses well
    try:
        record = known_command.KnownCommand(
            repository.session_id,
            api_version,
            place,
            os.fspath(repository.cache_dir),
            margin,
            repository.lock_paths(),
            ahead=_ahead(request, outcome),
            when=request.refresh_ahead_when,
        ).record()
        if record:
            private_files.ensure_directory(repository.cache_dir, refresh_ahead.DIRECTORY)
            directory = private_files.ensure_directory(Path(root), DIRECTORY)
            with repository.newest(
                outcome.session
            ) as is_newest:  # a purge leaves no command that is remembered
                if is_newest:
                    private_files.write(directory, known_command.digest(sys.argv[1:]), record)
            private_files.keep_newest(directory, MOST)
    except OidcLoginError as error:
        log.info(1, f"the command is not remembered: {error.message}")


def _moves(request: SignInRequest) -> bool:
    """Return whether a relative path names an authority, so that the same words trust another elsewhere.

    One that was typed does not count: the working directory is in the command's digest then.
    """
    if known_command.working_directory(sys.argv[1:]):
        return False
    named = [request.tls.variable(name) for name in VARIABLES]
    paths = [*map(os.fspath, request.tls.ca_files), *named[:1], *named[1].split(os.pathsep)]
    return any(path and not os.path.isabs(path) for path in paths)  # noqa: PTH117 - the variables' own words


def _light_place(repository: SessionRepository) -> str:
    """Return the place of a session that is not published, but can be read without loading much."""
    if repository.store.name != known_command.KEYRING:
        return ""
    from kubectl_oidc.sessions.stores.os_keyring import KeyringStore

    return (
        known_command.KEYRING
        if isinstance(repository.store, KeyringStore) and repository.store.light(os.environ)
        else ""
    )


def _ahead(request: SignInRequest, outcome: Outcome) -> int:
    """Return when the hot half has the session refreshed ahead; never without a refresh token, nor in a container by itself."""
    by_itself = request.refresh_ahead_when == refresh_ahead.AUTO
    if outcome.session.refresh_token is None or (by_itself and in_container(os.environ)):
        return 0
    return request.refresh_ahead
