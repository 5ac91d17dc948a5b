"""The documents that a provider publishes, its metadata and its key set: fetched over HTTP, and kept while they may be."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import InvalidProviderResponse, ProviderError, ProviderUnreachable
from kubectl_oidc.http.json_body import parse_object
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown

from .metadata import PUBLIC_ADDRESS, Metadata, check_status, discovery_url, is_inside, parse_metadata
from .metadata_cache import Document, MetadataCache, entity_tag, lifetime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TypeVar

    from kubectl_oidc.http.client import HttpClient
    from kubectl_oidc.system.log import Log

    from .client import Client
    from .key_set import KeySet
    from .metadata_cache import Kind

    T = TypeVar("T")

_REVALIDATION = 5.0
"""Seconds after which a refresh uses the metadata that it has, though it is not fresh."""


class ProviderDocuments:
    """What one issuer publishes, as one client sees it. The arguments are those of `Provider`.

    Attributes:
        cache: The kept documents, and how the client authenticated before.
        answered: Whether a document was fetched now.
    """

    def __init__(
        self,
        *,
        issuer: str,
        client: Client,
        http: HttpClient,
        cache_dir: Path | None,
        clock: Callable[[], float],
        log: Log,
    ) -> None:
        self.issuer = issuer
        self.answered = False
        self._request_headers = client.request_headers
        self._http = http
        self._clock = clock
        self._log = log
        self._silent = False  # discovery was asked for and did not answer: once is enough
        # What one client was answered under one trust, through one proxy, is no use to another.
        headers = tuple(sorted(client.request_headers))
        identity = (issuer, *http.way_to(issuer), client.client_id, headers)
        self.cache = MetadataCache(cache_dir, identity, log)

    def metadata(self, deadline: Deadline, *, stale: bool = False) -> Metadata:
        """Return the provider's metadata: the kept one while it is fresh, else fetched (Discovery §4).

        Args:
            deadline: When it must be there.
            stale: Whether a day-old copy will do, as for a refresh, and where discovery does not answer one of some days.

        Raises:
            ProviderUnreachable: It cannot be fetched.
            InvalidProviderResponse: It is not this issuer's, or breaks Discovery 1.0.
        """
        kept = self._kept("metadata", lambda members: parse_metadata(members, self.issuer))
        now = self._clock()
        if kept is None:
            return self._discover(deadline, None)
        document, known = kept
        if document.fresh(now) or (stale and (self._silent or document.recent(now))):
            return known
        if not stale or not document.usable(now):
            return self._discover(deadline, document)
        try:
            return self._discover(Deadline.after(min(_REVALIDATION, deadline.left() / 2)), document)
        except ProviderUnreachable as error:
            self._silent = True
            self._log.info(1, f"{error.message}; going on with what is known of the provider")
            return known

    def scopes_supported(self) -> tuple[str, ...]:
        """Return the scopes that the provider's metadata lists, as it is stored here; sends no request."""
        kept = self._kept("metadata", lambda members: parse_metadata(members, self.issuer))
        return kept[1].scopes_supported if kept else ()

    def key_set(self, deadline: Deadline, *, refetch: bool = False) -> KeySet:
        """Return the keys that sign ID tokens (RFC 7517 §5).

        Args:
            deadline: When they must be there.
            refetch: Whether a fresh kept set is not good enough: a token names a key that it does not hold.

        Raises:
            ProviderUnreachable: It cannot be fetched.
            InvalidProviderResponse: What came is no key set.
        """
        from .key_set import KeySet

        kept = None if refetch else self._kept("key_set", KeySet.from_jwks)
        if kept and kept[0].fresh(self._clock()):
            keys = kept[1]
        else:
            url = self.metadata(deadline, stale=True).jwks_uri
            try:
                document = self._fetch(
                    "key_set", url, f"the key set {shown(url)}", deadline, kept=kept and kept[0], anew=refetch
                )
                keys = KeySet.from_jwks(document.members)
            except InvalidProviderResponse:
                self.doubt_metadata()
                raise
            except ProviderUnreachable as error:
                explain_inside(error, url, self.issuer)
                raise
            self.cache.put("key_set", document)
        for left_out in keys.left_out:
            self._log.info(1, f"key set: {left_out}")
        return keys

    def doubt_metadata(self) -> None:
        """Have the next use fetch the metadata again: an endpoint may have moved."""
        kept = self.cache.get("metadata")
        if kept is not None and kept.lifetime > 0:
            self.cache.put("metadata", Document(kept.members, kept.fetched_at, 0.0, kept.etag))

    def _kept(self, kind: Kind, read: Callable[[Mapping[str, object]], T]) -> tuple[Document, T] | None:
        """Return the document that was kept and what it says, or None where there is none that can be read."""
        document = self.cache.get(kind)
        if document is None:
            return None
        try:
            return document, read(document.members)
        except InvalidProviderResponse:
            return None

    def _discover(self, deadline: Deadline, kept: Document | None) -> Metadata:
        url = discovery_url(self.issuer)
        what = f"the discovery document {shown(url)}"
        try:
            document = self._fetch("metadata", url, what, deadline, kept=kept)
            metadata = parse_metadata(document.members, self.issuer)
        except ProviderError as error:
            from .wrong_issuer import advised

            raise advised(error, self.issuer, self._http, deadline) from error.__cause__
        self.cache.put("metadata", document)
        return metadata

    def _fetch(
        self,
        kind: Kind,
        url: str,
        what: str,
        deadline: Deadline,
        *,
        kept: Document | None,
        anew: bool = False,
    ) -> Document:
        """Get a document, or learn that the kept one is unchanged (RFC 9110 §13.1.2)."""
        headers = dict(self._request_headers)
        if anew:
            headers["Cache-Control"] = "no-cache"  # a key set between us and the provider may be old, too
        elif kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        response = self._http.get(url, headers=headers, deadline=deadline)
        self.answered = True
        now, seconds = self._clock(), lifetime(response.headers, kind)
        if response.status == 304 and kept is not None and "If-None-Match" in headers:  # noqa: PLR2004
            return Document(kept.members, now, seconds, kept.etag)
        check_status(response, url, issuer=self.issuer)
        return Document(parse_object(response, what, public=True), now, seconds, entity_tag(response.headers))


def explain_inside(error: ProviderUnreachable, url: str, issuer: str) -> None:
    """Say in the error's hint that only machines inside the provider's network know this endpoint, if that is so."""
    if is_inside(url, issuer) and error.topic != "tls":
        host = sanitize(urlsplit(url).hostname, limit=120)
        error.hint = f"{host} is named by the provider's metadata, and seems to be inside its network: {PUBLIC_ADDRESS}"
