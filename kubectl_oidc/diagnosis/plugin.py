"""The ``plugin`` check: whether kubectl finds the program that the exec section names, and whether it is this one."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from kubectl_oidc.kubeconfig.exec_stanza import COMMAND, exec_of
from kubectl_oidc.system import programs
from kubectl_oidc.system.installation import KINDS
from kubectl_oidc.text import sanitize
from kubectl_oidc.version import __version__

from . import Repair, problem, warning
from .exec_stanza import STARTS_ITSELF_ENDLESSLY, program_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.kubeconfig import Entry

    from .run import DoctorRun, Observation

_VERSION_PREFIX = "kubectl-oidc "  # what `version` prints first
_VERSION_SECONDS = 8.0


def check_plugin(run: DoctorRun) -> Observation:
    """Check that kubectl finds the plugin, and that it is this version of this program."""
    user, environ = run.chosen.user, run.system.environ
    command = str(exec_of(user).get("command") or COMMAND)
    starts_kubectl = program_name(command) == "kubectl"
    for name in (command, COMMAND) if starts_kubectl else (command,):
        found = find_command(name, user, environ)
        if found is None:
            where, change = (
                ("at that path", f"set `command` of this user to {COMMAND}")
                if programs.has_directory(name)
                else ("on PATH", "add the program's directory to PATH")
            )
            dispatcher = programs.kubectl_dispatcher(environ) if starts_kubectl else None
            endless = (
                f", and {sanitize(dispatcher)}, which asks the cluster first, then {STARTS_ITSELF_ENDLESSLY}"
                if dispatcher
                else ""
            )
            repair = _other_command(environ)
            return problem(
                f"kubectl finds no {sanitize(name)} {where}{endless}",
                change
                + (", or run `kubectl oidc-login doctor --fix` to correct `command`" if repair else ""),
                "plugin",
                repair=repair,
            )
    return _version(found or "", environ, on_path=starts_kubectl or not programs.has_directory(command))


def _other_command(environ: Mapping[str, str]) -> Repair | None:
    """Return how to name this program so that kubectl finds it: without a directory, if it is on PATH, else by its whole path."""
    on_path = programs.find_program(COMMAND, environ) is not None
    command = COMMAND if on_path else programs.own_path(COMMAND, environ)
    if program_name(command) != COMMAND or (not on_path and not os.access(command, os.X_OK)):
        return None  # started in another way, as by `python -m`
    return Repair(f"set command to {sanitize(command)}", lambda exec_: {**exec_, "command": command})


def find_command(command: str, user: Entry | None, environ: Mapping[str, str]) -> str | None:
    """Return the path of an exec section's command as client-go finds it, or None.

    A bare name is looked up on PATH; a relative path is relative to the kubeconfig's directory.
    """
    if user is not None and os.sep in command:
        command = str(user.path.absolute().parent / command)
    return programs.find_program(command, environ)


def _version(path: str, environ: Mapping[str, str], *, on_path: bool) -> Observation:
    """Run the program that kubectl finds, and compare its version with this one.

    Args:
        on_path: Whether kubectl finds it on PATH, not at a path of its own.
    """
    without_exec_info = {name: value for name, value in environ.items() if name != "KUBERNETES_EXEC_INFO"}
    try:
        done = subprocess.run(
            [path, "version"],
            env=without_exec_info,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_VERSION_SECONDS,
            check=False,
        )
        said = sanitize(done.stdout.strip() or done.stderr.strip() or "nothing", limit=120)
    except subprocess.TimeoutExpired:
        said = f"nothing within {_VERSION_SECONDS:.0f} s"
    except OSError as error:
        said = f"{error.strerror or error}"
    if said.startswith(f"{_VERSION_PREFIX}{__version__} "):
        kind = next((f" ({kind})" for kind in KINDS if said.endswith(f", {kind})")), "")
        return f"{sanitize(path)}, version {__version__}{kind}"
    what = "another version of this program" if said.startswith(_VERSION_PREFIX) else "another program"
    own = programs.own_path(COMMAND, environ)
    change = f"set `command` of this user to {sanitize(own)}" if own != path else "update that program"
    if on_path:
        change = "remove the other program, or put this one's directory first on PATH"
    return warning(
        f"kubectl starts {what}: {sanitize(path)} says {said}. This one is {__version__}",
        change,
        "plugin",
    )
