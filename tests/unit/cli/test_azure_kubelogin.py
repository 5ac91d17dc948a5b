"""Azure's kubelogin is told from the kubelogin that this program replaces."""

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
def test_its_flags_and_commands_are_known(words: object) -> None:
    """One word that only Azure's program has is enough, whether its value follows or is joined by an equals sign."""
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
def test_other_command_lines_are_not_its(words: object) -> None:
    """A kubeconfig's args may be anything; only a list of texts is a command line."""
    assert not names_azure_kubelogin(words)
