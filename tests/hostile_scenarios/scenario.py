"""One thing that a provider does, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile_provider import HostileProvider

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
    arrange: Callable[[HostileProvider], object]
    says: str = ""
    flows: tuple[str, ...] = BOTH
    asks: bool = False


def hostile(
    name: str,
    arrange: Callable[[HostileProvider], object],
    says: str,
    *,
    flows: tuple[str, ...] = BOTH,
    asks: bool = False,
) -> Scenario:
    """Return a row whose provider must not be believed."""
    assert says
    return Scenario(name, arrange, says, flows, asks)


def honest(
    name: str, arrange: Callable[[HostileProvider], object], *, flows: tuple[str, ...] = BOTH
) -> Scenario:
    """Return a row whose provider is odd and must be believed."""
    return Scenario(name, arrange, flows=flows)
