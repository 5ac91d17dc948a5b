"""Windows as far as it can be had on Linux: an interpreter in which the program finds what it would find there.

Stood for, as their sources and documentation have them: what `os`, `signal` and `socket` lack and have there; the modules that
are not there; the console keys of the C library (`msvcrt`); the lock of the `filelock` library; files that cannot be replaced
or removed while anybody has them open. Not stood for: the paths (Linux' own, but where a test puts `ntpath` in their place), the
standard library's own ways for Windows (its event loop, its processes), and the libraries, which are all loaded before.

`program` runs the program; `run` a script.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import importlib
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ABSENT_MODULES = (
    *("fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "syslog", "readline"),
    *("_posixsubprocess", "_posixshmem", "secretstorage", "jeepney"),
)

# What the documentation of `os`, `signal` and `socket` says is not available on Windows, and anybody might call.
ABSENT_FROM_OS = (
    *("chown", "confstr", "fchdir", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups"),
    *("getloadavg", "getpgid", "getpgrp", "getsid", "getuid", "initgroups", "killpg", "lchown", "mkfifo"),
    *("mknod", "nice", "openpty", "pread", "preadv", "pwrite", "pwritev", "register_at_fork", "sendfile"),
    *(
        "setegid",
        "seteuid",
        "setgid",
        "setpgid",
        "setsid",
        "setuid",
        "statvfs",
        "fstatvfs",
        "sync",
        "sysconf",
    ),
    *("tcgetpgrp", "tcsetpgrp", "ttyname", "uname", "wait", "WIFEXITED", "posix_spawn", "posix_spawnp"),
    *("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_DIRECTORY", "O_SYNC", "O_DSYNC", "O_PATH"),
)
SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM"}
SIGBREAK = 21
ABSENT_FROM_SOCKET = ("SO_REUSEPORT", "SO_PEERCRED")

DESKTOP = "TEST_DESKTOP"
"""The variable that names the program which stands for the desktop's browser."""

LOCKER = "TEST_CREDENTIAL_LOCKER"
"""The variable that names a directory which stands for the user's Credential Locker."""

# What the program loads on its way, which must be loaded before the world changes.
_LIBRARIES = (
    *(
        "asyncio",
        "authlib.oauth2.rfc7523",
        "click",
        "click.testing",
        "concurrent.futures",
        "ctypes",
        "encodings.idna",
    ),
    *(
        "getpass",
        "h11",
        "http.client",
        "importlib.metadata",
        "jwt",
        "keyring",
        "keyring.core",
        "logging",
    ),
    *(
        "keyring.backends.chainer",
        "keyring.backends.fail",
        "keyring.backends.null",
        "multiprocessing",
        "platformdirs",
    ),
    *(
        "rich.console",
        "rich.markup",
        "rich.status",
        "rich.table",
        "secrets",
        "shlex",
        "shutil",
        "socket",
        "sqlite3",
    ),
    *("ssl", "subprocess", "tempfile", "traceback", "truststore", "uuid", "webbrowser", "zoneinfo"),
)


class Keys:
    """The console keys of Microsoft's C library: `kbhit`, `getwch`, `ungetwch`.

    A key is a character, or the two halves of one that has none: the second stands where a character would be that was put
    back, which `kbhit` does not look at.
    """

    def __init__(self) -> None:
        self.typed: list[str | tuple[str, str]] = []
        self.back = ""

    def kbhit(self) -> bool:
        return bool(self.typed)

    def getwch(self) -> str:
        if self.back:
            key, self.back = self.back, ""
            return key
        if not self.typed:
            raise AssertionError("it would wait for a key that nobody types")
        first = self.typed.pop(0)
        if isinstance(first, tuple):
            first, self.back = first
        return first

    def ungetwch(self, key: str) -> None:
        if self.back:
            raise OSError(errno.EINVAL, "Invalid argument")
        self.back = chr(ord(key) & 0xFF)


KEYS = Keys()


def _filelock() -> types.ModuleType:
    """Return a `filelock` with its Windows lock alone: exclusive, freed when its holder dies, its file gone if nobody has it."""
    import fcntl

    class Timeout(TimeoutError):
        """The lock is another's."""

    class WindowsFileLock:
        """As the library has it, one try at a time."""

        def __init__(self, lock_file: str) -> None:
            self.lock_file = lock_file
            self._descriptor = -1

        def acquire(self, timeout: float | None = None) -> None:
            assert timeout == 0, "the program looks now and then by itself"
            descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise Timeout(self.lock_file) from None
            self._descriptor = descriptor

        def release(self) -> None:
            os.close(self._descriptor)
            with contextlib.suppress(OSError):
                Path(self.lock_file).unlink()

    module = types.ModuleType("filelock")
    vars(module).update(Timeout=Timeout, WindowsFileLock=WindowsFileLock)
    return module


def is_open(path: str | os.PathLike[str]) -> bool:
    """Tell whether any process of this user has a file open."""
    try:
        wanted = Path(path).stat()
    except OSError:
        return False
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                for descriptor in (process / "fd").iterdir():
                    with contextlib.suppress(OSError):
                        if os.path.samestat(descriptor.stat(), wanted):
                            return True
    return False


def _sharing(function: Any) -> Any:
    """Return a function of `os` that refuses a file which anybody has open, as Python's own `open` lets nobody remove it."""

    def guarded(*paths: Any, **more: Any) -> Any:
        for path in paths:
            if is_open(path):
                error = PermissionError(errno.EACCES, "Access is denied", os.fspath(path))
                error.winerror = 5  # type: ignore[attr-defined]
                raise error
        return function(*paths, **more)

    return guarded


class _Absent:
    """An import hook that has none of them."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:  # noqa: ARG004
        if name.partition(".")[0] in ABSENT_MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def modules() -> list[str]:
    """Return the names of all modules of the program but the one that is its way in."""
    import kubectl_oidc

    found = pkgutil.walk_packages(kubectl_oidc.__path__, "kubectl_oidc.")
    return [name for name in (module.name for module in found) if not name.endswith("__main__")]


def become() -> None:
    """Make this process one on Windows."""
    for name in (*_LIBRARIES, *modules()):
        importlib.import_module(name)
    filelock = _filelock()
    for name in list(sys.modules):
        if name.partition(".")[0] in {"kubectl_oidc", *ABSENT_MODULES}:
            del sys.modules[name]
    sys.meta_path.insert(0, _Absent)
    msvcrt: Any = types.ModuleType("msvcrt")
    msvcrt.kbhit, msvcrt.getwch, msvcrt.ungetwch = KEYS.kbhit, KEYS.getwch, KEYS.ungetwch
    winreg: Any = types.ModuleType("winreg")
    winreg.HKEY_LOCAL_MACHINE, winreg.OpenKey = 0, _open_key
    sys.modules |= {"filelock": filelock, "msvcrt": msvcrt, "winreg": winreg}
    for function in ("replace", "rename", "unlink", "remove"):
        setattr(os, function, _sharing(getattr(os, function)))
    paths: Any = os.path
    paths.splitdrive = lambda path: (
        (path[:1], path[1:]) if path[:1] == "/" else ("", path)
    )  # the root is a drive
    _remove(os, ABSENT_FROM_OS)
    _remove(socket, ABSENT_FROM_SOCKET)
    _remove(signal, {name for name in vars(signal) if name.startswith("SIG") and name.isalpha()} - SIGNALS)
    signal.SIGBREAK = SIGBREAK  # type: ignore[attr-defined]
    os.O_BINARY, os.startfile = 0, _startfile  # type: ignore[attr-defined]
    asyncio.new_event_loop = _new_event_loop
    vars(subprocess)["_USE_POSIX_SPAWN"] = False  # starting programs stays Linux', by the other way
    subprocess.DETACHED_PROCESS, subprocess.CREATE_NEW_PROCESS_GROUP = 8, 512  # type: ignore[attr-defined]
    # To bind without SO_REUSEADDR is as exclusive here; the option itself must be one that Linux knows.
    socket.SO_EXCLUSIVEADDRUSE = socket.SO_KEEPALIVE  # type: ignore[attr-defined]
    if LOCKER in os.environ:
        _have_a_credential_locker(Path(os.environ[LOCKER]))
    os.environ.setdefault("USERPROFILE", os.environ.get("HOME", ""))
    os.environ.setdefault("COMPUTERNAME", "LAPTOP")
    sys.platform = "win32"


def _open_key(_root: int, name: str) -> None:
    """Have nothing in the registry."""
    raise FileNotFoundError(errno.ENOENT, "The system cannot find the file specified", name)


def _remove(module: types.ModuleType, names: Any) -> None:
    for name in names:
        if hasattr(module, name):
            delattr(module, name)


def _have_a_credential_locker(directory: Path) -> None:
    """Have `keyring` find its own backend for Windows by itself, over the entries in a directory."""
    from keyring.backends import Windows

    from tests import os_calls

    module: Any = Windows
    module.win32cred, module.pywintypes = os_calls.FileLocker(directory), os_calls
    ctypes.WinDLL = lambda *_, **__: os_calls.Advapi32(module.win32cred)  # type: ignore[attr-defined]
    module.missing_deps = False


def _startfile(url: str) -> None:
    """Open it in the browser that the test names, as `os.startfile` does with the desktop's."""
    if DESKTOP not in os.environ:
        raise OSError(errno.ENOENT, "no program is associated with it", url)
    subprocess.Popen([os.environ[DESKTOP], url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a loop that has signals written to itself where it is made in the main thread, as `ProactorEventLoop` does."""
    loop = asyncio.SelectorEventLoop()
    if threading.current_thread() is threading.main_thread():
        signal.set_wakeup_fd(loop._csock.fileno())  # type: ignore[attr-defined]
    return loop


def run(script: str, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run a script on Windows and return what it prints; an `assert` in it that fails fails the test.

    Args:
        script: Python.
        arguments: Its ``sys.argv[1:]``.
        env: Variables beside the test's own.
    """
    done = _run(script, arguments, env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def program(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program on Windows to its end.

    Args:
        arguments: The command line after the program's name.
        env: Variables beside the test's own.
    """
    return _run("from kubectl_oidc import main\nmain()\n", arguments, env)


def _run(
    script: str, arguments: Sequence[str], env: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    from . import plugin

    if sys.platform == "win32":
        pytest.skip("the real thing is tested by the other tests")
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "kubectl-oidc_login.py")
        file.write_text(f"from tests import windows; windows.become()\n{script}", encoding="utf-8")
        return plugin.run([str(file), *arguments], {**os.environ, **(env or {})})
