"""The authorization request as a browser carries it: whole, or pushed beforehand and named by its request URI (RFC 9126)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import InvalidProviderResponse, OAuthErrorResponse, ProviderError
from kubectl_oidc.oidc.token_response import LONGEST_LIFE
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.text import sanitize

from .authorization_request import authorization_parameters, authorization_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.system.system import System
    from kubectl_oidc.system.terminal import Terminal

    from .authorization_request import AuthorizationSecrets

PUSH_SECONDS = 10.0
"""The longest that pushing the request may take: a browser waits for it."""

_FLAG = "--oidc-pushed-authorization-requests"
_REQUEST_URI = re.compile(r"[\x21-\x7e]{1,2000}")
_FAULTS_OF_THE_REQUEST = frozenset({"invalid_scope", "invalid_target", "unsupported_response_type"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a browser goes.

    Attributes:
        url: The authorization endpoint with the request, or with the request URI that stands for it.
        seconds: How long the provider takes it; None for a whole request, which does not end.
    """

    url: str
    seconds: int | None = None


class AuthorizationRequest:
    """One authorization request, in whichever form the provider wants it.

    Args:
        request: What is asked for.
        system: What -v shows.
        provider: The OpenID provider.
        metadata: Its metadata.
        attempt: State, nonce and verifier.
        redirect_uri: Where the browser comes back to.

    Raises:
        InvalidProviderResponse: The request must be pushed, and the provider's metadata does not say where to.
    """

    def __init__(
        self,
        request: SignInRequest,
        system: System,
        provider: Provider,
        metadata: Metadata,
        attempt: AuthorizationSecrets,
        redirect_uri: str,
    ) -> None:
        self._client_id = request.client_id
        self._redirect_uri = redirect_uri
        self._log = system.log
        self._provider = provider
        self._metadata = metadata
        self._parameters = authorization_parameters(request, attempt, redirect_uri)
        self._required = request.pushed_authorization == "required" or (
            request.pushed_authorization == "auto" and metadata.pushed_authorization_required
        )
        self._endpoint = metadata.pushed_authorization_request_endpoint
        if request.pushed_authorization == "no" or "request_uri" in self._parameters:
            self._endpoint = None  # §2.1: a request that is named by a URI already is not pushed
        elif self._required and self._endpoint is None:
            raise InvalidProviderResponse(
                "the authorization request must be pushed, and the provider's metadata names no "
                "pushed_authorization_request_endpoint",
                f"{_FLAG}=no sends it through the browser as it is, if the provider takes that",
                topic="pushed-authorization",
            )

    def now(self) -> Address:
        """Return an address for a browser that goes there at once; each call pushes the request anew.

        Raises:
            ProviderError: The request could not be pushed and must be, or is faulty.
        """
        if self._endpoint is None:
            return self._whole()
        try:
            return self._pushed(self._endpoint)
        except ProviderError as error:
            if self._required or _is_of_the_request(error):
                raise
            self._log.info(1, f"{error.message}; the authorization request goes through the browser")
            return self._whole()

    def later(self) -> Address:
        """Return an address that a person may open after a while: a whole request, unless only pushed ones are taken.

        Raises:
            ProviderError: The request could not be pushed and must be.
        """
        return self.now() if self._required else self._whole()

    def _whole(self) -> Address:
        return Address(authorization_url(self._metadata, self._parameters))

    def _pushed(self, url: str) -> Address:
        """Push the request, as the client authenticates at the token endpoint (§2.1)."""
        name = "pushed authorization request endpoint"
        endpoint = self._provider.endpoint(url, self._metadata, name)
        try:
            document = endpoint.ask(self._parameters, Deadline.after(PUSH_SECONDS))
        except OAuthErrorResponse as error:
            if _is_of_the_redirect_uri(error):
                error.hint = (
                    f"register exactly {sanitize(self._redirect_uri)} at the provider for this client"
                )
            raise
        request_uri, seconds = _parse(document)
        self._log.info(1, f"the authorization request was pushed; its request URI is good for {seconds} s")
        named: dict[str, str | Secret] = {"client_id": self._client_id, "request_uri": request_uri}
        return Address(authorization_url(self._metadata, named), seconds)


class PrintedAddress:
    """The address that a person is told to open, told anew when it has ended before anybody came back.

    Args:
        authorization: What it leads to.
        terminal: Where it is printed.
    """

    def __init__(self, authorization: AuthorizationRequest, terminal: Terminal) -> None:
        self._authorization = authorization
        self._terminal = terminal
        self._end: Deadline | None = None

    def show(self, words: str) -> None:
        """Print the address.

        Args:
            words: What the person is to do with it, without the colon.

        Raises:
            ProviderError: The request could not be pushed and must be.
        """
        address = self._authorization.later()
        limit = "" if address.seconds is None else f" within {address.seconds} s"
        self._end = None if address.seconds is None else Deadline.after(address.seconds)
        self._terminal.need(f"{words}{limit}:\n\n  {address.url}\n")

    def show_again_when_ended(self) -> None:
        """Print another address where the last one has ended; the answer to either is good.

        Raises:
            ProviderError: As in `show`.
        """
        if self._end is not None and self._end.passed():
            self.show("If you have not opened that address, it has ended. Open this one in a browser")

    def until(self, deadline: Deadline) -> Deadline:
        """Return when the person must be told something: when the address ends, or at ``deadline``."""
        return min((self._end or deadline, deadline), key=Deadline.left)


def _is_of_the_request(error: ProviderError) -> bool:
    """Tell whether the request would be as wrong in a browser, where the terminal would not see it.

    Not so invalid_request, invalid_client and unauthorized_client: some providers answer them to public clients, whom they
    let sign in with a request that is not pushed (Keycloak before 23, Duende IdentityServer).
    """
    return isinstance(error, OAuthErrorResponse) and (
        error.code in _FAULTS_OF_THE_REQUEST or _is_of_the_redirect_uri(error)
    )


def _is_of_the_redirect_uri(error: OAuthErrorResponse) -> bool:
    """RFC 9126 §2.3 has invalid_request for it, and the provider's words; some have a code of its own."""
    return error.code == "invalid_redirect_uri" or (
        error.code == "invalid_request" and "redirect_uri" in error.message
    )


def _parse(document: Mapping[str, object]) -> tuple[Secret, int]:
    """Return the request URI and its life in seconds (§2.2).

    Raises:
        InvalidProviderResponse: One of them is missing, or is none.
    """
    request_uri, seconds = document.get("request_uri"), document.get("expires_in")
    if not isinstance(request_uri, str) or not _REQUEST_URI.fullmatch(request_uri):
        raise _broken("no request_uri")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= LONGEST_LIFE:
        raise _broken("no expires_in that is a number of seconds")
    return Secret(request_uri), seconds


def _broken(why: str) -> InvalidProviderResponse:
    return InvalidProviderResponse(
        f"the provider's answer to a pushed authorization request has {why}",
        f"look into the provider's log; {_FLAG}=no does without",
        topic="pushed-authorization",
    )
