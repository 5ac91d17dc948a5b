"""Write docs/reference.md from the program's own help, so that the page and the program cannot differ.

`python -m tools.reference` writes it; a test holds the page against the program.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubectl_oidc import fast_path
from kubectl_oidc.cli.command_list import COMMANDS
from kubectl_oidc.cli.help_text import by_heading, record
from kubectl_oidc.cli.options import kinds
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.program import program
from kubectl_oidc.cli.settings.default_values import SENT_TO_THE_ISSUER, flags_of_commands
from kubectl_oidc.cli.settings.rules import MEANINGS
from kubectl_oidc.fast_path import credential, known_command, refresh_ahead
from kubectl_oidc.oidc import metadata_cache
from kubectl_oidc.sessions import failed_sign_ins, lock_directory
from kubectl_oidc.sessions.stores import disk, index

if TYPE_CHECKING:
    from kubectl_oidc.cli.options.flag import Flag

PAGE = Path(__file__).parent.parent / "docs" / "reference.md"

INTRODUCTION = r"""# Commands and flags

This page is generated from the program's help (`make pages`). On the command line, `--help` shows the flags that most people need, and `--help-all` shows
every flag. Both work with every command.

kubelogin's flags have the same meaning and the same default here, with two exceptions that are safer. `--token-cache-storage` uses the OS keyring
first, and `--oidc-pkce-method=auto` is always S256.

[Stability](stability.md) lists what stays the same between versions. [Messages](messages.md) lists every message of the program.

## Exit status

| status | meaning |
|---|---|
| 0 | Success. For `doctor`: all checks passed. |
| 1 | Failure: an `error:` line says what failed, a `hint:` line says what to do. For `doctor`: a check failed. |
| 2 | The command line or a variable is wrong. |
| 126, 127 | `exec` cannot run the program, or does not find it. Otherwise, `exec` returns the program's status, or 128 plus the number of the signal that ended it. |
| 141 | Nobody reads the output any more, for example because `head -1` has ended. `get-token` then reports an error, with status 1. |
| 129, 130, 143, 149 | SIGHUP, Ctrl-C, SIGTERM or, on Windows, Ctrl-Break ended the program: 128 plus the signal's number. |

## Environment

The tables below name the variable of each flag. Some flags have none, for example those that destroy, write or skip a question.

The flag wins over the variable. Then come the [settings files](#settings-files) and the default. An empty variable counts as not set. A switch accepts `true` and
`false`. In the variable of a repeatable flag, separate the values by commas (`NAME=VALUE,NAME=VALUE` for pairs).

The program also reads these variables:

| variable | effect |
|---|---|
{variables}
## Files

The cache directory is the one in `--token-cache-dir`. Without this flag it is `oidc-login` in `KUBECACHEDIR`, or `~/.kube/cache/oidc-login`. Everything
in it is private (directories 0700, files 0600):

| directory | content | secret |
|---|---|---|
{files}
Other files:

| file | use |
|---|---|
| the kubeconfig | Read to find the context and its user. `setup` (if you ask for it), `convert`, and the program [without a command](#without-a-command) change only the entries concerned. Every other byte stays as it was. |
| `kubectl-oidc/` in `XDG_RUNTIME_DIR`; without it, in your directory in `/var/folders` on macOS, otherwise in a private directory in the temporary directory | The locks of the sessions. While `exec` runs, its temporary kubeconfig with a token. |
| the [settings files](#settings-files) | Read if they exist, never written. |

[Where tokens are stored](where-tokens-rest.md) covers the stores that are not files, and who can read them.
"""

VARIABLES = (
    ("`KUBERNETES_EXEC_INFO`", "Set by kubectl: the `apiVersion` of the answer."),
    ("`KUBECACHEDIR`", "The cache directory is `oidc-login` in this directory instead of `~/.kube/cache`."),
    ("`KUBECONFIG`", "The kubeconfigs to read. `setup --write-kubeconfig` and `convert` write to them."),
    ("`HOME`, on Windows `USERPROFILE`", "The directory of `.kube`."),
    (
        "`HOME`, `HOMEDRIVE` with `HOMEPATH`",
        "On Windows, more directories where the kubeconfig may be, by kubectl's rule.",
    ),
    (
        "`XDG_RUNTIME_DIR`",
        "The directory for the locks of the sessions, if it is local and only yours. Otherwise they are in the temporary directory.",
    ),
    (
        "`DBUS_SESSION_BUS_ADDRESS`",
        "The session bus of the OS keyring on Linux. Without a session bus there is no OS keyring.",
    ),
    (
        "`PYTHON_KEYRING_BACKEND`, `KEYRING_PROPERTY_*`, `XDG_CONFIG_HOME`, on Windows `LOCALAPPDATA`, else `PROGRAMDATA`",
        "The backend of the keyring library, its settings, and the directory of its configuration file.",
    ),
    (
        "`XDG_CONFIG_HOME`, on Windows `APPDATA`",
        "The directory of your [settings file](#settings-files). No variable changes the path of the machine's settings file.",
    ),
    (
        "`CI`",
        "If it is not empty, the kernel keyring is not used, because jobs share it. The demo signs in without a person.",
    ),
    (
        "`container`, `KUBERNETES_SERVICE_HOST`",
        "The program runs in a container: the kernel keyring is not used, and no browser opens without a display.",
    ),
    ("`BROWSER`", "The program that opens the browser, if `--browser-command` is not given."),
    ("`DISPLAY`, `WAYLAND_DISPLAY`", "There is a display, so the program can open a browser (Linux)."),
    ("`WSL_DISTRO_NAME`, `WSL_INTEROP`", "This is WSL: the program opens the browser of Windows."),
    (
        "`SSH_CONNECTION`, `SSH_TTY`",
        "This is an SSH session. Without a display, the program opens no browser. It shows a device code, or the URL with an `ssh -L` line.",
    ),
    (
        "`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`",
        "Proxies. Requests to the loopback interface never use a proxy.",
    ),
    (
        "`PYTHONPATH`, `PYTHONHOME`",
        "Python's own variables. Python searches absolute entries of the first last, and ignores empty and relative ones ([more](troubleshooting.md#python-modules)).",
    ),
    ("`SSL_CERT_FILE`, `SSL_CERT_DIR`", "Certificate authorities, instead of the system's."),
    (
        "`ACTIONS_ID_TOKEN_REQUEST_URL`, `ACTIONS_ID_TOKEN_REQUEST_TOKEN`",
        "The address where GitHub Actions issues the token of `--oidc-client-assertion-github-audience`. Its host must be in `*.actions.githubusercontent.com` or in the domain of `GITHUB_SERVER_URL`.",
    ),
    (
        "`INVOCATION_ID`",
        "This is a systemd service, unless standard error is a terminal. It does not refresh in the background without `--refresh-ahead`.",
    ),
    ("`USER`, `LOGNAME`, `USERNAME`", "The user name in the printed `ssh -L` line."),
    (
        "`MSYSTEM`",
        "On Windows: this is Git Bash or another MSYS2 shell, so printed commands are quoted for it instead of PowerShell.",
    ),
    ("`COMPUTERNAME`", "On Windows, the computer's name in the note about who holds a lock."),
    ("`SUDO_UID`", "With `sudo`, the browser of the person who runs `sudo` may open the sign-in."),
    ("`KUBERC`, `KUBECTL_KUBERC`", "The file with kubectl's plugin policy, for `doctor`."),
    (
        "`PATH`, on Windows `PATHEXT`",
        "The directories with the browser and, for `doctor`, the command of the exec section. The working directory is never searched.",
    ),
    ("`NO_COLOR`", "No colour on the terminal."),
    (
        "`COLORFGBG`",
        "Whether the terminal's background is light. Without colours, this decides how a QR code is drawn.",
    ),
)
"""The variables that are not those of flags, and what each does."""

FILES = {
    disk.DIRECTORY: ("One file for each session with the storage `disk`: ID token and refresh token.", "yes"),
    credential.CREDENTIALS_DIRECTORY: (
        "One file for each session with the storage `disk`: the token that kubectl gets next.",
        "yes",
    ),
    index.DIRECTORY: (
        "One file for each session: issuer, client, scopes, person, times, and where it is stored.",
        "no",
    ),
    known_command.DIRECTORY: (
        "Digests of earlier command lines, and the session that answers each.",
        "no",
    ),
    metadata_cache.DIRECTORY: ("The public metadata and key sets of providers.", "no"),
    failed_sign_ins.DIRECTORY: ("When the last sign-in failed, and why.", "no"),
    refresh_ahead.CLAIMS_DIRECTORY: ("A mark while a refresh runs in the background.", "no"),
    fast_path.HANDOUTS_DIRECTORY: ("Digests: which kubectl just got which token.", "no"),
    lock_directory.DIRECTORY: ("Locks of the sessions in files.", "no"),
}
"""What is in each directory of the cache directory."""

SETTINGS = """Two TOML files give defaults to flags. [Settings for every machine](how-to-policy.md) explains them.

| settings | path |
|---|---|
| yours | `kubectl-oidc/config.toml` in `XDG_CONFIG_HOME`, or in `~/.config`. On Windows in `%APPDATA%`. |
| the machine's | `/etc/kubectl-oidc/config.toml`. On macOS `/Library/Application Support/kubectl-oidc/config.toml`. On Windows `kubectl-oidc\\config.toml` in the ProgramData directory. |

A rule in the machine's file always decides. Otherwise, the first of these decides: the flag, its variable, your file, the machine's file, the default. In each file, the
section of the issuer in use wins over the defaults for every issuer.

Each file can have these sections. Every key is in one of them:

| section | content |
|---|---|
| `[defaults]` | Defaults for every issuer, with the keys below. |
| `[issuer."URL"]` | Defaults for this issuer. It has the same keys, without `oidc-issuer-url`, and without those of the log, `logout` and `setup`. |
| `[rules]` | Rules, in the machine's file only. |

| rule | meaning |
|---|---|
{rules}
A key is a flag's name without its dashes. In place of a list you can write a string for one value:

| key | value |
|---|---|
{keys}
`[defaults]` has more keys, for the log, `logout` and `setup`: {more}. Flags that say what one command acts on, does or prints, such as `--yes` and `--output`, have no key.

These keys must be in the section of an issuer, because in `[defaults]` every issuer would receive their values: {sent}.

`--force-refresh` and secrets (`--oidc-client-secret`, `--password`) cannot have a default in a file.
"""

STAND_ALONE = """The program signs in the kubeconfig user that has `auth-provider: oidc`, or refreshes its token, and writes the tokens back into the kubeconfig. This is
kubelogin's stand-alone mode. The program accepts get-token's sign-in flags (grant, listen address, browser, TLS). If there is no such user, it shows the
help and the exit status is 2.
"""


def page() -> str:
    """Return the page."""
    files = "".join(f"| `{name}/` | {what} | {secret} |\n" for name, (what, secret) in FILES.items())
    variables = "".join(f"| {names} | {effect} |\n" for names, effect in VARIABLES)
    introduction = INTRODUCTION.format(variables=variables, files=files)
    parts = [introduction, f"## Settings files\n\n{settings()}"]
    with click.Context(program, info_name="kubectl oidc-login", **program.context_settings) as context:
        parts.append(f"## Without a command\n\n{STAND_ALONE}")
        parts.append(_tables(program))
        for name, (_, _, words) in COMMANDS.items():
            command = program.get_command(context, name)
            if command is None:
                raise SystemExit(f"no such command: {name}")
            parts.append(f"## {name}\n\n{words}.\n")
            parts.append(_tables(command))
    return "\n".join(part for part in parts if part)


def settings() -> str:
    """Return the section about the settings files: the rules, and the keys with the values that they take."""
    rules = "".join(f"| `{rule}` | {meaning} |\n" for rule, meaning in MEANINGS.items())
    rows = [flag for flag in FLAGS if not flag.hidden and flag.kind is not kinds.SECRET]
    keys = "".join(f"| `{_key(flag)}` | {_taken(flag)} |\n" for flag in rows)
    more = ", ".join(f"`{_key(flag)}`" for flag in flags_of_commands())
    sent = ", ".join(f"`{name.removeprefix('--')}`" for name in SENT_TO_THE_ISSUER)
    return SETTINGS.format(rules=rules, keys=keys, more=more, sent=sent)


def _key(flag: Flag) -> str:
    return flag.name.removeprefix("--")


def _taken(flag: Flag) -> str:
    """Return what a key of a settings file takes."""
    kind = flag.kind
    if kind is kinds.SWITCH:
        return "`true` or `false`"
    if kind.choices:
        return "one of " + ", ".join(f'`"{choice}"`' for choice in kind.choices)
    what = {
        kinds.SECONDS: "a number of seconds",
        kinds.FRACTION: 'a number between 0 and 1, or `"off"`',
        kinds.DURATION: 'a time such as `"8h"`',
        kinds.FILE: "an absolute path, or one that begins with `~/`",
        kinds.DIR: "an absolute path, or one that begins with `~/`",
        kinds.FILES: "a list of paths",
    }
    return what.get(kind, "a string" if kind.uses == kinds.ONE else "a list of strings")


def _tables(command: click.Command) -> str:
    """Return a command's flags, a table for each heading of its help."""
    groups = rows(command)
    tables = []
    for heading, flags in groups.items():
        lines = [
            f"| `{_cell(flag)}` | {f'`{variable}`' if variable else ''} | {_cell(meaning)} |"
            for flag, variable, meaning in flags
        ]
        title = [f"**{heading}**", ""] if len(groups) > 1 else []
        tables.append("\n".join([*title, "| flag | variable | meaning |", "|---|---|---|", *lines]) + "\n")
    return "\n".join(tables)


def rows(command: click.Command) -> dict[str, list[tuple[str, str, str]]]:
    """Return a command's flags by the headings of its help, each with its variable, or an empty text, and its description."""
    shown = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    return {
        heading: [
            (term, str(option.envvar or ""), text) for option in options for term, text in [record(option)]
        ]
        for heading, options in by_heading(shown).items()
        if options
    }


def _cell(text: str) -> str:
    """Return a text for a table's cell, which a vertical bar would end: GitHub and the built page escape it differently."""
    if "|" in text:
        raise SystemExit(f"a vertical bar would end the cell: {text}")
    return " ".join(text.split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
