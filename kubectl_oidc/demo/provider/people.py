"""Who can sign in at the demo's provider, and the groups they are in."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ADMINS = "eks-admins"
"""The group that the cluster's role binding names."""

CLAIM_PREFIX = "eks-"
"""The groups claim carries the groups whose names start so, as the administrator of the story sets it up."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account.

    Attributes:
        subject: The ``sub`` claim: never given to anybody else (OpenID Connect Core 2).
        email: The address, which is also the name to sign in with.
        name: The full name.
    """

    subject: str
    email: str
    name: str


class Directory:
    """The provider's people and groups; groups change while it runs.

    Args:
        people: Who has an account, and in which groups they are at first.
    """

    def __init__(self, people: Iterable[tuple[Person, Iterable[str]]]) -> None:
        self._changing = threading.Lock()
        self._people: dict[str, Person] = {}
        self._groups: dict[str, tuple[str, ...]] = {}
        for person, groups in people:
            self._people[person.email] = person
            self._groups[person.email] = tuple(groups)

    def people(self) -> list[Person]:
        """Return everybody, in the order of their making."""
        return list(self._people.values())

    def find(self, email: str) -> Person | None:
        """Return the person with this address, or None."""
        return self._people.get(email)

    def groups(self, email: str) -> tuple[str, ...]:
        """Return the groups that this person is in now."""
        return self._groups.get(email, ())

    def claimed_groups(self, email: str) -> list[str]:
        """Return what the groups claim carries for this person now."""
        return [group for group in self.groups(email) if group.startswith(CLAIM_PREFIX)]

    def leave(self, email: str, group: str) -> None:
        """Take a person out of a group."""
        with self._changing:
            self._groups[email] = tuple(name for name in self.groups(email) if name != group)

    def join(self, email: str, group: str) -> None:
        """Put a person into a group."""
        with self._changing:
            if group not in self.groups(email):
                self._groups[email] = (*self.groups(email), group)


def team() -> Directory:
    """Return the people of the story: two administrators of the cluster."""
    return Directory(
        (
            (Person("00u1a2alice", "alice@example.com", "Alice Archer"), ("everyone", ADMINS)),
            (Person("00u1a2bob", "bob@example.com", "Bob Baker"), ("everyone", "payroll", ADMINS)),
        )
    )
