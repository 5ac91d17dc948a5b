"""What an API server must know to take our tokens, and the names that it makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

DEFAULT_ALGORITHM = "RS256"  # what --oidc-signing-algs is where it is not set
NO_PREFIX = "-"  # what --oidc-username-prefix says where there is to be none


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What an API server must know to take our tokens.

    Args:
        issuer: The issuer URL, as ``iss`` has it.
        audience: What ``aud`` has: the client ID.
        username_claim: The claim that becomes the user name.
        groups_claim: The claim that becomes the groups.
        own_username_prefix: What stands before user names, as kube-apiserver's flag says it: empty is its default, ``-`` is none.
        groups_prefix: What stands before the groups' names.
        algorithm: What the token is signed with; None when that is not known.
        ca_pem: The provider's certificate authority, where it is not a public one.
    """

    issuer: str
    audience: str
    username_claim: str = "email"
    groups_claim: str = "groups"
    own_username_prefix: str = ""
    groups_prefix: str = ""
    algorithm: str | None = None
    ca_pem: str | None = None

    @property
    def username_prefix(self) -> str:
        """What stands before user names; by kube-apiserver's default nothing before ``email``, else ``ISSUER#``."""
        if self.own_username_prefix:
            return "" if self.own_username_prefix == NO_PREFIX else self.own_username_prefix
        return "" if self.username_claim == "email" else f"{self.issuer}#"

    def user(self, name: str) -> str:
        """Return the user name that the cluster makes of the claim's."""
        return self.username_prefix + name

    def group(self, name: str) -> str:
        """Return the group's name that the cluster makes of the claim's."""
        return self.groups_prefix + name


def is_public(issuer: str) -> bool:
    """Tell whether an issuer may be reachable from the internet: https, and no private name or address."""
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" and ip_address(host).is_global
    except ValueError:
        private = host.endswith((".local", ".internal", ".localhost", ".lan", ".home.arpa", ".test"))
        return parts.scheme == "https" and "." in host and not private
