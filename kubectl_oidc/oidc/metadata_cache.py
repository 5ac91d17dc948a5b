"""The provider's public documents, kept as files, so that a refresh is one request.

One JSON file for each issuer, client, trust and proxy, in the cache directory's ``metadata``. Nothing in it is secret, but it says where secrets are
sent: it is ours alone, and what is read back is checked like an answer. A file that cannot be read is a miss, one that
cannot be written does not matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kubectl_oidc.errors import ProviderError, StoreError

from .client import METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubectl_oidc.system.log import Log

DIRECTORY = "metadata"

MOST = 128
"""How many files are kept; a trust or a proxy that is not used any more leaves its file behind."""

SHORTEST = 5 * 60
LONGEST = 24 * 3600
"""Seconds that bound what a provider's ``max-age`` asks for."""

STALE = 7 * 24 * 3600
"""Seconds that a copy stands in for a provider whose discovery does not answer."""

_METHODS = "client_authentication"
"""The member with the client authentication methods that worked, by client ID."""

Kind = Literal["metadata", "key_set"]
_DEFAULTS: Mapping[Kind, int] = {
    "metadata": 3600,
    "key_set": LONGEST,
}  # an unknown key ID fetches a key set anew
_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,500}"')  # RFC 9110 §8.8.3
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,9})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was answered.

    Attributes:
        members: The parsed JSON object.
        fetched_at: When it was fetched or found unchanged, epoch seconds.
        lifetime: How long it is fresh, in seconds.
        etag: Its entity tag, or an empty string.
    """

    members: Mapping[str, object]
    fetched_at: float
    lifetime: float
    etag: str = ""

    def fresh(self, now: float) -> bool:
        """Tell whether it may be used without asking; a clock that went back makes it old."""
        return 0 <= now - self.fetched_at < self.lifetime

    def recent(self, now: float) -> bool:
        """Tell whether a refresh may use it without asking: a day old at most, whatever the provider's ``max-age``.

        ID tokens often live as long as metadata is fresh, and each refresh would ask twice. A document that is doubted
        (its lifetime is 0) is not used so.
        """
        return self.lifetime > 0 and 0 <= now - self.fetched_at < LONGEST

    def usable(self, now: float) -> bool:
        """Tell whether it may be used when the provider's discovery does not answer."""
        return 0 <= now - self.fetched_at < STALE


def lifetime(headers: Mapping[str, str], kind: Kind) -> float:
    """Return how long an answer is fresh, in seconds (RFC 9111 §5.2.2.1), within bounds."""
    found = _MAX_AGE.search(headers.get("cache-control", ""))
    asked = int(found[1]) if found else _DEFAULTS[kind]
    return float(min(max(asked, SHORTEST), LONGEST))


def entity_tag(headers: Mapping[str, str]) -> str:
    """Return an answer's entity tag, or an empty string where it has none that can be sent back."""
    tag = headers.get("etag", "")
    return tag if _ENTITY_TAG.fullmatch(tag) else ""


class MetadataCache:
    """The documents of one issuer, in memory and, with a directory, in a file.

    Args:
        directory: The cache directory, or None to keep nothing on disk.
        identity: What the answers depend on: the issuer, who is trusted to answer for it, and whatever else is sent.
        log: Where -v 1 shows why nothing is kept.
    """

    def __init__(self, directory: Path | None, identity: tuple[object, ...], log: Log) -> None:
        from hashlib import sha256

        self._directory = directory
        self._name = sha256(repr(identity).encode()).hexdigest()[:32] + ".json"
        self._identity = list(identity[:1])
        self._log = log
        self._documents: dict[Kind, Document] | None = None
        self._methods: dict[str, str] = {}

    def get(self, kind: Kind) -> Document | None:
        """Return the document that was kept, fresh or not."""
        if self._documents is None:
            self._documents = self._load()
        return self._documents.get(kind)

    def put(self, kind: Kind, document: Document) -> None:
        """Keep ``document``, in memory and where possible in the file."""
        self._documents = {**self._load(), **(self._documents or {}), kind: document}
        self._store()

    def method(self, client_id: str) -> str:
        """Return the client authentication method that worked for a client in the end, or an empty string.

        Args:
            client_id: The client.
        """
        if self._documents is None:
            self._documents = self._load()
        return self._methods.get(client_id, "")

    def put_method(self, client_id: str, method: str) -> None:
        """Keep the client authentication method that worked for a client.

        Args:
            client_id: The client.
            method: Its name.
        """
        self._documents = {**self._load(), **(self._documents or {})}
        self._methods[client_id] = method
        self._store()

    def _store(self) -> None:
        if self._directory is None or not self._documents:
            return
        from dataclasses import asdict
        from json import dumps

        from kubectl_oidc.system.private_files import ensure_directory, keep_newest, write

        record: dict[str, object] = {"version": 1, "identity": self._identity}
        for name, kept in self._documents.items():
            record[name] = asdict(kept)
        if self._methods:
            record[_METHODS] = self._methods
        try:
            directory = ensure_directory(self._directory, DIRECTORY)
            write(directory, self._name, dumps(record).encode("utf-8"))
            keep_newest(directory, MOST)
        except (StoreError, ValueError, RecursionError) as error:
            self._log.info(1, f"the provider's metadata is not kept: {error}")

    def _load(self) -> dict[Kind, Document]:
        if self._directory is None:
            return {}
        from kubectl_oidc.http.json_body import load_object
        from kubectl_oidc.system.private_files import read

        content = read(self._directory / DIRECTORY, self._name)
        if content is None:
            return {}
        try:
            record = load_object(content, "the kept metadata")
        except ProviderError as error:
            self._log.info(1, f"{error.message}; it is fetched again")
            return {}
        if record.get("version") != 1 or record.get("identity") != self._identity:
            return {}
        methods = record.get(_METHODS)
        if isinstance(methods, dict):
            known = {name: method for name, method in methods.items() if method in METHODS}
            self._methods = {**known, **self._methods}
        documents: dict[Kind, Document] = {}
        for kind in _DEFAULTS:
            if (document := _document(record.get(kind))) is not None:
                documents[kind] = document
        return documents


def _document(kept: object) -> Document | None:
    """Return what one part of the file holds, or None where it is not as we write it."""
    if not isinstance(kept, dict):
        return None
    members, etag = kept.get("members"), kept.get("etag")
    fetched_at, seconds = kept.get("fetched_at"), kept.get("lifetime")
    if not isinstance(members, dict) or not isinstance(etag, str):
        return None
    etag = entity_tag({"etag": etag})
    if not isinstance(fetched_at, int | float) or not isinstance(seconds, int | float):
        return None
    try:
        return Document(members, float(fetched_at), min(float(seconds), LONGEST), etag)
    except OverflowError:
        return None
