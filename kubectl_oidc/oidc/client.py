"""The client, and how it proves who it is (RFC 6749 §2.3, OpenID Connect Core §9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote_plus, urlencode

from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_oidc.secret import Secret

    from .client_assertion import AssertionKey
    from .metadata import Metadata

AUTO = "auto"
NONE = "none"
BASIC = "client_secret_basic"
POST = "client_secret_post"
PRIVATE_KEY_JWT = "private_key_jwt"
METHODS = (NONE, BASIC, POST, PRIVATE_KEY_JWT)
"""The methods by the names of the registry that RFC 7591 §4.2 began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks (RFC 6749 §2).

    Attributes:
        client_id: The client's identifier.
        client_secret: Its secret; None or empty for a public client, such as a native application.
        assertion_key: Its private key; None where it has none.
        authentication: One of METHODS that somebody chose, else ``auto``.
        request_headers: Header fields for every request to the provider.
    """

    client_id: str
    client_secret: Secret | None = None
    assertion_key: AssertionKey | None = None
    authentication: str = AUTO
    request_headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Client(client_id={self.client_id!r})"  # the headers may hold a secret

    def method(self, offered: Sequence[str], worked: str = "") -> str:
        """Return the method to use.

        It is the one that somebody chose. For a secret it is else the one that worked, or basic unless only post is offered.

        Args:
            offered: The methods of the provider's metadata; empty where it does not say.
            worked: The way to send the secret that the provider accepted before; empty if none is known.
        """
        if self.authentication != AUTO:
            return self.authentication
        if self.assertion_key:
            return PRIVATE_KEY_JWT
        if not self.client_secret:
            return NONE
        if worked in {BASIC, POST}:
            return worked
        return POST if BASIC not in offered and POST in offered else BASIC

    def other_method(self, method: str) -> str | None:
        """Return the other way to send the client's secret, if nobody chose one.

        Args:
            method: The one that the provider did not accept.
        """
        if self.authentication != AUTO or not self.client_secret:
            return None
        return {BASIC: POST, POST: BASIC}.get(method)

    def method_in_words(self, offered: Sequence[str], worked: str = "") -> str:
        """Return the method, and whether the provider's metadata lacks one that somebody chose.

        Args:
            offered: As in `method`.
            worked: As in `method`.
        """
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
    ) -> tuple[dict[str, str], list[tuple[str, str]]]:
        """Return the header fields and the form of a request with the client's authentication in them.

        Args:
            form: The request's own fields; a client ID among them (RFC 9126 §2.1) is sent once all the same.
            metadata: What the provider says of itself.
            audience: Whom an assertion is for.
            now: The time in epoch seconds.
            method: How the client proves who it is; empty for what `method` says.
        """
        headers = dict(self.request_headers)
        method = method or self.method(metadata.token_endpoint_auth_methods)
        if method != BASIC:  # the others name the client in the form
            form = [(name, value) for name, value in form if name != "client_id"]
        if method == PRIVATE_KEY_JWT and self.assertion_key:
            return headers, [*form, *self._assertion(self.assertion_key, metadata, audience, now)]
        if method == NONE:
            # RFC 6749 §3.2.1: a public client says its name. Authlib would do the same, once it is loaded.
            return headers, [*form, ("client_id", self.client_id)]
        from authlib.oauth2.auth import ClientAuth

        client_id, secret = self.client_id, self.client_secret.reveal() if self.client_secret else ""
        if method == BASIC:
            # RFC 6749 §2.3.1: both are form-encoded before they are joined by a colon.
            client_id, secret = quote_plus(client_id), quote_plus(secret)
        _, headers, body = ClientAuth(client_id, secret, method).prepare("POST", "", headers, urlencode(form))
        return headers, parse_qsl(body, keep_blank_values=True)

    def _assertion(
        self, key: AssertionKey, metadata: Metadata, audience: str, now: int
    ) -> list[tuple[str, str]]:
        """Return the fields of RFC 7523 §2.2, and the client ID, which some providers ask for all the same."""
        from .client_assertion import ASSERTION_TYPE

        supported = metadata.token_endpoint_auth_algorithms
        assertion = key.assertion(self.client_id, audience, now, supported)
        return [
            ("client_id", self.client_id),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.reveal()),
        ]

    def hint(self, offered: Sequence[str]) -> str:
        """Return what to do where the provider does not believe who the client is (``invalid_client``).

        Args:
            offered: The methods of the provider's metadata; empty where it does not say.
        """
        if self.authentication != AUTO:
            methods = sanitize(", ".join(offered)) if offered else "does not say"
            return (
                f"--oidc-client-authentication={self.authentication} must be what the client's settings at the provider say "
                f"(the metadata offers: {methods}); check {_MATERIAL[self.authentication]} too"
            )
        return _HINTS[self.method(offered)]


_MATERIAL = {
    NONE: "--oidc-client-id",
    BASIC: "--oidc-client-id and --oidc-client-secret",
    POST: "--oidc-client-id and --oidc-client-secret",
    PRIVATE_KEY_JWT: "--oidc-client-id, --oidc-client-assertion-key, --oidc-client-assertion-key-id and the clock",
}
_CONFIDENTIAL = (
    "check --oidc-client-id and --oidc-client-secret, which was sent in both ways (client_secret_basic and client_secret_post); "
    "if the client has another method at the provider, name it with --oidc-client-authentication; a native (public) client has no "
    "secret: leave the flag out"
)
_HINTS = {
    NONE: (
        "check --oidc-client-id; the client must be a native (public) one in the provider's settings, or else "
        "--oidc-client-secret is needed"
    ),
    BASIC: _CONFIDENTIAL,
    POST: _CONFIDENTIAL,
    PRIVATE_KEY_JWT: (
        "the client's settings at the provider must say private_key_jwt and have the public half of --oidc-client-assertion-key "
        "(with its --oidc-client-assertion-key-id, where there are several); this machine's clock must be right"
    ),
}
