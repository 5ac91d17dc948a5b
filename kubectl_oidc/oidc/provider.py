"""The OpenID provider: its metadata, its keys, and the requests for tokens, refreshes and revocations."""

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

from .provider_documents import ProviderContext, ProviderDocuments, explain_inside
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

_ALREADY_INVALID = frozenset({"invalid_token", "invalid_grant", "token_inactive"})
"""The error codes of providers for the revocation of a token that is no longer valid."""


class Revocation(Enum):
    """The result of revoking a refresh token."""

    DONE = auto()
    HAD_ENDED = auto()
    NOT_OFFERED = auto()


class Provider:
    """One issuer, as one client sees it.

    Raises:
        UsageError: The issuer URL is not valid.
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
        self._context = ProviderContext(issuer=issuer, client=client, http=http, clock=clock, log=log)
        self._documents = ProviderDocuments(self._context, cache_dir)
        self._reachability: Reachability | None = None
        self._answered = False  # whether a token request was answered

    def metadata(
        self, deadline: Deadline, *, stale: bool = False, meanwhile: Callable[[], object] | None = None
    ) -> Metadata:
        """Return the provider's metadata (`ProviderDocuments.metadata`)."""
        return self._documents.metadata(deadline, stale=stale, meanwhile=meanwhile)

    def scopes_supported(self) -> tuple[str, ...]:
        """Return the scopes that the cached metadata lists. Sends no request."""
        return self._documents.scopes_supported()

    def key_set(self, deadline: Deadline, *, refetch: bool = False) -> KeySet:
        """Return the keys that sign ID tokens (`ProviderDocuments.key_set`)."""
        return self._documents.key_set(deadline, refetch=refetch)

    def exchange_code(
        self, *, code: Secret, redirect_uri: str, code_verifier: Secret | None, deadline: Deadline
    ) -> TokenResponse:
        """Exchange an authorization code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5).

        Raises:
            InvalidGrant: The provider rejects the code.
            ProviderError: As in ``TokenEndpoint.request``.
        """
        parameters: dict[str, str | Secret | None] = {
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier,
        }
        return self.request_tokens("authorization_code", parameters, self.metadata(deadline), deadline)

    def refresh(self, *, refresh_token: Secret, deadline: Deadline) -> TokenResponse:
        """Exchange a refresh token for new tokens (RFC 6749 §6). No scope is sent, so the session keeps its scope.

        This is one request if the cached metadata is less than a day old. If discovery does not answer, metadata of the last
        days is used.

        Raises:
            InvalidGrant: The provider rejects the refresh token.
            ProviderUnreachable: No answer came. ``sent`` says whether the token may have been used.
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
        method = endpoint.method_in_words()
        self._context.log.info(
            1, "token-request", f"token request: {grant_type}, client authentication {method}"
        )
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
        """Revoke a refresh token, and with it the tokens of the same grant (RFC 7009 §2).

        RFC 7009 §2.2 counts a token that is already invalid as revoked. Some providers (Google) answer an error instead.

        Raises:
            ProviderError: As in ``TokenEndpoint.post``. The token may still be valid.
        """
        metadata = self.metadata(deadline, stale=True)
        if metadata.revocation_endpoint is None:
            return Revocation.NOT_OFFERED
        endpoint = self.endpoint(metadata.revocation_endpoint, metadata, "revocation endpoint")
        try:
            endpoint.post({"token": token, "token_type_hint": "refresh_token"}, deadline, has_body=False)
        except OAuthErrorResponse as error:
            if error.code in _ALREADY_INVALID:
                return Revocation.HAD_ENDED
            raise
        return Revocation.DONE

    def endpoint(self, url: str, metadata: Metadata, name: str) -> TokenEndpoint:
        """Return an endpoint at which the client authenticates as at the token endpoint. ``name`` is for messages."""
        return TokenEndpoint(
            context=self._context, url=url, name=name, metadata=metadata, cache=self._documents.cache
        )

    def check_trust(self) -> None:
        """Check the configured authorities and client certificate, before a person is asked anything.

        Raises:
            UsageError: One of them cannot be used.
        """
        self._context.http.check_trust()

    def import_libraries(self, metadata: Metadata) -> None:
        """Import the libraries that a token request and its answer need, ahead of time.

        Raises:
            UsageError: A proxy or an authority cannot be used.
        """
        from .jws import import_signature_libraries

        self._context.http.prepare(metadata.token_endpoint)
        import_signature_libraries()

    def start_connecting(self, metadata: Metadata) -> None:
        """Start a connection to the provider in the background, unless the provider has answered already."""
        if not (self._answered or self._documents.answered) and self._reachability is None:
            self._reachability = self._context.http.reachability(metadata.token_endpoint)

    def check_reachable(self, patience: float = 0.0) -> None:
        """Raise if the connection of `start_connecting` has failed. Wait ``patience`` seconds for it.

        Raises:
            ProviderUnreachable: The connection failed.
        """
        if self._reachability is not None:
            self._reachability.check(patience)

    def log_oddity(self, words: str) -> None:
        """Log with -v 1 a harmless oddity of the provider. ``words`` must not contain a secret."""
        self._context.log.info(1, "provider-oddity", words)

    def close(self) -> None:
        """Close the connections."""
        self._context.http.close()
