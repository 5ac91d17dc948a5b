"""Select sessions by name, ID or flags: one rule for login, logout, purge, whoami, doctor and status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.authentication.request import OTHER_GRANTS
from kubectl_oidc.cli.options.flags import LOG, SIGN_IN, hidden, rare
from kubectl_oidc.cli.options.session import IDENTITY
from kubectl_oidc.cli.options.to_request import scopes
from kubectl_oidc.errors import SeveralSessions
from kubectl_oidc.sessions.listing import known_entries
from kubectl_oidc.system import shell
from kubectl_oidc.text import sanitize

from .from_index import identifying_flags
from .from_stanza import typed_params

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from kubectl_oidc.sessions.stores import index

    from .sessions_of_users import SessionUser

SHORT = 8
"""The fewest digits of an ID that select its session; `status` shows as many."""

SESSION_OPTIONS = tuple(
    flag._replace(metavar="SESSION", help="Session to use, by its name or ID from `status`.")
    if flag.name == "--session"
    else flag
    for flag in IDENTITY
)
"""The flags that identify a session, for commands in which --session selects an existing one."""

ONE_SESSION = (
    *rare(SESSION_OPTIONS, "--session", "--token-cache-dir"),
    *hidden(SIGN_IN),
    *LOG,
)
"""The flags of a command about one session, behind its own."""

NAMES_A_SESSION = tuple(flag.key for flag in IDENTITY if flag.identity and flag.name != "--grant-type")
"""The flags that name a session; without one, --grant-type does not, because ``auto`` may be any."""
_NOT_IN_THE_INDEX = tuple(
    flag.key for flag in IDENTITY if flag.identity and not flag.in_index and flag.name != "--grant-type"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that a command line may select.

    Attributes:
        session_id: Its ID.
        cache_dir: The cache directory whose index has it.
        entry: Its index entry; None if it is not stored here.
        users: The kubeconfig users that ask for it.
        lost: Whether only its files or keys were found, without an index entry.
    """

    session_id: str
    cache_dir: Path
    entry: index.Entry | None
    users: tuple[SessionUser, ...] = ()
    lost: bool = False

    @property
    def name(self) -> str:
        """Its name, or empty."""
        if self.entry:
            return self.entry.name
        return self.users[0].request.session_name if self.users else ""

    @property
    def client(self) -> tuple[str, str]:
        """Its issuer and client; empty if they are unknown."""
        if self.entry:
            return self.entry.issuer, self.entry.client_id
        return (self.users[0].request.issuer, self.users[0].request.client_id) if self.users else ("", "")

    def description(self) -> str:
        """Return text that distinguishes it from other sessions."""
        if self.lost:
            return "a session that the index does not know"
        issuer, client_id = self.client
        asked = self.entry.scopes if self.entry else self.users[0].request.scopes
        extra = [scope for scope in asked if scope != "openid"]
        person = self.entry.person if self.entry else "not signed in"
        contexts = [name for user in self.users for name in user.contexts]
        parts = [
            f"{person} at {issuer}, client {client_id}",
            *([f"scopes {','.join(extra)}"] if extra else []),
            *(identifying_flags(self.entry) if self.entry else ()),
            *([f"session {self.name}"] if self.name else []),
            *([f"contexts {','.join(contexts)}"] if contexts else []),
        ]
        return sanitize(", ".join(parts), limit=300)


def candidates(users: Sequence[SessionUser], cache_dirs: Iterable[Path]) -> list[Candidate]:
    """Return the sessions that are stored here, then those that the kubeconfig asks for and that are not stored."""
    asked: dict[tuple[str, Path], list[SessionUser]] = {}
    for user in users:
        asked.setdefault((user.session_id, user.cache_dir), []).append(user)
    found = []
    for cache_dir in cache_dirs:
        for entry in known_entries(cache_dir):
            mine = asked.pop((entry.session_id, cache_dir), [])
            found.append(Candidate(entry.session_id, cache_dir, entry, tuple(mine)))
    return [*found, *(Candidate(*key, None, tuple(mine)) for key, mine in asked.items())]


def sessions_named(word: str, found: Sequence[Candidate]) -> list[Candidate]:
    """Return the sessions whose name is the value of ``--session``, else those whose ID starts with it."""
    by_name = [one for one in found if word and one.name == word]
    if by_name or len(word) < SHORT:
        return by_name
    return [one for one in found if one.session_id.startswith(word.lower())]


def matches_flags(entry: index.Entry, values: Mapping[str, Any]) -> bool:
    """Return whether a session matches every identifying flag that was given, as far as the index knows."""
    if any(values.get(name) for name in _NOT_IN_THE_INDEX) or values.get("grant_type") in OTHER_GRANTS:
        return False  # the index does not record these, so only an exact match selects such a session
    given = values.get("oidc_extra_scope")
    return (
        values.get("oidc_issuer_url") in {None, "", entry.issuer}
        and values.get("oidc_client_id") in {None, "", entry.client_id}
        and (not given or set(scopes(given)) == set(entry.scopes))
        and values.get("session") in {None, "", entry.name}
    )


def selector(one: Candidate, among: Iterable[Candidate]) -> str:
    """Return the value of ``--session`` that selects only this session: its name, else the start of its ID."""
    others = [other for other in among if other.session_id != one.session_id]
    if one.name and all(other.name != one.name for other in others):
        return one.name
    length = SHORT
    while length < len(one.session_id) and any(
        other.name == one.session_id[:length] or other.session_id.startswith(one.session_id[:length])
        for other in others
    ):
        length += 1
    return one.session_id[:length]


def several_sessions(
    found: Sequence[Candidate], among: Sequence[Candidate], *, every: bool
) -> SeveralSessions:
    """Return the error for a command line that matches several sessions, with the command that selects each.

    Args:
        among: All sessions to choose from.
        every: Whether the command has ``--all``.
    """
    hint = "run one of these commands"
    return SeveralSessions(
        f"{len(found)} sessions match; choose one",
        f"{hint}, or --all for every session" if every else hint,
        lines=selecting_commands(found, among),
    )


def selecting_commands(found: Sequence[Candidate], among: Iterable[Candidate]) -> tuple[str, ...]:
    """Return a line for each session: the running command with the flag that selects it, and what it is.

    Args:
        among: All sessions to choose from.
    """
    context = click.get_current_context()
    typed = typed_params(context)
    given = ((name, typed.get(name)) for name in ("kubeconfig", "token_cache_dir"))
    more = [f"--{name.replace('_', '-')}={value}" for name, value in given if value]
    words = ["kubectl", "oidc-login", context.info_name or "", *more]
    commands = [shell.one_line([*words, f"--session={selector(one, among)}"]) for one in found]
    widest = max(map(len, commands), default=0)
    return tuple(f"{line:{widest}}   {one.description()}" for line, one in zip(commands, found, strict=True))
