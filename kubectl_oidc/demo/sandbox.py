"""Where the demo plays: a directory of its own, the environment of its commands, and the commands themselves.

Nothing of the person's is touched: the kubeconfig, kubectl's caches and the session rest in the directory, which goes
with the demo. HOME stays as it is, because a browser that is opened needs it.
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
from typing import TYPE_CHECKING

from kubectl_oidc.errors import DemoError
from kubectl_oidc.fast_path.known_command import VARIABLES
from kubectl_oidc.system import shell
from kubectl_oidc.system.installation import hint
from kubectl_oidc.system.programs import find
from kubectl_oidc.text import sanitize
from kubectl_oidc.yaml_text import block

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

PROGRAM = "kubectl-oidc_login"
USER = "oidc"
SECONDS = 240
"""The longest that one command may take: a person may be thinking at the sign-in page."""

# What would lead the commands elsewhere, or speaks for another kubectl than ours.
_LEFT_OUT = frozenset({"KUBERNETES_EXEC_INFO", "KUBECTL_COMMAND_HEADERS", "KUBECTL_EXTERNAL_DIFF"})


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A command that has ended.

    Attributes:
        status: Its exit status.
        out: What it wrote on standard output.
        err: What it wrote on standard error.
    """

    status: int
    out: str
    err: str


class Sandbox:
    """The directory and the environment; a context manager that removes the directory at its end.

    Args:
        opens_browser: Whether a browser is opened, which needs the runtime directory as it is.

    Attributes:
        directory: The directory.
        environ: The environment of the commands.
        changed: Those variables of it that a person needs to go on by hand (``--keep``).
        kubectl: The path of kubectl, or None where there is none.
        plugin: The path of this program.
    """

    directory: Path

    def __init__(self, *, opens_browser: bool) -> None:
        self._opens_browser = opens_browser

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="kubectl-oidc-demo-", ignore_cleanup_errors=True)
        self.directory = Path(self._temporary.name).resolve()
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
            if name not in _LEFT_OUT and not name.startswith(VARIABLES)
        }
        if not self._opens_browser:
            runtime = self.directory / "run"
            runtime.mkdir(mode=0o700)
            self.changed["XDG_RUNTIME_DIR"] = str(runtime)
        self.environ = {**kept, **self.changed}
        self.kubectl = find("kubectl", self.environ)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove_locks()
        self._temporary.cleanup()

    def _remove_locks(self) -> None:
        """Remove the lock files outside the directory; nobody signs in any more at a provider that has gone."""
        if not self._opens_browser:
            return
        from kubectl_oidc.errors import LockError
        from kubectl_oidc.sessions.lock_directory import every_lock_path
        from kubectl_oidc.sessions.stores import index

        cache = Path(self.changed["KUBECACHEDIR"]) / "oidc-login"
        for entry in index.read_all(cache):
            with contextlib.suppress(LockError, OSError):
                for path in every_lock_path(entry.session_id, cache):
                    Path(path).unlink(missing_ok=True)

    @property
    def authority_file(self) -> Path:
        """The file with the certificate of who vouches for provider and cluster."""
        return self.directory / "ca.crt"

    def write_kubeconfig(self, server: str) -> None:
        """Write what an administrator hands to everybody: the cluster, and no user yet.

        Args:
            server: The API server's URL.
        """
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
        Path(self.changed["KUBECONFIG"]).write_text(block(config) + "\n", encoding="utf-8")

    def assignments(self) -> list[str]:
        """Return the lines that give a shell the same environment; its own PATH stays, behind the program's directory."""
        own = {name: value for name, value in self.changed.items() if name != "PATH"}
        before = f"{self.plugin.parent}{os.pathsep}"
        if shell.is_powershell():
            lines = [f"$env:{name} = {shell.powershell([value])}" for name, value in own.items()]
            return [*lines, f"$env:PATH = {shell.powershell([before])} + $env:PATH"]
        lines = [f"export {name}={shlex.quote(value)}" for name, value in own.items()]
        return [*lines, f'export PATH={shlex.quote(before)}"$PATH"']

    def words(self, *arguments: str) -> list[str]:
        """Return a command of this program as people type it: by way of kubectl, if there is one."""
        return ["kubectl", "oidc-login", *arguments] if self.kubectl else [PROGRAM, *arguments]

    def run(self, words: Sequence[str]) -> CommandResult:
        """Run a command to its end.

        Args:
            words: ``kubectl …`` or ``kubectl-oidc_login …``.

        Raises:
            DemoError: It cannot be started, or does not end.
        """
        program = self.kubectl if words[0] == "kubectl" else str(self.plugin)
        try:
            done = subprocess.run(
                [program or words[0], *words[1:]],
                cwd=self.directory,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DemoError(
                f"{sanitize(words[0])} cannot be run: {type(error).__name__}", "run the demo again"
            ) from error
        return CommandResult(done.returncode, done.stdout, done.stderr)

    @staticmethod
    def shown(words: Sequence[str]) -> str:
        """Return a command as it is typed in this system's shell."""
        return (shell.powershell if shell.is_powershell() else shell.posix)(words)

    @staticmethod
    def joined(words: Sequence[str]) -> str:
        """Return words as one value of --browser-command."""
        return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _own_program() -> Path:
    """Return the console script of this very installation.

    Raises:
        DemoError: There is none, as when the package is run from a source tree.
    """
    for directory in (Path(sys.argv[0]).absolute().parent, Path(sysconfig.get_path("scripts"))):
        for name in (PROGRAM, f"{PROGRAM}.exe"):
            if (directory / name).is_file():
                return directory / name
    raise DemoError(
        f"there is no {PROGRAM} beside this Python",
        hint("demo"),
    )
