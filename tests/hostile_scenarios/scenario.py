"""One thing that a provider does, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile_provider import HostileProvider

    Arrange = Callable[[HostileProvider], object]

SIGN_IN, REFRESH, DEVICE = "sign-in", "refresh", "device code"
BOTH = (SIGN_IN, REFRESH)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A row of a table.

    Attributes:
        name: What the provider does, in words.
        arrange: Makes it do so.
        says: What the error must say; nothing where the provider is honest and must be believed.
        flows: In which flows it is tried.
        asks: Whether a refresh that meets it asks the person to sign in again, because the session cannot go on.
    """

    name: str
    arrange: Arrange
    says: str = ""
    flows: tuple[str, ...] = BOTH
    asks: bool = False


def hostile(
    name: str,
    arrange: Arrange,
    says: str,
    *,
    flows: tuple[str, ...] = BOTH,
    asks: bool = False,
) -> Scenario:
    """Return a row whose provider must not be believed."""
    assert says
    return Scenario(name, arrange, says, flows, asks)


def honest(name: str, arrange: Arrange, *, flows: tuple[str, ...] = BOTH) -> Scenario:
    """Return a row whose provider is odd and must be believed."""
    return Scenario(name, arrange, flows=flows)


def setting(attribute: str, value: object) -> Arrange:
    """Return what sets an attribute of the provider."""
    return making(attribute, lambda _: value)


def making(attribute: str, make: Callable[[HostileProvider], object]) -> Arrange:
    """Return what sets an attribute of the provider to what is made of the provider as it is then."""

    def arrange(provider: HostileProvider) -> None:
        setattr(provider, attribute, make(provider))

    return arrange


def changing(attribute: str, **members: object) -> Arrange:
    """Return what changes members of what the provider says."""

    def arrange(provider: HostileProvider) -> None:
        getattr(provider, attribute).update(members)

    return arrange
