"""Store a long record atomically in keyring entries of limited length: two alternating slots, each with parts and a head.

Windows accepts at most 1,280 UTF-16 characters in a secret, and moves other entries of the same service. macOS deletes the old
secret, then adds the new one. So each part has its own service name, and a record is written to the slot that is not current: its
parts first, its head last. The head contains the sequence number, the number of parts and the digest of the whole record. Until
the new head is written, the old slot is current. A head whose digest does not match its parts is ignored. Afterwards the old slot
is emptied from the last part to the first, its head last. So what a crash leaves behind can always be found and removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from typing import TYPE_CHECKING, Protocol

from kubectl_oidc.fast_path.keyring_session import FORMAT, MOST_PARTS, SLOTS
from kubectl_oidc.named_tuple import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = re.compile("[0-9]{1,18}")


class Entries(Protocol):
    """Single entries of a keyring, each with its own service name."""

    limit: int
    """The longest secret that fits one entry, in characters."""

    def get(self, service: str) -> str | None:
        """Return the entry's secret, or None."""

    def set(self, service: str, secret: str) -> None:
        """Store the entry."""

    def delete(self, service: str) -> bool:
        """Remove the entry and return whether there was one."""


class _Head(NamedTuple):
    sequence: int
    parts: int
    digest: str
    inline: str

    def text(self) -> str:
        return f"{FORMAT} {self.sequence} {self.parts} {self.digest}\n{self.inline}"

    @classmethod
    def parse(cls, text: str | None) -> _Head | None:
        line, _, inline = (text or "").partition("\n")
        words = line.split(" ")
        if len(words) != 4 or words[0] != FORMAT or not all(_NUMBER.fullmatch(word) for word in words[1:3]):  # noqa: PLR2004
            return None
        count = int(words[2])
        return cls(int(words[1]), count, words[3], inline) if count <= MOST_PARTS else None


class ChunkedSecret:
    """One record of any length in entries of limited length, whose service names begin with ``service``."""

    def __init__(self, entries: Entries, service: str) -> None:
        self._entries = entries
        self._service = service

    def load(self) -> str | None:
        """Return the current record, or None if no slot holds a whole one."""
        return read_record(self._entries.get, self._service)

    def exists(self) -> bool:
        """Return whether there is an entry where a head is stored, valid or not."""
        return any(self._entries.get(self._name(slot)) is not None for slot in SLOTS)

    def save(self, record: str) -> None:
        """Store the record in the slot that is not current, then empty the other.

        Raises:
            ValueError: It is longer than the parts can hold; the old record is still stored.
        """
        if len(record) > MOST_PARTS * self._entries.limit:
            raise ValueError("the record is too long")
        current, sequence, _ = _newest(self._entries.get, self._service)
        target = "b" if current == "a" else "a"
        self._empty(target)
        room = self._entries.limit - 128  # the head's own line
        inline, rest = record[:room], record[room:]
        size = self._entries.limit
        parts = [rest[i : i + size] for i in range(0, len(rest), size)]
        head = _Head(sequence + 1, len(parts), _digest(record), inline)
        try:
            for number, part in enumerate(parts):
                self._entries.set(self._part(target, number), part)
            self._entries.set(self._name(target), head.text())
        except Exception:
            with contextlib.suppress(Exception):  # the first error is the one to report
                self._empty(target)
            raise
        if current:
            self._empty(current)

    def delete(self) -> bool:
        """Remove both slots with all their parts and return whether there was anything."""
        current, _, _ = _newest(self._entries.get, self._service)
        # The current slot last: a record that a killed writer left in the other must not become current.
        found = [self._empty(slot) for slot in sorted(SLOTS, key=lambda slot: slot == current)]
        return any(found)

    def _empty(self, slot: str) -> bool:
        """Remove a slot: parts from the last to the first, the head last."""
        text = self._entries.get(self._name(slot))
        head = _Head.parse(text)
        count = head.parts if head else 0
        while count < MOST_PARTS and self._entries.get(self._part(slot, count)) is not None:
            count += 1  # parts that a killed writer left before it wrote its head
        for number in reversed(range(count)):
            self._entries.delete(self._part(slot, number))
        return bool(text is not None and self._entries.delete(self._name(slot))) or count > 0

    def _name(self, slot: str) -> str:
        return f"{self._service}/{slot}"

    def _part(self, slot: str, number: int) -> str:
        return _part(self._name(slot), number)


def read_record(get: Callable[[str], str | None], service: str) -> str | None:
    """Return the current record, or None if no slot holds a whole one.

    Args:
        get: Returns the secret of the entry with a service name, or None.
        service: The record's service name.
    """
    return _newest(get, service)[2]


def _newest(get: Callable[[str], str | None], service: str) -> tuple[str, int, str | None]:
    """Return the current slot, its sequence number and its record: of the slots that hold a whole record, the newest."""
    heads = [(slot, head) for slot in SLOTS if (head := _Head.parse(get(f"{service}/{slot}")))]
    for slot, head in sorted(heads, key=lambda found: -found[1].sequence):
        record = _assembled(get, f"{service}/{slot}", head)
        if record is not None:
            return slot, head.sequence, record
    return "", 0, None


def _assembled(get: Callable[[str], str | None], name: str, head: _Head) -> str | None:
    parts = [head.inline]
    for number in range(head.parts):
        part = get(_part(name, number))
        if part is None:
            return None
        parts.append(part)
    record = "".join(parts)
    return record if _digest(record) == head.digest else None


def _part(name: str, number: int) -> str:
    return f"{name}/{number + 1}"


def _digest(record: str) -> str:
    return hashlib.sha256(record.encode(errors="surrogatepass")).hexdigest()[:32]
