"""Sign-ins that failed are remembered for a while, so that background programs do not open tab after tab.

A person at a terminal always gets a sign-in. A program without one (VS Code, Lens, k9s, a shell loop) that comes soon after a
sign-in that failed, or that nobody answered, fails at once and names the command that a person can run.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import OidcLoginError, SignInPaused, StoreError
from kubectl_oidc.stores import private_files
from kubectl_oidc.terminal import remaining
from kubectl_oidc.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kubectl_oidc.log import Log

DIRECTORY = "failed"
VERSION = 1
PAUSES = (30, 60, 120, 300)
"""Seconds until background programs may try again, after the first failure, the second and so on."""

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class _Record:
    """The failures since the last success.

    Attributes:
        count: How many.
        at: When the last one ended, epoch seconds.
        why: What it ended with, in words.
    """

    count: int
    at: float
    why: str

    def pause(self, now: float) -> float:
        """Return the seconds that are left of the pause; a clock that went back ends it."""
        length = PAUSES[min(self.count, len(PAUSES)) - 1]
        return length - (now - self.at) if 0 <= now - self.at < length else 0.0


class FailedSignIns:
    """The failed sign-ins of one session.

    Args:
        cache_dir: The cache directory; where it cannot be written, nothing is remembered.
        session_id: The session.
        clock: The time in epoch seconds.
        log: What -v shows.
        asks: Is called when a person is asked.
    """

    def __init__(
        self,
        cache_dir: Path,
        session_id: str,
        *,
        clock: Callable[[], float],
        log: Log,
        asks: Callable[[], None] = lambda: None,
    ) -> None:
        self._cache_dir = cache_dir
        self._session_id = session_id
        self._clock = clock
        self._log = log
        self._asks = asks

    def check(self, command: str) -> None:
        """Refuse to bother a person again so soon.

        Args:
            command: What a person can run at a terminal to sign in.

        Raises:
            SignInPaused: A sign-in failed a moment ago.
        """
        record, now = self._read(), self._clock()
        left = record.pause(now) if record else 0.0
        if record and left > 0:
            raise SignInPaused(
                f"a sign-in for this session failed {remaining(now - record.at)} ago ({record.why}), "
                "and without a terminal it is not tried again so soon",
                f"sign in from a terminal: {command} ; background programs may try again in {remaining(left)}",
            )

    @contextlib.contextmanager
    def counted(self, failure: type[BaseException] = BaseException) -> Iterator[None]:
        """Count a sign-in from the moment that a person is asked: any end but a good one is a failure.

        Args:
            failure: What counts; less than everything where nobody was asked.
        """
        self._asks()
        try:
            yield
        except failure as error:
            self._add(error.message if isinstance(error, OidcLoginError) else "it was interrupted")
            raise
        self.forget()

    def forget(self) -> None:
        """Begin anew: a sign-in worked, or a person is at a terminal."""
        forget(self._cache_dir, self._session_id)

    def _add(self, why: str) -> None:
        before = self._read()
        record = {
            "version": VERSION,
            "count": (before.count if before else 0) + 1,
            "at": self._clock(),
            "why": plain(why, limit=_LONGEST_REASON),
        }
        try:
            directory = private_files.ensure_directory(self._cache_dir, DIRECTORY)
            private_files.write(directory, self._session_id, json.dumps(record).encode())
        except StoreError as error:
            self._log.info(1, f"the failed sign-in is not remembered: {error.message}")

    def _read(self) -> _Record | None:
        """Return what is remembered; what cannot be understood counts as nothing."""
        content = private_files.read(self._cache_dir / DIRECTORY, self._session_id)
        try:
            values = json.loads(content or b"")
            count, at, why = values["count"], values["at"], values["why"]
            if values["version"] != VERSION or type(count) is not int or count < 1 or type(at) is not float:
                return None
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return _Record(count, at, plain(why, limit=_LONGEST_REASON))


def forget(cache_dir: Path, session_id: str) -> None:
    """Remove what is remembered of a session's failures.

    Args:
        cache_dir: The cache directory.
        session_id: The session.
    """
    with contextlib.suppress(StoreError):
        private_files.remove(cache_dir / DIRECTORY, session_id)
