"""Recognize the command line of Azure's kubelogin: a different program, often confused with the kubelogin that this one replaces."""

from __future__ import annotations

AZURE_KUBELOGIN = "Azure's kubelogin (github.com/Azure/kubelogin)"

_COMMANDS = frozenset({"convert-kubeconfig", "remove-cache-dir", "remove-tokens"})
_FLAGS = frozenset(
    {
        *("--authority-host", "--azure-config-dir", "--client-certificate", "--client-id", "--environment"),
        *("--federated-token-file", "--identity-resource-id", "--legacy", "--login", "--pop-claims"),
        *("--pop-enabled", "--server-id", "--tenant-id", "--use-azurerm-env-vars"),
    }
)


def names_azure_kubelogin(arguments: object) -> bool:
    """Return whether an argument is a command or flag that only Azure's kubelogin has.

    Args:
        arguments: A command line, or the ``args`` of an exec section, which may be any YAML value.
    """
    if not isinstance(arguments, list | tuple):
        return False
    return any(isinstance(word, str) and word.partition("=")[0] in _COMMANDS | _FLAGS for word in arguments)
