"""The temporary directory and the environment in which the demo runs its commands.

Nothing of the user's is changed: kubeconfig, kubectl's caches and the session are in the directory, which is removed at the end.
HOME stays, because a browser needs it.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from kubectl_oidc.errors import DemoError
from kubectl_oidc.fast_path.known_command import VARIABLE_PREFIX
from kubectl_oidc.system import shell
from kubectl_oidc.system.installation import reinstall_hint
from kubectl_oidc.system.programs import find_program
from kubectl_oidc.text import sanitize
from kubectl_oidc.yaml_text import yaml_block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

PROGRAM = "kubectl-oidc_login"
USER = "oidc"
SECONDS = 240
"""The longest that one command may take: a person may need time at the sign-in page."""

_REST = 5
"""How long what a command has written is read after its end, in seconds."""

# Variables that would redirect the commands, or belong to another kubectl.
_REMOVED = frozenset({"KUBERNETES_EXEC_INFO", "KUBECTL_COMMAND_HEADERS", "KUBECTL_EXTERNAL_DIFF"})


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A command that has ended."""

    status: int
    out: str
    err: str


class Sandbox:
    """The directory and the environment; a context manager that removes the directory at its end.

    Args:
        opens_browser: Whether a browser is opened, which needs the usual runtime directory.

    Attributes:
        authority_file: The file for the certificate of the demo's authority.
        changed: The variables that a person needs in another terminal (``--keep``).
        kubectl: The path of kubectl; None if there is none.
        plugin: The path of this program.
        said: Gets each line that a command writes to standard error, as soon as it is written.
    """

    directory: Path
    said: Callable[[str], None]

    def __init__(self, *, opens_browser: bool) -> None:
        self._opens_browser = opens_browser
        self.said = _say_nothing

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="kubectl-oidc-demo-", ignore_cleanup_errors=True)
        self.directory = Path(self._temporary.name).resolve()
        self.authority_file = self.directory / "ca.crt"
        self.plugin = _own_program()
        self.changed = {
            "KUBECONFIG": str(self.directory / "kubeconfig"),
            "KUBECACHEDIR": str(self.directory / "cache"),
            "KUBERC": "off",
            "PATH": os.pathsep.join([str(self.plugin.parent), os.environ.get("PATH", os.defpath)]),
        }
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _REMOVED and not name.startswith(VARIABLE_PREFIX)
        }
        if not self._opens_browser:
            runtime = self.directory / "run"
            runtime.mkdir(mode=0o700)
            self.changed["XDG_RUNTIME_DIR"] = str(runtime)
        self.environ = {**kept, **self.changed}
        self.kubectl = find_program("kubectl", self.environ)
        return self

    def __exit__(self, *_: object) -> None:
        self._remove_locks()
        self._temporary.cleanup()

    def _remove_locks(self) -> None:
        """Remove the lock files outside the directory: nobody signs in to this provider again."""
        if not self._opens_browser:
            return
        from kubectl_oidc.errors import LockError
        from kubectl_oidc.sessions.lock_directory import every_lock_path
        from kubectl_oidc.sessions.stores import index

        cache = Path(self.changed["KUBECACHEDIR"]) / "oidc-login"
        for entry in index.read_entries(cache):
            with contextlib.suppress(LockError, OSError):
                for path in every_lock_path(entry.session_id, cache):
                    Path(path).unlink(missing_ok=True)

    def write_kubeconfig(self, server: str) -> None:
        """Write a kubeconfig as an administrator gives it to everybody: the cluster at `server`, and no user yet."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "demo",
                    "cluster": {"certificate-authority": str(self.authority_file), "server": server},
                }
            ],
            "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": USER}}],
            "current-context": "demo",
        }
        Path(self.changed["KUBECONFIG"]).write_text(yaml_block(config) + "\n", encoding="utf-8")

    def assignments(self) -> list[str]:
        """Return lines that set the same environment in a shell; the program's directory is added to its PATH."""
        own = {name: value for name, value in self.changed.items() if name != "PATH"}
        before = f"{self.plugin.parent}{os.pathsep}"
        if shell.is_powershell():
            lines = [f"$env:{name} = {shell.powershell([value])}" for name, value in own.items()]
            return [*lines, f"$env:PATH = {shell.powershell([before])} + $env:PATH"]
        lines = [f"export {name}={shlex.quote(value)}" for name, value in own.items()]
        return [*lines, f'export PATH={shlex.quote(before)}"$PATH"']

    def words(self, *arguments: str) -> list[str]:
        """Return a command of this program as people type it: through kubectl, if there is one."""
        return ["kubectl", "oidc-login", *arguments] if self.kubectl else [PROGRAM, *arguments]

    def run(self, words: Sequence[str], **variables: str) -> CommandResult:
        """Run ``kubectl …`` or ``kubectl-oidc_login …`` with more environment variables, and wait for its end.

        Raises:
            DemoError: It cannot be started, or does not end in time.
        """
        program = self.kubectl if words[0] == "kubectl" else str(self.plugin)
        try:
            with subprocess.Popen(
                [program or words[0], *words[1:]],
                cwd=self.directory,
                env={**self.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
            ) as process:
                return self._followed(process)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DemoError(
                f"{sanitize(words[0])} cannot be run: {type(error).__name__}", "run the demo again"
            ) from error

    def _followed(self, process: subprocess.Popen[str]) -> CommandResult:
        """Wait for a command's end, and return what it wrote. Standard error goes to ``said`` at once."""
        out: list[str] = []
        err: list[str] = []

        def follow() -> None:
            for line in process.stderr or ():
                err.append(line)
                self.said(line.rstrip("\n"))

        readers = [
            Thread(target=target, daemon=True)
            for target in (lambda: out.extend(process.stdout or ()), follow)
        ]
        for reader in readers:
            reader.start()
        try:
            process.wait(SECONDS)
        except BaseException:
            process.kill()
            raise
        finally:
            for reader in readers:
                reader.join(_REST)  # not for ever: a program that the command started may have its output
        return CommandResult(process.returncode, "".join(out), "".join(err))

    @staticmethod
    def shown(words: Sequence[str]) -> str:
        """Return a command as it is typed in this system's shell."""
        return (shell.powershell if shell.is_powershell() else shell.posix)(words)

    @staticmethod
    def joined(words: Sequence[str]) -> str:
        """Return a command as one value of --browser-command."""
        return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _say_nothing(_line: str) -> None:
    """Ignore a line."""


def _own_program() -> Path:
    """Return the console script of this installation. A source tree has none."""
    for directory in (Path(sys.argv[0]).absolute().parent, Path(sysconfig.get_path("scripts"))):
        for name in (PROGRAM, f"{PROGRAM}.exe"):
            if (directory / name).is_file():
                return directory / name
    raise DemoError(f"there is no {PROGRAM} next to this Python", reinstall_hint("demo"))
