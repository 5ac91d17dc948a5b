"""``kubectl_complete-oidc_login``: what may stand next on the command line.

kubectl 1.26 and later runs it for ``kubectl oidc-login …`` with the words so far, the last one unfinished, and so do the
scripts that ``completion`` prints. It answers as the Go library cobra's ``__complete`` does: a candidate a line, with a tab
before its description, and at the end a colon and what the shell shall do beside.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ERROR, FILES, CANDIDATES_ONLY, DIRECTORIES = 1, 0, 4, 16
"""cobra's directives: nothing can be said; files as usual; nothing but the candidates; directories alone."""


def answer(words: Sequence[str]) -> list[str]:
    """Return the lines of the answer.

    Args:
        words: The command line after the program's name; the last word is the unfinished one, perhaps empty.
    """
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
    """Write the answer; a shell that is asked to complete has no place for an error message."""
    try:
        lines = answer(sys.argv[1:])
    except Exception:  # noqa: BLE001 - whatever happens, the person goes on typing
        lines = [f":{ERROR}"]
    # As bytes: kubectl takes what Windows puts before a line's end for a part of the line.
    sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode())
    sys.stdout.buffer.flush()
