"""The table of the flags of `get-token`, with kubelogin's names, meanings and defaults: one row a flag.

A row says all that is true of its flag. The variables, the help, the request, the session key, the arguments of a kubeconfig, the
commands that are shown and most of the conflicts are loops over these rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.system.log import FORMATS, TEXT, VERBOSITY, Log

from .authorization import AUTHORIZATION
from .client import CLIENT
from .flag import Flag, Group
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
    """Return the same flags; only ``--help-all`` names them."""
    return tuple(flag._replace(hidden=True) for flag in table)


def rare(table: Iterable[Flag], *but: str) -> tuple[Flag, ...]:
    """Return the same flags; ``--help`` shows only those with these names."""
    return tuple(flag._replace(rare=flag.name not in but) for flag in table)


FORCE = Flag(
    "--force-refresh",
    SWITCH,
    help="Renew the token even if it is still valid.",
    group=Group.TOKEN,
    field="renewal.force_refresh",
)
VERBOSE = Flag(
    "--v",
    LEVEL,
    help="Log to standard error at level 1, 4 or 9. 9 logs most.",
    group=Group.OUTPUT,
    short="-v",
    default=0,
)
LOG_FORMAT = Flag(
    "--log-format",
    choice(FORMATS),
    help="Format of the log. json prints one object per line, errors included.",
    metavar="FORMAT",
    group=Group.OUTPUT,
    default=TEXT,
)

KUBECONFIG_FILE = Flag(
    "--kubeconfig",
    FILE,
    help="Kubeconfig file (default: KUBECONFIG, else ~/.kube/config).",
    group=Group.KUBECONFIG,
)
CONTEXT = Flag(
    "--context",
    CONTEXT_NAME,
    help="Context in the kubeconfig (default: the current context).",
    group=Group.KUBECONFIG,
)
USER = Flag(
    "--user", USER_NAME, help="User in the kubeconfig (default: the context's user).", group=Group.KUBECONFIG
)
INSTALL_HINT = Flag(
    "--install-hint",
    help="Text that kubectl shows if this program is not installed, for example where to get it.",
    group=Group.KUBECONFIG,
    metavar="TEXT",
    default="",
)
KEEP_PROVIDER_SESSION = Flag(
    "--keep-provider-session", SWITCH, help="Keep the browser signed in at the provider."
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
