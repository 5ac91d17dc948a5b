"""Refresh ahead: answer with a credential that will expire soon, and refresh it in a child process.

The caller has its answer already and must not wait. kubectl waits until every holder of its pipe exits, and a script until every
holder of its lock does. So this process closes all inherited files before it forks. The child becomes a session leader
(setsid(2)) without a terminal. A small claim file allows one refresh per session and minute.
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
    """Fork a child to refresh the session, unless another process has done so. Parent and child have no open files.

    Args:
        directory: The cache directory.
        session_id: The session.
        when: ``always``; or ``auto``, which does not fork if child processes end with kubectl.

    Returns:
        True in the child, False in the parent and without a child.
    """
    if sys.platform == "win32" or (when == AUTO and _dies_with_kubectl()):
        return False
    if not _claim(f"{directory}/{CLAIMS_DIRECTORY}/{session_id}"):
        return False
    try:
        _close_inherited_files()
        if os.fork() != 0:
            return False
    except OSError:
        return False
    if sys.platform != "win32":  # for mypy: Windows has no fork
        os.setsid()
    if sys.platform == "darwin":
        _exec_again()
    return True


def release_claim(directory: str, session_id: str) -> None:
    """Remove the claim after a successful refresh, so that the next credential can be refreshed ahead at any time."""
    try:
        os.unlink(f"{directory}/{CLAIMS_DIRECTORY}/{session_id}")  # noqa: PTH108 - pathlib costs more than the whole fast path
    except OSError:
        return


def _dies_with_kubectl() -> bool:
    environ = os.environ
    # A service's processes end with it (systemd.kill(5)). Shells of a terminal may have the variable too.
    service = "INVOCATION_ID" in environ and not os.isatty(2)
    return service or any(environ.get(name) for name in _SHORT_LIVED)


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


def _exec_again() -> None:
    """Replace this child by a new process with the same command (macOS).

    On macOS, only exec(2) works reliably after fork(2). The Security framework, which checks certificates, and the frameworks
    below it end a forked process.
    """
    os.environ[AHEAD] = "1"
    try:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - no shell, and our own command line
    except (OSError, ValueError):
        os._exit(1)
