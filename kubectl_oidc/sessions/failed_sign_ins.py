"""Remember failed sign-ins for a while, so that background programs do not open one browser tab after another.

A person at a terminal can always sign in. A program without a terminal (VS Code, Lens, k9s, a shell loop) fails at once if the
last sign-in has just failed or nobody answered it. The error names the command that a person can run.

The messages of the last failed sign-in and the last refused refresh are stored for `doctor` until a sign-in succeeds. No
message contains a secret. The same record notices when a provider fails two refreshes in a row with an OAuth error.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import OidcLoginError, SignInPaused, StoreError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.system import private_files
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import remaining

from .session_record import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kubectl_oidc.system.system import System

DIRECTORY = "failed"
VERSION = 1
PAUSES = (30, 60, 120, 300)
"""Seconds until background programs may try again, after the first failure, the second and so on."""

_LONGEST_REASON = 200
_LONGEST_TEXT = 500
_TOPIC = re.compile(r"[a-z0-9-]{0,60}")


class Failure(NamedTuple):
    """Why a sign-in or a refresh failed.

    Attributes:
        at: When, epoch seconds.
        why: The error's message, one line.
        hint: What to do, one line; empty if unknown.
        topic: The anchor in docs/troubleshooting.md; empty if the sign-in was interrupted.
    """

    at: float
    why: str
    hint: str = ""
    topic: str = ""

    @classmethod
    def of(cls, error: BaseException, now: float) -> Failure:
        """Return the failure for an error at ``now``. The message of an unexpected error may contain a secret, so it is left out."""
        if isinstance(error, OidcLoginError):
            return cls._plain(now, error.message, error.hint, error.topic)
        if isinstance(error, Exception):
            hint = "run the command again with -v 9 and report what it prints"
            return cls(now, f"something unexpected happened: {type(error).__name__}", hint, "unexpected")
        return cls(at=now, why="it was interrupted")

    @classmethod
    def parse(cls, values: Any) -> Failure | None:
        """Return the failure in a record, or None if it has none that is well-formed."""
        try:
            at, (why, hint, topic) = values["at"], (text(values[name]) for name in ("why", "hint", "topic"))
        except (KeyError, TypeError):
            return None
        good = type(at) is float and _TOPIC.fullmatch(topic)
        return cls._plain(at, why, hint, topic) if good else None

    @classmethod
    def _plain(cls, at: float, why: str, hint: str, topic: str) -> Failure:
        why, hint = (sanitize(words, limit=_LONGEST_TEXT) for words in (why, hint))
        return cls(at=at, why=why, hint=hint, topic=topic)


class _Record(NamedTuple):
    """The failures since the last success.

    Attributes:
        failed: How many sign-ins failed after a person was asked; 0 if nobody was asked.
        at: When the last of these ended, epoch seconds.
        why: Its error's message.
        last: The last failed sign-in of any kind.
        refused: The last refresh that the provider refused.
        refresh_failed: Whether the last refresh ended with a 5xx status and an OAuth error.
    """

    failed: int
    at: float
    why: str
    last: Failure | None = None
    refused: Failure | None = None
    refresh_failed: bool = False

    def document(self) -> dict[str, object]:
        """Return it as it is stored."""
        members = self._asdict()
        failures = {name: members[name] and members[name]._asdict() for name in ("last", "refused")}
        return {"version": VERSION, "count": members.pop("failed"), **members, **failures}

    def pause(self, now: float) -> float:
        """Return the seconds that remain of the pause. A clock that was set back ends it."""
        if self.failed < 1:
            return 0.0
        length = PAUSES[min(self.failed, len(PAUSES)) - 1]
        return length - (now - self.at) if 0 <= now - self.at < length else 0.0


class FailedSignIns:
    """The failed sign-ins of one session.

    Args:
        cache_dir: The cache directory. If it cannot be written, nothing is remembered.
        asks: Called when a person is asked.
    """

    def __init__(
        self, cache_dir: Path, session_id: str, system: System, asks: Callable[[], None] = lambda: None
    ) -> None:
        self._cache_dir = cache_dir
        self._session_id = session_id
        self._clock = system.clock
        self._log = system.log
        self._asks = asks
        self._counted: BaseException | None = None

    def check(self, command: str) -> None:
        """Refuse to ask a person again too soon.

        Args:
            command: The command that signs in at a terminal.

        Raises:
            SignInPaused: A sign-in has just failed.
        """
        record, now = self._load(), self._clock()
        left = record.pause(now)
        if left > 0:
            raise SignInPaused(
                f"the last sign-in failed {remaining(now - record.at)} ago ({record.why}); not retrying automatically yet",
                f"run `{command}` in a terminal, or wait {remaining(left)} and run kubectl again",
            )

    @contextlib.contextmanager
    def counted(self, failure: type[BaseException] = BaseException) -> Iterator[None]:
        """Count a sign-in as failed unless it succeeds, from the moment that a person is asked.

        Args:
            failure: Which errors count; fewer if nobody was asked.
        """
        self._asks()
        try:
            yield
        except failure as error:
            self._counted = error
            before, last = self._load(), Failure.of(error, self._clock())
            why = sanitize(last.why, limit=_LONGEST_REASON)
            self._save(before._replace(failed=before.failed + 1, at=last.at, why=why, last=last))
            raise
        self.forget()

    @contextlib.contextmanager
    def remembered(self) -> Iterator[None]:
        """Remember the error of a sign-in that fails in the block. A failure before a person was asked causes no pause."""
        try:
            yield
        except OidcLoginError as error:
            if error is not self._counted and not isinstance(error, SignInPaused):
                last = Failure.of(error, self._clock())
                self._save(self._load()._replace(last=last))
            raise
        self.forget()

    def refused(self, error: OidcLoginError) -> None:
        """Remember that the provider refused to refresh the session. That causes no pause."""
        self._save(self._load()._replace(refused=Failure.of(error, self._clock())))

    def last_refresh_failed(self) -> bool:
        """Return whether the last refresh ended with a 5xx status and an OAuth error."""
        return self._load().refresh_failed

    def note_refresh(self, *, failed: bool) -> None:
        """Remember whether a refresh ended with a 5xx status and an OAuth error."""
        record = self._load()
        if record.refresh_failed is not failed:
            self._save(record._replace(refresh_failed=failed))

    def resume(self) -> None:
        """End the pause: a person is at a terminal."""
        record = self._load()
        if record.failed:
            self._save(record._replace(failed=0))

    def last(self) -> tuple[Failure | None, Failure | None]:
        """Return the last failed sign-in and the last refused refresh since the last successful sign-in; each may be None."""
        record = self._load()
        return record.last, record.refused

    def forget(self) -> None:
        """Forget all failures: a sign-in succeeded."""
        forget_failed_sign_ins(self._cache_dir, self._session_id)

    def _save(self, record: _Record) -> None:
        try:
            directory = private_files.ensure_directory(self._cache_dir, DIRECTORY)
            content = json.dumps(record.document()).encode()
            private_files.write_private_file(directory, self._session_id, content)
        except StoreError as error:
            self._log.info(
                1, "failure-not-recorded", f"the failed sign-in is not remembered: {error.message}"
            )

    def _load(self) -> _Record:
        """Return what is remembered. A damaged record is treated as missing."""
        nothing = _Record(0, self._clock(), "")
        content = private_files.read_private_file(self._cache_dir / DIRECTORY, self._session_id)
        try:
            values = json.loads(content or b"")
            count, at, why = values["count"], values["at"], values["why"]
            if values["version"] != VERSION or type(count) is not int or count < 0 or type(at) is not float:
                return nothing
            last, refused = (Failure.parse(values.get(name)) for name in ("last", "refused"))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return nothing
        why = sanitize(why, limit=_LONGEST_REASON)
        return _Record(count, at, why, last, refused, values.get("refresh_failed") is True)


def forget_failed_sign_ins(cache_dir: Path, session_id: str) -> None:
    """Forget a session's failures."""
    with contextlib.suppress(StoreError):
        private_files.remove_private_file(cache_dir / DIRECTORY, session_id)
