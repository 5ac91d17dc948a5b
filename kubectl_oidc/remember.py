"""Remember a command: write down which session answers it, so that the hot half does next time."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.containers import in_container
from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.hot import ahead, words
from kubectl_oidc.stores import private_files
from kubectl_oidc.tls import VARIABLES

if TYPE_CHECKING:
    from kubectl_oidc.keeper import SessionKeeper
    from kubectl_oidc.log import Log
    from kubectl_oidc.outcome import Outcome
    from kubectl_oidc.token_request import TokenRequest

DIRECTORY = "words"
MOST = 256
"""How many commands are remembered; beyond that the oldest are forgotten."""


def remember(request: TokenRequest, outcome: Outcome, *, api_version: str, margin: int, log: Log) -> None:
    """Write down what answers this process's command line, if it may be answered from memory.

    Args:
        request: What was asked for.
        outcome: What came of it.
        api_version: The ``apiVersion`` that the client asked for.
        margin: Seconds that a credential must still be good for.
        log: What -v shows; a command that asks for a log is not remembered.
    """
    root = words.cache_root()
    keeper = outcome.keeper
    place = outcome.place or (_light_place(keeper) if keeper else "")
    if not root or keeper is None or not place:
        return
    if log.level >= 1:
        _say_damage(Path(root) / DIRECTORY, log)
    if request.force_refresh or log.level > 0 or not request.cache_dir.is_absolute():
        return
    if _moves(request):
        return  # what it trusts moves with the working directory
    if request.password:
        return  # people choose passwords that can be guessed: even a digest with one in it tells who guesses well
    try:
        record = words.Words(
            keeper.session_id,
            api_version,
            place,
            os.fspath(keeper.cache_dir),
            margin,
            keeper.lock_paths(),
            ahead=_ahead(request, outcome),
            when=request.refresh_ahead_when,
        ).record()
        if record:
            private_files.ensure_directory(keeper.cache_dir, ahead.DIRECTORY)
            directory = private_files.ensure_directory(Path(root), DIRECTORY)
            with keeper.newest(outcome.session) as is_newest:  # a purge leaves no command that is remembered
                if is_newest:
                    private_files.write(directory, words.digest(sys.argv[1:]), record)
            private_files.keep_newest(directory, MOST)
    except OidcLoginError as error:
        log.info(1, f"the command is not remembered: {error.message}")


def _moves(request: TokenRequest) -> bool:
    """Return whether a relative path names an authority, so that the same words trust another elsewhere.

    One that was typed does not count: the working directory is in the command's digest then.
    """
    if words.working_directory(sys.argv[1:]):
        return False
    named = [request.tls.variable(name) for name in VARIABLES]
    paths = [*map(os.fspath, request.tls.ca_files), *named[:1], *named[1].split(os.pathsep)]
    return any(path and not os.path.isabs(path) for path in paths)  # noqa: PTH117 - the variables' own words


def _light_place(keeper: SessionKeeper) -> str:
    """Return the place of a session that is not published, but can be read without loading much."""
    if keeper.store.name != words.KEYRING:
        return ""
    from kubectl_oidc.stores.os_keyring import KeyringStore

    return words.KEYRING if isinstance(keeper.store, KeyringStore) and keeper.store.light(os.environ) else ""


def _ahead(request: TokenRequest, outcome: Outcome) -> int:
    """Return when the hot half has the session refreshed ahead; never without a refresh token, nor in a container by itself."""
    by_itself = request.refresh_ahead_when == ahead.AUTO
    if outcome.session.refresh_token is None or (by_itself and in_container(os.environ)):
        return 0
    return request.refresh_ahead


def _say_damage(directory: Path, log: Log) -> None:
    """Say which of the remembered commands cannot be used; the hot half has taken them for unknown ones without a word."""
    for name in private_files.names(directory):
        record = private_files.read(directory, name)
        refusal = private_files.refusal(directory, name)
        if record is not None and words.Words.parse(record) is None:
            refusal = f"the remembered command {directory / name} is damaged or of another version"
        if refusal:
            log.info(1, f"{refusal}: it is not used")


def forget(session_id: str) -> None:
    """Forget every command that the session answers.

    Args:
        session_id: The session.
    """
    root = words.cache_root()
    if not root:
        return
    directory = Path(root) / DIRECTORY
    private_files.sweep(directory)
    for name in private_files.names(directory):
        remembered = words.Words.parse(private_files.read(directory, name) or b"")
        if remembered is not None and remembered.session_id == session_id:
            with contextlib.suppress(OSError):
                (directory / name).unlink()
