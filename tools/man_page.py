"""Write packaging/kubectl-oidc_login.1, the manual page that the wheel installs, from the program's own help.

`make pages` writes it; a test holds the page against the program. No date stands in it, so that the same program has the
same page.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import click

from kubectl_oidc.cli.command import Command
from kubectl_oidc.cli.command_list import COMMANDS
from kubectl_oidc.cli.program import program
from kubectl_oidc.version import __version__

from . import lock_files, reference

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = lock_files.ROOT / "packaging" / "kubectl-oidc_login.1"

INTRODUCTION = f"""\
.TH KUBECTL\\-OIDC_LOGIN 1 "" "kubectl\\-oidc {__version__}" "User Commands"
.SH NAME
kubectl\\-oidc_login \\- sign in to Kubernetes with OpenID Connect
.SH SYNOPSIS
.B kubectl oidc\\-login
.RI [ option " ...] [" command " [" option " ...]]"
.br
.B kubectl\\-oidc_login
.RI [ option " ...] [" command " [" option " ...]]"
.SH DESCRIPTION
A kubectl exec credential plugin.
.B kubectl
runs
.B get\\-token
for each command, as its kubeconfig says, and finds it on the PATH under
either name.
Begin with
.BR setup .
.PP
Without a command, the program signs in the kubeconfig user that has
.B auth\\-provider: oidc
and writes the tokens into the kubeconfig.
.PP
Every command has
.B \\-\\-help
for the flags that most people need, and
.B \\-\\-help\\-all
for every flag.
.PP
Results are on standard output, and messages on standard error."""

EXIT_STATUS = {
    "0": "Success.",
    "1": "Failure: an error: line says what failed, a hint: line says what to do.",
    "2": "The command line or a variable is wrong.",
    "129, 130, 143": "SIGHUP, Ctrl-C or SIGTERM ended the program.",
}


def page() -> str:
    """Return the page, in the macros of man(7)."""
    parts = [INTRODUCTION, ".SH COMMANDS"]
    with click.Context(program, info_name="kubectl oidc-login", **program.context_settings) as context:
        for name, (_, _, words) in COMMANDS.items():
            command = program.get_command(context, name)
            if command is None:
                raise SystemExit(f"no such command: {name}")
            parts += [f".SS {roff(name)}", f"{roff(words)}."]
            parts += [*_options(command), *_examples(command)]
        parts += [".SH OPTIONS WITHOUT A COMMAND", *_options(program), *_examples(program)]
    parts += [
        ".SH ENVIRONMENT",
        roff(
            "A flag's variable is behind its description. The flag wins over its variable. These variables are read too:"
        ),
    ]
    for variables, effect in reference.VARIABLES:
        parts += _entry(
            variables.replace("`", ""), re.sub(r" \(\[more\].*?\)\)|\[(.*?)\]\(.*?\)", r"\1", effect)
        )
    parts.append(".SH EXIT STATUS")
    for status, meaning in EXIT_STATUS.items():
        parts += _entry(status, meaning)
    parts += [".SH SEE ALSO", ".BR kubectl (1)"]
    return "\n".join(parts) + "\n"


def roff(text: str) -> str:
    """Return text as roff shows it: what is between backticks in bold, no character that roff would act upon."""
    bold = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", _escaped(" ".join(text.split())))
    return "\n".join(
        f"\\&{line}" if line.startswith((".", "'")) else line
        for line in textwrap.wrap(bold, 78, break_on_hyphens=False, break_long_words=False)
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("^", "\\(ha")


def _entry(term: str, meaning: str) -> list[str]:
    return [".TP", f"\\fB{roff(term)}\\fR", roff(meaning)]


def _options(command: click.Command) -> Iterator[str]:
    """Find the paragraphs of a command's flags, under the headings of its help."""
    groups = reference.rows(command)
    for heading, flags in groups.items():
        if len(groups) > 1:
            yield from (".PP", f".I {roff(heading)}")
        for flag, variable, meaning in flags:
            yield from _entry(flag, f"{meaning} (`{variable}`)" if variable else meaning)


def _examples(command: click.Command) -> Iterator[str]:
    for purpose, line in command.examples if isinstance(command, Command) else ():
        yield from (".PP", f"{roff(purpose)}:", ".PP", ".nf", f".RS 4\n{_escaped(line)}\n.RE", ".fi")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
