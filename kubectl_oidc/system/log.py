"""The log of ``-v N`` on standard error, with klog's levels. Without ``-v`` nothing is written.

Levels: 1 decisions and their reasons, 4 requests and stores, 9 everything, tracebacks included.
No message at any level contains a secret. Callers pass facts about secrets, never the secrets.
"""

from __future__ import annotations

import sys

from kubectl_oidc.text import sanitize


class Log:
    """Write messages up to a level; level 0 writes nothing."""

    __slots__ = ("level",)

    def __init__(self, level: int = 0) -> None:
        self.level = level

    def info(self, level: int, message: str) -> None:
        """Write ``message`` to standard error if its level is shown, and no other program uses the terminal."""
        if level <= self.level:
            from .standard_error import is_muted

            if is_muted():
                return
            try:
                sys.stderr.write(f"[v{level}] {sanitize(message, limit=2000)}\n")
                sys.stderr.flush()
            except (OSError, ValueError, AttributeError):
                return  # standard error is closed: the log is lost, the answer is not


QUIET = Log(0)
VERBOSITY = Log(0)
"""The level that ``-v`` set for this process. `slow_path` reads it when it reports an error."""
