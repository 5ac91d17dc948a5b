"""``-o``: print a document as JSON or YAML, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.yaml_text import yaml_block

from .options.click_options import Option
from .options.flag import Flag, Group
from .options.kinds import choice

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS = ("wide", "json", "yaml")
"""Every format that a command has."""


class Format(Option):
    """The option ``-o``. Its variable applies to all commands, so a command ignores a format that only others have."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the format in the variable; None if this command does not have it."""
        text = super().value_from_envvar(ctx)
        mine = self.type.choices if isinstance(self.type, click.Choice) else FORMATS
        return None if text in FORMATS and text not in mine else text


def output(*formats: str) -> Flag:
    """Return the option ``-o`` with these formats in addition to the text for people, which is the default."""
    kind = choice(formats, cls=Format)
    return Flag(
        "--output",
        kind,
        help="Output format (default: human-readable).",
        metavar="FORMAT",
        short="-o",
        group=Group.OUTPUT,
    )


def echo_document(document: Mapping[str, object], form: str) -> None:
    """Print mappings, lists and scalars on standard output, in the form ``json`` or ``yaml``."""
    # ASCII, so that every locale can print it and it holds no escape sequence.
    click.echo(json.dumps(document, indent=2) if form == "json" else yaml_block(document))
