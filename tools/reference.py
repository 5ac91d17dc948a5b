"""Write docs/reference.md from the program's own help, so that the page and the program cannot differ.

`python -m tools.reference` writes it; a test holds the page against the program.
"""

from __future__ import annotations

from pathlib import Path

import click

from kubectl_oidc.cli import COMMANDS, program

PAGE = Path(__file__).parent.parent / "docs" / "reference.md"

INTRODUCTION = """# Commands and flags

This page is written from the program's own help (`make pages`).

Every flag of kubelogin's that is listed here has its meaning and its default, but for two that are safer:
`--token-cache-storage` begins with the OS keyring, and `--oidc-pkce-method=auto` is S256 always.

Exit status: 0, 1 for a failure, 2 for a command line that cannot be understood, 130, 143 and 129 after Ctrl-C, SIGTERM and SIGHUP.

| variable | what it does |
|---|---|
| `KUBERNETES_EXEC_INFO` | set by kubectl: which `apiVersion` to answer in |
| `KUBECACHEDIR` | the cache directory is `oidc-login` under it, not under `~/.kube/cache` |
| `KUBECONFIG` | the kubeconfig that `setup --write-kubeconfig` writes to |
| `BROWSER` | the program that opens the browser, where `--browser-command` is not given |
| `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` | proxies; addresses of the loopback interface are never proxied |
| `SSL_CERT_FILE`, `SSL_CERT_DIR` | certificate authorities |
| `PYTHON_KEYRING_BACKEND` | the keyring library's backend |
| `NO_COLOR` | no colour on the terminal |
"""


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    with click.Context(program, info_name="kubectl oidc-login") as context:
        for name, (_, words) in COMMANDS.items():
            command = program.get_command(context, name)
            if command is None:
                raise SystemExit(f"no such command: {name}")
            parts.append(f"## {name}\n\n{words}.\n")
            parts.append(_table(command, click.Context(command, parent=context, info_name=name)))
    return "\n".join(part for part in parts if part)


def _table(command: click.Command, context: click.Context) -> str:
    rows = [
        record
        for parameter in command.params
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context))
    ]
    if not rows:
        return ""
    lines = ["| flag | meaning |", "|---|---|"]
    lines += [f"| `{_cell(flag)}` | {_cell(meaning)} |" for flag, meaning in rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
