"""What ``-v N`` shows: klog-like levels on standard error, and silence otherwise.

Levels: 1 what was decided and why, 4 requests and stores, 9 everything, tracebacks included.
No message at any level holds a secret; callers pass facts about secrets, never secrets.
"""

from __future__ import annotations

import sys

from kubectl_oidc.text import sanitize

from .standard_error import is_muted


class Log:
    """Write a message if its level is asked for.

    Args:
        level: The highest level that is shown; 0 shows nothing.
    """

    __slots__ = ("level",)

    def __init__(self, level: int = 0) -> None:
        self.level = level

    def info(self, level: int, message: str) -> None:
        """Show ``message`` on standard error if ``level`` is at most the level asked for, unless others use the terminal."""
        if level <= self.level:
            if is_muted():
                return
            try:
                sys.stderr.write(f"[v{level}] {sanitize(message, limit=2000)}\n")
                sys.stderr.flush()
            except (OSError, ValueError, AttributeError):
                return  # a closed standard error loses the log, never the answer


QUIET = Log(0)
VERBOSITY = Log(0)
"""What this process's ``-v`` asked for; the error boundary reads it."""
