"""The exec section of a kubeconfig user that starts this program: how it is written, and how it is recognised."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

from kubectl_oidc.csv_text import quote_value
from kubectl_oidc.secret import Secret

from .stanza_secrets import HEADER_FLAG, is_secret_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .read import Entry

COMMAND = "kubectl-oidc_login"
API_VERSION = "client.authentication.k8s.io/v1beta1"
"""The version that every client can use: lightkube and the official Java client do not know v1.

The Java clients, lightkube and kr8s do not name a version in KUBERNETES_EXEC_INFO; then the answer has this one.
"""
INTERACTIVE_MODE = "IfAvailable"
"""With a terminal the plugin may prompt; without one it still serves background programs."""

INSTALL_HINT = (
    "kubectl-oidc_login is not installed, or it is not on PATH. "
    "Install it, or ask the person who gave you this kubeconfig."
)
"""What kubectl shows if it does not find the command. It names no package: anybody could register that name."""

FORMER_INSTALL_HINT = (
    "kubectl-oidc_login is not installed or not on PATH; "
    "install kubectl-oidc from a clone or a wheel: pipx install PATH, or uv tool install PATH"
)
"""The hint that 1.0.0 wrote; it is replaced."""


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of ``get-token``.

    Args:
        flag: With its dashes.
        value: None for a switch.
        placeholder: What is shown instead of a secret value.
    """

    flag: str
    value: str | Secret | None = None
    placeholder: str = "CLIENT_SECRET"

    @classmethod
    def header(cls, name: str, value: str) -> Arg:
        """Return the argument for one request header; its value is a secret if its name is that of a secret."""
        if is_secret_header(name):
            return cls(HEADER_FLAG, Secret(f"{name}={value}"), placeholder=f"{name}=VALUE")
        return cls(HEADER_FLAG, f"{name}={value}")

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown."""
        return isinstance(self.value, Secret)

    def shown(self) -> str:
        """Return the argument with a placeholder instead of a secret."""
        if isinstance(self.value, Secret):
            return f"{self.flag}={self.placeholder}"
        return self.flag if self.value is None else f"{self.flag}={self.value}"

    def with_secret(self) -> str:
        """Return the argument for the kubeconfig, with its secret."""
        return f"{self.flag}={self.value.reveal()}" if isinstance(self.value, Secret) else self.shown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanza:
    """The exec section that makes kubectl call ``get-token``.

    Args:
        args: The arguments after ``get-token``.
        command: The program; kubectl looks up a bare name on PATH.
        install_hint: What kubectl shows if it does not find the program; empty for `INSTALL_HINT`.
    """

    args: tuple[Arg, ...]
    command: str = COMMAND
    install_hint: str = ""

    def exec_mapping(self) -> dict[str, object]:
        """Return the ``exec`` mapping for the kubeconfig, with secrets, keys in kubectl's order."""
        return {
            "apiVersion": API_VERSION,
            "args": ["get-token", *(arg.with_secret() for arg in self.args)],
            "command": self.command,
            "installHint": self.install_hint or INSTALL_HINT,
            "interactiveMode": INTERACTIVE_MODE,
            "provideClusterInfo": False,
        }

    def set_credentials(self, user: str, kubeconfig: str = "") -> list[str]:
        """Return the ``kubectl config set-credentials`` command, with placeholders instead of secrets."""
        return [
            "kubectl",
            "config",
            "set-credentials",
            user,
            *kubeconfig_flag(kubeconfig),
            f"--exec-api-version={API_VERSION}",
            f"--exec-interactive-mode={INTERACTIVE_MODE}",
            f"--exec-command={self.command}",
            "--exec-arg=get-token",
            # kubectl splits each --exec-arg like a line of CSV.
            *(f"--exec-arg={quote_value(arg.shown())}" for arg in self.args),
        ]

    @property
    def holds_secret(self) -> bool:
        """Whether one of the arguments is a secret."""
        return any(arg.secret for arg in self.args)


def kubeconfig_flag(kubeconfig: str) -> list[str]:
    """Return kubectl's ``--kubeconfig`` flag; nothing for kubectl's default."""
    return [f"--kubeconfig={kubeconfig}"] if kubeconfig else []


def exec_of(user: Entry | None) -> Mapping[str, Any]:
    """Return a user's ``exec`` mapping; empty if there is none."""
    found = user.value.get("exec") if user else None
    return found if isinstance(found, dict) else {}


def exec_variables(exec_: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of an ``exec`` mapping; an entry that is not a mapping is left out."""
    given = exec_.get("env")
    pairs = [pair for pair in given if isinstance(pair, dict)] if isinstance(given, list) else []
    return {str(pair.get("name") or ""): str(pair.get("value") or "") for pair in pairs}


def is_oidc_login_exec(exec_: Mapping[str, object]) -> bool:
    """Return whether an ``exec`` mapping signs in with this program, or with kubelogin, whose flags it accepts."""
    command = str(exec_.get("command", ""))
    name = PureWindowsPath(command).name  # accepts both kinds of slash
    args = exec_.get("args") or []
    if not isinstance(args, list):
        return False  # kubectl rejects it
    words = [str(word) for word in args]
    match name.lower().removesuffix(".exe"):
        case "kubectl-oidc_login":
            return True
        case "kubectl":
            return "oidc-login" in words[:1]
        case "kubelogin":  # two programs have this name; the other one signs in to Azure
            return any(word.startswith("--oidc-issuer-url") for word in words)
    return False


def starts_this_program(exec_: Mapping[str, object]) -> bool:
    """Return whether an ``exec`` mapping starts this program directly, not kubelogin or a second kubectl."""
    path = PureWindowsPath(str(exec_.get("command", "")))  # accepts both kinds of slash
    # Under this name krew installs kubelogin.
    return path.name.lower().removesuffix(".exe") == COMMAND and ".krew" not in path.parts


@contextmanager
def environment_of(exec_: Mapping[str, object]) -> Iterator[None]:
    """Set an exec section's variables while the block runs, as kubectl does for the program."""
    before = os.environ.copy()
    for name, value in exec_variables(exec_).items():
        if name and "=" not in name and "\0" not in name + value:
            os.environ[name] = value
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
