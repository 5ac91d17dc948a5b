"""How much is stored: many sessions, and large tokens."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from bench.result import Part, Section, at_most, times_table
from bench.timing import Subject, measure
from kubectl_oidc.fast_path.known_command import DIRECTORY as WORDS, KnownCommand
from kubectl_oidc.sessions.known_commands import MOST
from kubectl_oidc.sessions.repository import SessionRepository
from kubectl_oidc.sessions.session import Session
from kubectl_oidc.sessions.session_key import SessionKey
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.system import private_files
from kubectl_oidc.system.log import QUIET

if TYPE_CHECKING:
    from pathlib import Path

    from bench.world import Side, World

COUNTS = (1, 10, 100, 1000)
SESSIONS = {count: at_most(f"{count} sessions (`disk`)", "1 session", 1.1, pure=True) for count in COUNTS[1:]}
TOKEN = at_most("a 12 KB token (`disk`)", "a 1 KB token", 1.1, pure=True)
_LARGE = 650  # groups


def _measure(world: World) -> Section:
    bundle, pure, *_ = world.sides
    sessions = {count: _with_sessions(world, pure, count) for count in COUNTS}
    tokens = [_with_token(world, pure, groups) for groups in (10, _LARGE)]
    subjects = [*sessions.values(), *tokens]
    # The same sessions, and the same arguments after the program's name: the launcher answers from what the pure wheel stored.
    subjects += [
        Subject(f"{one.name}, with the launcher", (str(bundle.program), *one.command[1:]), one.environment)
        for one in subjects
    ]
    times = measure(subjects, world.runs)
    one = times[sessions[1].name].wall
    rows = [goal.ratio(times[sessions[count].name].wall, one) for count, goal in SESSIONS.items()]
    small, large = (times[token.name].wall for token in tokens)
    return Section([*rows, TOKEN.ratio(large, small)], times_table(times))


def _with_token(world: World, side: Side, groups: int) -> Subject:
    scene = world.scene(f"token-{groups}", side, files_only=True)
    world.provider.groups[scene.client] = [f"team-{number:05}" for number in range(groups)]
    subject = scene.signed_in("", "disk")
    size = max(path.stat().st_size for path in (scene.home / ".kube/cache/oidc-login/credentials").iterdir())
    return Subject(f"a token of {size / 1000:.1f} KB", subject.command, subject.environment)


def _with_sessions(world: World, side: Side, count: int) -> Subject:
    """Sign in once, and have so many other sessions beside it, each as complete as that one."""
    scene = world.scene(f"sessions-{count}", side, files_only=True)
    subject = scene.signed_in(f"{count} session{'s' if count > 1 else ''}", "disk")
    cache = scene.home / ".kube" / "cache" / "oidc-login"
    (entry,) = index.read_entries(cache)
    session = Session.parse(
        private_files.read_private_file(cache / "tokens", entry.session_id), entry.session_id
    )
    (name,) = private_files.private_file_names(cache / WORDS)
    words = KnownCommand.parse(private_files.read_private_file(cache / WORDS, name) or b"")
    if session is None or words is None:
        raise ValueError("a session that was just signed in cannot be read")
    for number in range(1, count):
        _another(cache, session, words, number)
    return subject


def _another(cache: Path, session: Session, words: KnownCommand, number: int) -> None:
    key = SessionKey(issuer=session.issuer, client_id=f"client-{number}", scopes=("openid", "email"))
    repository = SessionRepository(key, storage="disk", cache_dir=cache, environ={}, log=QUIET)
    repository.save(session._replace(session_id=key.id()), session.signed_in_at)
    repository.publish(session._replace(session_id=key.id()), session.signed_in_at)
    if number < MOST:
        words.session_id = key.id()
        private_files.write_private_file(cache / WORDS, secrets.token_hex(16), words.record())


PART = Part("sizes", "Many sessions, large tokens", (*SESSIONS.values(), TOKEN), _measure)
