"""Share why the holder of a session's lock failed with the processes that wait for the lock, so that they fail with it.

Otherwise each of six processes that wait for a hanging provider would wait for its own time-out, one after the other. The
record is next to each lock file. It holds no secret, and counts only for a process that was waiting when it was written.
"""

from __future__ import annotations

import os

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.fast_path.credential import hexdigest, read_private
from kubectl_oidc.text import sanitize

TYPE_CHECKING = False  # a plugin that only waits does not import the module typing
if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 16384  # bytes
_SUFFIX = ".failure"


class SharedFailure(OidcLoginError):
    """The failure of another process, which this one was waiting for.

    Args:
        of_a_person: Whether a person at a terminal was asked and did not sign in.
    """

    def __init__(self, message: str, hint: str, *, topic: str, of_a_person: bool) -> None:
        super().__init__(message, hint, topic=topic)
        self.of_a_person = of_a_person


def share_failure(paths: Sequence[str], error: OidcLoginError, *, of_a_person: bool) -> None:
    """Write a failure next to the lock files ``paths``. Call it before the lock is released.

    Args:
        error: Why the holder fails.
    """
    import json
    import time
    from pathlib import Path

    from kubectl_oidc.errors import StoreError
    from kubectl_oidc.system import private_files

    # With the time and the process, two failures with the same text are two different records.
    record = {
        "at": time.time_ns(),
        "pid": os.getpid(),
        "message": error.message,
        "hint": error.hint,
        "topic": error.topic,
        "of_a_person": of_a_person,
    }
    for path in map(Path, paths):
        try:
            private_files.write_private_file(path.parent, path.name + _SUFFIX, json.dumps(record).encode())
        except StoreError:
            continue  # then the other processes find out themselves


def failure_digests(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the digests of the present records next to these lock files; ``none`` without a record."""
    return tuple(map(_digest, _records(paths)))


def _records(paths: Sequence[str]) -> tuple[bytes | None, ...]:
    split = (path.rpartition(os.sep) for path in paths)
    return tuple(read_private(directory, name + _SUFFIX, _LONGEST) for directory, _, name in split)


def _digest(record: bytes | None) -> str:
    return "none" if record is None else hexdigest(record)


def failure_since(before: Sequence[str], paths: Sequence[str]) -> SharedFailure | None:
    """Return the failure that was written since the wait began, or None.

    Args:
        before: What `failure_digests` returned when the wait began.
    """
    import json

    for old, new in zip(before, _records(paths), strict=True):
        if new is None or _digest(new) == old:
            continue
        try:
            values = json.loads(new)
            message, hint, topic = (values[name] for name in ("message", "hint", "topic"))
            of_a_person = values["of_a_person"] is True
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # damaged, or of another version
        if all(isinstance(text, str) for text in (message, hint, topic)):
            return SharedFailure(
                sanitize(message, limit=600),
                sanitize(hint, limit=1500),
                topic=sanitize(topic, limit=80),
                of_a_person=of_a_person,
            )
    return None
