"""The kubeconfig user that calls this program (client authentication v1beta1, ``users[].user.exec``)."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from kubectl_oidc.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMAND = "kubectl-oidc_login"
API_VERSION = "client.authentication.k8s.io/v1beta1"
"""The version that every client can use: lightkube and the official Java client know no v1.

The Java clients, lightkube and kr8s do not say in KUBERNETES_EXEC_INFO which version they want; then we answer in this one.
"""
INSTALL_HINT = (
    "kubectl-oidc_login is not installed, or it is not on PATH. "
    "Install it from where you have it, or ask who gave you this kubeconfig."
)
"""What kubectl shows when it does not find the command. It names no package: whoever registers a name could run code here."""

FORMER_INSTALL_HINT = (
    "kubectl-oidc_login is not installed or not on PATH; "
    "install kubectl-oidc from a clone or a wheel: pipx install PATH, or uv tool install PATH"
)
"""What 1.0.0 wrote; it is replaced."""

# Flags of stanzas written by hand or by other programs whose values nobody should see.
_SECRET_FLAGS = ("--oidc-client-secret", "--password")
_HEADER_FLAG = "--oidc-request-header"
_SECRET_HEADER = re.compile(r"auth|cookie|credential|key|pass|secret|signature|token", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of ``get-token``.

    Args:
        flag: With its dashes.
        value: Its value; None for a switch.
        placeholder: What is shown in place of a secret value.
    """

    flag: str
    value: str | Secret | None = None
    placeholder: str = "CLIENT_SECRET"

    @classmethod
    def header(cls, name: str, value: str) -> Arg:
        """Return the argument of one request header; its value is a secret where its name says so."""
        if _SECRET_HEADER.search(name):
            return cls(_HEADER_FLAG, Secret(f"{name}={value}"), placeholder=f"{name}=VALUE")
        return cls(_HEADER_FLAG, f"{name}={value}")

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown."""
        return isinstance(self.value, Secret)

    def shown(self) -> str:
        """Return the argument for people: a placeholder stands for a secret."""
        if isinstance(self.value, Secret):
            return f"{self.flag}={self.placeholder}"
        return self.flag if self.value is None else f"{self.flag}={self.value}"

    def whole(self) -> str:
        """Return the argument for the kubeconfig, secret included."""
        return f"{self.flag}={self.value.reveal()}" if isinstance(self.value, Secret) else self.shown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanza:
    """What kubectl needs to know to call ``get-token``.

    Args:
        args: The arguments after ``get-token``.
        command: The program; a bare name is looked up on PATH by kubectl.
        install_hint: What kubectl shows if it does not find the program; empty for our words.
    """

    args: tuple[Arg, ...]
    command: str = COMMAND
    install_hint: str = ""
    api_version: str = field(default=API_VERSION, init=False)
    # Terminal prompts where there is a terminal; background programs are served without one.
    interactive_mode: str = field(default="IfAvailable", init=False)

    def exec_mapping(self) -> dict[str, object]:
        """Return the ``exec`` mapping for the kubeconfig, secrets included, keys in kubectl's order."""
        return {
            "apiVersion": self.api_version,
            "args": ["get-token", *(arg.whole() for arg in self.args)],
            "command": self.command,
            "installHint": self.install_hint or INSTALL_HINT,
            "interactiveMode": self.interactive_mode,
            "provideClusterInfo": False,
        }

    def set_credentials(self, user: str, kubeconfig: str = "") -> list[str]:
        """Return the words of the ``kubectl config set-credentials`` command, placeholders for secrets.

        Args:
            user: The user's name in the kubeconfig.
            kubeconfig: The file for kubectl's ``--kubeconfig``; empty where kubectl finds its own.
        """
        return [
            "kubectl",
            "config",
            "set-credentials",
            user,
            *kubeconfig_flag(kubeconfig),
            f"--exec-api-version={self.api_version}",
            f"--exec-interactive-mode={self.interactive_mode}",
            f"--exec-command={self.command}",
            "--exec-arg=get-token",
            *(f"--exec-arg={_csv_field(arg.shown())}" for arg in self.args),
        ]

    @property
    def holds_secret(self) -> bool:
        """Whether one of the arguments is a secret."""
        return any(arg.secret for arg in self.args)


def kubeconfig_flag(kubeconfig: str) -> list[str]:
    """Return kubectl's flag for a kubeconfig, or nothing where kubectl finds its own."""
    return [f"--kubeconfig={kubeconfig}"] if kubeconfig else []


def _csv_field(text: str) -> str:
    """Return ``text`` as one CSV field: kubectl splits each ``--exec-arg`` at commas, as a line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([text])
    return line.getvalue()


def is_ours(exec_: Mapping[str, object]) -> bool:
    """Tell whether an ``exec`` mapping signs in with this program, or with kubelogin, whose flags it takes.

    Args:
        exec_: The mapping of a kubeconfig user.
    """
    command = str(exec_.get("command", ""))
    name = PureWindowsPath(command).name  # takes both kinds of slash
    args = exec_.get("args") or []
    if not isinstance(args, list):
        return False  # kubectl refuses it
    words = [str(word) for word in args]
    match name.lower().removesuffix(".exe"):
        case "kubectl-oidc_login":
            return True
        case "kubectl":
            return "oidc-login" in words[:1]
        case "kubelogin":  # two programs have this name; the other one signs in to Azure
            return any(word.startswith("--oidc-issuer-url") for word in words)
    return False


def calls_us(exec_: Mapping[str, object]) -> bool:
    """Return whether an ``exec`` mapping starts this program itself, not kubelogin or a second kubectl.

    Args:
        exec_: The mapping of a kubeconfig user.
    """
    path = PureWindowsPath(str(exec_.get("command", "")))  # takes both kinds of slash
    # What krew installs under this name is kubelogin.
    return path.name.lower().removesuffix(".exe") == COMMAND and ".krew" not in path.parts


def redacted(args: Sequence[str]) -> list[str]:
    """Return a stanza's arguments with the values of secrets replaced by ``***``.

    Args:
        args: As they stand in the kubeconfig, ``--flag=value`` or ``--flag``, ``value``.
    """
    shown: list[str] = []
    flag = ""
    for word in args:
        if flag:  # the value of the flag before
            shown.append(_hide(flag, word))
            flag = ""
            continue
        name, equals, value = word.partition("=")
        if name in (*_SECRET_FLAGS, _HEADER_FLAG):
            flag = "" if equals else name
            shown.append(f"{name}={_hide(name, value)}" if equals else word)
        else:
            shown.append(word)
    return shown


def _hide(flag: str, value: str) -> str:
    if flag != _HEADER_FLAG:
        return "***"
    name, _, _ = value.partition("=")
    return f"{name}=***" if _SECRET_HEADER.search(name) else value
