"""One flag, as a row of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.named_tuple import NamedTuple

from .kinds import SWITCH, TEXT
from .variables import key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .kinds import Kind


class Group:
    """The headings of the help, in its order."""

    OWN = "Flags"
    PROVIDER = "Provider"
    KUBECONFIG = "Kubeconfig"
    SIGN_IN = "Sign-in"
    SESSION = "Session"
    TOKEN = "Token"  # noqa: S105 - a heading
    CLUSTER = "Cluster"
    TLS = "TLS"
    OUTPUT = "Output"
    ADVANCED = "Advanced"


class Flag(NamedTuple):
    """A row.

    Attributes:
        name: The flag, with its dashes.
        kind: What kind of value it has.
        help: Its description in the help.
        metavar: The placeholder for its value in the help, if it is not its kind's.
        short: A shorter name, such as ``-o``.
        group: The heading that it is under in the help.
        default: The value if the flag is not given. The help shows it if it is not empty.
        rare: Whether ``--help`` leaves it out; ``--help-all`` has it.
        hidden: Whether only ``--help-all`` names it: not ``--help``, the completion, the reference, nor a hint.
        has_variable: Whether it has an environment variable. A flag that destroys, writes or skips a question has none.
        ignored: Whether it is accepted without effect.
        field: The field of the sign-in request with the value, for example ``account.max_age``; empty if there is none.
        read: Understands a value, if its kind does not.
        identity: Whether another value makes another session.
        in_index: Whether the index of the sessions has the value.
        required: Whether every sign-in needs it.
        repeat: Whether the command that repeats a sign-in has it, in addition to the flags of the identity.
        stand_alone: Whether stand-alone mode has it.
        parameter: The parameter of the authorization request that it sets.
        person: Whether it is about a person, so a client that signs in as itself cannot use it.
        requires: The flag that it needs.
        excludes: The flag that has the same purpose and cannot be given too.
    """

    name: str
    kind: Kind = TEXT
    help: str = ""
    metavar: str = ""
    short: str = ""
    group: str = Group.OWN
    default: object = None
    rare: bool = False
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
        """Its name among a command's values."""
        return key(self.name)

    @property
    def term(self) -> str:
        """Its names and the placeholder for its value, as the help shows them."""
        names = f"{self.short}, {self.name}" if self.short else self.name
        return f"{names} {self._placeholder()}".rstrip()

    def _placeholder(self) -> str:
        if self.kind is SWITCH:
            return ""
        by_type = self.kind.type.name.upper() if self.kind.type else "VALUE" if self.kind.choices else "TEXT"
        return self.metavar or self.kind.metavar or by_type

    @property
    def description(self) -> str:
        """Its help, with the values to choose from and the default."""
        text = self.help
        if self.default:
            first, end, rest = text.removesuffix(".").partition(". ")
            text = f"{first} (default: {self.default}){end}{rest}."
        return f"{text} One of {', '.join(self.kind.choices)}." if len(self.kind.choices) > 1 else text

    def understood(self, value: Any) -> Any:
        """Return what a value of the command line means.

        Raises:
            UsageError: It is malformed.
        """
        return self.read(value) if self.read else self.kind.understood(self.name, value)

    def value_in(self, request: Any) -> Any:
        """Return the value that a request has; None if it is empty or the request's default."""
        *holders, name = self.field.split(".")
        for holder in holders:
            request = getattr(request, holder)
            if request is None:
                return None
        value = getattr(request, name)
        return None if value in (request._field_defaults.get(name), "", ()) else value

    def words(self, request: Any) -> Iterator[str]:
        """Return the flag once for each of its values in a request, for a command that a person is shown."""
        value = self.value_in(request)
        if value is not None:
            for text in self.kind.shown(value):
                yield self.name if text is None else f"{self.name}={text}"
