"""How a command failed, for the log: an event for --log-format=json, and with -v 9 where the error was raised.

An error may come before the flags are parsed. So the command line and the variable are read here too.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.fast_path.known_command import VARIABLE_PREFIX
from kubectl_oidc.text import sanitize

from .log import JSON, VERBOSITY, Log

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = {
    "error": "how the command failed: the error, its hint, and topic, OAuth code and exit status",
    "internal-error": "a fault of this program: the type of the exception",
    "interrupted": "Ctrl-C ended the command",
    "trace": "with -v 9: where the error was raised, by file and line",
}
"""The events of this module, which have level 0 but for the last, and further members."""


def log_failure(event: str, error: BaseException, status: int) -> None:
    """Log how the command failed, as JSON only. Of errors that are not this program's own, only the type is logged."""
    if not isinstance(error, OidcLoginError):
        _log().failure(event, str(error) if event == "interrupted" else type(error).__name__, status=status)
        return
    _log().failure(
        event,
        error.message,
        hint=sanitize(error.hint, limit=1500),
        topic=error.topic,
        code=sanitize(getattr(error, "code", ""), limit=60),
        status=status,
    )


def trace(error: BaseException) -> list[str]:
    """Return the lines that -v 9 shows of an error, without values. With --log-format=json they are logged, and none is returned."""
    lines = list(_trace(error)) if is_verbose() else []
    log = _log()
    if lines and log.style == JSON:
        log.failure("trace", type(error).__name__, level=9, lines=lines)
        return []
    return lines


def is_verbose() -> bool:
    """Return whether -v 9 was given."""
    early = any(flag in _words() for flag in (" -v 9 ", " -v9 ", " -v=9 ", " --v 9 ", " --v=9 "))
    return early or VERBOSITY.level >= 9  # noqa: PLR2004 - the level that shows tracebacks


def _log() -> Log:
    typed = any(flag in _words() for flag in (" --log-format=json ", " --log-format json "))
    early = typed or os.environ.get(f"{VARIABLE_PREFIX}LOG_FORMAT") == JSON
    return Log(VERBOSITY.level, JSON if early else VERBOSITY.style)


def _words() -> str:
    return f" {' '.join(sys.argv[1:])} "


def _trace(error: BaseException) -> Iterator[str]:
    """Yield where an error and its causes were raised: files, lines and types, but no values."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield f"{type(cause).__module__}.{type(cause).__qualname__}, raised at (the last line is where):"
        step = cause.__traceback__
        while step is not None:  # without the module traceback, which may be the one that cannot be imported
            code = step.tb_frame.f_code
            yield f'  File "{sanitize(code.co_filename)}", line {step.tb_lineno}, in {code.co_name}'
            step = step.tb_next
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
