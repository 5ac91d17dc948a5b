"""Sign-ins that failed are remembered for a while, so that background programs do not open tab after tab.

A person at a terminal always gets a sign-in. A program without one (VS Code, Lens, k9s, a shell loop) that comes soon after a
sign-in that failed, or that nobody answered, fails at once and names the command that a person can run.

The words of the last failed sign-in and of the last refused refresh are kept until a sign-in works, for `doctor`. No error's words hold
a secret.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import OidcLoginError, SignInPaused, StoreError
from kubectl_oidc.system import private_files
from kubectl_oidc.system.terminal import remaining
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kubectl_oidc.system.log import Log

DIRECTORY = "failed"
VERSION = 1
PAUSES = (30, 60, 120, 300)
"""Seconds until background programs may try again, after the first failure, the second and so on."""

_LONGEST_REASON = 200
_LONGEST_WORDS = 500
_TOPIC = re.compile(r"[a-z0-9-]{0,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a sign-in or a refresh failed with.

    Attributes:
        at: When, epoch seconds.
        why: The error's words, one line.
        hint: What to do, one line; empty where nothing is known to help.
        topic: The anchor in docs/troubleshooting.md; empty if the sign-in was interrupted.
    """

    at: float
    why: str
    hint: str = ""
    topic: str = ""

    @classmethod
    def of(cls, error: BaseException, now: float) -> Failure:
        """Return the failure that an error is.

        Args:
            error: The error; one that is not ours was an interruption.
            now: Epoch seconds.
        """
        if not isinstance(error, OidcLoginError):
            return cls(at=now, why="it was interrupted")
        why, hint = (sanitize(words, limit=_LONGEST_WORDS) for words in (error.message, error.hint))
        return cls(at=now, why=why, hint=hint, topic=error.topic)

    @classmethod
    def read(cls, values: Any) -> Failure | None:
        """Return the failure that a record holds, or None where it holds none that can be understood."""
        if not isinstance(values, dict):
            return None
        at = values.get("at")
        why, hint, topic = (values.get(name) for name in ("why", "hint", "topic"))
        if (
            type(at) is not float
            or not isinstance(why, str)
            or not isinstance(hint, str)
            or not isinstance(topic, str)
        ):
            return None
        if not _TOPIC.fullmatch(topic):
            return None
        why, hint = (sanitize(words, limit=_LONGEST_WORDS) for words in (why, hint))
        return cls(at=at, why=why, hint=hint, topic=topic)


@dataclass(frozen=True, slots=True)
class _Record:
    """The failures since the last success.

    Attributes:
        count: How many sign-ins failed that a person was asked for; 0 if nobody was asked.
        at: When the last of these ended, epoch seconds.
        why: What it ended with, in words.
        last: The last failed sign-in of any kind.
        refused: The last refresh that the provider refused.
    """

    count: int
    at: float
    why: str
    last: Failure | None = None
    refused: Failure | None = None

    def pause(self, now: float) -> float:
        """Return the seconds that are left of the pause; a clock that went back ends it."""
        if self.count < 1:
            return 0.0
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
        self._counted: BaseException | None = None

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
            self._counted = error
            before, last = self._read(), Failure.of(error, self._clock())
            count = (before.count if before else 0) + 1
            refused = before.refused if before else None
            self._write(_Record(count, last.at, sanitize(last.why, limit=_LONGEST_REASON), last, refused))
            raise
        self.forget()

    @contextlib.contextmanager
    def remembered(self) -> Iterator[None]:
        """Remember the words of a sign-in that fails while the block runs; a failure before a person is asked pauses nobody."""
        try:
            yield
        except OidcLoginError as error:
            if error is not self._counted and not isinstance(error, SignInPaused):
                last = Failure.of(error, self._clock())
                self._write(replace(self._or_empty(), last=last))
            raise
        self.forget()

    def refused(self, error: OidcLoginError) -> None:
        """Remember that the provider refused to refresh the session; it pauses nobody.

        Args:
            error: Its words.
        """
        self._write(replace(self._or_empty(), refused=Failure.of(error, self._clock())))

    def resume(self) -> None:
        """End the pause, because a person is at a terminal."""
        if self._read():
            self._write(replace(self._or_empty(), count=0))

    def last(self) -> tuple[Failure | None, Failure | None]:
        """Return the last failed sign-in and the last refused refresh since a sign-in worked; each may be None."""
        record = self._or_empty()
        return record.last, record.refused

    def _or_empty(self) -> _Record:
        return self._read() or _Record(0, self._clock(), "")

    def forget(self) -> None:
        """Begin anew, because a sign-in worked."""
        forget(self._cache_dir, self._session_id)

    def _write(self, record: _Record) -> None:
        try:
            directory = private_files.ensure_directory(self._cache_dir, DIRECTORY)
            content = json.dumps({"version": VERSION, **asdict(record)}).encode()
            private_files.write(directory, self._session_id, content)
        except StoreError as error:
            self._log.info(1, f"the failed sign-in is not remembered: {error.message}")

    def _read(self) -> _Record | None:
        """Return what is remembered; what cannot be understood counts as nothing."""
        content = private_files.read(self._cache_dir / DIRECTORY, self._session_id)
        try:
            values = json.loads(content or b"")
            count, at, why = values["count"], values["at"], values["why"]
            if values["version"] != VERSION or type(count) is not int or count < 0 or type(at) is not float:
                return None
            last, refused = (Failure.read(values.get(name)) for name in ("last", "refused"))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return _Record(count, at, sanitize(why, limit=_LONGEST_REASON), last, refused)


def forget(cache_dir: Path, session_id: str) -> None:
    """Remove what is remembered of a session's failures.

    Args:
        cache_dir: The cache directory.
        session_id: The session.
    """
    with contextlib.suppress(StoreError):
        private_files.remove(cache_dir / DIRECTORY, session_id)
