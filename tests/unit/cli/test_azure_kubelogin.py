"""Azure's kubelogin is recognized by its flags and commands."""

from __future__ import annotations

import pytest

from kubectl_oidc.cli.azure_kubelogin import names_azure_kubelogin


@pytest.mark.parametrize(
    "words",
    [
        ["get-token", "--login", "azurecli", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630"],
        ["get-token", "--tenant-id=contoso"],
        ("convert-kubeconfig", "-l", "azurecli"),
    ],
)
def test_its_flags_and_commands_are_recognized(words: object) -> None:
    """One of them is enough, with the value in the same argument or the next one."""
    assert names_azure_kubelogin(words)


@pytest.mark.parametrize(
    "words",
    [
        ["oidc-login", "get-token", "--oidc-issuer-url=https://issuer.example.com"],
        ["get-token", "--oidc-client-id", "--client-id-of-mine"],
        [],
        "--login",
        None,
        [1, None, {"--login": True}],
    ],
)
def test_other_command_lines_are_not(words: object) -> None:
    """The args of a kubeconfig may be any YAML value."""
    assert not names_azure_kubelogin(words)
