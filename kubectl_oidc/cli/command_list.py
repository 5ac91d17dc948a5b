"""The list of commands: name, module, heading in the help, and one line of help. Imports none of them."""

from __future__ import annotations

import click

START, SESSIONS = "Start here", "Sessions"
CONFIGURATION, OTHERS, PROGRAM = "Kubeconfig and settings", "Tokens for kubectl and other programs", "More"
COMMANDS = {
    "setup": ("setup", START, "Sign in, check the token, and set up a cluster and kubeconfig"),
    "status": ("status", START, "List your sessions"),
    "doctor": ("doctor", START, "Find out what is wrong, and how to fix it"),
    "login": ("login", SESSIONS, "Sign in now, even if there is a session"),
    "logout": ("logout", SESSIONS, "Sign out, here and at the provider"),
    "whoami": ("whoami", SESSIONS, "Show your user name and groups in the cluster"),
    "purge": ("purge", SESSIONS, "Remove stored sessions without telling the provider"),
    "clean": ("purge", SESSIONS, "Remove all stored sessions, as in kubelogin"),
    "convert": ("convert", CONFIGURATION, "Replace kubelogin in a kubeconfig"),
    "config": ("config", CONFIGURATION, "Show every flag's value and where it comes from"),
    "get-token": ("get_token", OTHERS, "Print the credential for kubectl, which runs this command"),
    "token": ("token", OTHERS, "Print the token, one of its claims, or an HTTP header"),
    "exec": ("exec", OTHERS, "Run a program that cannot run exec plugins"),
    "demo": ("demo", PROGRAM, "Try the program without a provider or a cluster"),
    "version": ("version", PROGRAM, "Print the version"),
    "completion": ("completion", PROGRAM, "Print the completion script for a shell"),
    "help": ("help", PROGRAM, "Show the help of a command"),
}


def no_such_command(name: str, ctx: click.Context) -> click.UsageError:
    """Return the error for an unknown command, with the closest matches; it refers to the help of ``ctx``."""
    from difflib import get_close_matches

    near = " or ".join(get_close_matches(name, COMMANDS))
    return click.UsageError(
        f"there is no command {name!r}." + (f" Did you mean {near}?" if near else ""), ctx
    )
