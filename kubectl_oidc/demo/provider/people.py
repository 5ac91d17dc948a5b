"""The people who can sign in to the demo's provider, and their groups."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ADMINS = "eks-admins"
"""The group that the cluster's role binding names."""

CLAIM_PREFIX = "eks-"
"""The groups claim has only groups with this prefix, as an administrator would configure it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account.

    Attributes:
        subject: The ``sub`` claim: never reused for anybody else (OpenID Connect Core 2).
    """

    subject: str
    email: str
    name: str


class Directory:
    """The provider's people by email address, each with their first groups. Groups can change while it runs."""

    def __init__(self, people: Iterable[tuple[Person, Iterable[str]]]) -> None:
        self._changing = threading.Lock()
        self.people: dict[str, Person] = {}
        self._groups: dict[str, tuple[str, ...]] = {}
        for person, groups in people:
            self.people[person.email] = person
            self._groups[person.email] = tuple(groups)

    def groups(self, email: str) -> tuple[str, ...]:
        """Return the person's current groups."""
        return self._groups.get(email, ())

    def claimed_groups(self, email: str) -> list[str]:
        """Return the person's current groups claim."""
        return [group for group in self.groups(email) if group.startswith(CLAIM_PREFIX)]

    def leave(self, email: str, group: str) -> None:
        """Remove a person from a group."""
        with self._changing:
            self._groups[email] = tuple(name for name in self.groups(email) if name != group)

    def join(self, email: str, group: str) -> None:
        """Add a person to a group."""
        with self._changing:
            if group not in self.groups(email):
                self._groups[email] = (*self.groups(email), group)


def team() -> Directory:
    """Return the people of the story: two cluster administrators."""
    return Directory(
        (
            (Person("00u1a2alice", "alice@example.com", "Alice Archer"), ("everyone", ADMINS)),
            (Person("00u1a2bob", "bob@example.com", "Bob Baker"), ("everyone", "payroll", ADMINS)),
        )
    )
