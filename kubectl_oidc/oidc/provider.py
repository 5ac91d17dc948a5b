"""The OpenID provider: its metadata, its key set and its token endpoint."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from kubectl_oidc.errors import (
    InvalidProviderResponse,
    OAuthErrorResponse,
    ProviderError,
    ProviderUnreachable,
)
from kubectl_oidc.urls import check_issuer

from .provider_documents import ProviderDocuments, explain_inside
from .token_endpoint import TokenEndpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kubectl_oidc.http.client import HttpClient
    from kubectl_oidc.http.reachability import Reachability
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.log import Log

    from .client import Client
    from .key_set import KeySet
    from .metadata import Metadata
    from .token_response import TokenResponse

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
        self._answered = False  # whether a token request was answered
        self._log = log
        self._documents = ProviderDocuments(
            issuer=issuer, client=client, http=http, cache_dir=cache_dir, clock=clock, log=log
        )

    def metadata(self, deadline: Deadline, *, stale: bool = False) -> Metadata:
        """Return the provider's metadata (`ProviderDocuments.metadata`)."""
        return self._documents.metadata(deadline, stale=stale)

    def scopes_supported(self) -> tuple[str, ...]:
        """Return the scopes that the stored metadata lists; sends no request."""
        return self._documents.scopes_supported()

    def key_set(self, deadline: Deadline, *, refetch: bool = False) -> KeySet:
        """Return the keys that sign ID tokens (`ProviderDocuments.key_set`)."""
        return self._documents.key_set(deadline, refetch=refetch)

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
        metadata = self.metadata(deadline, stale=True)
        return self.request_tokens("refresh_token", {"refresh_token": refresh_token}, metadata, deadline)

    def request_tokens(
        self,
        grant_type: str,
        parameters: Mapping[str, str | Secret | None],
        metadata: Metadata,
        deadline: Deadline,
    ) -> TokenResponse:
        """Send one token request of any grant.

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
            if isinstance(error, InvalidProviderResponse):
                self._documents.doubt_metadata()
            if isinstance(error, ProviderUnreachable):
                explain_inside(error, metadata.token_endpoint, self.issuer)
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
        metadata = self.metadata(deadline, stale=True)
        if metadata.revocation_endpoint is None:
            return Revocation.NOT_OFFERED
        endpoint = self.endpoint(metadata.revocation_endpoint, metadata, "revocation endpoint")
        try:
            endpoint.ask({"token": token, "token_type_hint": "refresh_token"}, deadline, says=False)
        except OAuthErrorResponse as error:
            if error.code in _NOT_GOOD:
                return Revocation.HAD_ENDED
            raise
        return Revocation.DONE

    def endpoint(self, url: str, metadata: Metadata, name: str) -> TokenEndpoint:
        """Return an endpoint that is asked as the token endpoint is; `name` says in words which it is."""
        return TokenEndpoint(
            url=url,
            metadata=metadata,
            client=self._client,
            http=self._http,
            clock=self._clock,
            name=name,
            worked=self._documents.cache.method(self._client.client_id),
            remember=self._remember_method,
        )

    def _remember_method(self, method: str) -> None:
        self._log.info(1, f"the provider accepts the client by {method}; the next request begins with it")
        self._documents.cache.put_method(self._client.client_id, method)

    def check_trust(self) -> None:
        """See that the authorities and the certificate that were given can be used, before a person is asked.

        Raises:
            UsageError: One cannot.
        """
        self._http.check_trust()

    def prepare(self, metadata: Metadata) -> None:
        """Load what a token request and its answer take, ahead of them: it takes as long as some answers.

        Raises:
            UsageError: A proxy or an authority cannot be used.
        """
        from .jws import prepare

        self._http.prepare(metadata.token_endpoint)
        prepare()

    def begin_to_reach(self, metadata: Metadata) -> None:
        """Begin to find out whether the provider can be reached, unless it has just answered."""
        if not (self._answered or self._documents.answered) and self._reachability is None:
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
        """Show with -v 1 what is odd and does no harm, without a secret."""
        self._log.info(1, words)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
