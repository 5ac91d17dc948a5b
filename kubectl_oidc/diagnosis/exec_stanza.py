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

STARTS_ITSELF_ENDLESSLY = "starts itself endlessly (Google Cloud CLI's dispatcher)"
"""What happens to an exec section with ``command: kubectl`` if the plugin is not installed."""
_MODES = ("Never", "IfAvailable", "Always")
NO_USER = Skipped("no kubeconfig user is selected")
_CONVERT = "run `kubectl oidc-login convert`"
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
            "interactiveMode is missing, and kubectl requires it in v1",
            f"run {set_it}",
            "stanza",
            repair=_SET_MODE,
        )
    if mode is not None and mode not in _MODES:
        return problem(
            f"interactiveMode is {sanitize(mode, limit=60)}, which kubectl does not know",
            f"run {set_it}",
            "stanza",
            repair=_SET_MODE,
        )
    if mode == "Always":
        return warning(
            "interactiveMode is Always: kubectl fails without a terminal, for example in k9s, Helm and editors",
            f"run {set_it}",
            "stanza",
            repair=_SET_MODE,
        )
    if mode == "Never" and run.request.grant in {"password", "authcode-keyboard"}:
        return warning(
            f"interactiveMode is Never, and --grant-type={run.request.grant} asks at the terminal",
            f"run {set_it}",
            "stanza",
            repair=_SET_MODE,
        )
    return sanitize(mode or "IfAvailable, the default of v1beta1")


def check_command(run: DoctorRun) -> Observation:
    """Check that the exec section starts this program directly, not through a second kubectl."""
    if run.chosen.user is None:
        return NO_USER
    command = str(exec_of(run.chosen.user).get("command") or "")
    name = program_name(command)
    if name == "kubectl":
        return warning(
            "the exec section starts a second kubectl for each command (command: kubectl)",
            f"{_CONVERT} to start {COMMAND} directly",
            "stanza",
            repair=_START_DIRECTLY,
        )
    if name != COMMAND:
        return warning(
            f"the exec section starts {sanitize(command)}, not this program",
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
    unset = f"run `kubectl config unset users.{sanitize(user.name)}.FIELD` to remove a field"
    found = [
        problem(
            f"the user has {field} in addition to exec, and {what}", unset.replace("FIELD", field), "stanza"
        )
        for field, what in _OTHER_CREDENTIALS.items()
        if user.value.get(field)
    ]
    if any(user.value.get(field) for field in _CERTIFICATES):
        found.append(
            warning(
                "the user also has a client certificate, and the API server may use that to identify you",
                unset.replace("FIELD", "client-certificate-data"),
                "stanza",
            )
        )
    if user.value.get("as"):
        found.append(
            warning(
                f"kubectl impersonates {sanitize(user.value['as'], limit=120)} (as:), but the other checks are about you",
                "run `kubectl auth can-i --list` to see what that user may do",
                "stanza",
            )
        )
    yield from found
    if not found:
        yield "no other credentials"
