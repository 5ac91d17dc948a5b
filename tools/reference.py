"""Write docs/reference.md from the program's own help, so that the page and the program cannot differ.

`python -m tools.reference` writes it; a test holds the page against the program.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubectl_oidc import fast_path
from kubectl_oidc.cli.command_list import COMMANDS
from kubectl_oidc.cli.options import kinds
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.program import program
from kubectl_oidc.cli.settings.default_values import own_flags_of_setup
from kubectl_oidc.cli.settings.rules import MEANINGS
from kubectl_oidc.fast_path import credential, known_command, refresh_ahead
from kubectl_oidc.oidc import metadata_cache
from kubectl_oidc.sessions import failed_sign_ins, lock_directory
from kubectl_oidc.sessions.stores import disk, index

if TYPE_CHECKING:
    from kubectl_oidc.cli.options.flag import Flag

PAGE = Path(__file__).parent.parent / "docs" / "reference.md"

INTRODUCTION = r"""# Commands and flags

This page is written from the program's own help (`make pages`).

Every flag of kubelogin's that is listed here has its meaning and its default, but for two that are safer:
`--token-cache-storage` begins with the OS keyring, and `--oidc-pkce-method=auto` is S256 always.

[What stays](stability.md) between versions is a page of its own. What each sentence means that the program can say is in [Messages](messages.md).

## Exit status

| status | meaning |
|---|---|
| 0 | it was done; for `doctor`: nothing is wrong |
| 1 | a failure: an `error:` line says what, a `hint:` line what to do; for `doctor`: something is wrong |
| 2 | a command line, or a variable of it, that cannot be understood |
| 126, 127 | `exec` cannot run the program, or does not find it; else the program's own status, or 128 and the number of the signal that ended it |
| 141 | nobody reads its output any more, as when `head -1` has read its line; `get-token` then reports an error with status 1 |
| 129, 130, 143, 149 | SIGHUP, Ctrl-C, SIGTERM and, on Windows, Ctrl-Break ended it: 128 and the signal's number |

## Environment

Every flag has a variable, but for `setup -o`: the flag decides, else the variable, else the [settings files](#settings-files), else the default; an empty variable is none. A switch takes `true` and
`false` there. Where the flag is repeatable, commas stand between the values (`NAME=VALUE,NAME=VALUE` as the flag itself takes it).

| variable | what it does |
|---|---|
| `KUBERNETES_EXEC_INFO` | set by kubectl: which `apiVersion` to answer in |
| `KUBECACHEDIR` | the cache directory is `oidc-login` under it, not under `~/.kube/cache` |
| `KUBECONFIG` | the kubeconfig that `setup` reads, and that `setup --write-kubeconfig` writes to |
| `HOME`, on Windows `USERPROFILE` | where `~/.kube` is |
| `HOME`, `HOMEDRIVE` with `HOMEPATH` | on Windows, where the kubeconfig is looked for as well, by kubectl's own rule |
| `XDG_RUNTIME_DIR` | the session's lock rests under it: a local directory of yours alone; else one under the temporary directory does |
| `DBUS_SESSION_BUS_ADDRESS` | the way to the OS keyring on Linux; without a session bus there is none |
| `PYTHON_KEYRING_BACKEND`, `KEYRING_PROPERTY_*`, `XDG_CONFIG_HOME`, on Windows `LOCALAPPDATA`, else `PROGRAMDATA` | the keyring library's backend, its settings, and where its configuration file is |
| `XDG_CONFIG_HOME`, on Windows `APPDATA` | where your own [settings file](#settings-files) is; no variable moves the machine's |
| `CI` | not empty: the kernel keyring is left alone, because jobs share it, and the demo signs in by itself |
| `container`, `KUBERNETES_SERVICE_HOST` | this is a container: the kernel keyring is left alone, and no browser opens without a display |
| `BROWSER` | the program that opens the browser, where `--browser-command` is not given |
| `DISPLAY`, `WAYLAND_DISPLAY` | there is a display, so a browser can be opened (Linux) |
| `WSL_DISTRO_NAME`, `WSL_INTEROP` | this is WSL: the browser of Windows is opened |
| `SSH_CONNECTION`, `SSH_TTY` | without a display: no browser is opened here; a device code is shown, or the address with the `ssh -L` line |
| `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` | proxies; addresses of the loopback interface are never proxied |
| `PYTHONPATH`, `PYTHONHOME` | Python's own: what an absolute entry of the first leads to is looked for last, an empty or relative one not at all ([more](troubleshooting.md#python-modules)) |
| `SSL_CERT_FILE`, `SSL_CERT_DIR` | certificate authorities, in the place of the system's |
| `ACTIONS_ID_TOKEN_REQUEST_URL`, `ACTIONS_ID_TOKEN_REQUEST_TOKEN` | where GitHub Actions issues the token of `--oidc-client-assertion-github-audience`: at `*.actions.githubusercontent.com`, or in the domain of `GITHUB_SERVER_URL` |
| `INVOCATION_ID` | a service of systemd's, where standard error is no terminal: nothing is refreshed in the background, unless `--refresh-ahead` says so |
| `USER`, `LOGNAME`, `USERNAME` | the user name in the `ssh -L` line that is printed |
| `MSYSTEM` | on Windows, where it is Git Bash or another shell of MSYS2: commands to copy are for it, not for PowerShell |
| `COMPUTERNAME` | on Windows the machine's name in the note of who holds a lock |
| `SUDO_UID` | under `sudo` the person's browser may ask for the sign-in, though it is another user's |
| `KUBERC`, `KUBECTL_KUBERC` | where `doctor` looks for kubectl's policy about plugins, as kubectl does |
| `PATH`, on Windows `PATHEXT` | where the browser and, for `doctor`, the stanza's command are looked for; never in the working directory |
| `NO_COLOR` | no colour on the terminal |
| `COLORFGBG` | without colours: whether the terminal's background is light, so that a QR code is dark on it |

## Files

The cache directory is `oidc-login` under `KUBECACHEDIR`, else `~/.kube/cache/oidc-login`, or what `--token-cache-dir` says. In it, all private (directories 0700,
files 0600):

| directory | what is in it | secret |
|---|---|---|
{files}
Beside it:

| file | what it is for |
|---|---|
| the kubeconfig | read to find the context and its user; written by `setup` if it is told to, by `convert`, and [without a command](#without-a-command): one place of it, every other byte as it was |
| `kubectl-oidc/` under `XDG_RUNTIME_DIR`, else on macOS under your own in `/var/folders`, elsewhere a directory of yours alone under the temporary directory | the sessions' locks; the temporary kubeconfigs of `exec`, with a token, while it runs |
| the [settings files](#settings-files) | read if they are there; never written |

Where tokens rest that are not in files, and who can read them: [Where tokens rest](where-tokens-rest.md).
"""

FILES = {
    disk.DIRECTORY: ("one file a session, with the storage `disk`: ID token and refresh token", "yes"),
    credential.CREDENTIALS_DIRECTORY: (
        "one file a session, with the storage `disk`: the token that kubectl is given next",
        "yes",
    ),
    index.DIRECTORY: ("one file a session: issuer, client, scopes, person, times, where it rests", "no"),
    known_command.DIRECTORY: (
        "commands that were answered before, as digests, and which session answers them",
        "no",
    ),
    metadata_cache.DIRECTORY: ("the providers' metadata and key sets, which are public", "no"),
    failed_sign_ins.DIRECTORY: ("when a sign-in failed last, and why", "no"),
    refresh_ahead.CLAIMS_DIRECTORY: ("that a refresh in the background is going on", "no"),
    fast_path.HANDOUTS_DIRECTORY: ("digests of which kubectl was given which token a moment ago", "no"),
    lock_directory.DIRECTORY: ("locks of the sessions in files", "no"),
}
"""What is in each directory under the cache directory."""

SETTINGS = """Two TOML files give defaults to flags. [Settings for every machine](how-to-policy.md) explains them.

| whose | where |
|---|---|
| your own | `kubectl-oidc/config.toml` in `XDG_CONFIG_HOME`, else in `~/.config`; on Windows in `%APPDATA%` |
| the machine's | `/etc/kubectl-oidc/config.toml`; on macOS `/Library/Application Support/kubectl-oidc/config.toml`; on Windows `kubectl-oidc\\config.toml` in the ProgramData directory |

The flag decides, else its variable, else your own file, else the machine's file, else the default. A rule comes before all of them. In each file, what is
written for the issuer in use comes before what is written for every issuer.

Each file may have these tables:

| table | what is in it |
|---|---|
| `[defaults]` | defaults for every issuer, by the keys below |
| `[issuer."URL"]` | defaults for this issuer; the same keys, without `oidc-issuer-url` and those of `setup` |
| `[rules]` | in the machine's file only: the rules |

| rule | meaning |
|---|---|
{rules}
A key is a flag's name without its dashes:

| key | value |
|---|---|
{keys}
`setup` has these as well, in `[defaults]`: {setup}.

`oidc-client-secret-file` and `oidc-request-header` belong below an issuer: in `[defaults]` they would be sent to each one. `--force-refresh`, `-v` and secrets
(`--oidc-client-secret`, `--password`) have no default in a file.
"""

STAND_ALONE = """The kubeconfig's user with `auth-provider: oidc` signs in, or its token is refreshed, and the tokens are written back into the
kubeconfig, as kubelogin does in stand-alone mode. The flags of `get-token` that say how to sign in (the grant, listen address, browser, TLS) are taken,
too. Where there is no such user, the help is shown, and the exit status is 2.
"""


def page() -> str:
    """Return the page."""
    files = "".join(f"| `{name}/` | {what} | {secret} |\n" for name, (what, secret) in FILES.items())
    parts = [INTRODUCTION.format(files=files), f"## Settings files\n\n{settings()}"]
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


def settings() -> str:
    """Return the section about the settings files: the rules, and the keys with the values that they take."""
    rules = "".join(f"| `{rule}` | {meaning} |\n" for rule, meaning in MEANINGS.items())
    rows = [flag for flag in FLAGS if not flag.hidden and flag.kind is not kinds.SECRET]
    keys = "".join(f"| `{_key(flag)}` | {_taken(flag)} |\n" for flag in rows)
    setup = ", ".join(f"`{_key(flag)}`" for flag in own_flags_of_setup())
    return SETTINGS.format(rules=rules, keys=keys, setup=setup)


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
        kinds.FILE: "a whole path, or one that begins with `~/`",
        kinds.DIR: "a whole path, or one that begins with `~/`",
        kinds.FILES: "a list of paths",
    }
    return what.get(kind, "a text" if kind.uses == kinds.ONE else "a list of texts")


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
