"""The token endpoint (RFC 6749 §3.2), and what is asked as it is: one request, with the client's authentication."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import (
    InvalidProviderResponse,
    OAuthErrorResponse,
    ProviderError,
    ProviderUnreachable,
)
from kubectl_oidc.http.json_body import NotJson, parse_object
from kubectl_oidc.secret import Secret
from kubectl_oidc.urls import shown

from .client import PRIVATE_KEY_JWT
from .metadata import unavailable
from .token_response import INVALID_CLIENT, TokenResponse, provider_words, refusal, token_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kubectl_oidc.http.client import HttpClient
    from kubectl_oidc.http.exchange import Response
    from kubectl_oidc.system.deadline import Deadline

    from .client import Client
    from .error_hints import Sent
    from .metadata import Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    """Where tokens are asked for.

    Attributes:
        url: The token endpoint.
        metadata: What the provider says of itself.
        client: Who asks.
        http: How.
        clock: The time in epoch seconds.
        name: What it is, in words; others are asked in the same way (RFC 8628 §3.1, RFC 9126 §2.1).
        worked: The way to send the client's secret that the provider accepted before; empty if none is known.
        remember: Keeps the way that the provider accepted after it had not accepted another.
    """

    url: str
    metadata: Metadata
    client: Client
    http: HttpClient
    clock: Callable[[], float]
    name: str
    worked: str = ""
    remember: Callable[[str], None] = lambda _: None

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
            InvalidProviderResponse: The answer breaks RFC 6749.
            OAuthErrorResponse: An OAuth error.
            InvalidGrant: The code or refresh token is not, or no longer, good.
        """
        document = self.ask({"grant_type": grant_type, **parameters}, deadline)
        return token_response(document, self._what())

    def ask(
        self, parameters: Mapping[str, str | Secret | None], deadline: Deadline, *, says: bool = True
    ) -> dict[str, object]:
        """Post a form with the client's authentication and return the members of the good answer.

        After ``invalid_client`` it is posted once more if there is another way to authenticate that nobody excluded:

        - a secret is sent the other way, in the header or in the form;
        - an assertion was for the address that is asked, the only one that some providers take; who sees it can use it nowhere
          else. Now one for the issuer identifier is sent, the only one that others take (the update of RFC 7523).

        No code and no refresh token is used up by the first post: the provider authenticates the client before it does anything
        else (RFC 6749 §3.2.1), and ``invalid_client`` says that this failed (§5.2). After any other answer nothing is repeated.

        Args:
            parameters: The form's fields; those that are None are left out.
            deadline: When it must be over.
            says: Whether a good answer says anything; that of a revocation is its status alone (RFC 7009 §2.2).

        Raises:
            ProviderError: As in `request`.
        """
        method = self.client.method(self.metadata.token_endpoint_auth_methods, self.worked)
        try:
            return self._ask(parameters, deadline, method=method, audience=self.url, says=says)
        except OAuthErrorResponse as refused:
            other = PRIVATE_KEY_JWT if method == PRIVATE_KEY_JWT else self.client.other_method(method)
            if refused.code != INVALID_CLIENT or other is None:
                raise
            audience = self.metadata.issuer
            try:
                answer = self._ask(parameters, deadline, method=other, audience=audience, says=says)
            except OAuthErrorResponse as again:
                if again.code != INVALID_CLIENT:
                    self._accepted(other)
                    raise
            else:
                self._accepted(other)
                return answer
            raise

    def _accepted(self, method: str) -> None:
        """Remember how the client was believed after it had not been believed otherwise."""
        if method != PRIVATE_KEY_JWT:
            self.remember(method)

    def _ask(
        self,
        parameters: Mapping[str, str | Secret | None],
        deadline: Deadline,
        *,
        method: str,
        audience: str,
        says: bool,
    ) -> dict[str, object]:
        from .jws import prepare

        self.http.connect_early(self.url, deadline=deadline)
        headers, form = self.client.authenticated(
            [(name, _revealed(value)) for name, value in parameters.items() if value is not None],
            method=method,
            metadata=self.metadata,
            audience=audience,
            now=int(self.clock()),
        )
        response = self.http.post_form(self.url, form, headers=headers, deadline=deadline, meanwhile=prepare)
        if not says and response.status == 200:  # noqa: PLR2004 - RFC 7009 §2.2
            return {}
        secrets = [value.reveal() for value in parameters.values() if isinstance(value, Secret)]
        secrets.extend(value for name, value in form if name == "client_assertion")
        if self.client.client_secret:
            secrets.append(self.client.client_secret.reveal())
        # Header fields carry credentials as well, alone or after the name of a scheme (RFC 9110 §11.4).
        secrets.extend(value.rpartition(" ")[2] for value in headers.values())
        return self._understood(response, parameters, secrets)

    def _unavailable(self, response: Response, secrets: list[str]) -> ProviderUnreachable:
        """Return the error for 429 and 5xx, with the provider's words if it said any (RFC 6749 §5.2)."""
        error = unavailable(response, self.url)
        if _is_oauth_error(response):
            code, description = provider_words(parse_object(response, self._what()), secrets)
            error.code = code
            error.message += f": {code}: {description}" if description else f": {code}"
        return error

    def _what(self) -> str:
        return f"the answer of the {self.name} {shown(self.url)}"

    def _sent(self, parameters: Mapping[str, str | Secret | None]) -> Sent:
        from .error_hints import Sent

        return Sent(
            issuer=self.metadata.issuer,
            parameters=[name for name, value in parameters.items() if value is not None],
            scopes=tuple(str(parameters.get("scope") or "").split()),
            scopes_supported=self.metadata.scopes_supported,
            redirect_uri=str(parameters.get("redirect_uri") or ""),
        )

    def _understood(
        self, response: Response, parameters: Mapping[str, str | Secret | None], secrets: list[str]
    ) -> dict[str, object]:
        """Return the members of a good answer. Every error has the answer's status."""
        try:
            return self._read(response, parameters, secrets)
        except ProviderError as error:
            error.status = response.status
            raise

    def _read(
        self, response: Response, parameters: Mapping[str, str | Secret | None], secrets: list[str]
    ) -> dict[str, object]:
        grant_type = str(parameters.get("grant_type", ""))
        if response.status == 429 or response.status >= 500:  # noqa: PLR2004 - RFC 6585 §4, RFC 9110 §15.6
            raise self._unavailable(response, secrets)
        what = self._what()
        if response.status == 401 and not _is_oauth_error(response) and _asks_for_the_client(response):  # noqa: PLR2004
            raise OAuthErrorResponse(
                f"the {self.name} {shown(self.url)} answers 401 and asks for the client's credentials",
                self.client.hint(self.metadata.token_endpoint_auth_methods),
                code=INVALID_CLIENT,
            )
        try:
            document = parse_object(response, what)
        except NotJson as error:
            if response.status in {404, 405, 410}:
                raise InvalidProviderResponse(
                    f"the {self.name} {shown(self.url)} answers {response.status}",
                    f"check --oidc-issuer-url and the {self.name.replace(' ', '_')} in the provider's metadata",
                ) from error
            # Not the provider's words: a gateway or a captive portal answered in its place.
            raise ProviderUnreachable(
                f"{error.message}, with status {response.status}", error.hint, topic=error.topic
            ) from error
        except InvalidProviderResponse as error:
            if response.status == 200:  # noqa: PLR2004
                raise
            raise InvalidProviderResponse(
                f"{error.message}, with status {response.status}", error.hint, topic=error.topic
            ) from error
        if document.get("error"):
            hint = self.client.hint(self.metadata.token_endpoint_auth_methods)
            raise refusal(
                document,
                grant_type,
                secrets,
                endpoint=self.name,
                invalid_client=hint,
                sent=self._sent(parameters),
            )
        # RFC 6749 §5.1; what a pushed authorization request made is 201 (RFC 9126 §2.2).
        if response.status not in ({200} if grant_type else {200, 201}):
            raise InvalidProviderResponse(
                f"{what} has status {response.status} and no OAuth error",
                "look into the provider's log, and at what stands between it and you",
            )
        return document


def _is_oauth_error(response: Response) -> bool:
    """Return whether an answer is an OAuth error (RFC 6749 §5.2): a JSON object with the member ``error``."""
    try:
        return bool(parse_object(response, "").get("error"))
    except InvalidProviderResponse:
        return False


def _asks_for_the_client(response: Response) -> bool:
    """Return whether a 401 asks for the client's ID and secret (RFC 6749 §5.2, RFC 7617)."""
    return response.headers.get("www-authenticate", "").lower().startswith("basic")


def _revealed(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
