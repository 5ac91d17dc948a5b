"""The client and how it authenticates (RFC 6749 §2.3, OpenID Connect Core §9)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kubectl_oidc.secret import Secret

    from .client_assertion import AssertionKey, AssertionKeyFile
    from .metadata import Metadata
    from .platform_token import PlatformToken

AUTO = "auto"
NONE = "none"
BASIC = "client_secret_basic"
POST = "client_secret_post"
PRIVATE_KEY_JWT = "private_key_jwt"
METHODS = (NONE, BASIC, POST, PRIVATE_KEY_JWT)
"""The client authentication methods, by their registered names (RFC 7591 §4.2)."""


class ClientAuthentication(NamedTuple):
    """How the client is to prove who it is. A session's identity does not include it: the client ID names the client.

    Attributes:
        secret: The client's secret, if it has one.
        secret_file: The file that it was read from, if it was.
        key: Where the client's private key is, if it has one.
        token: Where the token is that the platform issues to this workload, if it issues one.
        method: The client authentication method that somebody chose, else ``auto``.
    """

    secret: Secret | None = None
    secret_file: Path | None = None
    key: AssertionKeyFile | None = None
    token: PlatformToken | None = None
    method: str = AUTO

    @property
    def typed_secret(self) -> Secret | None:
        """The client's secret, if it is in no file."""
        return None if self.secret_file else self.secret


class Client(NamedTuple):
    """An OAuth client (RFC 6749 §2).

    Attributes:
        client_secret: None or empty for a public client, such as a native application.
        platform_token: A token that is sent as assertion, in place of one that a key of the client signs.
        authentication: One of METHODS if a flag chooses it, else ``auto``.
        request_headers: Header fields of every request to the provider.
    """

    client_id: str
    client_secret: Secret | None = None
    assertion_key: AssertionKey | None = None
    platform_token: PlatformToken | None = None
    authentication: str = AUTO
    request_headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Client(client_id={self.client_id!r})"  # the headers may hold a secret

    def method(self, offered: Sequence[str], worked: str = "") -> str:
        """Return the method to use: the configured one, else by what the client has. A secret is sent by basic unless only post is offered.

        Args:
            offered: The methods in the provider's metadata; empty if it has none.
            worked: The way to send the secret that the provider accepted before; empty if unknown.
        """
        if self.authentication != AUTO:
            return self.authentication
        if self.assertion_key or self.platform_token:
            return PRIVATE_KEY_JWT
        if not self.client_secret:
            return NONE
        if worked in {BASIC, POST}:
            return worked
        return POST if BASIC not in offered and POST in offered else BASIC

    def other_method(self, method: str) -> str | None:
        """Return the method to try after ``method`` was refused. None if a flag fixes it or there is no secret."""
        if self.authentication != AUTO or not self.client_secret:
            return None
        return {BASIC: POST, POST: BASIC}.get(method)

    def method_in_words(self, offered: Sequence[str], worked: str = "") -> str:
        """Return the method for the log, and whether the provider's metadata lacks a configured one."""
        method = self.method(offered, worked)
        if self.authentication == AUTO or not offered or method in offered:
            return method
        return f"{method}, as you asked; the provider's metadata offers {sanitize(', '.join(offered))}"

    def authenticated(
        self,
        form: Sequence[tuple[str, str]],
        *,
        metadata: Metadata,
        audience: str,
        now: int,
        method: str = "",
        token: Secret | None = None,
    ) -> tuple[dict[str, str], list[tuple[str, str]]]:
        """Return the header fields and the form of a request with the client's authentication in them.

        Args:
            form: The fields of the request. A client ID among them (RFC 9126 §2.1) is not sent twice.
            audience: The audience of an assertion.
            now: The time in epoch seconds.
            method: The method to use; empty for the result of `method`.
            token: The platform's token, if the client has one.
        """
        headers = dict(self.request_headers)
        method = method or self.method(metadata.token_endpoint_auth_methods)
        secret = self.client_secret.reveal() if self.client_secret else ""
        if method == BASIC:
            # RFC 6749 §2.3.1: both are form-encoded before they are joined by a colon.
            user_pass = f"{quote_plus(self.client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {b64encode(user_pass.encode('ascii')).decode('ascii')}"
            return headers, [*form]
        form = [(name, value) for name, value in form if name != "client_id"]
        if method == PRIVATE_KEY_JWT and self.assertion_key:
            supported = metadata.token_endpoint_auth_algorithms
            token = self.assertion_key.assertion(self.client_id, audience, now, supported)
        if method == PRIVATE_KEY_JWT and token:
            return headers, [*form, *self._assertion(token)]
        form.append(("client_id", self.client_id))  # also of a public client (RFC 6749 §3.2.1)
        if method == POST:
            form.append(("client_secret", secret))
        return headers, form

    def _assertion(self, assertion: Secret) -> list[tuple[str, str]]:
        """Return the fields of RFC 7523 §2.2, and the client ID, which some providers require too."""
        from .client_assertion import ASSERTION_TYPE

        return [
            ("client_id", self.client_id),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.reveal()),
        ]

    def invalid_client_hint(self, offered: Sequence[str]) -> str:
        """Return the hint for ``invalid_client``. ``offered`` is as in `method`."""
        if self.platform_token:
            return _PLATFORM_HINT
        if self.authentication != AUTO:
            methods = sanitize(", ".join(offered)) if offered else "does not say"
            return f"--oidc-client-authentication={self.authentication} must match the client's settings at the provider (the metadata offers: {methods}); check {_FLAGS_TO_CHECK[self.authentication]} too"
        return _HINTS[self.method(offered)]


_FLAGS_TO_CHECK = {
    NONE: "--oidc-client-id",
    BASIC: "--oidc-client-id and --oidc-client-secret",
    POST: "--oidc-client-id and --oidc-client-secret",
    PRIVATE_KEY_JWT: "--oidc-client-id, --oidc-client-assertion-key, --oidc-client-assertion-key-id and the clock",
}
_CONFIDENTIAL = "check --oidc-client-id and --oidc-client-secret (leave it out for a public client), and set --oidc-client-authentication if it is neither client_secret_basic nor client_secret_post"
_PLATFORM_HINT = "in the client's settings at the provider, trust the platform's token (issuer, subject and audience), and check --oidc-client-id"
_HINTS = {
    NONE: (
        "check --oidc-client-id; make the client a native (public) one at the provider, or give --oidc-client-secret"
    ),
    BASIC: _CONFIDENTIAL,
    POST: _CONFIDENTIAL,
    PRIVATE_KEY_JWT: (
        "in the client's settings at the provider, choose private_key_jwt and add the public half of --oidc-client-assertion-key (and --oidc-client-assertion-key-id, if several); check this machine's clock"
    ),
}
