"""Cache the provider's metadata and key set in files, so that a refresh is one request.

The cache directory's ``metadata`` has one JSON file for each issuer, client, trust and proxy. Nothing in it is secret, but it
determines where secrets are sent. So only the user can read and write it, and its content is checked like an answer. A file
that cannot be read is a miss. If a file cannot be written, the program goes on without it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from kubectl_oidc.digests import sha256
from kubectl_oidc.errors import ProviderError, StoreError
from kubectl_oidc.named_tuple import NamedTuple

from .client import METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubectl_oidc.system.log import Log

DIRECTORY = "metadata"

MOST = 128
"""How many files are kept. Files of trusts and proxies that are no longer used remain until then."""

SHORTEST = 5 * 60
LONGEST = 24 * 3600
"""The bounds for a provider's ``max-age``, in seconds."""

STALE = 7 * 24 * 3600
"""Seconds that a copy may be used if discovery does not answer."""

_METHODS = "client_authentication"
"""The member with the client authentication methods that worked, by client ID."""

Kind = Literal["metadata", "key_set"]
_DEFAULTS: Mapping[Kind, int] = {
    "metadata": 3600,
    "key_set": LONGEST,
}  # an unknown key ID fetches the key set again
_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,500}"')  # RFC 9110 §8.8.3
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,9})\b", re.IGNORECASE)


class Document(NamedTuple):
    """A document of the provider.

    Attributes:
        fetched_at: When it was fetched or found unchanged, in epoch seconds.
        lifetime: How long it is fresh, in seconds; 0 if it must be fetched again.
        etag: Its entity tag, or an empty string.
    """

    members: Mapping[str, object]
    fetched_at: float
    lifetime: float
    etag: str = ""

    def fresh(self, now: float) -> bool:
        """Return whether it may be used without a request. If the clock went back, it may not."""
        return 0 <= now - self.fetched_at < self.lifetime

    def recent(self, now: float) -> bool:
        """Return whether a refresh may use it without a request: if it is less than a day old, whatever ``max-age`` says.

        ID tokens often live as long as metadata is fresh. Without this, each refresh would be two requests.
        """
        return self.lifetime > 0 and 0 <= now - self.fetched_at < LONGEST

    def usable(self, now: float) -> bool:
        """Return whether it may be used if discovery does not answer."""
        return 0 <= now - self.fetched_at < STALE


def lifetime(headers: Mapping[str, str], kind: Kind) -> float:
    """Return how long an answer is fresh, in seconds from SHORTEST to LONGEST (RFC 9111 §5.2.2.1)."""
    found = _MAX_AGE.search(headers.get("cache-control", ""))
    asked = int(found[1]) if found else _DEFAULTS[kind]
    return float(min(max(asked, SHORTEST), LONGEST))


def entity_tag(headers: Mapping[str, str]) -> str:
    """Return the entity tag of an answer, or an empty string if it has no valid one."""
    tag = headers.get("etag", "")
    return tag if _ENTITY_TAG.fullmatch(tag) else ""


class MetadataCache:
    """The documents of one issuer, in memory and in a file.

    Args:
        directory: The cache directory; None for memory only.
        identity: What the answers depend on, the issuer first.
    """

    def __init__(self, directory: Path | None, identity: tuple[object, ...], log: Log) -> None:
        self._directory = directory
        self._name = sha256(repr(identity).encode()).hexdigest()[:32] + ".json"
        self._identity = list(identity[:1])
        self._log = log
        self._documents: dict[Kind, Document] | None = None
        self._methods: dict[str, str] = {}

    def get(self, kind: Kind) -> Document | None:
        """Return the cached document, fresh or not."""
        return self._known().get(kind)

    def put(self, kind: Kind, document: Document) -> None:
        """Store ``document`` in memory and, if possible, in the file."""
        self._documents = {**self._load(), **(self._documents or {}), kind: document}
        self._store()

    def method(self, client_id: str) -> str:
        """Return the client authentication method that worked for a client after another had failed, or an empty string."""
        self._known()
        return self._methods.get(client_id, "")

    def put_method(self, client_id: str, method: str) -> None:
        """Store the client authentication method that worked for a client."""
        self._documents = {**self._load(), **(self._documents or {})}
        self._methods[client_id] = method
        self._store()

    def _known(self) -> dict[Kind, Document]:
        if self._documents is None:
            self._documents = self._load()
        return self._documents

    def _store(self) -> None:
        if self._directory is None or not self._documents:
            return
        from json import dumps

        from kubectl_oidc.system.private_files import ensure_directory, keep_newest, write_private_file

        record: dict[str, object] = {"version": 1, "identity": self._identity}
        for name, document in self._documents.items():
            record[name] = document._asdict()
        if self._methods:
            record[_METHODS] = self._methods
        try:
            directory = ensure_directory(self._directory, DIRECTORY)
            write_private_file(directory, self._name, dumps(record).encode("utf-8"))
            keep_newest(directory, MOST)
        except (StoreError, ValueError, RecursionError) as error:
            self._log.info(1, "cache-not-written", f"cannot cache the provider's metadata: {error}")

    def _load(self) -> dict[Kind, Document]:
        if self._directory is None:
            return {}
        from kubectl_oidc.http.json_body import load_object
        from kubectl_oidc.system.private_files import read_private_file

        content = read_private_file(self._directory / DIRECTORY, self._name)
        if content is None:
            return {}
        try:
            record = load_object(content, "the cached metadata")
        except ProviderError as error:
            self._log.info(1, "record-damaged", f"{error.message}; it will be fetched again")
            return {}
        if record.get("version") != 1 or record.get("identity") != self._identity:
            return {}
        methods = record.get(_METHODS)
        if isinstance(methods, dict):
            known = {name: method for name, method in methods.items() if method in METHODS}
            self._methods = {**known, **self._methods}
        documents: dict[Kind, Document] = {}
        for kind in _DEFAULTS:
            if (document := _parsed_document(record.get(kind))) is not None:
                documents[kind] = document
        return documents


def _parsed_document(value: object) -> Document | None:
    """Return a document of the file, or None if it is not as this program writes it."""
    match value:
        case {
            "members": dict(members),
            "etag": str(etag),
            "fetched_at": int() | float() as fetched_at,
            "lifetime": int() | float() as seconds,
        }:
            with suppress(OverflowError):
                tag = entity_tag({"etag": etag})
                return Document(members, float(fetched_at), min(float(seconds), LONGEST), tag)
    return None
