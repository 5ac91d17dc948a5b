"""Why the holder of a session's lock failed, for those who wait for that lock: they end with it.

Else each of six that wait for a provider that hangs would wait its own time, one after the other. The record is beside each lock
file. It holds no secret, and means something only to who waited while it was written.
"""

from __future__ import annotations

import os

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.fast_path.credential import read_private
from kubectl_oidc.text import sanitize

TYPE_CHECKING = False  # a plugin that only waits does not import the module typing
if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 16384  # bytes
_SUFFIX = ".failure"


class SharedFailure(OidcLoginError):
    """The failure of the one that was waited for.

    Args:
        message: As in OidcLoginError.
        hint: As in OidcLoginError.
        topic: As in OidcLoginError.
        of_a_person: Whether a person at a terminal was asked, who did not sign in.
    """

    def __init__(self, message: str, hint: str, *, topic: str, of_a_person: bool) -> None:
        super().__init__(message, hint, topic=topic)
        self.of_a_person = of_a_person


def leave(paths: Sequence[str], error: OidcLoginError, *, of_a_person: bool) -> None:
    """Write down why the holder fails; call it before the lock is released.

    Args:
        paths: The lock files.
        error: The failure.
        of_a_person: As in `SharedFailure`.
    """
    import json
    import time
    from pathlib import Path

    from kubectl_oidc.errors import StoreError
    from kubectl_oidc.system import private_files

    # The time and the process make two failures that read the same two records.
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
            private_files.write(path.parent, path.name + _SUFFIX, json.dumps(record).encode())
        except StoreError:
            continue  # then the others find out by themselves


def seen(paths: Sequence[str]) -> tuple[bytes | None, ...]:
    """Return the records beside these lock files as they are now.

    Args:
        paths: The lock files.
    """
    split = (path.rpartition(os.sep) for path in paths)
    return tuple(read_private(directory, name + _SUFFIX, _LONGEST) for directory, _, name in split)


def since(before: Sequence[bytes | None], paths: Sequence[str]) -> SharedFailure | None:
    """Return the failure that was written since, or None.

    Args:
        before: What was there when the wait began, as `seen` returns it.
        paths: The lock files.
    """
    import json

    for old, new in zip(before, seen(paths), strict=True):
        if new is None or new == old:
            continue
        try:
            values = json.loads(new)
            message, hint, topic = (values[name] for name in ("message", "hint", "topic"))
            of_a_person = values["of_a_person"] is True
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # damaged, or of another version
        words = [word for word in (message, hint, topic) if isinstance(word, str)]
        if len(words) == 3:  # noqa: PLR2004 - all of them
            return SharedFailure(
                sanitize(message, limit=600),
                sanitize(hint, limit=1500),
                topic=sanitize(topic, limit=80),
                of_a_person=of_a_person,
            )
    return None
