"""Azure's kubelogin, another program of the same name as the one that this replaces: its command line, so that a mix-up can be named."""

from __future__ import annotations

AZURES = "Azure's kubelogin (github.com/Azure/kubelogin)"

_COMMANDS = frozenset({"convert-kubeconfig", "remove-cache-dir", "remove-tokens"})
_FLAGS = frozenset(
    {
        *("--authority-host", "--azure-config-dir", "--client-certificate", "--client-id", "--environment"),
        *("--federated-token-file", "--identity-resource-id", "--legacy", "--login", "--pop-claims"),
        *("--pop-enabled", "--server-id", "--tenant-id", "--use-azurerm-env-vars"),
    }
)


def is_azures(words: object) -> bool:
    """Return whether one of these words is a command or flag that Azure's kubelogin has, and neither kubelogin nor this program.

    Args:
        words: A command line, or the ``args`` of a stanza.
    """
    if not isinstance(words, list | tuple):
        return False
    return any(isinstance(word, str) and word.partition("=")[0] in _COMMANDS | _FLAGS for word in words)
