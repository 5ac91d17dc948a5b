"""A run without a program around it: what a check sees, with the world that a test gives it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kubectl_oidc.authentication.request import RenewalOptions, SignInRequest
from kubectl_oidc.diagnosis import Finding
from kubectl_oidc.diagnosis.run import DoctorRun, Observation, Skipped
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.kubeconfig import Entry
from kubectl_oidc.kubeconfig.select import KubeconfigSelection
from kubectl_oidc.manifests.trust import ClusterTrust
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
from kubectl_oidc.system.silent_terminal import SilentTerminal
from kubectl_oidc.system.system import System
from tests.tokens import CLIENT_ID, ISSUER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.diagnosis.run import Observations

KUBECONFIG = Path("/etc/kube/config")
NOW = 1_760_000_000.0


def chosen(
    user: Mapping[str, Any] | None = None,
    *,
    context: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None,
    path: Path = KUBECONFIG,
) -> KubeconfigSelection:
    """Return a selection from a kubeconfig; what is not given is not in it."""

    def entry(name: str, value: Mapping[str, Any] | None) -> Entry | None:
        return None if value is None else Entry(name, value, path)

    return KubeconfigSelection(entry("demo", context), entry("oidc", user), entry("demo", cluster))


def with_exec(**exec_: Any) -> KubeconfigSelection:
    """Return a selection of a user with this exec section."""
    return chosen({"exec": exec_})


def doctor_run(
    *,
    issuer: str = ISSUER,
    environ: Mapping[str, str] | None = None,
    what: KubeconfigSelection | None = None,
    tls: TlsOptions | None = None,
    now: float = NOW,
    cache_dir: Path = Path("/nowhere"),
    storage: str = "auto",
    **request: Any,
) -> DoctorRun:
    """Return a run of `doctor` for a session; further arguments are those of a SignInRequest."""
    trust = tls or TlsOptions()
    return DoctorRun(
        request=SignInRequest(
            issuer=issuer,
            client_id=CLIENT_ID,
            tls=trust,
            storage=SessionStorage(choice=storage, cache_dir=cache_dir),
            renewal=RenewalOptions(may_prompt=False),
            **request,
        ),
        system=System(clock=lambda: now, environ=environ or {}, terminal=SilentTerminal()),
        chosen=what or chosen(),
        login="kubectl oidc-login login",
        trust=ClusterTrust(issuer=issuer, audience=CLIENT_ID),
        http=HttpClient(tls=trust, log=QUIET, request_timeout=5, pauses=()),
        deadline=Deadline.after(20),
    )


class CheckResult(NamedTuple):
    """What a check found.

    Attributes:
        status: ``ok``, ``warning``, ``problem`` or ``skipped``.
        message: The message.
        hint: The hint, or empty.
        topic: The topic, or empty.
    """

    status: str
    message: str
    hint: str = ""
    topic: str = ""


def result_of(found: Observation | Observations) -> CheckResult:
    """Return the only result of a check."""
    (one,) = [found] if isinstance(found, Observation) else found
    if isinstance(one, Finding):
        return CheckResult(one.severity.value, one.message, one.hint, one.topic)
    return CheckResult("skipped", one.why) if isinstance(one, Skipped) else CheckResult("ok", one)


QUOTE = "" if sys.platform == "win32" else "'"
"""The quotes around an argument of echo in such a script."""


def executable(path: Path, says: str = "") -> Path:
    """Write a script of the shell, or of cmd.exe, and return its path."""
    path.parent.mkdir(exist_ok=True)
    if sys.platform == "win32":
        path = path.with_name(f"{path.name}.CMD")
        path.write_text(f"@{says}\n")
        return path
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o700)
    return path
