"""The table of the flags of `get-token`, with kubelogin's names, meanings and defaults: one row a flag.

A row says all that is true of its flag. The variables, the help, the request, the session key, the arguments of a kubeconfig, the
commands that are shown and most of the conflicts are loops over these rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.system.log import FORMATS, TEXT, VERBOSITY, Log

from .authorization import AUTHORIZATION
from .client import CLIENT
from .flag import Flag
from .kinds import CONTEXT_NAME, FILE, LEVEL, SWITCH, USER_NAME, choice
from .session import IDENTITY
from .tls import TLS

if TYPE_CHECKING:
    from collections.abc import Iterable

SIGN_IN = (*CLIENT, *AUTHORIZATION, *TLS)
"""How to sign in."""

FLAGS = (*IDENTITY, *SIGN_IN)
"""The flags that a kubeconfig's user may have."""


def hidden(table: Iterable[Flag]) -> tuple[Flag, ...]:
    """Return the same flags, left out of the help."""
    return tuple(flag._replace(hidden=True) for flag in table)


FORCE = Flag(
    "--force-refresh", SWITCH, help="Replace a token that is still good.", field="renewal.force_refresh"
)
VERBOSE = Flag("--v", LEVEL, help="Log to standard error: 1, 4 or 9.", short="-v", default=0)
LOG_FORMAT = Flag(
    "--log-format",
    choice(FORMATS),
    help="How -v logs: text, or json for one object a line, errors included.",
    default=TEXT,
)

KUBECONFIG_FILE = Flag(
    "--kubeconfig", FILE, help="The kubeconfig (default: KUBECONFIG, else ~/.kube/config)."
)
CONTEXT = Flag("--context", CONTEXT_NAME, help="A context of the kubeconfig (default: the current one).")
USER = Flag("--user", USER_NAME, help="A user of the kubeconfig (default: the context's).")
INSTALL_HINT = Flag(
    "--install-hint",
    help="What kubectl shows on a machine without the program, such as where your company has it.",
    metavar="TEXT",
    default="",
)
USER_OPTIONS = (KUBECONFIG_FILE, CONTEXT, USER)
"""The options that name a kubeconfig user. Commands have them in addition to those of get-token."""

# klog's flags, which kubelogin has too. They do nothing here: logs go to standard error only, in one form.
_SWITCHES_OF_KLOG = (
    *("--legacy_stderr_threshold_behavior", "--add_dir_header", "--alsologtostderr", "--logtostderr"),
    *("--one_output", "--skip_headers", "--skip_log_headers"),
)
_VALUES_OF_KLOG = (
    *("--alsologtostderrthreshold", "--log_backtrace_at", "--log_dir", "--log_file", "--log_file_max_size"),
    *("--stderrthreshold", "--vmodule"),
)
IGNORED = (
    *(Flag(name, SWITCH, hidden=True, ignored=True) for name in _SWITCHES_OF_KLOG),
    *(Flag(name, hidden=True, ignored=True) for name in _VALUES_OF_KLOG),
)
LOG = (VERBOSE, LOG_FORMAT, *IGNORED)
NO_LOG = (*(flag._replace(hidden=True, ignored=True) for flag in (VERBOSE, LOG_FORMAT)), *IGNORED)
"""klog's flags where there is nothing to log."""

GET_TOKEN = (*FLAGS, FORCE, *LOG)
"""All options of `get-token`."""


def log_at(level: int, style: str = TEXT) -> Log:
    """Return the log of this process at the level that ``-v`` asks for, in the form that ``--log-format`` asks for."""
    VERBOSITY.level, VERBOSITY.style = level, style
    return VERBOSITY
