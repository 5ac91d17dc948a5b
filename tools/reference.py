"""Write docs/reference.md from the program's own help, so that the page and the program cannot differ.

`python -m tools.reference` writes it; a test holds the page against the program.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from kubectl_oidc.cli import COMMANDS, program

PAGE = Path(__file__).parent.parent / "docs" / "reference.md"

INTRODUCTION = """# Commands and flags

This page is written from the program's own help (`make pages`).

Every flag of kubelogin's that is listed here has its meaning and its default, but for two that are safer:
`--token-cache-storage` begins with the OS keyring, and `--oidc-pkce-method=auto` is S256 always.

Exit status: 0, 1 for a failure, 2 for a command line that cannot be understood, 130, 143 and 129 after Ctrl-C, SIGTERM and SIGHUP.

Every flag has a variable: the flag decides, else the variable, else the default; an empty variable is none. A switch takes `true` and
`false` there. Where the flag is repeatable, commas stand between the values (`NAME=VALUE,NAME=VALUE` as the flag itself takes it).

| variable | what it does |
|---|---|
| `KUBERNETES_EXEC_INFO` | set by kubectl: which `apiVersion` to answer in |
| `KUBECACHEDIR` | the cache directory is `oidc-login` under it, not under `~/.kube/cache` |
| `KUBECONFIG` | the kubeconfig that `setup` reads, and that `setup --write-kubeconfig` writes to |
| `HOME`, on Windows `USERPROFILE` | where `~/.kube` is |
| `XDG_RUNTIME_DIR` | the session's lock rests under it: a local directory of yours alone; else one under the temporary directory does |
| `DBUS_SESSION_BUS_ADDRESS` | the way to the OS keyring on Linux; without a session bus there is none |
| `PYTHON_KEYRING_BACKEND` | the keyring library's backend |
| `CI` | not empty: the kernel keyring is left alone, because jobs share it, and the demo signs in by itself |
| `container`, `KUBERNETES_SERVICE_HOST` | this is a container: the kernel keyring is left alone, and no browser opens without a display |
| `BROWSER` | the program that opens the browser, where `--browser-command` is not given |
| `DISPLAY`, `WAYLAND_DISPLAY` | there is a display, so a browser can be opened (Linux) |
| `SSH_CONNECTION`, `SSH_TTY` | without a display: no browser is opened here; a device code is shown, or the address with the `ssh -L` line |
| `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` | proxies; addresses of the loopback interface are never proxied |
| `SSL_CERT_FILE`, `SSL_CERT_DIR` | certificate authorities, in the place of the system's |
| `NO_COLOR` | no colour on the terminal |
"""

STAND_ALONE = """The kubeconfig's user with `auth-provider: oidc` signs in, or its token is refreshed, and the tokens are written back into the
kubeconfig, as kubelogin does in stand-alone mode. The flags of `get-token` that say how to sign in (the grant, listen address, browser, TLS) are taken,
too. Where there is no such user, the help is shown, and the exit status is 2.
"""


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    with click.Context(program, info_name="kubectl oidc-login") as context:
        parts.append(f"## Without a command\n\n{STAND_ALONE}")
        parts.append(_table(program, context))
        for name, (_, words) in COMMANDS.items():
            command = program.get_command(context, name)
            if command is None:
                raise SystemExit(f"no such command: {name}")
            parts.append(f"## {name}\n\n{words}.\n")
            parts.append(_table(command, click.Context(command, parent=context, info_name=name)))
    return "\n".join(part for part in parts if part)


def _table(command: click.Command, context: click.Context) -> str:
    lines = [
        f"| `{_cell(flag)}` | {f'`{variable}`' if variable else ''} | {_cell(meaning)} |"
        for flag, variable, meaning in rows(command, context)
    ]
    return "\n".join(["| flag | variable | meaning |", "|---|---|---|", *lines]) + "\n" if lines else ""


def rows(command: click.Command, context: click.Context) -> list[tuple[str, str, str]]:
    """Return a command's flags as its help has them, each with its variable, or an empty text, and its meaning."""
    return [
        (flag, str(parameter.envvar or ""), meaning)
        for parameter in command.params
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context))
        for flag, meaning in [_choices_apart(parameter, *_without_variable(*record))]
    ]


def _without_variable(flag: str, meaning: str) -> tuple[str, str]:
    """Return the record without its variable, which has a column of its own."""
    return flag, re.sub(r" *\[env var: \w+\]|(?<=\[)env var: \w+; ", "", meaning)


def _choices_apart(option: click.Option, flag: str, meaning: str) -> tuple[str, str]:
    """Return the record with the choices as words of the meaning.

    A vertical bar ends a table's cell. GitHub wants it escaped, in code too, where the built page then shows the backslash.
    """
    if not isinstance(option.type, click.Choice):
        return flag, meaning
    choices = [f"`{choice}`" for choice in option.type.choices]
    words, bracket, default = meaning.partition(" [default: ")
    return f"{option.opts[0]} VALUE", f"{words} One of {', '.join(choices)}.{bracket}{default}"


def _cell(text: str) -> str:
    if "|" in text:
        raise SystemExit(f"a vertical bar would end the cell: {text}")
    return " ".join(text.split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
