"""Secrets in an exec section are hidden."""

from __future__ import annotations

from kubectl_oidc.kubeconfig.stanza_secrets import redacted


def test_secrets_in_arguments_are_hidden() -> None:
    """Both ways to write a value are known."""
    args = [
        "--oidc-client-secret=a",
        "--oidc-client-secret",
        "b",
        "--password=c",
        "--oidc-request-header=X-Auth=d",
    ]

    assert redacted([*args, "--oidc-request-header", "X-A=e", "--x=f"]) == [
        *("--oidc-client-secret=***", "--oidc-client-secret", "***", "--password=***"),
        *("--oidc-request-header=X-Auth=***", "--oidc-request-header", "X-A=e", "--x=f"),
    ]
