"""The ``api-version``, ``interactive-mode``, ``command`` and ``other-credentials`` checks: the kubeconfig user's exec section.

The rules are kubectl's (client authentication v1, client-go's exec plugin).
"""

from __future__ import annotations

from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from kubectl_oidc.exec_credential import V1, V1BETA1
from kubectl_oidc.kubeconfig.convert import direct_exec
from kubectl_oidc.kubeconfig.exec_stanza import API_VERSION, COMMAND, INTERACTIVE_MODE, exec_of
from kubectl_oidc.text import sanitize

from . import Repair, problem, warning
from .run import Skipped

if TYPE_CHECKING:
    from .run import DoctorRun, Observation, Observations

STARTS_ITSELF_ENDLESSLY = "starts itself without end (Google Cloud CLI's dispatcher)"
"""What happens to an exec section with ``command: kubectl`` if the plugin is not installed."""
_MODES = ("Never", "IfAvailable", "Always")
NO_USER = Skipped("no kubeconfig user is selected")
_CONVERT = "`kubectl oidc-login convert` rewrites it"
_SET_MODE = Repair(
    f"set interactiveMode to {INTERACTIVE_MODE}",
    lambda exec_: {**exec_, "interactiveMode": INTERACTIVE_MODE},
)
_START_DIRECTLY = Repair(f"start {COMMAND} itself", direct_exec)


def program_name(command: str) -> str:
    """Return the file name of a command in lower case, without ``.exe``."""
    return PureWindowsPath(command).name.lower().removesuffix(".exe")  # accepts both kinds of slash


def check_api_version(run: DoctorRun) -> Observation:
    """Check ``apiVersion``: kubectl accepts v1 and v1beta1, some other clients only v1beta1."""
    user = run.chosen.user
    if user is None:
        return NO_USER
    version = exec_of(user).get("apiVersion")
    if version == API_VERSION:
        return sanitize(version)
    if version == V1:
        return f"{sanitize(version)} (not for Java clients and lightkube, which need v1beta1: {_CONVERT})"
    said = f"apiVersion is {sanitize(version, limit=80)}" if version else "there is no apiVersion"
    return problem(
        f"{said}, and kubectl accepts only {V1BETA1} and {V1}",
        _CONVERT,
        "stanza",
        repair=Repair(f"set apiVersion to {API_VERSION}", lambda exec_: {**exec_, "apiVersion": API_VERSION}),
    )


def check_interactive_mode(run: DoctorRun) -> Observation:
    """Check ``interactiveMode``: v1 requires it, and ``Always`` fails in programs without a terminal."""
    user, exec_ = run.chosen.user, exec_of(run.chosen.user)
    if user is None:
        return NO_USER
    mode = exec_.get("interactiveMode")
    set_it = f"`kubectl config set-credentials {sanitize(user.name)} --exec-interactive-mode=IfAvailable`"
    if mode is None and exec_.get("apiVersion") == V1:
        return problem(
            "there is no interactiveMode, and kubectl refuses such a stanza of v1",
            f"{set_it} sets it",
            "stanza",
            repair=_SET_MODE,
        )
    if mode is not None and mode not in _MODES:
        return problem(
            f"interactiveMode is {sanitize(mode, limit=60)}, which kubectl does not know",
            f"{set_it} sets it",
            "stanza",
            repair=_SET_MODE,
        )
    if mode == "Always":
        return warning(
            "interactiveMode is Always: kubectl fails wherever there is no terminal, as in k9s, Helm and editors",
            f"{set_it} changes it",
            "stanza",
            repair=_SET_MODE,
        )
    if mode == "Never" and run.request.grant in {"password", "authcode-keyboard"}:
        return warning(
            f"interactiveMode is Never, and --grant-type={run.request.grant} asks at the terminal",
            f"{set_it} changes it",
            "stanza",
            repair=_SET_MODE,
        )
    return sanitize(mode or "IfAvailable, which v1beta1 takes for granted")


def check_command(run: DoctorRun) -> Observation:
    """Check that the exec section starts this program directly, not through a second kubectl."""
    if run.chosen.user is None:
        return NO_USER
    command = str(exec_of(run.chosen.user).get("command") or "")
    name = program_name(command)
    if name == "kubectl":
        return warning(
            "the stanza starts a second kubectl for each command (command: kubectl)",
            f"{_CONVERT} to start {COMMAND} itself",
            "stanza",
            repair=_START_DIRECTLY,
        )
    if name != COMMAND:
        return warning(
            f"the stanza starts {sanitize(command)}, not this program",
            _CONVERT,
            "stanza",
            repair=_START_DIRECTLY,
        )
    return sanitize(command)


# What client-go does if a user has one of these in addition to exec.
_OTHER_CREDENTIALS = {
    **dict.fromkeys(("token", "tokenFile", "username"), "kubectl sends it and never asks the plugin"),
    "auth-provider": "kubectl refuses both together",
}
_CERTIFICATES = ("client-certificate", "client-certificate-data")


def check_other_credentials(run: DoctorRun) -> Observations:
    """Check that the user has no other credential that kubectl would use instead of the plugin."""
    user = run.chosen.user
    if user is None:
        yield NO_USER
        return
    unset = f"`kubectl config unset users.{sanitize(user.name)}.FIELD` removes a field"
    found = [
        problem(f"the user has {field} beside exec, and {what}", unset.replace("FIELD", field), "stanza")
        for field, what in _OTHER_CREDENTIALS.items()
        if user.value.get(field)
    ]
    if any(user.value.get(field) for field in _CERTIFICATES):
        found.append(
            warning(
                "the user has a client certificate beside exec, and the API server may take that for who you are",
                unset.replace("FIELD", "client-certificate-data"),
                "stanza",
            )
        )
    if user.value.get("as"):
        found.append(
            warning(
                f"kubectl acts as {sanitize(user.value['as'], limit=120)} (as:), and what follows is about you",
                "`kubectl auth can-i --list` tells what that user may",
                "stanza",
            )
        )
    yield from found
    if not found:
        yield "none beside exec"
