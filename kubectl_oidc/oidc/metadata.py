"""Provider metadata (OpenID Connect Discovery 1.0 §3, §4; RFC 8414): found, checked, believed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import InvalidProviderResponse, ProviderUnreachable
from kubectl_oidc.text import json_quoted
from kubectl_oidc.urls import fault, is_loopback_url, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.http.exchange import Response


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the provider says of itself, checked.

    Attributes:
        issuer: Equal to the configured one, byte for byte.
        authorization_endpoint: Where the browser goes.
        token_endpoint: Where codes and refresh tokens are redeemed.
        jwks_uri: Where the key set is.
        code_challenge_methods: PKCE methods (RFC 8414 §2); empty where the metadata does not say.
        id_token_algorithms: Algorithms that ID tokens may be signed with; empty where it does not say.
        token_endpoint_auth_methods: Client authentication methods; empty where it does not say.
        token_endpoint_auth_algorithms: Algorithms of private_key_jwt (RFC 8414 §2); empty where it does not say.
        scopes_supported: The scopes it names; there may be others.
        grant_types: The grants it names.
        device_authorization_endpoint: RFC 8628 §4.
        revocation_endpoint: RFC 7009, RFC 8414 §2.
        end_session_endpoint: OpenID Connect RP-Initiated Logout 1.0 §2.1.
        pushed_authorization_request_endpoint: RFC 9126 §5.
        pushed_authorization_required: Whether it takes no other authorization requests (RFC 9126 §5).
        iss_parameter_supported: Whether every authorization response names its issuer (RFC 9207 §3).
        oddities: What breaks the standard and does no harm, in words.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    code_challenge_methods: tuple[str, ...] = ()
    id_token_algorithms: tuple[str, ...] = ()
    token_endpoint_auth_methods: tuple[str, ...] = ()
    token_endpoint_auth_algorithms: tuple[str, ...] = ()
    scopes_supported: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    device_authorization_endpoint: str | None = None
    revocation_endpoint: str | None = None
    end_session_endpoint: str | None = None
    pushed_authorization_request_endpoint: str | None = None
    pushed_authorization_required: bool = False
    iss_parameter_supported: bool = False
    oddities: tuple[str, ...] = ()


class OtherIssuerError(InvalidProviderResponse):
    """The metadata is another issuer's (Discovery §4.3).

    Args:
        named: The issuer that it names.
        issuer: The configured one.
    """

    default_topic = "issuer-url"

    def __init__(self, named: str, issuer: str) -> None:
        whose = f"that of the issuer {json_quoted(named)}, not of {json_quoted(issuer)}"
        if "{" in named:  # Entra's common and organizations leave the tenant open
            whose = f"for the accounts of every tenant: it names no issuer, and {json_quoted(issuer)} is none"
        super().__init__(
            f"the provider's metadata is {whose}", "copy the issuer URL from the provider's settings"
        )
        self.named = named


def discovery_url(issuer: str) -> str:
    """Return where the metadata is (Discovery §4): a slash at the issuer's end is not doubled."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def parse_metadata(document: Mapping[str, object], issuer: str) -> Metadata:
    """Check a discovery document and return what we use of it (Discovery §4.3, RFC 8414 §3.3).

    Args:
        document: The parsed JSON.
        issuer: The configured issuer.

    Raises:
        InvalidProviderResponse: It is another issuer's, a required member is missing, or an endpoint is not https.
    """
    named = document.get("issuer")
    if not isinstance(named, str) or not named:
        raise _broken("names no issuer")
    if not document.get("authorization_endpoint") and not document.get("token_endpoint"):
        from .vendors import WORKLOADS

        raise InvalidProviderResponse(
            f"{shown(issuer)} signs nobody in: {WORKLOADS}",
            "use the issuer of the identity provider that people sign in with",
            topic="issuer-url",
        )
    if named != issuer:
        raise OtherIssuerError(named, issuer)
    reading = _Reading(document, local=is_loopback_url(issuer))
    metadata = Metadata(
        issuer=issuer,
        authorization_endpoint=reading.required_endpoint("authorization_endpoint"),
        token_endpoint=reading.required_endpoint("token_endpoint"),
        jwks_uri=reading.required_endpoint("jwks_uri"),
        code_challenge_methods=reading.words("code_challenge_methods_supported"),
        id_token_algorithms=reading.words(_ALGORITHMS),
        token_endpoint_auth_methods=reading.words("token_endpoint_auth_methods_supported"),
        token_endpoint_auth_algorithms=reading.words("token_endpoint_auth_signing_alg_values_supported"),
        scopes_supported=reading.words("scopes_supported"),
        grant_types=reading.words("grant_types_supported"),
        device_authorization_endpoint=reading.endpoint("device_authorization_endpoint"),
        revocation_endpoint=reading.endpoint("revocation_endpoint"),
        end_session_endpoint=reading.endpoint("end_session_endpoint"),
        pushed_authorization_request_endpoint=reading.endpoint("pushed_authorization_request_endpoint"),
        pushed_authorization_required=document.get("require_pushed_authorization_requests") is True,
        iss_parameter_supported=document.get("authorization_response_iss_parameter_supported") is True,
    )
    return replace(metadata, oddities=tuple(reading.oddities))


_ALGORITHMS = "id_token_signing_alg_values_supported"


class _Reading:
    """Read one document's members, each with its check."""

    def __init__(self, document: Mapping[str, object], *, local: bool) -> None:
        self._document = document
        self._local = local
        self.oddities: list[str] = []

    def required_endpoint(self, name: str) -> str:
        value = self._endpoint(name)
        if value is None:
            raise _broken(f"names no {name}")
        return value

    def endpoint(self, name: str) -> str | None:
        """Return an optional endpoint; some providers write an empty text for one that they do not have."""
        if self._document.get(name) == "":
            self.oddities.append(f"{name} is empty")
            return None
        return self._endpoint(name)

    def _endpoint(self, name: str) -> str | None:
        value = self._document.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise _broken(f"has a {name} that is no string")
        # Plain http is for a provider on this machine, whose issuer is on this machine too.
        why = fault(value, http_allowed=self._local)
        if why:
            broken = _broken(f"has a {name} that {why}")
            if "http, not https" in why:
                broken.hint = PUBLIC_ADDRESS
            raise broken
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list's words. Only what decides which signatures are accepted must be a list; the rest are hints."""
        value = self._document.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            if name == _ALGORITHMS:
                raise _broken(f"has a {name} that is no list")
            self.oddities.append(f"{name} is no list")
            return tuple(value.split()) if isinstance(value, str) else ()
        return tuple(word for word in value if isinstance(word, str))


_INSIDE = ("internal", "local", "localdomain", "svc", "lan", "corp", "home", "intranet")
"""Last labels of names that only machines of one network know (RFC 6762, RFC 9476 and common use)."""

PUBLIC_ADDRESS = (
    "the provider does not know its public https address: set it there (Keycloak: KC_HOSTNAME and KC_PROXY_HEADERS=xforwarded; "
    "authentik, ZITADEL and others: let the proxy send X-Forwarded-Proto and -Host; Dex: issuer)"
)
"""What makes a provider behind a reverse proxy name addresses of the network behind it."""


def is_inside(url: str, issuer: str) -> bool:
    """Return whether an endpoint is on a host that only machines inside a network know, though the issuer is on another one.

    Args:
        url: The endpoint.
        issuer: The issuer.
    """
    from ipaddress import ip_address

    host, public = ((urlsplit(one).hostname or "").rstrip(".").lower() for one in (url, issuer))
    if host == public or is_loopback_url(url):
        return False
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.rpartition(".")[2] in _INSIDE


def _broken(why: str) -> InvalidProviderResponse:
    return InvalidProviderResponse(
        f"the provider's metadata {why}",
        "the provider must be set right (behind a proxy it often needs to be told its public https address)",
    )


def check_status(response: Response, url: str, *, issuer: str) -> None:
    """Refuse an answer to a GET that is no document.

    Args:
        response: The answer.
        url: What was asked for.
        issuer: The configured issuer, for the hint.

    Raises:
        ProviderUnreachable: 429 or 5xx: the provider is there, and not able to answer.
        InvalidProviderResponse: Any other status but 200.
    """
    status = response.status
    if status == 200:  # noqa: PLR2004
        return
    if status == 429 or status >= 500:  # noqa: PLR2004 - RFC 6585 §4, RFC 9110 §15.6
        raise unavailable(response, url)
    if status in {400, 404, 410} and url == discovery_url(issuer):
        from .vendors import issuer_form

        hint = issuer_form(issuer) or (
            "an issuer URL looks like https://ORG.okta.com/oauth2/default or https://HOST/realms/NAME"
        )
        raise InvalidProviderResponse(
            f"there is no OpenID provider at {json_quoted(issuer)}: {shown(url)} answers {status}",
            f"{hint}; copy it from the provider's settings",
            topic="issuer-url",
        )
    raise InvalidProviderResponse(
        f"{shown(url)} answers {status}",
        "look at what answers there: a proxy in the way, a wrong --oidc-issuer-url, or a provider that asks for "
        "--oidc-request-header",
    )


def unavailable(response: Response, url: str) -> ProviderUnreachable:
    """Return the error for 429 and 5xx, which says nothing about who asked."""
    from kubectl_oidc.http.exchange import retry_after

    wait = retry_after(response)
    when = f"in {wait:.0f} s, as it asks" if wait else "in a while"
    if response.status == 429:  # noqa: PLR2004
        return ProviderUnreachable(
            f"the provider answers 429, too many requests ({shown(url)})", f"try again {when}"
        )
    return ProviderUnreachable(
        f"the provider answers {response.status} ({shown(url)})",
        f"it has a fault or is being worked on: try again {when}, or look at its status page",
    )
