"""The address that a browser opens: with the whole authorization request, or with the URI of a pushed one (RFC 9126)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubectl_oidc.errors import InvalidProviderResponse, OAuthErrorResponse, ProviderError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.oidc.token_response import LONGEST_LIFE
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.text import sanitize

from .announcement import show_address_as_qr_code
from .authorization_request import authorization_parameters, authorization_url, must_be_pushed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.oidc.metadata import Metadata

    from .authorization_request import AuthorizationSecrets
    from .sign_in import SignIn

PUSH_SECONDS = 10.0
"""The time limit for pushing a request. A browser waits for it."""

_LINES_BELOW = 7
"""How many lines follow a printed address: where the browser goes then, the ``ssh`` line, and the prompt."""

_FLAG = "--oidc-pushed-authorization-requests"
_REQUEST_URI = re.compile(r"[\x21-\x7e]{1,2000}")
_FAULTY_REQUEST = frozenset({"invalid_scope", "invalid_target", "unsupported_response_type"})


class Address(NamedTuple):
    """An address of the authorization endpoint.

    Attributes:
        url: The address, with the whole request or with the URI of a pushed one.
        seconds: When the request URI expires, in seconds from now. None for a whole request, which does not expire.
    """

    url: str
    seconds: int | None = None


class AuthorizationRequest:
    """One authorization request, whole or pushed.

    Raises:
        InvalidProviderResponse: The request must be pushed, and the provider's metadata names no endpoint for it.
    """

    def __init__(
        self,
        sign_in: SignIn,
        secrets: AuthorizationSecrets,
        metadata: Metadata,
        redirect_uri: str,
    ) -> None:
        request = sign_in.request
        self.secrets = secrets
        self.metadata = metadata
        self._sign_in = sign_in
        self._redirect_uri = redirect_uri
        self._parameters = authorization_parameters(request, secrets, redirect_uri)
        self._required = must_be_pushed(request, metadata)
        self._endpoint = metadata.pushed_authorization_request_endpoint
        if request.pushed_authorization == "no" or "request_uri" in self._parameters:
            self._endpoint = None  # §2.1: a request that is already named by a URI is not pushed
        elif self._required and self._endpoint is None:
            raise InvalidProviderResponse(
                "the authorization request must be pushed, and the provider's metadata names no "
                "pushed_authorization_request_endpoint",
                f"try {_FLAG}=no, which sends it through the browser",
                topic="pushed-authorization",
            )

    def now(self) -> Address:
        """Return an address for a browser that opens it at once. Each call pushes the request again.

        Raises:
            ProviderError: The request must be pushed and could not be, or the provider found a fault in it.
        """
        if self._endpoint is None:
            return self._whole()
        try:
            return self._pushed(self._endpoint)
        except ProviderError as error:
            if self._required or _is_faulty_request(error):
                raise
            self._sign_in.system.log.info(
                1,
                "request-not-pushed",
                f"{error.message}; the authorization request goes through the browser",
            )
            return self._whole()

    def later(self) -> Address:
        """Return an address that the user may open later: a whole request, unless it must be pushed.

        Raises:
            ProviderError: The request must be pushed and could not be.
        """
        return self.now() if self._required else self._whole()

    def _whole(self) -> Address:
        return Address(authorization_url(self.metadata, self._parameters))

    def _pushed(self, url: str) -> Address:
        """Push the request, with the client authentication of the token endpoint (§2.1)."""
        name = "pushed authorization request endpoint"
        endpoint = self._sign_in.provider.endpoint(url, self.metadata, name)
        try:
            document = endpoint.post(self._parameters, Deadline.after(PUSH_SECONDS))
        except OAuthErrorResponse as error:
            if _is_about_redirect_uri(error):
                error.hint = (
                    f"register exactly {sanitize(self._redirect_uri)} at the provider for this client"
                )
            raise
        request_uri, seconds = parse_pushed_response(document)
        self._sign_in.system.log.info(
            1, "request-pushed", f"pushed the authorization request; its request URI expires in {seconds} s"
        )
        named: dict[str, str | Secret] = {
            "client_id": self._sign_in.request.client_id,
            "request_uri": request_uri,
        }
        return Address(authorization_url(self.metadata, named), seconds)


class PrintedAddress:
    """The sign-in address that is shown to the user. A new one is shown when the old one expires."""

    def __init__(self, authorization: AuthorizationRequest, sign_in: SignIn) -> None:
        self._authorization = authorization
        self._sign_in = sign_in
        self._end: Deadline | None = None

    def show(self, instruction: str) -> None:
        """Show the address after an instruction, which is given without a colon.

        Raises:
            ProviderError: The request must be pushed and could not be.
        """
        address = self._authorization.later()
        limit = "" if address.seconds is None else f" within {address.seconds} s"
        self._end = None if address.seconds is None else Deadline.after(address.seconds)
        self._sign_in.system.terminal.need(f"{instruction}{limit}:\n\n  {address.url}\n")
        show_address_as_qr_code(self._sign_in, "Or scan this with a phone:", address.url, below=_LINES_BELOW)

    def show_again_when_ended(self) -> None:
        """Show another address if the last one has expired. A response to either is accepted.

        Raises:
            ProviderError: The request could not be pushed.
        """
        if self._end is not None and self._end.passed():
            self.show("That address has expired. If you have not opened it yet, open this one")

    def until(self, deadline: Deadline) -> Deadline:
        """Return the earlier of two times: when the address expires, and ``deadline``."""
        return min((self._end or deadline, deadline), key=Deadline.left)


def _is_faulty_request(error: ProviderError) -> bool:
    """Return whether the request would fail in the browser too, where the terminal could not show why.

    invalid_request, invalid_client and unauthorized_client do not count. Some providers return them to public clients that may
    sign in with a request that is not pushed (Keycloak before 23, Duende IdentityServer).
    """
    return isinstance(error, OAuthErrorResponse) and (
        error.code in _FAULTY_REQUEST or _is_about_redirect_uri(error)
    )


def _is_about_redirect_uri(error: OAuthErrorResponse) -> bool:
    """Return whether the provider refused the redirect URI (RFC 9126 §2.3: invalid_request; some have their own code)."""
    return error.code == "invalid_redirect_uri" or (
        error.code == "invalid_request" and "redirect_uri" in error.message
    )


def parse_pushed_response(document: Mapping[str, object]) -> tuple[Secret, int]:
    """Return the request URI, and in how many seconds it expires (§2.2).

    Raises:
        InvalidProviderResponse: One of them is missing or not valid.
    """
    request_uri, seconds = document.get("request_uri"), document.get("expires_in")
    if not isinstance(request_uri, str) or not _REQUEST_URI.fullmatch(request_uri):
        raise _invalid_response("no request_uri")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= LONGEST_LIFE:
        raise _invalid_response("no expires_in that is a number of seconds")
    return Secret(request_uri), seconds


def _invalid_response(problem: str) -> InvalidProviderResponse:
    return InvalidProviderResponse(
        f"the provider's answer to a pushed authorization request has {problem}",
        f"look into the provider's log, or give {_FLAG}=no",
        topic="pushed-authorization",
    )
