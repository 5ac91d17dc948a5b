"""Which session a name, an ID or flags select: one rule for login, logout, purge, whoami, doctor and status."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kubectl_oidc.authentication.request import OTHER_GRANTS
from kubectl_oidc.cli.options.session import IDENTITY
from kubectl_oidc.cli.options.to_request import scopes
from kubectl_oidc.errors import SeveralSessions
from kubectl_oidc.sessions.listing import known_entries
from kubectl_oidc.system import shell
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from kubectl_oidc.sessions.stores import index

    from .sessions_of_users import Asking

SHORT = 8
"""The fewest digits of an ID that select its session, and as many as `status` shows."""

SELECTED = tuple(
    replace(flag, metavar="SESSION", help="The session, by its name or its ID, as status shows it.")
    if flag.name == "--session"
    else flag
    for flag in IDENTITY
)
"""The flags of a session's identity, for commands in which --session selects one that there is already."""

NAMES_A_SESSION = tuple(flag.key for flag in IDENTITY if flag.identity and flag.name != "--grant-type")
"""The flags that name a session; without one, --grant-type does not, because ``auto`` may be any."""
_NOT_IN_THE_INDEX = tuple(
    flag.key for flag in IDENTITY if flag.identity and not flag.in_index and flag.name != "--grant-type"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that may be meant.

    Attributes:
        session_id: Its ID.
        cache_dir: The cache directory that it is known in.
        entry: What the index knows of it; None if it is not kept here.
        users: The kubeconfig users that ask for it.
        lost: Whether it was found by its files only, without an index entry.
    """

    session_id: str
    cache_dir: Path
    entry: index.Entry | None
    users: tuple[Asking, ...] = ()
    lost: bool = False

    @property
    def name(self) -> str:
        """Its name, else empty."""
        if self.entry:
            return self.entry.name
        return self.users[0].request.session_name if self.users else ""

    @property
    def client(self) -> tuple[str, str]:
        """Its issuer and client; empty if they are not known."""
        if self.entry:
            return self.entry.issuer, self.entry.client_id
        return (self.users[0].request.issuer, self.users[0].request.client_id) if self.users else ("", "")

    def words(self) -> str:
        """Return what tells it from others, in words."""
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
            *([f"session {self.name}"] if self.name else []),
            *([f"contexts {','.join(contexts)}"] if contexts else []),
        ]
        return sanitize(", ".join(parts), limit=300)


def candidates(users: Sequence[Asking], cache_dirs: Iterable[Path]) -> list[Candidate]:
    """Return the sessions that are kept here, then those that the kubeconfig asks for and that are not kept.

    Args:
        users: The kubeconfig users that sign in with this program.
        cache_dirs: The cache directories to look in, each once.
    """
    asked: dict[tuple[str, Path], list[Asking]] = {}
    for user in users:
        asked.setdefault((user.session_id, user.cache_dir), []).append(user)
    found = []
    for cache_dir in cache_dirs:
        for entry in known_entries(cache_dir):
            mine = asked.pop((entry.session_id, cache_dir), [])
            found.append(Candidate(entry.session_id, cache_dir, entry, tuple(mine)))
    return [*found, *(Candidate(*key, None, tuple(mine)) for key, mine in asked.items())]


def named(word: str, found: Sequence[Candidate]) -> list[Candidate]:
    """Return the sessions that a word selects: those of this name, else the one whose ID begins so.

    Args:
        word: The value of ``--session``.
        found: The sessions to choose from.
    """
    by_name = [one for one in found if word and one.name == word]
    if by_name or len(word) < SHORT:
        return by_name
    return [one for one in found if one.session_id.startswith(word.lower())]


def agrees(entry: index.Entry, values: Mapping[str, Any]) -> bool:
    """Return whether a session agrees with every flag of its identity that is given, as far as the index knows.

    Args:
        entry: The session.
        values: The options' values by their names.
    """
    if any(values.get(name) for name in _NOT_IN_THE_INDEX) or values.get("grant_type") in OTHER_GRANTS:
        return False  # only all of its flags name such a session
    given = values.get("oidc_extra_scope")
    return (
        values.get("oidc_issuer_url") in {None, "", entry.issuer}
        and values.get("oidc_client_id") in {None, "", entry.client_id}
        and (not given or set(scopes(given)) == set(entry.scopes))
        and values.get("session") in {None, "", entry.name}
    )


def selector(one: Candidate, among: Iterable[Candidate]) -> str:
    """Return the value of ``--session`` that selects this session and no other: its name, else the start of its ID.

    Args:
        one: The session.
        among: All sessions that there are to choose from.
    """
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


def several(
    command: str, found: Sequence[Candidate], among: Sequence[Candidate], more: Sequence[str], *, every: bool
) -> SeveralSessions:
    """Return the error of a command line that fits several sessions; it has the command that selects each.

    Args:
        command: The name of the command, such as ``logout``.
        found: The sessions that it fits.
        among: All sessions that there are to choose from.
        more: Further words of the command line, such as ``--kubeconfig=FILE``.
        every: Whether the command has ``--all``.
    """
    commands = [
        shell.one_line(["kubectl", "oidc-login", command, *more, f"--session={selector(one, among)}"])
        for one in found
    ]
    widest = max(map(len, commands))
    lines = [f"{line:{widest}}   {one.words()}" for line, one in zip(commands, found, strict=True)]
    hint = "run one of these commands"
    return SeveralSessions(
        f"{len(found)} sessions match; choose one",
        f"{hint}, or --all for every session" if every else hint,
        lines,
    )
