"""The kinds of values: how a value is typed, understood, and written again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc import csv_text
from kubectl_oidc.secret import Secret
from kubectl_oidc.times import duration_text

from . import name_value, types
from .paths import expanded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubectl_oidc.kubeconfig import Arg

ONE, EACH, COMMAS = "one", "each", "commas"
"""How often a flag may be given: once, of which the last counts; several times, and its variable is one use of it; several times,
and in its variable commas stand between the values."""


class Kind:
    """Any text.

    Args:
        utf8: Whether it must be UTF-8, because it is sent to the provider as text.
        uses: How often it may be given: ``ONE``, ``EACH`` or ``COMMAS``.
        metavar: The placeholder for it in ``--help``.
        value_type: How it is read, if it is not text.
        choices: Its possible values, if it has a few.
        completes: What a shell completes it with: ``file``, ``dir``, or the kubeconfig's ``contexts`` or ``users``.
        settings: More settings for click.

    Attributes:
        hides: Whether ``shown`` has placeholders for its values.
    """

    hides = False

    def __init__(
        self,
        *,
        utf8: bool = True,
        uses: str = ONE,
        metavar: str = "",
        value_type: types.ValueType | None = None,
        choices: Sequence[str] = (),
        completes: str = "",
        **settings: Any,
    ) -> None:
        self.utf8, self.uses, self.metavar, self.type = utf8, uses, metavar, value_type
        self.choices, self.completes, self.settings = choices, completes, settings

    def understood(self, flag: str, value: Any) -> Any:  # noqa: ARG002 - other kinds name the flag in an error
        """Return what a value of the command line means.

        Raises:
            UsageError: It is malformed.
        """
        return value

    def shown(self, value: Any) -> Iterator[str | None]:
        """Return one text a use of the flag, for a command that a person is shown; None for a switch.

        The value is the request's. Placeholders stand for secrets.
        """
        yield str(value)

    def kept(self, flag: str, value: Any) -> Iterator[Arg]:
        """Return the arguments of a kubeconfig's exec section, for a value as it was typed."""
        from kubectl_oidc.kubeconfig import Arg

        for text in self._kept(value):
            yield Arg(flag, text)

    def _kept(self, value: Any) -> Iterator[str | Secret | None]:
        """Return one text a use of the flag, for a kubeconfig."""
        yield from self.shown(value)


class _Switch(Kind):
    def shown(self, value: Any) -> Iterator[str | None]:
        yield None if value else "false"


class _Secret(Kind):
    """A secret, for which a placeholder is shown."""

    hides = True

    def understood(self, flag: str, value: str) -> Secret:  # noqa: ARG002 - as in `Kind`
        return Secret(value)

    def shown(self, value: Secret) -> Iterator[str]:  # noqa: ARG002 - it is not shown
        yield "CLIENT_SECRET"

    def _kept(self, value: str) -> Iterator[Secret]:
        yield Secret(value)


class _Duration(Kind):
    def shown(self, value: int) -> Iterator[str]:
        yield duration_text(value)


class _Fraction(Kind):
    def shown(self, value: float) -> Iterator[str]:
        yield str(value) if value else "off"


class _Path(Kind):
    """A path, or several."""

    def understood(self, flag: str, value: Any) -> Any:
        if isinstance(value, str):
            return expanded(flag, value)
        return tuple(expanded(flag, name) for name in value if name)

    def shown(self, value: Any) -> Iterator[str]:
        """Return each path so that it means the same from every working directory."""
        yield from (str(path.absolute()) for path in (value if isinstance(value, tuple) else (value,)))

    def _kept(self, value: Any) -> Iterator[str]:
        """Return each path so that it means the same from every working directory; get-token expands ``~``."""
        for path in value if isinstance(value, tuple) else (value,):
            if path:
                yield path if path.startswith("~") else str(Path(path).absolute())


class _Texts(Kind):
    """Several texts, one a use of the flag."""

    def shown(self, value: Sequence[str]) -> Iterator[str]:
        yield from value


class _Data(Kind):
    """Data in base64, too long to be shown."""

    hides = True

    def shown(self, value: Sequence[bytes]) -> Iterator[str]:
        yield from ("BASE64" for _ in value)

    def _kept(self, value: Sequence[str]) -> Iterator[str]:
        yield from value


class _AsUnderstood(Kind):
    """Values that a kubeconfig has as they are understood, not as they were typed."""

    def kept(self, flag: str, value: Any) -> Iterator[Arg]:
        yield from super().kept(flag, self.understood(flag, value))


class _Scopes(_AsUnderstood):
    """Scopes, several a use of the flag with commas or spaces between (RFC 6749 §3.3)."""

    def understood(self, flag: str, value: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(scope for text in csv_text.read_list(flag, value) for scope in text.split())
        )

    def shown(self, value: Sequence[str]) -> Iterator[str]:
        yield from map(csv_text.quote_value, value)


class _ExtraScopes(_Scopes):
    """Scopes in addition to ``openid``."""

    def understood(self, flag: str, value: Sequence[str]) -> tuple[str, ...]:
        return tuple(scope for scope in super().understood(flag, value) if scope != "openid")


class _Pairs(_AsUnderstood):
    """Names with values; the last value of each name counts."""

    def understood(self, flag: str, value: Sequence[str]) -> tuple[tuple[str, str], ...]:
        return name_value.parse_name_values(flag, value)

    def shown(self, value: Sequence[tuple[str, str]]) -> Iterator[str]:
        yield from (name_value.format_name_value(*pair) for pair in value)


class _Patterns(_Pairs):
    """Names with patterns, each of which counts."""

    def understood(self, flag: str, value: Sequence[str]) -> tuple[tuple[str, str], ...]:
        return tuple(name_value.each(flag, value, "NAME=PATTERN"))


class _Headers(_Pairs):
    """Header fields, whose values may be secrets."""

    hides = True

    def shown(self, value: Sequence[tuple[str, str]]) -> Iterator[str]:
        yield from (f"{name}=VALUE" for name, _ in value)

    def kept(self, flag: str, value: Sequence[str]) -> Iterator[Arg]:
        from dataclasses import replace

        from kubectl_oidc.kubeconfig import Arg

        for name, text in self.understood(flag, value):
            arg, word = Arg.header(name, text), name_value.format_name_value(name, text)
            yield replace(arg, value=Secret(word) if arg.secret else word)


def choice(values: Sequence[str], **settings: Any) -> Kind:
    """Return the kind of a flag whose value is one of these."""
    return Kind(choices=values, **settings)


TEXT = Kind()
ANY_TEXT = Kind(utf8=False)
"""A text that is not sent, or that is checked more strictly where it is understood."""
SWITCH = _Switch()
SECRET = _Secret()
SECONDS = Kind(value_type=types.SECONDS)
"""A number of seconds; the default is `types.Unsaid`."""
DURATION = _Duration(value_type=types.DURATION)
FRACTION = _Fraction(value_type=types.FRACTION)
LEVEL = Kind(value_type=types.LEVEL)
NUMBERS = (SECONDS, FRACTION, LEVEL)
FILE = _Path(utf8=False, metavar="FILE", completes="file")
FILES = _Path(utf8=False, metavar="FILE", completes="file", uses=COMMAS)
DIR = _Path(utf8=False, metavar="DIR", completes="dir")
TEXTS = _Texts(utf8=False, uses=COMMAS)
CONTEXT_NAME, USER_NAME = (Kind(metavar="NAME", completes=kind) for kind in ("contexts", "users"))
USER_NAMES = _Texts(utf8=False, uses=COMMAS, metavar="NAME", completes="users")
DATA = _Data(utf8=False, metavar="BASE64", uses=COMMAS)
LIST = _Texts(utf8=False, uses=EACH)
"""A list for each use of the flag, and in its variable. `read` of the row splits it at the commas."""
SCOPES = _Scopes(metavar="SCOPE", uses=EACH)
EXTRA_SCOPES = _ExtraScopes(metavar="SCOPE", uses=EACH)
PAIRS = _Pairs(metavar="NAME=VALUE", uses=EACH)
PATTERNS = _Patterns(metavar="NAME=PATTERN", uses=EACH)
HEADERS = _Headers(utf8=False, metavar="NAME=VALUE", uses=EACH)
