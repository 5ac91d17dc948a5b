"""Conflicts that the rows of the table name: each rule is one loop over the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .flag_values import GRANT
from .name_value import parse_name_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .flag_values import FlagValues

EXTRA = "--oidc-auth-request-extra-params"


def excludes(given: FlagValues) -> None:
    """Raise an error for two flags that say the same."""
    for flag in given.flags:
        if flag.excludes and given.has(flag.name, flag.excludes):
            raise given.conflict((flag.name, flag.excludes), "{0} and {1} are both given", "give one of them")


def requires(given: FlagValues) -> None:
    """Raise an error for a flag that has no effect without another."""
    for flag in given.flags:
        if flag.requires:
            needs(given, flag.name, flag.requires)


def needs(given: FlagValues, flag: str, needed: str, hint: str = "give both, or neither") -> None:
    """Raise an error for a flag that is given without another."""
    if given.has(flag) and not given.has(needed):
        raise given.conflict((flag, needed), "{0} is given without {1}", hint)


def not_both(given: FlagValues, one: str, other: str, words: str) -> None:
    """Raise an error for two flags of which only one can be given. ``words`` has {0} and {1} for them."""
    if given.has(one, other):
        raise given.conflict((one, other), words, "give one of them")


def persons(given: FlagValues) -> None:
    """Raise an error for a flag about a person if the client signs in as itself."""
    for flag in given.flags:
        if flag.person and given.has(flag.name) and given.grant() == "client-credentials":
            raise given.conflict(
                (flag.name, GRANT),
                "{0} is for people, but {1}=client-credentials signs in no person",
                "leave out one of them",
            )


def parameters(given: FlagValues) -> None:
    """Raise an error for a parameter of the authorization request if there is no such request, or if it is given twice."""
    for flag in given.flags:
        if not flag.parameter or not given.says(flag.name):
            continue
        if not given.authorizes():
            raise given.conflict(
                (flag.name, GRANT),
                "{0} needs a sign-in in the browser, which {1}=device-code, password, client-credentials and jwt-bearer do not use",
                f"leave out {flag.name}, or sign in through the browser (--username selects the password grant)",
            )
        if flag.parameter in dict(parse_name_values(EXTRA, given.value(EXTRA) or ())):
            raise given.conflict(
                (flag.name, EXTRA),
                f"{{0}} and {{1}}={flag.parameter}=… both set {flag.parameter}",
                f"give only {flag.name}",
            )


def all_or_one(given: FlagValues, narrower: Iterable[str]) -> None:
    """Raise an error for --all with a flag that names one session; a variable that names one is overruled."""
    for flag in narrower:
        if given.has("--all", flag) and not given.overruled(flag, "--all"):
            raise given.conflict(
                ("--all", flag),
                "{0} selects every session, but {1} selects one",
                "leave out one of them",
            )
