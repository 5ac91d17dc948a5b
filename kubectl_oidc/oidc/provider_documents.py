"""Fetch the documents that a provider publishes, its metadata and its key set, and cache them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import InvalidProviderResponse, ProviderError, ProviderUnreachable
from kubectl_oidc.http.json_body import parse_object
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown_url

from .metadata import PUBLIC_ADDRESS, Metadata, discovery_url, is_inside, parse_metadata
from .metadata_cache import Document, MetadataCache, entity_tag, lifetime
from .response_status import check_status

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
"""Seconds that a refresh waits for discovery before it uses metadata that is not fresh."""


class ProviderContext(NamedTuple):
    """What every request to a provider needs: one issuer as one client sees it.

    Attributes:
        issuer: The issuer URL, byte for byte as configured.
        clock: Returns the time in epoch seconds.
    """

    issuer: str
    client: Client
    http: HttpClient
    clock: Callable[[], float]
    log: Log


class ProviderDocuments:
    """The metadata and the key set of one issuer.

    Args:
        cache_dir: Where the documents are cached; None for memory only.

    Attributes:
        cache: The cached documents, and the client authentication methods that worked before.
        answered: Whether this process has fetched a document.
    """

    def __init__(self, context: ProviderContext, cache_dir: Path | None) -> None:
        self.answered = False
        self._context = context
        self._discovery_failed = False  # discovery did not answer; it is not asked again
        # The answers may depend on the client, the trust and the proxy, so none of them shares a cache file.
        issuer, client, http = context.issuer, context.client, context.http
        headers = tuple(sorted(client.request_headers))
        identity = (issuer, *http.trust_and_proxy(issuer), client.client_id, headers)
        self.cache = MetadataCache(cache_dir, identity, context.log)

    def metadata(
        self, deadline: Deadline, *, stale: bool = False, meanwhile: Callable[[], object] | None = None
    ) -> Metadata:
        """Return the provider's metadata: cached if it is fresh, else fetched (Discovery §4).

        Args:
            stale: Accept a copy that is up to a day old, for a refresh. If discovery does not answer, accept an older one.
            meanwhile: Runs in a thread while an answer is awaited, if a request is sent; its result and errors are ignored.

        Raises:
            ProviderUnreachable: The metadata cannot be fetched.
            InvalidProviderResponse: It belongs to another issuer, or violates Discovery 1.0.
        """
        cached = self._cached_metadata()
        now = self._context.clock()
        if cached is None:
            return self._discover(deadline, None, meanwhile)
        document, known = cached
        if document.fresh(now) or (stale and (self._discovery_failed or document.recent(now))):
            return known
        if not stale or not document.usable(now):
            return self._discover(deadline, document, meanwhile)
        try:
            return self._discover(Deadline.after(min(_REVALIDATION, deadline.left() / 2)), document)
        except ProviderUnreachable as error:
            self._discovery_failed = True
            self._context.log.info(1, "metadata-from-cache", f"{error.message}; using the cached metadata")
            return known

    def scopes_supported(self) -> tuple[str, ...]:
        """Return the scopes that the cached metadata lists. Sends no request."""
        cached = self._cached_metadata()
        return cached[1].scopes_supported if cached else ()

    def key_set(self, deadline: Deadline, *, refetch: bool = False) -> KeySet:
        """Return the keys that sign ID tokens (RFC 7517 §5).

        Args:
            refetch: Fetch the set even if the cached one is fresh, because a token names a key that is not in it.

        Raises:
            ProviderUnreachable: The key set cannot be fetched.
            InvalidProviderResponse: The answer is not a key set.
        """
        from .key_set import KeySet

        cached = None if refetch else self._cached("key_set", KeySet.from_jwks)
        if cached and cached[0].fresh(self._context.clock()):
            keys = cached[1]
        else:
            url = self.metadata(deadline, stale=True).jwks_uri
            try:
                what = f"the key set {shown_url(url)}"
                document = self._fetch(
                    "key_set", url, what, deadline, cached=cached and cached[0], no_cache=refetch
                )
                keys = KeySet.from_jwks(document.members)
            except InvalidProviderResponse:
                self.doubt_metadata()
                raise
            except ProviderUnreachable as error:
                explain_inside(error, url, self._context.issuer)
                raise
            self.cache.put("key_set", document)
        for left_out in keys.left_out:
            self._context.log.info(1, "key-set", f"key set: {left_out}")
        return keys

    def doubt_metadata(self) -> None:
        """Make the next use fetch the metadata again, because an endpoint may have moved."""
        document = self.cache.get("metadata")
        if document is not None and document.lifetime > 0:
            self.cache.put("metadata", Document(document.members, document.fetched_at, 0.0, document.etag))

    def _cached_metadata(self) -> tuple[Document, Metadata] | None:
        return self._cached("metadata", lambda members: parse_metadata(members, self._context.issuer))

    def _cached(self, kind: Kind, parse: Callable[[Mapping[str, object]], T]) -> tuple[Document, T] | None:
        """Return the cached document and its parsed value. None if it is missing or not valid."""
        document = self.cache.get(kind)
        if document is None:
            return None
        try:
            return document, parse(document.members)
        except InvalidProviderResponse:
            return None

    def _discover(
        self, deadline: Deadline, cached: Document | None, meanwhile: Callable[[], object] | None = None
    ) -> Metadata:
        issuer = self._context.issuer
        url = discovery_url(issuer)
        what = f"the discovery document {shown_url(url)}"
        try:
            document = self._fetch("metadata", url, what, deadline, cached=cached, meanwhile=meanwhile)
            metadata = parse_metadata(document.members, issuer)
        except ProviderError as error:
            from .wrong_issuer import with_issuer_hint

            raise with_issuer_hint(error, issuer, self._context.http, deadline) from error.__cause__
        self.cache.put("metadata", document)
        return metadata

    def _fetch(
        self,
        kind: Kind,
        url: str,
        what: str,
        deadline: Deadline,
        *,
        cached: Document | None,
        no_cache: bool = False,
        meanwhile: Callable[[], object] | None = None,
    ) -> Document:
        """Fetch a document, or the answer that the cached one is unchanged (RFC 9110 §13.1.2)."""
        headers = dict(self._context.client.request_headers)
        if no_cache:
            headers["Cache-Control"] = "no-cache"  # a proxy may cache an old key set
        elif cached is not None and cached.etag:
            headers["If-None-Match"] = cached.etag
        response = self._context.http.get(url, headers=headers, deadline=deadline, meanwhile=meanwhile)
        self.answered = True
        now, seconds = self._context.clock(), lifetime(response.headers, kind)
        if response.status == 304 and cached is not None and "If-None-Match" in headers:  # noqa: PLR2004
            return Document(cached.members, now, seconds, cached.etag)
        check_status(response, url, issuer=self._context.issuer)
        return Document(parse_object(response, what, public=True), now, seconds, entity_tag(response.headers))


def explain_inside(error: ProviderUnreachable, url: str, issuer: str) -> None:
    """Replace the error's hint if the endpoint seems to be reachable only from inside the provider's network."""
    if is_inside(url, issuer) and error.topic != "tls":
        host = sanitize(urlsplit(url).hostname, limit=120)
        error.hint = f"{host} in the provider's metadata seems to be an internal address: {PUBLIC_ADDRESS}"
