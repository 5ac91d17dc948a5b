"""The protocol of exec credential plugins: parse KUBERNETES_EXEC_INFO, and build the ExecCredential (v1 and v1beta1).

Cluster information in KUBERNETES_EXEC_INFO is accepted and ignored.
"""

from __future__ import annotations

import json
from time import gmtime, strftime
from typing import TYPE_CHECKING

from kubectl_oidc.errors import ExecInfoError
from kubectl_oidc.fast_path.credential import Credential
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from kubectl_oidc.secret import Secret

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
VERSIONS = (V1, V1BETA1)


class ExecInfo(NamedTuple):
    """The content of KUBERNETES_EXEC_INFO.

    Attributes:
        api_version: The ``apiVersion`` of the ExecCredential.
        interactive: ``spec.interactive``: whether the plugin may use standard input.
    """

    api_version: str = V1BETA1
    interactive: bool = False

    @classmethod
    def parse(cls, text: str | None) -> ExecInfo:
        """Parse the variable's value. Without a value or an ``apiVersion``, the version is v1beta1, as in kubelogin.

        Raises:
            ExecInfoError: The value is not a JSON object of a known version.
        """
        if not text:
            return cls()
        try:
            info = json.loads(text)
        except (ValueError, RecursionError):
            raise _invalid_exec_info("is not JSON") from None
        if not isinstance(info, dict):
            raise _invalid_exec_info("is not a JSON object")
        kind, version, spec = info.get("kind"), info.get("apiVersion"), info.get("spec")
        if kind not in (None, "", "ExecCredential"):
            raise _invalid_exec_info(f"has the kind {sanitize(kind, limit=60)}, not ExecCredential")
        if version in (None, ""):
            version = V1BETA1
        if version not in VERSIONS:
            raise ExecInfoError(
                f"KUBERNETES_EXEC_INFO asks for apiVersion {sanitize(version, limit=80)}, which is not known",
                f"write apiVersion: {V1} (or {V1BETA1}) in the kubeconfig's exec section",
            )
        interactive = spec.get("interactive") if isinstance(spec, dict) else False
        return cls(version, interactive is True)


def _invalid_exec_info(why: str) -> ExecInfoError:
    return ExecInfoError(
        f"KUBERNETES_EXEC_INFO {why}",
        "unset the variable to run the command by hand; kubectl sets it itself",
    )


def credential(token: Secret, expiry: int, issued: int = 0) -> Credential:
    """Return the credential of a token.

    Args:
        token: The token, without a line break at its end.
        expiry: When it expires, in epoch seconds.
        issued: When it was issued, in epoch seconds; needed only if the credential is stored.
    """
    timestamp = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(expiry))
    return Credential(expiry, timestamp.encode(), json.dumps(token.reveal()).encode(), issued)
