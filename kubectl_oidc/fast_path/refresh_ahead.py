"""Refresh ahead: a credential that nears its end is used at once, and a process of its own replaces it meanwhile.

The caller has its answer already and never waits: kubectl waits for every holder of its pipe, and a script for every holder
of its lock. So the first process lets go of all it was handed before the new one begins. The new one has a session of its own
(setsid(2)), no terminal, and at most one is begun a session and minute: a small file is claimed before it is started.
"""

import os
import sys
import time

from . import AHEAD

DIRECTORY = "ahead"
CLAIM_SECONDS = 60
"""How long a claim stands where the process that made it did not end well."""

AUTO, ALWAYS = "auto", "always"
_MARKS = ("CI", "KUBERNETES_SERVICE_HOST", "container")
"""Variables of places whose processes end with kubectl, or that are gone before a refresh would pay."""

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_MOST_DESCRIPTORS = 1 << 16


def start(directory: str, session_id: str, when: str) -> bool:
    """Begin the process that refreshes, if nobody has done so; its caller goes on in both, without any open file.

    Args:
        directory: The cache directory.
        session_id: The session.
        when: ``auto``: not where processes end with kubectl; ``always``.

    Returns:
        True in the new process, False in the old one.
    """
    if sys.platform == "win32" or (when == AUTO and _dies_with_kubectl()):
        return False
    if not _claim(f"{directory}/{DIRECTORY}/{session_id}"):
        return False
    try:
        _let_go()
        if os.fork() != 0:
            return False
    except OSError:
        return False
    if sys.platform != "win32":  # where nothing is forked
        os.setsid()
    if sys.platform == "darwin":
        _begin_anew()
    return True


def done(directory: str, session_id: str) -> None:
    """Give the claim up, so that the next credential can be refreshed ahead of its end, however soon that is.

    Args:
        directory: The cache directory.
        session_id: The session.
    """
    try:
        os.unlink(f"{directory}/{DIRECTORY}/{session_id}")  # noqa: PTH108 - pathlib costs more than the whole hot half
    except OSError:
        return


def _dies_with_kubectl() -> bool:
    environ = os.environ
    # A service's processes end with it (systemd.kill(5)); a terminal's shells may have the variable too.
    service = "INVOCATION_ID" in environ and not os.isatty(2)
    return service or any(environ.get(name) for name in _MARKS)


def _claim(path: str) -> bool:
    """Tell whether it is we who may refresh: nobody else has claimed it within the last minute."""
    for _ in range(2):
        try:
            os.close(os.open(path, _FLAGS, 0o600))
        except FileExistsError:
            try:
                if 0 <= time.time() - os.lstat(path).st_mtime < CLAIM_SECONDS:
                    return False
                os.unlink(path)  # noqa: PTH108 - as above
            except OSError:
                return False
        except (OSError, ValueError):
            return False
        else:
            return True
    return False


def _let_go() -> None:
    """Hold nothing that anybody waits for."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    for descriptor in descriptors():
        if descriptor > 2:  # noqa: PLR2004 - not one of the standard ones
            try:
                os.close(descriptor)
            except OSError:  # the one that the list was read by
                continue


def descriptors() -> list[int]:
    """Return the descriptors that are open, with perhaps some that are not; where the system has no list, the usual ones."""
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            return [int(name) for name in os.listdir(directory)]  # noqa: PTH208 - pathlib costs more than this module
        except (OSError, ValueError):
            continue
    if sys.platform == "win32":
        return []
    return list(range(min(os.sysconf("SC_OPEN_MAX"), _MOST_DESCRIPTORS)))


def leave_the_directory() -> None:
    """Keep no file system busy that somebody may want to unmount. Relative paths lead nowhere from then on."""
    try:
        os.chdir("/")
    except OSError:
        return


def _begin_anew() -> None:
    """Run the same command once more in this process, as what it is now.

    On macOS nothing but exec(2) is sure to work after fork(2): Security, which checks certificates there, and the frameworks
    below it end a process that was forked.
    """
    os.environ[AHEAD] = "1"
    try:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - no shell, and our own command line
    except (OSError, ValueError):
        os._exit(1)
