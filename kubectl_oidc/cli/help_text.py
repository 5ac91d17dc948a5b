"""The text of ``--help`` and ``--help-all``: usage, description, flags under their headings, and examples.

A line has at most the terminal's width, within `NARROWEST` and `WIDEST`, and breaks between words.
"""

from __future__ import annotations

import shutil
from inspect import cleandoc
from typing import TYPE_CHECKING

import click

from kubectl_oidc.system.terminal import NARROWEST, WIDEST

from .options.click_options import Option
from .options.flag import Group
from .options.variables import variable
from .paragraphs import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Rows = Sequence[tuple[str, str]]

HEADINGS = [value for name, value in vars(Group).items() if name.isupper()]
"""The headings of flags in their order."""

FEW = 10
"""The most flags that are listed without headings."""

_NAMES_AT_MOST = 34
"""The widest first column, at `WIDEST`. A longer name has its text below it."""


def help_text(
    ctx: click.Context,
    examples: Rows,
    commands: Mapping[str, Rows],
    *,
    everything: bool,
) -> str:
    """Return the help of the context's command.

    Args:
        examples: What a command line does, and the command line.
        commands: The commands below this one and what they do, by their headings.
        everything: Whether the flags that are rare or hidden are in it.
    """
    command = ctx.command
    width = max(min(shutil.get_terminal_size().columns, WIDEST), NARROWEST)
    known = [option for option in command.get_params(ctx) if isinstance(option, click.Option)]
    shown = [option for option in known if everything or _is_common(option)]
    groups = {heading: [record(one) for one in some] for heading, some in by_heading(shown).items()}
    usage = " ".join(["Usage:", ctx.command_path, *command.collect_usage_pieces(ctx)])
    sections = [
        wrapped(usage, width, margin="    "),
        *(wrapped(text, width) for text in cleandoc(command.help or "").split("\n\n")),
        *_tables(commands, width),
        *_tables(groups, width),
        _paragraph("Accepted and ignored", _ignored(shown), width),
        _paragraph("Environment variables", _about_variables(shown), width),
        list(_examples(examples, width)),
        wrapped(_about_more(known, shown, ctx), width),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def by_heading(shown: Iterable[click.Option]) -> dict[str, list[click.Option]]:
    """Return options by their headings, in the order of the help; a few are under one heading. Ignored ones are left out."""
    listed = [option for option in shown if not (isinstance(option, Option) and option.flag.ignored)]
    if len(listed) <= FEW:
        return {Group.OWN: listed}
    found: dict[str, list[click.Option]] = {heading: [] for heading in HEADINGS}
    for option in listed:
        found[option.flag.group if isinstance(option, Option) else Group.OUTPUT].append(option)
    return {heading: options for heading, options in found.items() if options}


def record(option: click.Option) -> tuple[str, str]:
    """Return an option's names with the placeholder for its value, and its description."""
    if isinstance(option, Option):
        return option.flag.term, option.flag.description
    return ", ".join(option.opts), option.help or ""


def _is_common(option: click.Option) -> bool:
    return not (option.hidden or (isinstance(option, Option) and option.flag.rare))


def _tables(groups: Mapping[str, Rows], width: int) -> Iterator[list[str]]:
    """Return the lines of each group, with the second column in the same place."""
    longest = max((len(name) for rows in groups.values() for name, _ in rows), default=0)
    column = min(longest, _NAMES_AT_MOST * width // WIDEST) + 4
    for heading, rows in groups.items():
        lines = [f"{heading}:"]
        for name, text in rows:
            first = f"  {name}".ljust(column)
            if len(name) + 4 > column:
                lines.append(first.rstrip())
                first = " " * column
            lines += wrapped(text, width, first, " " * column) or [first.rstrip()]
        yield lines


def _paragraph(heading: str, text: str, width: int) -> list[str]:
    return [f"{heading}:", *wrapped(text, width, "  ", "  ")] if text else []


def _ignored(shown: Sequence[click.Option]) -> str:
    return ", ".join(one.flag.name for one in shown if isinstance(one, Option) and one.flag.ignored)


def _about_variables(shown: Sequence[click.Option]) -> str:
    """Return the rule for the variables of flags, and which flags have none; empty if none has one."""
    flags = [one.flag for one in shown if isinstance(one, Option) and not one.flag.ignored]
    names = [flag.name for flag in flags if flag.has_variable]
    if not names:
        return ""
    example = next((name for name in names if name.startswith("--oidc-")), names[0])
    rule = f"Most flags have one, for example {variable(example)} for {example}. The flag wins."
    without = ", ".join(flag.name for flag in flags if not flag.has_variable)
    return f"{rule} Flags without one: {without}." if without else rule


def _examples(examples: Rows, width: int) -> Iterator[str]:
    if examples:
        yield "Examples:"
    for purpose, line in examples:
        yield from wrapped(purpose, width, "  # ", "  # ")
        yield " \\\n".join(wrapped(line, width - len(" \\"), "  ", "      "))


def _about_more(known: Sequence[click.Option], shown: Sequence[click.Option], ctx: click.Context) -> str:
    """Return where the rest of the flags are; empty if only ignored ones are left out."""
    left_out = sum(one not in shown and not (isinstance(one, Option) and one.flag.ignored) for one in known)
    flags = "1 more flag" if left_out == 1 else f"{left_out} more flags"
    return f"`{ctx.command_path} --help-all` shows {flags}." if left_out else ""
