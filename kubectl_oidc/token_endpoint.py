"""The token endpoint (RFC 6749 §3.2), and what is asked as it is: client authentication (§2.3, OpenID Connect Core §9) and one request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote_plus, urlencode

from .errors import ProviderMisbehaves, ProviderUnreachable
from .issuer import shown
from .json_answer import NotJson, parse_object
from .provider_metadata import unavailable
from .secret import Secret
from .token_response import TokenResponse, refusal, token_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .deadline import Deadline
    from .http import HttpClient, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks (RFC 6749 §2).

    Attributes:
        client_id: The client's identifier.
        client_secret: Its secret; None or empty for a public client, such as a native application.
        request_headers: Header fields for every request to the provider.
    """

    client_id: str
    client_secret: Secret | None = None
    request_headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Client(client_id={self.client_id!r})"  # the headers may hold a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    """Where tokens are asked for.

    Attributes:
        url: The token endpoint.
        methods: The client authentication methods of the provider's metadata; empty where it does not say.
        client: Who asks.
        http: How.
        name: What it is, in words; the device authorization endpoint is asked in the same way (RFC 8628 §3.1).
    """

    url: str
    methods: tuple[str, ...]
    client: Client
    http: HttpClient
    name: str = "token endpoint"

    def request(
        self, grant_type: str, parameters: Mapping[str, str | Secret | None], deadline: Deadline
    ) -> TokenResponse:
        """Send one token request; it is never repeated. While it travels, what validates the answer is made ready.

        Args:
            grant_type: ``authorization_code``, ``refresh_token``, …
            parameters: The grant's own parameters; those that are None are left out.
            deadline: When it must be over.

        Raises:
            ProviderUnreachable: No answer, 429, 5xx, or something else answered in the provider's place.
            ProviderMisbehaves: The answer breaks RFC 6749.
            ProviderRefused: An OAuth error.
            InvalidGrant: The code or refresh token is not, or no longer, good.
        """
        document = self.ask({"grant_type": grant_type, **parameters}, deadline)
        return token_response(document, self._what())

    def ask(self, parameters: Mapping[str, str | Secret | None], deadline: Deadline) -> dict[str, object]:
        """Post a form with the client's authentication, once, and return the members of the good answer.

        Args:
            parameters: The form's fields; those that are None are left out.
            deadline: When it must be over.

        Raises:
            ProviderError: As in `request`.
        """
        from .jws import prepare

        sent = [(name, _revealed(value)) for name, value in parameters.items() if value is not None]
        headers, body = self._authenticated(urlencode(sent))
        response = self.http.post_form(
            self.url,
            parse_qsl(body, keep_blank_values=True),
            headers=headers,
            deadline=deadline,
            meanwhile=prepare,
        )
        secrets = [value.reveal() for value in parameters.values() if isinstance(value, Secret)]
        if self.client.client_secret:
            secrets.append(self.client.client_secret.reveal())
        # Header fields carry credentials as well, alone or after the name of a scheme (RFC 9110 §11.4).
        secrets.extend(value.rpartition(" ")[2] for value in headers.values())
        return self._understood(response, str(parameters.get("grant_type", "")), secrets)

    def method(self) -> str:
        """Return the client authentication method to use (RFC 6749 §2.3.1, Core §9)."""
        if not self.client.client_secret:
            return "none"
        basic, post = "client_secret_basic", "client_secret_post"
        return post if basic not in self.methods and post in self.methods else basic

    def _authenticated(self, body: str) -> tuple[dict[str, str], str]:
        """Return the header fields and the form with the client's authentication in them."""
        from authlib.oauth2.auth import ClientAuth

        method, client_id = self.method(), self.client.client_id
        secret = self.client.client_secret.reveal() if self.client.client_secret else ""
        if method == "client_secret_basic":
            # RFC 6749 §2.3.1: both are form-encoded before they are joined by a colon.
            client_id, secret = quote_plus(client_id), quote_plus(secret)
        headers = dict(self.client.request_headers)
        _, headers, body = ClientAuth(client_id, secret, method).prepare("POST", self.url, headers, body)
        return headers, body

    def _what(self) -> str:
        return f"the answer of the {self.name} {shown(self.url)}"

    def _understood(self, response: Response, grant_type: str, secrets: list[str]) -> dict[str, object]:
        if response.status == 429 or response.status >= 500:  # noqa: PLR2004 - RFC 6585 §4, RFC 9110 §15.6
            raise unavailable(response, self.url)
        what = self._what()
        try:
            document = parse_object(response, what)
        except NotJson as error:
            if response.status in {404, 405, 410}:
                raise ProviderMisbehaves(
                    f"the {self.name} {shown(self.url)} answers {response.status}",
                    f"check --oidc-issuer-url and the {self.name.replace(' ', '_')} in the provider's metadata",
                ) from error
            # Not the provider's words: a gateway or a captive portal answered in its place.
            raise ProviderUnreachable(
                f"{error.message}, with status {response.status}", error.hint, topic=error.topic
            ) from error
        if document.get("error"):
            raise refusal(document, grant_type, secrets, has_secret=bool(self.client.client_secret))
        if response.status != 200:  # noqa: PLR2004
            raise ProviderMisbehaves(
                f"{what} has status {response.status} and no OAuth error",
                "look into the provider's log, and at what stands between it and you",
            )
        return document


def _revealed(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
