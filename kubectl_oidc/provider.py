"""The OpenID provider: its metadata, its key set and its token endpoint."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .deadline import Deadline
from .errors import ProviderError, ProviderMisbehaves, ProviderRefused, ProviderUnreachable
from .issuer import check_issuer, shown
from .json_answer import parse_object
from .metadata_cache import Document, MetadataCache, entity_tag, lifetime
from .provider_metadata import (
    PUBLIC_ADDRESS,
    Metadata,
    check_status,
    discovery_url,
    is_inside,
    parse_metadata,
)
from .text import plain
from .token_endpoint import TokenEndpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TypeVar

    from .client_authentication import Client
    from .http import HttpClient
    from .key_set import KeySet
    from .log import Log
    from .metadata_cache import Kind
    from .reachability import Reachability
    from .secret import Secret
    from .token_response import TokenResponse

    T = TypeVar("T")

_REVALIDATION = 5.0
"""Seconds after which a refresh uses the metadata that it has, though it is not fresh."""


_NOT_GOOD = frozenset({"invalid_token", "invalid_grant", "token_inactive"})
"""What providers answer to a revocation of a token that is not good any more."""


class Revocation(Enum):
    """What became of a refresh token that was to be revoked."""

    DONE = auto()
    HAD_ENDED = auto()
    NOT_OFFERED = auto()


class Provider:
    """One issuer, as one client sees it.

    Args:
        issuer: The issuer URL, byte for byte as configured.
        client: Who asks.
        http: How.
        cache_dir: Where the public documents are kept, or None.
        clock: The time in epoch seconds.
        log: What -v shows.

    Raises:
        UsageError: The issuer URL cannot be one.
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
        self.issuer = check_issuer(issuer)
        self._client = client
        self._http = http
        self._clock = clock
        self._reachability: Reachability | None = None
        self._answered = False  # a document came from it, or a token request was answered
        self._silent = False  # discovery was asked for and did not answer: once is enough
        self._log = log
        # What one client was answered under one trust, through one proxy, is no use to another.
        headers = tuple(sorted(client.request_headers))
        identity = (issuer, *http.way_to(issuer), client.client_id, headers)
        self._cache = MetadataCache(cache_dir, identity, log)

    def metadata(self, deadline: Deadline, *, stale: bool = False) -> Metadata:
        """Return the provider's metadata: the kept one while it is fresh, else fetched (Discovery §4).

        Args:
            deadline: When it must be there.
            stale: Whether a day-old copy will do, as for a refresh, and where discovery does not answer one of some days.

        Raises:
            ProviderUnreachable: It cannot be fetched.
            ProviderMisbehaves: It is not this issuer's, or breaks Discovery 1.0.
        """
        return self._metadata(deadline, stale=stale)

    def scopes_supported(self) -> tuple[str, ...]:
        """Return the scopes that the provider's metadata lists, as it is known here: nobody is asked for it."""
        kept = self._kept("metadata", lambda members: parse_metadata(members, self.issuer))
        return kept[1].scopes_supported if kept else ()

    def key_set(self, deadline: Deadline, *, refetch: bool = False) -> KeySet:
        """Return the keys that sign ID tokens (RFC 7517 §5).

        Args:
            deadline: When they must be there.
            refetch: Whether a fresh kept set is not good enough: a token names a key that it does not hold.

        Raises:
            ProviderUnreachable: It cannot be fetched.
            ProviderMisbehaves: What came is no key set.
        """
        from .key_set import KeySet

        kept = None if refetch else self._kept("key_set", KeySet.from_jwks)
        if kept and kept[0].fresh(self._clock()):
            keys = kept[1]
        else:
            url = self._metadata(deadline, stale=True).jwks_uri
            try:
                document = self._fetch(
                    "key_set", url, f"the key set {shown(url)}", deadline, kept=kept and kept[0], anew=refetch
                )
                keys = KeySet.from_jwks(document.members)
            except ProviderMisbehaves:
                self._doubt_metadata()
                raise
            except ProviderUnreachable as error:
                self._explain_inside(error, url)
                raise
            self._cache.put("key_set", document)
        for left_out in keys.left_out:
            self._log.info(1, f"key set: {left_out}")
        return keys

    def exchange_code(
        self, *, code: Secret, redirect_uri: str, code_verifier: Secret | None, deadline: Deadline
    ) -> TokenResponse:
        """Redeem an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5).

        Args:
            code: The code from the callback.
            redirect_uri: The one that the authorization request named.
            code_verifier: The PKCE verifier; None without PKCE.
            deadline: When the answer must be there.

        Raises:
            InvalidGrant: The code is not good.
            ProviderError: As in ``TokenEndpoint.request``.
        """
        parameters: dict[str, str | Secret | None] = {
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier,
        }
        return self.request_tokens("authorization_code", parameters, self.metadata(deadline), deadline)

    def refresh(self, *, refresh_token: Secret, deadline: Deadline) -> TokenResponse:
        """Redeem a refresh token (RFC 6749 §6), for the scope that the session has: none is named.

        It is one request while the metadata is less than a day old; where discovery does not answer, the metadata that
        was good within the last days does.

        Args:
            refresh_token: The session's latest.
            deadline: When the answer must be there.

        Raises:
            InvalidGrant: The refresh token is not, or no longer, good.
            ProviderUnreachable: No answer; ``sent`` tells whether the token may have been used.
            ProviderError: As in ``TokenEndpoint.request``.
        """
        metadata = self._metadata(deadline, stale=True)
        return self.request_tokens("refresh_token", {"refresh_token": refresh_token}, metadata, deadline)

    def request_tokens(
        self,
        grant_type: str,
        parameters: Mapping[str, str | Secret | None],
        metadata: Metadata,
        deadline: Deadline,
    ) -> TokenResponse:
        """Send one token request of any grant.

        Args:
            grant_type: The ``grant_type`` parameter.
            parameters: The grant's own parameters.
            metadata: What names the endpoint.
            deadline: When the answer must be there.

        Raises:
            ProviderError: As in ``TokenEndpoint.request``.
        """
        endpoint = self.endpoint(metadata.token_endpoint, metadata, "token endpoint")
        method = self._client.method_in_words(metadata.token_endpoint_auth_methods, endpoint.worked)
        self._log.info(1, f"token request: {grant_type}, client authentication {method}")
        try:
            response = endpoint.request(grant_type, parameters, deadline)
        except ProviderError as error:
            self._answered = self._answered or error.status > 0
            if isinstance(error, ProviderMisbehaves):
                self._doubt_metadata()
            if isinstance(error, ProviderUnreachable):
                self._explain_inside(error, metadata.token_endpoint)
            raise
        self._answered = True
        return response

    def revoke(self, token: Secret, deadline: Deadline) -> Revocation:
        """Let the provider end a refresh token, and what came of the same grant (RFC 7009 §2).

        Args:
            token: The session's refresh token.
            deadline: When the answer must be there.

        Returns:
            What became of it. RFC 7009 §2.2 counts a token that is not good any more as revoked; some (Google) call it an error.

        Raises:
            ProviderError: As in ``TokenEndpoint.ask``; the token may go on being good.
        """
        metadata = self._metadata(deadline, stale=True)
        if metadata.revocation_endpoint is None:
            return Revocation.NOT_OFFERED
        endpoint = self.endpoint(metadata.revocation_endpoint, metadata, "revocation endpoint")
        try:
            endpoint.ask({"token": token, "token_type_hint": "refresh_token"}, deadline, says=False)
        except ProviderRefused as error:
            if error.code in _NOT_GOOD:
                return Revocation.HAD_ENDED
            raise
        return Revocation.DONE

    def endpoint(self, url: str, metadata: Metadata, name: str) -> TokenEndpoint:
        """Return an endpoint that is asked as the token endpoint is.

        Args:
            url: Where it is.
            metadata: What the provider says of itself.
            name: What it is, in words.
        """
        return TokenEndpoint(
            url=url,
            metadata=metadata,
            client=self._client,
            http=self._http,
            clock=self._clock,
            name=name,
            worked=self._cache.method(self._client.client_id),
            remember=self._remember_method,
        )

    def _remember_method(self, method: str) -> None:
        self._log.info(1, f"the provider accepts the client by {method}; the next request begins with it")
        self._cache.put_method(self._client.client_id, method)

    def check_trust(self) -> None:
        """See that the authorities and the certificate that were given can be used, before a person is asked.

        Raises:
            UsageError: One cannot.
        """
        self._http.check_trust()

    def prepare(self, metadata: Metadata) -> None:
        """Load what a token request and its answer take, ahead of them: it takes as long as some answers.

        Args:
            metadata: What names the endpoint.

        Raises:
            UsageError: A proxy or an authority cannot be used.
        """
        from .jws import prepare

        self._http.prepare(metadata.token_endpoint)
        prepare()

    def begin_to_reach(self, metadata: Metadata) -> None:
        """Begin to find out whether the provider can be reached, unless it has just answered.

        Args:
            metadata: What names the token endpoint.
        """
        if not self._answered and self._reachability is None:
            self._reachability = self._http.reachability(metadata.token_endpoint)

    def check_reachable(self, patience: float = 0.0) -> None:
        """Return unless it is known that the provider cannot be reached.

        Args:
            patience: Seconds to wait for a connection.

        Raises:
            ProviderUnreachable: It cannot be reached.
        """
        if self._reachability is not None:
            self._reachability.check(patience)

    def note(self, words: str) -> None:
        """Show what is odd and does no harm, with -v 1.

        Args:
            words: What it is, without a secret.
        """
        self._log.info(1, words)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _kept(self, kind: Kind, read: Callable[[Mapping[str, object]], T]) -> tuple[Document, T] | None:
        """Return the document that was kept and what it says, or None where there is none that can be read."""
        document = self._cache.get(kind)
        if document is None:
            return None
        try:
            return document, read(document.members)
        except ProviderMisbehaves:
            return None

    def _metadata(self, deadline: Deadline, *, stale: bool) -> Metadata:
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

    def _discover(self, deadline: Deadline, kept: Document | None) -> Metadata:
        url = discovery_url(self.issuer)
        what = f"the discovery document {shown(url)}"
        try:
            document = self._fetch("metadata", url, what, deadline, kept=kept)
            metadata = parse_metadata(document.members, self.issuer)
        except ProviderError as error:
            from .wrong_issuer import advised

            raise advised(error, self.issuer, self._http, deadline) from error.__cause__
        self._cache.put("metadata", document)
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
        headers = dict(self._client.request_headers)
        if anew:
            headers["Cache-Control"] = "no-cache"  # a key set between us and the provider may be old, too
        elif kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        response = self._http.get(url, headers=headers, deadline=deadline)
        self._answered = True
        now, seconds = self._clock(), lifetime(response.headers, kind)
        if response.status == 304 and kept is not None and "If-None-Match" in headers:  # noqa: PLR2004
            return Document(kept.members, now, seconds, kept.etag)
        check_status(response, url, issuer=self.issuer)
        return Document(parse_object(response, what, public=True), now, seconds, entity_tag(response.headers))

    def _explain_inside(self, error: ProviderUnreachable, url: str) -> None:
        """Say why an endpoint is not reached that only machines inside the provider's network know."""
        if is_inside(url, self.issuer) and error.topic != "tls":
            host = plain(urlsplit(url).hostname, limit=120)
            error.hint = f"{host} is named by the provider's metadata, and seems to be inside its network: {PUBLIC_ADDRESS}"

    def _doubt_metadata(self) -> None:
        """Let the next use ask the provider: an endpoint may have moved."""
        kept = self._cache.get("metadata")
        if kept is not None and kept.lifetime > 0:
            self._cache.put("metadata", Document(kept.members, kept.fetched_at, 0.0, kept.etag))
