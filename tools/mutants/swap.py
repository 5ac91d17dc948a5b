"""Another code for a function that is loaded already, wherever it has been imported to."""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from .mutant import Mutant


class Unswappable(Exception):
    """The function of a mutant cannot be found, or takes no other code."""


def swap(module: ModuleType, mutant: Mutant) -> None:
    """Give the function of a mutant its broken code.

    Args:
        module: The loaded module.
        mutant: One in a function of it.

    Raises:
        Unswappable: That does not go.
    """
    function = _outermost(module, mutant.function)
    codes = [code for code in _codes(mutant.code) if code.co_qualname == function.__qualname__]
    if len(codes) != 1:
        raise Unswappable
    try:
        function.__code__ = codes[0]
    except ValueError as error:
        raise Unswappable from error


def _outermost(module: ModuleType, name: str) -> FunctionType:
    """Return the function itself or, for one within a function, the one around it, out of what decorators made of it."""
    found: object = module
    for part in name.split("."):
        members = vars(found) if isinstance(found, type) or found is module else {}
        if part not in members:
            break
        found = members[part]
    for attribute in ("__func__", "fget", "__wrapped__"):
        found = getattr(found, attribute, found)
    if not isinstance(found, FunctionType):
        raise Unswappable
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)
