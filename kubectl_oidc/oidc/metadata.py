"""The provider's metadata: where it is, and how it is checked (OpenID Connect Discovery 1.0 §3, §4; RFC 8414)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import json_quoted
from kubectl_oidc.urls import PLAIN_HTTP, is_loopback_url, shown_url, url_fault

if TYPE_CHECKING:
    from collections.abc import Mapping


class Metadata(NamedTuple):
    """The provider's metadata, checked. A tuple is empty if the metadata does not have the member.

    Attributes:
        issuer: The configured issuer, byte for byte.
        code_challenge_methods: The PKCE methods (RFC 8414 §2).
        id_token_algorithms: The algorithms that sign ID tokens.
        token_endpoint_auth_methods: The client authentication methods.
        token_endpoint_auth_algorithms: The algorithms for private_key_jwt (RFC 8414 §2).
        scopes_supported: The scopes that are listed. The provider may have others.
        device_authorization_endpoint: RFC 8628 §4.
        revocation_endpoint: RFC 7009, RFC 8414 §2.
        end_session_endpoint: OpenID Connect RP-Initiated Logout 1.0 §2.1.
        pushed_authorization_request_endpoint: RFC 9126 §5.
        pushed_authorization_required: Whether the provider accepts only pushed authorization requests (RFC 9126 §5).
        iss_parameter_supported: Whether every authorization response has ``iss`` (RFC 9207 §3).
        oddities: Harmless violations of the standard, in words.
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
    """The metadata belongs to another issuer, ``named`` (Discovery §4.3)."""

    default_topic = "issuer-url"

    def __init__(self, named: str, issuer: str) -> None:
        whose = f"that of the issuer {json_quoted(named)}, and --oidc-issuer-url is {json_quoted(issuer)}"
        if "{" in named:  # Entra's issuers common and organizations have a placeholder for the tenant
            whose = f"for the accounts of every tenant: {json_quoted(issuer)} is not an issuer"
        super().__init__(
            f"the provider's metadata is {whose}", "copy the issuer URL from the provider's settings"
        )
        self.named = named


def discovery_url(issuer: str) -> str:
    """Return the URL of the metadata (Discovery §4). A slash at the end of the issuer is not doubled."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def parse_metadata(document: Mapping[str, object], issuer: str) -> Metadata:
    """Return the checked metadata of a discovery document (Discovery §4.3, RFC 8414 §3.3).

    Raises:
        InvalidProviderResponse: The issuer differs, a required member is missing, or an endpoint is not https.
    """
    named = document.get("issuer")
    if not isinstance(named, str) or not named:
        raise _invalid("has no issuer")
    if not document.get("authorization_endpoint") and not document.get("token_endpoint"):
        from .workload_issuers import WORKLOADS

        raise InvalidProviderResponse(
            f"{shown_url(issuer)} does not sign people in: {WORKLOADS}",
            "use the issuer of the identity provider where people sign in",
            topic="issuer-url",
        )
    if named != issuer:
        raise OtherIssuerError(named, issuer)
    members = _Members(document, http_allowed=is_loopback_url(issuer))
    metadata = Metadata(
        issuer=issuer,
        authorization_endpoint=members.required_endpoint("authorization_endpoint"),
        token_endpoint=members.required_endpoint("token_endpoint"),
        jwks_uri=members.required_endpoint("jwks_uri"),
        code_challenge_methods=members.strings("code_challenge_methods_supported"),
        id_token_algorithms=members.strings(_ALGORITHMS),
        token_endpoint_auth_methods=members.strings("token_endpoint_auth_methods_supported"),
        token_endpoint_auth_algorithms=members.strings("token_endpoint_auth_signing_alg_values_supported"),
        scopes_supported=members.strings("scopes_supported"),
        grant_types=members.strings("grant_types_supported"),
        device_authorization_endpoint=members.endpoint("device_authorization_endpoint"),
        revocation_endpoint=members.endpoint("revocation_endpoint"),
        end_session_endpoint=members.endpoint("end_session_endpoint"),
        pushed_authorization_request_endpoint=members.endpoint("pushed_authorization_request_endpoint"),
        pushed_authorization_required=document.get("require_pushed_authorization_requests") is True,
        iss_parameter_supported=document.get("authorization_response_iss_parameter_supported") is True,
    )
    return metadata._replace(oddities=tuple(members.oddities))


_ALGORITHMS = "id_token_signing_alg_values_supported"


class _Members:
    """Read the members of a discovery document and check each."""

    def __init__(self, document: Mapping[str, object], *, http_allowed: bool) -> None:
        self._document = document
        self._http_allowed = http_allowed
        self.oddities: list[str] = []

    def required_endpoint(self, name: str) -> str:
        value = self._endpoint(name)
        if value is None:
            raise _invalid(f"has no {name}")
        return value

    def endpoint(self, name: str) -> str | None:
        """Return an optional endpoint. An empty string counts as missing, because some providers write that."""
        if self._document.get(name) == "":
            self.oddities.append(f"{name} is empty")
            return None
        return self._endpoint(name)

    def _endpoint(self, name: str) -> str | None:
        value = self._document.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise _invalid(f"has a {name} that is not a string")
        # Plain http is allowed if the issuer and the endpoint are on this machine.
        why = url_fault(value, http_allowed=self._http_allowed)
        if why:
            error = _invalid(f"has a {name} that {why}")
            if why == PLAIN_HTTP:
                error.hint = PUBLIC_ADDRESS
            raise error
        return value

    def strings(self, name: str) -> tuple[str, ...]:
        """Return the strings of a list. Only the list of algorithms must be a list: it decides which signatures are valid."""
        value = self._document.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            if name == _ALGORITHMS:
                raise _invalid(f"has a {name} that is not a list")
            self.oddities.append(f"{name} is not a list")
            return tuple(value.split()) if isinstance(value, str) else ()
        return tuple(item for item in value if isinstance(item, str))


_INSIDE = ("internal", "local", "localdomain", "svc", "lan", "corp", "home", "intranet")
"""Last labels of host names that are valid only inside a network (RFC 6762, RFC 9476 and common use)."""

PUBLIC_ADDRESS = "set the public https address at the provider (Keycloak: KC_HOSTNAME, KC_PROXY_HEADERS=xforwarded; Dex: issuer; others: X-Forwarded-Proto and -Host from the proxy)"
"""The hint for metadata with internal addresses: the provider is behind a reverse proxy."""


def is_inside(url: str, issuer: str) -> bool:
    """Return whether the endpoint ``url`` seems to be on an internal host other than the issuer's host."""
    from ipaddress import ip_address

    host, issuer_host = ((urlsplit(one).hostname or "").rstrip(".").lower() for one in (url, issuer))
    if host == issuer_host or is_loopback_url(url):
        return False
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.rpartition(".")[2] in _INSIDE


def _invalid(why: str) -> InvalidProviderResponse:
    return InvalidProviderResponse(
        f"the provider's metadata {why}",
        "correct the provider's settings (behind a proxy, often its public https address)",
    )
