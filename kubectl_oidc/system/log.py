"""The log of ``-v N`` on standard error, with klog's levels. Without ``-v`` nothing is written.

Levels: 1 decisions and their reasons, 4 requests and stores, 9 everything, tracebacks included.
No message at any level contains a secret. Callers pass facts about secrets, never the secrets.

With ``--log-format=json`` each event is a JSON object in a line, and errors are events too, whatever the level. docs/events.md lists
the names of the events, which programs may rely on.
"""

from __future__ import annotations

import sys

from kubectl_oidc.text import sanitize

TEXT, JSON = "text", "json"
FORMATS = (TEXT, JSON)
"""The values of ``--log-format``."""


class Log:
    """Write messages up to a level; level 0 writes nothing."""

    __slots__ = ("level", "style")

    def __init__(self, level: int = 0, style: str = TEXT) -> None:
        self.level = level
        self.style = style

    def info(self, level: int, event: str, message: str) -> None:
        """Write an event to standard error if its level is shown, and no other program uses the terminal.

        Args:
            event: Its name, a literal that never changes.
            message: What happened, in words.
        """
        if level <= self.level:
            text = sanitize(message, limit=2000)
            _write(_json_line(level, event, text) if self.style == JSON else f"[v{level}] {text}")

    def failure(self, event: str, message: str, *, level: int = 0, **facts: object) -> None:
        """Write how a command failed as an event, at every level; only as JSON, because people read the error itself.

        Args:
            facts: Further members of the object, such as ``topic``; empty ones are left out.
        """
        if self.style == JSON:
            _write(_json_line(level, event, sanitize(message, limit=2000), **facts))


def _json_line(level: int, event: str, message: str, **facts: object) -> str:
    """Return an event as a JSON object, in ASCII so that every encoding has it."""
    import json
    import time

    now = time.time()
    moment = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03}Z"
    more = {name: value for name, value in facts.items() if value not in ("", None)}
    return json.dumps({"time": moment, "level": level, "event": event, "message": message, **more})


def _write(line: str) -> None:
    from .standard_error import is_muted

    if is_muted():
        return
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # standard error is closed: the log is lost, the answer is not


QUIET = Log(0)
VERBOSITY = Log(0)
"""The level and form that the flags set for this process. `slow_path` reads it when it reports an error."""
