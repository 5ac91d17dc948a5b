"""The installed program in a process that was forked where everything is imported already: a fifth of what a start costs.

For tests of what the program does, not of how it starts: they ask for it with the fixture ``fork_server``. A server of one thread
imports whatever the program may import; for each run it forks, puts arguments, environment, directory and standard streams in
place, and runs the console script. What a process has from its exec(2) alone is the server's: /proc shows its arguments and
environment. Where the interpreter itself would read the environment, as with PYTHONUTF8, the program is started as ever.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

_AT_START = ("PYTHON", "LD_", "LC_", "OPENSSL_", "COVERAGE_", "GLIBC_", "MALLOC_")
"""How the variables begin that the interpreter or its libraries read when they start."""

_LATER = {"PYTHONPATH", "PYTHON_KEYRING_BACKEND"}
"""Those whose effect the forked process makes good."""


class ForkServer:
    """The tests' end of the server."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
            try:
                self._process = subprocess.Popen(
                    [sys.executable, __file__], stdin=theirs.fileno(), env=environ
                )
            except BaseException:  # in `make quick` it is a skip
                self._socket.close()
                raise

    def close(self) -> None:
        """End the server."""
        self._socket.close()
        self._process.wait(20)

    def takes(self, environ: Mapping[str, str]) -> bool:
        """Tell whether a run with this environment is the same as one that is started; a forked test may be another user's."""
        if os.getpid() != self._owner:
            return False
        if any(name.startswith(_AT_START) for name in environ.keys() - _LATER):
            return False
        if not all(Path(path).is_absolute() for path in environ.get("PYTHONPATH", "/").split(os.pathsep)):
            return False
        if environ.get("LANG") != "C.UTF-8":
            return False
        return "/proc/self/environ" not in environ.values()  # which would be the server's

    def fork(self, request: bytes, streams: list[int]) -> tuple[int, socket.socket]:
        """Begin a run.

        Args:
            request: Its words, environment, directory and umask, as JSON.
            streams: Its standard streams.

        Returns:
            Its process id, and where its wait status will come.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._socket, [request], [*streams, theirs.fileno()])
        return int(ours.recv(64)), ours


class Forked(subprocess.Popen[str]):
    """A run of the program by the server, as if it had been started.

    Args:
        server: The server.
        words: The command line, the path of the console script or of another script in Python first.
        environ: The environment.
        terminal: Whether standard input is a terminal that becomes its controlling one, or only makes it a session of its own;
            None for neither.
        options: As for ``subprocess.Popen``: the streams and their encoding.
    """

    def __init__(
        self,
        server: ForkServer,
        words: list[str],
        environ: Mapping[str, str],
        *,
        terminal: bool | None = None,
        **options: Any,
    ) -> None:
        self._server, self._terminal = server, terminal
        super().__init__(words, env=environ, **options)

    def _execute_child(self, args: list[str], *rest: Any) -> None:
        """Fork in the place of fork(2) and exec(2)."""
        environ = rest[5]
        streams = rest[9:15]  # p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite
        mask = os.umask(0o077)
        os.umask(mask)
        request = {
            "words": args,
            "environ": dict(environ),
            "directory": os.getcwd(),  # noqa: PTH109 - its text
            "umask": mask,
            "terminal": self._terminal,
        }
        self.pid, self._status = self._server.fork(
            json.dumps(request).encode(), [streams[0], streams[3], streams[5]]
        )
        self._child_created = True
        self._close_pipe_fds(*streams)  # type: ignore[attr-defined]

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        """Return process id and wait status as waitpid(2) does, or zeros."""
        with contextlib.suppress(BlockingIOError):
            said = self._status.recv(64, socket.MSG_DONTWAIT if wait_flags & os.WNOHANG else 0)
            assert said, "the fork server died"
            self._status.close()
            return self.pid, int(said)
        return 0, 0

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        """Return the exit status, or None while it runs."""
        if self.returncode is None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid:
                self._handle_exitstatus(status)  # type: ignore[attr-defined]
        return self.returncode


def _import_everything() -> None:
    """Import all modules of the program, and what they import within functions."""
    import kubectl_oidc

    for module in pkgutil.walk_packages(kubectl_oidc.__path__, "kubectl_oidc."):
        if module.name.startswith(("kubectl_oidc.demo", "kubectl_oidc.__main__")):
            continue
        file = importlib.import_module(module.name).__file__
        for node in ast.walk(ast.parse(Path(str(file)).read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                if not name.startswith("kubectl_oidc.demo"):
                    with contextlib.suppress(ImportError, AttributeError):  # of another system
                        importlib.import_module(name)


def _take_paths(paths: list[str]) -> None:
    """Search these for modules, last as the program itself has it, and run what runs at a start."""
    sys.path += paths
    at_start = [file for path in paths if (file := Path(path, "sitecustomize.py")).exists()]
    for file in at_start[:1]:
        runpy.run_path(str(file))


def _run(request: dict[str, Any], streams: list[int]) -> NoReturn:
    """Become the program, in the forked process."""
    import fcntl
    import termios

    status = 1
    try:
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers
            if int(name) > 2:  # the standard streams stay
                with contextlib.suppress(OSError):
                    os.close(int(name))
        if request["terminal"] is not None:
            os.setsid()
        if request["terminal"]:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        os.environ.clear()
        os.environ.update(request["environ"])
        if "PYTHONPATH" in os.environ:
            _take_paths(os.environ["PYTHONPATH"].split(os.pathsep))
        os.chdir(request["directory"])
        os.umask(request["umask"])
        time.tzset()
        for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
            was = getattr(sys, name)
            stream = open(number, mode, encoding=was.encoding, errors=was.errors, closefd=False)  # noqa: SIM115 - for good
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        words = request["words"]
        sys.argv, sys.orig_argv = words, [sys.executable, *words]
        runpy.run_path(words[0], run_name="__main__")
        status = 0
    except BaseException:  # noqa: BLE001 - it is said, as at the end of an interpreter
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os._exit(status)


def _serve() -> None:
    """Fork for each request until the tests' end is closed."""
    requests = socket.socket(fileno=0)
    waiting = selectors.DefaultSelector()
    waiting.register(requests, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.data:
                pid, status = key.data
                waiting.unregister(key.fd)
                os.close(key.fd)
                with contextlib.suppress(OSError):  # nobody wants to know
                    status.send(str(os.waitpid(pid, 0)[1]).encode())
                status.close()
                continue
            said, descriptors, *_ = socket.recv_fds(requests, 1 << 18, 4)
            if not said:
                return
            pid = os.fork()
            if pid == 0:
                _run(json.loads(said), descriptors[:3])
            for descriptor in descriptors[:3]:
                os.close(descriptor)
            status = socket.socket(fileno=descriptors[3])
            status.send(str(pid).encode())
            waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, status))


if __name__ == "__main__":
    sys.path[0] = str(Path(sys.executable).parent)  # as a console script has it
    _import_everything()
    gc.collect()
    gc.freeze()  # what is here is not copied when a run collects its own
    _serve()
