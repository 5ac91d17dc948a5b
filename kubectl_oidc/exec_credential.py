"""The exec credential plugin's protocol: Kubernetes client authentication v1 and v1beta1.

KUBERNETES_EXEC_INFO in, ExecCredential out. A cluster in it, with any extension, is accepted and not needed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubectl_oidc.errors import ExecInfoError
from kubectl_oidc.fast_path.credential import Credential
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from kubectl_oidc.secret import Secret

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
VERSIONS = (V1, V1BETA1)


@dataclass(frozen=True, slots=True)
class ExecInfo:
    """What the client asks for.

    Attributes:
        api_version: The ``apiVersion`` to answer in.
        interactive: Whether standard input is the person's: ``spec.interactive``.
    """

    api_version: str = V1BETA1
    interactive: bool = False

    @classmethod
    def parse(cls, text: str | None) -> ExecInfo:
        """Return what KUBERNETES_EXEC_INFO asks for; without it or without ``apiVersion``, v1beta1, as kubelogin answers.

        Args:
            text: The variable's value, or None.

        Raises:
            ExecInfoError: It is not a JSON object of a known version.
        """
        if not text:
            return cls()
        try:
            info = json.loads(text)
        except (ValueError, RecursionError):
            raise _broken("is not JSON") from None
        if not isinstance(info, dict):
            raise _broken("is not a JSON object")
        kind, version, spec = info.get("kind"), info.get("apiVersion"), info.get("spec")
        if kind not in (None, "", "ExecCredential"):
            raise _broken(f"has the kind {sanitize(kind, limit=60)}, not ExecCredential")
        if version in (None, ""):
            version = V1BETA1
        if version not in VERSIONS:
            raise ExecInfoError(
                f"KUBERNETES_EXEC_INFO asks for apiVersion {sanitize(version, limit=80)}, which is not known",
                f"write apiVersion: {V1} (or {V1BETA1}) in the kubeconfig's exec stanza",
            )
        interactive = spec.get("interactive") if isinstance(spec, dict) else False
        return cls(version, interactive is True)


def _broken(why: str) -> ExecInfoError:
    return ExecInfoError(
        f"KUBERNETES_EXEC_INFO {why}",
        "kubectl and client-go set this variable; unset it to run the command by hand",
    )


def credential(token: Secret, expiry: int, issued: int = 0) -> Credential:
    """Return the credential as it is stored and handed out.

    Args:
        token: The token, handed out as it is, without a line break at its end.
        expiry: When it ends, in epoch seconds.
        issued: When it was issued, in epoch seconds; it matters only where it is stored.
    """
    timestamp = datetime.fromtimestamp(expiry, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Credential(expiry, timestamp.encode(), json.dumps(token.reveal()).encode(), issued)
