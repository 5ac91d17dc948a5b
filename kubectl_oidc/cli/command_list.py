"""The list of commands: name, module and one line of help. Imports none of them."""

from __future__ import annotations

import click

COMMANDS = {
    "get-token": ("get_token", "Print an ExecCredential for kubectl; sign in if needed"),
    "setup": ("setup", "Sign in, show the ID token, and print what to do next"),
    "status": ("status", "List the sessions that are kept here"),
    "whoami": ("whoami", "Show who the cluster takes you for"),
    "token": ("token", "Print the token, one claim of it, or the header for curl"),
    "exec": ("exec", "Run a program that runs no exec plugins, with the token"),
    "login": ("login", "Sign in now, on purpose"),
    "logout": ("logout", "End a session, here and at the provider"),
    "convert": ("convert", "Rewrite kubelogin's users of a kubeconfig to the direct stanza"),
    "purge": ("purge", "Remove a cached session, or all of them"),
    "clean": ("purge", "The same as purge --all, as kubelogin names it"),
    "config": ("config", "Show every flag's value with its source, and check the settings files"),
    "doctor": ("doctor", "Say what is wrong between here and the cluster, and what to do"),
    "demo": ("demo", "See the whole story on this machine, without Okta or a cluster"),
    "version": ("version", "Print the version"),
    "completion": ("completion", "Print a shell's completion script"),
    "help": ("help", "Show the help of a command"),
}


def no_such_command(name: str, ctx: click.Context) -> click.UsageError:
    """Return the error for an unknown command, with the closest matches; it refers to the help of ``ctx``."""
    from difflib import get_close_matches

    near = " or ".join(get_close_matches(name, COMMANDS))
    return click.UsageError(f"No such command {name!r}." + (f" Did you mean {near}?" if near else ""), ctx)
