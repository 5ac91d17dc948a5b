"""What docs/stability.md promises of the command line is there: tests/stable.toml lists it."""

from __future__ import annotations

import tomllib
from functools import cache

import click
import pytest

from kubectl_oidc.cli.command_list import COMMANDS
from kubectl_oidc.cli.program import program
from kubectl_oidc.diagnosis.checks import CHECKS
from tests.parts import REPOSITORY

STAND_ALONE = "without a command"
LIST = tomllib.loads((REPOSITORY / "tests" / "stable.toml").read_text(encoding="utf-8"))
PROMISED: dict[str, dict[str, str]] = LIST["flags"]


@cache
def command(name: str) -> click.Command:
    """Return a command by its name."""
    found = program if name == STAND_ALONE else program.get_command(click.Context(program), name)
    assert found is not None, f"there is no command {name}"
    return found


def taken(name: str) -> dict[str, str]:
    """Return what a command's flags take, each in one line: variable, values, default."""
    return {
        "/".join(option.opts): described(option)
        for option in command(name).params
        if isinstance(option, click.Option) and not option.hidden
    }


def described(option: click.Option) -> str:
    """Return what is promised of a flag: its variable, whether it is repeatable, what it takes, and what it is where it is not given."""
    choices = "|".join(option.type.choices) if isinstance(option.type, click.Choice) else option.type.name
    default = option.default if isinstance(option.default, str | int | float) else ""
    words = [str(option.envvar or "-"), choices + ("*" if option.multiple else "")]
    return " ".join([*words, f"= {default}"] if default != "" else words)


def broken(promised: str, is_now: str | None) -> bool:
    """Tell whether a flag that was promised takes less, or means another thing where it is not given.

    Args:
        promised: What stands in the list.
        is_now: What the program has, or None.
    """
    if is_now is None:
        return True
    (variable, values, *default), (variable_now, values_now, *default_now) = promised.split(), is_now.split()
    fewer = set(values.split("|")) - set(values_now.split("|")) if "|" in values else values != values_now
    return bool(fewer) or (variable, default) != (variable_now, default_now)


@pytest.mark.parametrize("name", PROMISED)
def test_what_is_promised_of_a_command_s_flags_holds(name: str) -> None:
    """No flag has gone, lost its variable or a value, or has another default."""
    now = taken(name)
    assert not [flag for flag, promised in PROMISED[name].items() if broken(promised, now.get(flag))]


def test_the_list_is_whole() -> None:
    """What a release has is promised from then on, so it stands in the list: what fails here is to be added there."""
    now = {name: taken(name) for name in (STAND_ALONE, *COMMANDS)}
    missing = {name: dict(flags.items() - PROMISED.get(name, {}).items()) for name, flags in now.items()}
    assert not {name: flags for name, flags in missing.items() if flags}, (
        "tests/stable.toml has these lines to get"
    )
    assert now.keys() == PROMISED.keys()


@pytest.mark.parametrize("name", PROMISED)
def test_every_command_has_the_flags_of_every_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not in the list of each."""
    # click keeps the option that the first context asked for, which may be another test's.
    monkeypatch.setattr(command(name), "_help_option", None)
    given = command(name).get_params(click.Context(command(name), help_option_names=["-h", "--help"]))
    assert set(LIST["of_every_command"]) <= {opt for param in given for opt in param.opts}


def test_doctor_has_the_checks_that_are_promised() -> None:
    """Their names are for programs that read the document."""
    assert [check.name for check in CHECKS] == LIST["checks"]


@pytest.mark.parametrize(
    ("is_now", "expected"),
    [
        ("VARIABLE a|b|c = a", False),
        ("VARIABLE a|b|c|d = a", False),
        ("VARIABLE a|b = a", True),
        ("VARIABLE a|b|c = b", True),
        ("VARIABLE a|b|c", True),
        ("OTHER a|b|c = a", True),
        ("VARIABLE text = a", True),
        (None, True),
    ],
)
def test_less_is_told_from_more(is_now: str | None, *, expected: bool) -> None:
    assert broken("VARIABLE a|b|c = a", is_now) is expected
