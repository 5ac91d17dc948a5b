"""``kubectl_complete-oidc_login``: the completions of a command line, for kubectl and for the shells' scripts.

kubectl 1.26 and later runs it for ``kubectl oidc-login …`` with the arguments so far; the last one is unfinished. So do the
scripts that ``completion`` prints. The output is that of the Go library cobra's ``__complete``. It has one candidate a line, with
its description after a tab, then a colon and a number that tells the shell what else to complete.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ERROR, FILES, CANDIDATES_ONLY, DIRECTORIES = 1, 0, 4, 16
"""cobra's directives: an error; files as usual; only the candidates; only directories."""


def answer(words: Sequence[str]) -> list[str]:
    """Return the lines of the output for the arguments after the program's name, of which the last is unfinished."""
    from click.shell_completion import ShellComplete

    from kubectl_oidc.cli.program import program

    *before, unfinished = words or [""]
    shell = ShellComplete(program, {}, "kubectl oidc-login", "")
    items = shell.get_completions(before, unfinished)
    kinds = {item.type for item in items}
    if "file" in kinds:
        return [f":{FILES}"]
    if "dir" in kinds:
        return [f":{DIRECTORIES}"]
    lines = [
        f"{item.value}\t{' '.join(item.help.split())}" if item.help else str(item.value) for item in items
    ]
    return [*lines, f":{CANDIDATES_ONLY}"]


def main() -> None:
    """Write the completions. An error becomes a directive: a shell has nowhere to show a message."""
    try:
        lines = answer(sys.argv[1:])
    except Exception:  # noqa: BLE001 - a failed completion must not disturb the command line
        lines = [f":{ERROR}"]
    # As bytes: on Windows text mode ends lines with \r\n, and kubectl counts the \r as part of the line.
    sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode())
    sys.stdout.buffer.flush()
