"""Refresh ahead: answer with a credential that will expire soon, and refresh it in a child process.

The caller has its answer already and must not wait. kubectl waits until every holder of its pipe exits, and a script until every
holder of its lock does. So this process closes all inherited files before it forks; on macOS it starts a new process, which
inherits none. The child becomes a session leader (setsid(2)) without a terminal. A small claim file allows one refresh per session
and minute.
"""

import os
import sys
import time

from . import AHEAD

CLAIMS_DIRECTORY = "ahead"
CLAIM_SECONDS = 60
"""How long a claim is valid if its process failed."""

AUTO, ALWAYS = "auto", "always"
_SHORT_LIVED = ("CI", "KUBERNETES_SERVICE_HOST", "container")
"""Variables of environments that end with kubectl, or too soon for a refresh to be useful."""

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_MOST_DESCRIPTORS = 1 << 16


def start_refresh(directory: str, session_id: str, when: str) -> bool:
    """Start a child process to refresh the session, unless another process has done so. It has no open files of this process.

    Args:
        directory: The cache directory.
        session_id: The session.
        when: ``always``; or ``auto``, which does not fork if child processes end with kubectl.

    Returns:
        True in a forked child. False in the parent, without a child, and on macOS, where the child is a new process.
    """
    if sys.platform == "win32" or (when == AUTO and ends_with_kubectl()):
        return False
    if not _claim(f"{directory}/{CLAIMS_DIRECTORY}/{session_id}"):
        return False
    if sys.platform == "darwin":
        _start_again()
        return False
    try:
        _close_inherited_files()
        if os.fork() != 0:
            return False
    except OSError:
        return False
    if sys.platform != "win32":  # for mypy: Windows has no fork
        os.setsid()
    return True


def release_claim(directory: str, session_id: str) -> None:
    """Remove the claim after a successful refresh, so that the next credential can be refreshed ahead at any time."""
    try:
        os.unlink(f"{directory}/{CLAIMS_DIRECTORY}/{session_id}")  # noqa: PTH108 - pathlib costs more than the whole fast path
    except OSError:
        return


def ends_with_kubectl() -> str:
    """Return the variable that shows that child processes end with kubectl, or too soon to refresh; empty if none does."""
    environ = os.environ
    # A service's processes end with it (systemd.kill(5)). Shells of a terminal may have the variable too.
    if "INVOCATION_ID" in environ and not os.isatty(2):
        return "INVOCATION_ID"
    return next((name for name in _SHORT_LIVED if environ.get(name)), "")


def _claim(path: str) -> bool:
    """Claim the refresh, and return whether that worked: no other process has claimed it within the last minute."""
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


def _close_inherited_files() -> None:
    """Close all inherited files, because other processes may wait for them."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    for descriptor in open_descriptors():
        if descriptor > 2:  # noqa: PLR2004 - not one of the standard ones
            try:
                os.close(descriptor)
            except OSError:  # the descriptor that listed the directory
                continue


def open_descriptors() -> list[int]:
    """Return the open descriptors, and perhaps some that are not open. Without a list of the system, return all possible ones."""
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            return [int(name) for name in os.listdir(directory)]  # noqa: PTH208 - pathlib costs more than this module
        except (OSError, ValueError):
            continue
    if sys.platform == "win32":
        return []
    return list(range(min(os.sysconf("SC_OPEN_MAX"), _MOST_DESCRIPTORS)))


def leave_directory() -> None:
    """Change to the root directory, so that no file system is busy. Relative paths no longer work after that."""
    try:
        os.chdir("/")
    except OSError:
        return


def _start_again() -> None:
    """Start the same command as a new process, which has no open files of this one (macOS).

    This process may have loaded the Security framework, which reads the Keychain. After that, a fork(2) without exec(2) is not safe,
    and a descriptor that a framework guards must not be closed (EXC_GUARD). So nothing is forked or closed here.
    """
    if sys.platform == "win32":  # for mypy: Windows has no posix_spawn
        return
    for descriptor in open_descriptors():
        if descriptor > 2:  # noqa: PLR2004 - not one of the standard ones
            try:
                os.set_inheritable(descriptor, False)
            except OSError:  # the descriptor that listed the directory
                continue
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    command = [sys.executable, *sys.orig_argv[1:]]
    try:
        os.posix_spawn(sys.executable, command, {**os.environ, AHEAD: "1"}, file_actions=null, setsid=True)
    except (OSError, ValueError, NotImplementedError):
        # It cannot be started, a variable cannot be passed on, or the system has no setsid for a new process.
        # The next call after a minute tries again.
        return
