"""The token endpoint (RFC 6749 §3.2), and endpoints at which the client authenticates in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import (
    InvalidProviderResponse,
    OAuthErrorResponse,
    ProviderError,
    ProviderUnreachable,
)
from kubectl_oidc.http.exchange import is_worth_repeating
from kubectl_oidc.http.json_body import NotJson, parse_object
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.secret import Secret
from kubectl_oidc.urls import shown_url

from .client import PRIVATE_KEY_JWT
from .response_status import unavailable
from .token_response import INVALID_CLIENT, TokenResponse, oauth_error, provider_words, token_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.http.exchange import Response
    from kubectl_oidc.system.deadline import Deadline

    from .error_hints import SentRequest
    from .metadata import Metadata
    from .metadata_cache import MetadataCache
    from .provider_documents import ProviderContext

    Parameters = Mapping[str, str | Secret | None]
    """The fields of a form. None is not sent."""


class TokenEndpoint(NamedTuple):
    """An endpoint to which the client posts a form and authenticates.

    Attributes:
        name: The endpoint's name in messages. Others work like the token endpoint (RFC 7009, RFC 8628 §3.1, RFC 9126 §2.1).
        cache: Stores which way to send the client's secret worked.
    """

    context: ProviderContext
    url: str
    name: str
    metadata: Metadata
    cache: MetadataCache

    def request(self, grant_type: str, parameters: Parameters, deadline: Deadline) -> TokenResponse:
        """Send one token request. The libraries that validate the answer are imported while it is under way.

        Raises:
            ProviderUnreachable: No answer, 429, 5xx, or something else answered in the provider's place.
            InvalidProviderResponse: The answer violates RFC 6749.
            OAuthErrorResponse: The provider answered with an OAuth error.
            InvalidGrant: The provider rejects the code or refresh token.
        """
        return token_response(self.post({"grant_type": grant_type, **parameters}, deadline), self._what())

    def post(self, parameters: Parameters, deadline: Deadline, *, has_body: bool = True) -> dict[str, object]:
        """Post a form with the client's authentication and return the members of the successful answer.

        After ``invalid_client`` the form is posted once more with another way to authenticate, unless a flag excludes that:

        - A secret is sent the other way, in the header or in the form.
        - An assertion that a key of the client signs is made for the issuer identifier (the update of RFC 7523). The first one was for the endpoint's own
          address, and is useless at another one. Providers require either.

        That is safe: ``invalid_client`` means that the provider used up no code and no refresh token (RFC 6749 §3.2.1, §5.2).

        Args:
            has_body: Whether a successful answer has a body. That of a revocation has none (RFC 7009 §2.2).

        Raises:
            ProviderError: As in `request`.
        """
        client = self.context.client
        method = client.method(self.metadata.token_endpoint_auth_methods, self.cache.method(client.client_id))
        try:
            return self._post(parameters, deadline, method=method, audience=self.url, has_body=has_body)
        except OAuthErrorResponse as refused:
            other = (
                method if client.assertion_key and method == PRIVATE_KEY_JWT else client.other_method(method)
            )
            if refused.code != INVALID_CLIENT or other is None:
                raise
            audience = self.metadata.issuer
            try:
                answer = self._post(parameters, deadline, method=other, audience=audience, has_body=has_body)
            except OAuthErrorResponse as again:
                if again.code != INVALID_CLIENT:
                    self._remember(other)
                    raise
            else:
                self._remember(other)
                return answer
            raise

    def method_in_words(self) -> str:
        """Return how the client authenticates, for the log."""
        client = self.context.client
        offered = self.metadata.token_endpoint_auth_methods
        return client.method_in_words(offered, self.cache.method(client.client_id))

    def _remember(self, method: str) -> None:
        """Store the way to send the client's secret that the provider accepted after it had rejected the other."""
        if method != PRIVATE_KEY_JWT:
            log = self.context.log
            log.info(1, "client-authentication", f"{method} worked; the next request uses it first")
            self.cache.put_method(self.context.client.client_id, method)

    def _post(
        self, parameters: Parameters, deadline: Deadline, *, method: str, audience: str, has_body: bool
    ) -> dict[str, object]:
        from .jws import import_signature_libraries

        http = self.context.http
        fields = [(name, value) for name, value in parameters.items() if value is not None]
        http.connect_early(self.url, deadline=deadline)
        token = self._platform_token(method, deadline)
        headers, form = self.context.client.authenticated(
            [(name, value.reveal() if isinstance(value, Secret) else value) for name, value in fields],
            method=method,
            metadata=self.metadata,
            audience=audience,
            now=int(self.context.clock()),
            token=token,
        )
        response = http.post_form(
            self.url, form, headers=headers, deadline=deadline, meanwhile=import_signature_libraries
        )
        if not has_body and response.status == 200:  # noqa: PLR2004 - RFC 7009 §2.2
            return {}
        secrets = self._secrets(parameters, form, headers)
        try:
            return self._members(response, parameters, secrets)
        except ProviderError as error:
            error.status = response.status
            if token and isinstance(error, OAuthErrorResponse):
                from .platform_token import claims_in_words

                error.hint = f"{error.hint}; {claims_in_words(token)}"
            raise

    def _platform_token(self, method: str, deadline: Deadline) -> Secret | None:
        """Return the platform's token as it is now, if the client authenticates with it."""
        source = self.context.client.platform_token
        if source is None or method != PRIVATE_KEY_JWT:
            return None
        return source.read(self.context.clock(), deadline, self.context.log)

    def _secrets(
        self, parameters: Parameters, form: list[tuple[str, str]], headers: Mapping[str, str]
    ) -> list[str]:
        """Return the secrets of a request. The provider's words must not show them."""
        secrets = [value.reveal() for value in parameters.values() if isinstance(value, Secret)]
        secrets.extend(value for name, value in form if name == "client_assertion")
        if self.context.client.client_secret:
            secrets.append(self.context.client.client_secret.reveal())
        # A header field is a credential, or the name of a scheme and a credential (RFC 9110 §11.4).
        secrets.extend(value.rpartition(" ")[2] for value in headers.values())
        return secrets

    def _members(self, response: Response, parameters: Parameters, secrets: list[str]) -> dict[str, object]:
        """Return the members of a successful answer; raise the error of any other (RFC 6749 §5.1, §5.2)."""
        client_hint = self.context.client.invalid_client_hint(self.metadata.token_endpoint_auth_methods)
        if is_worth_repeating(response):
            raise self._unavailable(response, secrets)
        if response.status == 401 and not _is_oauth_error(response) and _asks_for_the_client(response):  # noqa: PLR2004
            raise OAuthErrorResponse(
                f"the {self.name} {shown_url(self.url)} answers 401 and asks for the client's credentials",
                client_hint,
                code=INVALID_CLIENT,
            )
        document = self._parsed(response)
        grant_type = str(parameters.get("grant_type", ""))
        if document.get("error"):
            sent = self._sent(parameters)
            raise oauth_error(
                document, grant_type, secrets, endpoint=self.name, invalid_client=client_hint, sent=sent
            )
        # RFC 6749 §5.1. The answer to a pushed authorization request is 201 (RFC 9126 §2.2).
        if response.status not in ({200} if grant_type else {200, 201}):
            what = self._what()
            raise InvalidProviderResponse(
                f"{what} has status {response.status} and no OAuth error",
                "look into the provider's log, and check any proxy in between",
            )
        return document

    def _parsed(self, response: Response) -> dict[str, object]:
        """Return the JSON object of an answer; raise an error that names the status if there is none."""
        try:
            return parse_object(response, self._what())
        except NotJson as error:
            if response.status in {404, 405, 410}:
                raise InvalidProviderResponse(
                    f"the {self.name} {shown_url(self.url)} answers {response.status}",
                    f"check --oidc-issuer-url and the {self.name.replace(' ', '_')} in the provider's metadata",
                ) from error
            # A gateway or a captive portal answered in the provider's place.
            raise ProviderUnreachable(
                f"{error.message}, with status {response.status}", error.hint, topic=error.topic
            ) from error
        except InvalidProviderResponse as error:
            if response.status == 200:  # noqa: PLR2004
                raise
            raise InvalidProviderResponse(
                f"{error.message}, with status {response.status}", error.hint, topic=error.topic
            ) from error

    def _unavailable(self, response: Response, secrets: list[str]) -> ProviderUnreachable:
        """Return the error for 429 and 5xx, with the provider's OAuth error if the answer has one (RFC 6749 §5.2)."""
        error = unavailable(response, self.url)
        if _is_oauth_error(response):
            code, description = provider_words(parse_object(response, self._what()), secrets)
            error.code = code
            error.message += f": {code}: {description}" if description else f": {code}"
        return error

    def _what(self) -> str:
        return f"the answer of the {self.name} {shown_url(self.url)}"

    def _sent(self, parameters: Parameters) -> SentRequest:
        from .error_hints import SentRequest

        return SentRequest(
            issuer=self.metadata.issuer,
            parameters=[name for name, value in parameters.items() if value is not None],
            scopes=tuple(str(parameters.get("scope") or "").split()),
            scopes_supported=self.metadata.scopes_supported,
            redirect_uri=str(parameters.get("redirect_uri") or ""),
        )


def _is_oauth_error(response: Response) -> bool:
    """Return whether the answer is an OAuth error (RFC 6749 §5.2): a JSON object with the member ``error``."""
    try:
        return bool(parse_object(response, "").get("error"))
    except InvalidProviderResponse:
        return False


def _asks_for_the_client(response: Response) -> bool:
    """Return whether a 401 asks for HTTP Basic authentication (RFC 6749 §5.2, RFC 7617)."""
    return response.headers.get("www-authenticate", "").lower().startswith("basic")
