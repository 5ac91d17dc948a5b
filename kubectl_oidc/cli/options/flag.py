"""One flag: all that is true of it, as a row of the table."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .kinds import TEXT
from .variables import key, overruled_by, variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .kinds import Kind

Command = TypeVar("Command", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True)
class Flag:
    """A row.

    Attributes:
        name: The flag, with its dashes.
        kind: What kind of value it has.
        help: What ``--help`` says of it.
        metavar: What stands for its value there, if its kind does not say it.
        short: A shorter name, such as ``-o``.
        default: The value without it; ``--help`` shows one that is not empty.
        hidden: Whether ``--help`` leaves it out.
        has_variable: Whether it has an environment variable; what destroys, writes or skips a question has none.
        ignored: Whether it is accepted without effect.
        field: Where the sign-in request has the value, as in ``account.max_age``; empty if it has none of its own.
        read: What understands a value, if that is not its kind.
        identity: Whether another value makes another session.
        in_index: Whether the index of the sessions has the value.
        required: Whether no sign-in works without it.
        repeat: Whether the command that repeats a sign-in has it, as it has those of the identity.
        stand_alone: Whether stand-alone mode has it.
        parameter: The parameter of the authorization request that it sets.
        person: Whether it is about a person, and not for a client that signs in as itself.
        requires: The flag without which it has no effect.
        excludes: The flag that says the same in another way, and excludes this one.
    """

    name: str
    kind: Kind = TEXT
    _: KW_ONLY
    help: str = ""
    metavar: str = ""
    short: str = ""
    default: object = None
    hidden: bool = False
    has_variable: bool = True
    ignored: bool = False
    field: str = ""
    read: Callable[[Any], Any] | None = None
    identity: bool = False
    in_index: bool = False
    required: bool = False
    repeat: bool = False
    stand_alone: bool = True
    parameter: str = ""
    person: bool = False
    requires: str = ""
    excludes: str = ""

    @property
    def key(self) -> str:
        """Its name among the values that click gives."""
        return key(self.name)

    def option(self, command: Command) -> Command:
        """Give a command this option."""
        settings = {"help": self.help or None, "hidden": self.hidden, **self.kind.settings}
        if self.ignored:
            settings["expose_value"] = False
        elif self.has_variable:
            settings |= {"envvar": variable(self.name), "show_envvar": True}
        if self.metavar:
            settings["metavar"] = self.metavar
        if self.default is not None:
            settings |= {"default": self.default, "show_default": bool(self.default)}
        if self.excludes:
            settings["callback"] = overruled_by(self.excludes)
        names = (self.short, self.name) if self.short else (self.name,)
        return click.option(*names, **settings)(command)

    def understood(self, value: Any) -> Any:
        """Return what a value of the command line means.

        Raises:
            UsageError: It is malformed.
        """
        return self.read(value) if self.read else self.kind.understood(self.name, value)

    def value_in(self, request: object) -> Any:
        """Return the value that a request has; None if it is empty or the request's default."""
        *holders, name = self.field.split(".")
        for holder in holders:
            request = getattr(request, holder)
            if request is None:
                return None
        value = getattr(request, name)
        defaults = getattr(request, "_field_defaults", None)  # of a NamedTuple
        if defaults is None:
            defaults = {one.name: one.default for one in fields(request)}  # type: ignore[arg-type]
        return None if value in (defaults.get(name), "", ()) else value

    def words(self, request: object) -> Iterator[str]:
        """Return the flag once for each of its values in a request, for a command that a person is shown."""
        value = self.value_in(request)
        if value is not None:
            for text in self.kind.shown(value):
                yield self.name if text is None else f"{self.name}={text}"
