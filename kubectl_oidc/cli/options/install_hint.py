"""``--install-hint``: what kubectl shows on a machine that does not have the program."""

from __future__ import annotations

from kubectl_oidc.errors import UsageError
from kubectl_oidc.text import sanitize

from .flag import Flag
from .kinds import TEXT

FLAG = "--install-hint"
INSTALL_HINT = Flag(
    FLAG,
    TEXT,
    help="What kubectl shows on a machine without the program, such as where your company has it.",
    metavar="TEXT",
    default="",
)


def install_hint(text: str) -> str:
    """Return the text; empty if none is given.

    Args:
        text: The option's value.

    Raises:
        UsageError: It has control or other characters that a terminal does not show; line breaks are allowed.
    """
    if any(sanitize(f".{char}.", limit=10) != f".{char}." for char in set(text) - {"\n", " "}):
        raise UsageError(
            f"{FLAG} has characters that a terminal does not show as they are",
            "write plain text; kubectl shows it to everybody who uses the kubeconfig",
        )
    return text
