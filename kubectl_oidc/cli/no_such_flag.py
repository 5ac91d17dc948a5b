"""The errors for a flag or an argument that a command does not have, with the flag that was probably intended. They name no hidden flag."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.text import sanitize

from .command_list import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_CLOSE = 0.7
"""How similar names must be, as difflib measures it."""

_FEW = 3
"""The most flags, or commands that have the flag, that a hint names."""

_INSTEAD = {
    **{f"--{form}": (f"-o {form}",) for form in ("json", "yaml", "wide")},
    "--format": ("--output",),
    "-y": ("--yes",),
    "--force": ("--yes", "--force-refresh"),
    "--verbose": ("-v 1",),
    "--debug": ("-v 9",),
    "--scopes": ("--oidc-extra-scope",),
    "--ca-file": ("--certificate-authority",),
    "--cacert": ("--certificate-authority",),
    "--no-browser": ("--skip-open-browser", "--without-browser"),
    "--device-code": ("--grant-type=device-code",),
    "--port": ("--listen-address",),
}
"""What other programs call it, and the flags for the same here."""

_NOT_NEEDED = {("status", "--all"): "leave it out: status lists every session"}
"""What to do instead, for a flag that has no counterpart."""


class NoSuchArgument(click.UsageError):
    """A command has no such argument.

    Attributes:
        hint: What to do.
    """

    def __init__(self, words: Sequence[str], hint: str, ctx: click.Context) -> None:
        argument = "argument" if len(words) == 1 else "arguments"
        shown = ", ".join(sanitize(word, limit=60) for word in words[:_FEW])
        super().__init__(f"{ctx.command.name} does not accept the {argument} {shown}", ctx)
        self.hint = hint


class NoSuchFlag(click.UsageError):
    """A command does not have a flag.

    Attributes:
        option_name: The flag as it was typed.
        hint: What to do.
    """

    def __init__(self, name: str, hint: str, ctx: click.Context) -> None:
        super().__init__(f"{ctx.command.name} has no flag {name}", ctx)
        self.option_name, self.hint = name, hint


def no_such_flag(name: str, ctx: click.Context) -> NoSuchFlag:
    """Return the error for a flag of a command line.

    Args:
        name: The flag as it was typed, without its value.
    """
    see = f"see `{ctx.command_path} --help`"
    if advice := _NOT_NEEDED.get((ctx.command.name or "", name)):
        return NoSuchFlag(name, advice, ctx)
    options = {opt: option for option in _visible(ctx.command, ctx) for opt in option.opts}
    near, others = _similar(name, options), list(_commands_with(name, ctx))
    if not near and 0 < len(others) <= _FEW:
        have = "has" if len(others) == 1 else "have"
        return NoSuchFlag(name, f"{' and '.join(others)} {have} it; {see}", ctx)
    near = near or _with_its_words(name, options)
    return NoSuchFlag(name, f"did you mean {' or '.join(near)}? {see}" if near else see, ctx)


def no_such_argument(words: Sequence[str], ctx: click.Context) -> NoSuchArgument:
    """Return the error for the arguments of a command line that are too many."""
    see = f"see `{ctx.command_path} --help`"
    near = list(dict.fromkeys(flag for word in words for flag in _flags_for(word, ctx)))[:_FEW]
    return NoSuchArgument(words, f"did you mean {' or '.join(near)}? {see}" if near else see, ctx)


def _flags_for(word: str, ctx: click.Context) -> list[str]:
    """Return the flag that a word without dashes may stand for: by a value, else by its name; none if there is none."""
    from difflib import get_close_matches

    options = [option for option in _visible(ctx.command, ctx) if option.opts[-1].startswith("--")]
    found = []
    for option in options:
        known = option.type.choices if isinstance(option.type, click.Choice) else _names(option, word, ctx)
        near = get_close_matches(word, [str(one) for one in known], 1, _CLOSE)
        found += [(value != word, f"{option.opts[-1]}={value}") for value in near]
    if found:
        return [min(found, key=lambda one: one[0])[1]]
    return _similar(f"--{word}", {opt: option for option in options for opt in option.opts})


def _names(option: click.Option, word: str, ctx: click.Context) -> Iterator[str]:
    """Return the word if it names a context or user of the kubeconfig, and the option accepts one."""
    with contextlib.suppress(OidcLoginError):
        items = option.shell_complete(ctx, word)
        yield from (item.value for item in items if item.type == "plain" and item.value == word)


def _similar(name: str, options: Mapping[str, click.Option]) -> list[str]:
    """Return the flag that other programs call so, or the one with the most similar name, if there is one."""
    from difflib import get_close_matches  # seldom needed

    instead = [one for one in _INSTEAD.get(name, ()) if _is_accepted(one, options)]
    plain = {opt.strip("-"): opt for opt in options if opt.startswith("--")}
    close = get_close_matches(name.strip("-"), plain, 1, _CLOSE)
    return instead[:1] or [plain[one] for one in close]


def _with_its_words(name: str, options: Mapping[str, click.Option]) -> list[str]:
    """Return the flags that have the words of this one among theirs."""
    words = set(name.strip("-").split("-"))
    return [opt for opt in options if words <= set(opt.strip("-").split("-"))][:_FEW]


def _is_accepted(written: str, options: Mapping[str, click.Option]) -> bool:
    """Return whether a command accepts a flag that may have a value behind ``=`` or a space."""
    name, _, value = written.replace("=", " ").partition(" ")
    option = options.get(name)
    choices = option.type.choices if option and isinstance(option.type, click.Choice) else ()
    return option is not None and (not value or not choices or value in choices)


def _commands_with(name: str, ctx: click.Context) -> Iterator[str]:
    """Find the commands that have the flag."""
    root = ctx.find_root()
    if isinstance(root.command, click.Group):
        for other in COMMANDS:
            command = root.command.get_command(root, other)
            if command and any(name in option.opts for option in _visible(command, ctx)):
                yield other


def _visible(command: click.Command, ctx: click.Context) -> Iterator[click.Option]:
    """Find the flags that may be named."""
    for option in command.get_params(ctx):
        if isinstance(option, click.Option) and not option.hidden:
            yield option
