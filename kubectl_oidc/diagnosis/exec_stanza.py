"""The kubeconfig user's ``exec`` stanza, as kubectl reads it (client authentication v1, client-go's exec plugin).

Without a kubeconfig user, as where flags name the session, there is nothing to see.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

from kubectl_oidc.exec_credential import V1, V1BETA1
from kubectl_oidc.kubeconfig.exec_stanza import API_VERSION, COMMAND
from kubectl_oidc.system import programs
from kubectl_oidc.text import sanitize
from kubectl_oidc.version import __version__

from . import Finding, Severity
from .run import Skipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.kubeconfig import Entry

    from .run import DoctorRun, Observations

_OURS = "kubectl-oidc "  # how `version` begins
_VERSION_SECONDS = 8.0
_MODES = ("Never", "IfAvailable", "Always")
_NO_USER = Skipped("no user of a kubeconfig is meant")
_CONVERT = "`kubectl oidc-login convert` rewrites it"


def exec_of(user: Entry | None) -> Mapping[str, Any]:
    """Return a user's ``exec`` mapping, empty where there is none."""
    found = user.value.get("exec") if user else None
    return found if isinstance(found, dict) else {}


def check_api_version(examination: DoctorRun) -> Observations:
    """Kubectl knows v1 and v1beta1; some other clients know v1beta1 only."""
    user = examination.chosen.user
    if user is None:
        yield _NO_USER
        return
    version = exec_of(user).get("apiVersion")
    if version == API_VERSION:
        yield sanitize(version)
    elif version == V1:
        yield f"{sanitize(version)} (not for Java clients and lightkube, which need v1beta1: {_CONVERT})"
    else:
        said = f"apiVersion is {sanitize(version, limit=80)}" if version else "there is no apiVersion"
        yield Finding(
            Severity.PROBLEM,
            f"{said}, and kubectl accepts only {V1BETA1} and {V1}",
            _CONVERT,
            "stanza",
        )


def check_interactive_mode(examination: DoctorRun) -> Observations:
    """v1 must say whether the plugin may use the terminal; ``Always`` keeps programs without one out."""
    user, exec_ = examination.chosen.user, exec_of(examination.chosen.user)
    if user is None:
        yield _NO_USER
        return
    mode = exec_.get("interactiveMode")
    set_it = f"`kubectl config set-credentials {sanitize(user.name)} --exec-interactive-mode=IfAvailable`"
    if mode is None and exec_.get("apiVersion") == V1:
        yield Finding(
            Severity.PROBLEM,
            "there is no interactiveMode, and kubectl refuses such a stanza of v1",
            f"{set_it} sets it",
            "stanza",
        )
    elif mode is not None and mode not in _MODES:
        yield Finding(
            Severity.PROBLEM,
            f"interactiveMode is {sanitize(mode, limit=60)}, which kubectl does not know",
            f"{set_it} sets it",
            "stanza",
        )
    elif mode == "Always":
        yield Finding(
            Severity.WARNING,
            "interactiveMode is Always: kubectl fails wherever there is no terminal, as in k9s, Helm and editors",
            f"{set_it} changes it",
            "stanza",
        )
    elif mode == "Never" and examination.request.grant in {"password", "authcode-keyboard"}:
        yield Finding(
            Severity.WARNING,
            f"interactiveMode is Never, and --grant-type={examination.request.grant} asks at the terminal",
            f"{set_it} changes it",
            "stanza",
        )
    else:
        yield sanitize(mode or "IfAvailable, which v1beta1 takes for granted")


def check_command(examination: DoctorRun) -> Observations:
    """The stanza starts this program itself, not by way of a second kubectl."""
    if examination.chosen.user is None:
        yield _NO_USER
        return
    command = str(exec_of(examination.chosen.user).get("command") or "")
    name = PureWindowsPath(command).name.lower().removesuffix(".exe")
    if name == "kubectl":
        yield Finding(
            Severity.WARNING,
            "the stanza starts a second kubectl for each command (command: kubectl)",
            f"{_CONVERT} to start {COMMAND} itself",
            "stanza",
        )
    elif name != COMMAND:
        yield Finding(
            Severity.WARNING, f"the stanza starts {sanitize(command)}, not this program", _CONVERT, "stanza"
        )
    else:
        yield sanitize(command)


# What client-go makes of a user that has more than exec.
_BESIDE = {
    "token": "kubectl sends it and never asks the plugin",
    "tokenFile": "kubectl sends it and never asks the plugin",
    "username": "kubectl sends it and never asks the plugin",
    "auth-provider": "kubectl refuses both together",
}
_CERTIFICATES = ("client-certificate", "client-certificate-data")


def check_other_credentials(examination: DoctorRun) -> Observations:
    """Nothing else in the user's entry takes the plugin's place."""
    user = examination.chosen.user
    if user is None:
        yield _NO_USER
        return
    unset = f"`kubectl config unset users.{sanitize(user.name)}.FIELD` removes a field"
    found = [
        Finding(
            Severity.PROBLEM,
            f"the user has {field} beside exec, and {what}",
            unset.replace("FIELD", field),
            "stanza",
        )
        for field, what in _BESIDE.items()
        if user.value.get(field)
    ]
    if any(user.value.get(field) for field in _CERTIFICATES):
        found.append(
            Finding(
                Severity.WARNING,
                "the user has a client certificate beside exec, and the API server may take that for who you are",
                unset.replace("FIELD", "client-certificate-data"),
                "stanza",
            )
        )
    if user.value.get("as"):
        found.append(
            Finding(
                Severity.WARNING,
                f"kubectl acts as {sanitize(user.value['as'], limit=120)} (as:), and what follows is about you",
                "`kubectl auth can-i --list` tells what that user may",
                "stanza",
            )
        )
    yield from found
    if not found:
        yield "none beside exec"


def check_plugin(examination: DoctorRun) -> Observations:
    """Kubectl finds the program, and it is this one."""
    user = examination.chosen.user
    command = str(exec_of(user).get("command") or COMMAND)
    for name in (command, COMMAND) if _is_kubectl(command) else (command,):
        found = find(name, user, examination.system.environ)
        if found is None:
            where = "at that path" if os.sep in name else "on PATH"
            dispatcher = (
                programs.kubectl_dispatcher(examination.system.environ) if _is_kubectl(command) else None
            )
            endless = (
                f", and {sanitize(dispatcher)}, which asks the cluster first, then {ENDLESS}"
                if dispatcher
                else ""
            )
            yield Finding(
                Severity.PROBLEM,
                f"kubectl finds no {sanitize(name)} {where}{endless}",
                "put the directory of the program on PATH, or name it by its whole path: "
                "`kubectl oidc-login setup --write-kubeconfig --absolute-path`",
                "plugin",
            )
            return
    yield from _version(found or "", examination.system.environ)


ENDLESS = "starts itself without end (Google Cloud CLI's dispatcher)"
"""What becomes of a stanza with ``command: kubectl`` without the plugin."""


def find(command: str, user: Entry | None, environ: Mapping[str, str]) -> str | None:
    """Return the path of a stanza's command as client-go finds it, or None.

    Args:
        command: A bare name is looked for on PATH; a relative path counts from the kubeconfig's directory.
        user: The user of the stanza.
        environ: The environment.
    """
    if user is not None and os.sep in command:
        command = str(user.path.absolute().parent / command)
    return programs.find(command, environ)


def _is_kubectl(command: str) -> bool:
    return PureWindowsPath(command).name.lower().removesuffix(".exe") == "kubectl"


def _version(path: str, environ: Mapping[str, str]) -> Observations:
    """Ask the program that kubectl finds for its version."""
    kept = {name: value for name, value in environ.items() if name != "KUBERNETES_EXEC_INFO"}
    try:
        done = subprocess.run(
            [path, "version"],
            env=kept,
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
    if said.startswith(f"{_OURS}{__version__} "):
        yield f"{sanitize(path)}, version {__version__}"
        return
    what = "is another version of this program" if said.startswith(_OURS) else "is not this program"
    yield Finding(
        Severity.WARNING,
        f"what kubectl finds {what}: {sanitize(path)} says {said}",
        f"this one is {__version__}; remove the other, or put this one's directory before it on PATH",
        "plugin",
    )
