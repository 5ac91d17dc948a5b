"""What an API server must know to accept the tokens, and how it names users and groups."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

DEFAULT_ALGORITHM = "RS256"  # the default of --oidc-signing-algs
NO_PREFIX = "-"  # the value of --oidc-username-prefix for no prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTrust:
    """What an API server must know to accept the tokens.

    Attributes:
        issuer: The issuer URL, as in ``iss``.
        audience: The client ID, as in ``aud``.
        own_username_prefix: The value of kube-apiserver's flag: empty for its default, ``-`` for no prefix.
        algorithm: The algorithm that signs the token; None if unknown.
        ca_pem: The provider's certificate authority, if it is not a public one.
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
        """The prefix of user names. kube-apiserver's default is none for ``email``, else ``ISSUER#``."""
        if self.own_username_prefix:
            return "" if self.own_username_prefix == NO_PREFIX else self.own_username_prefix
        return "" if self.username_claim == "email" else f"{self.issuer}#"

    def user(self, name: str) -> str:
        """Return the user name in the cluster."""
        return self.username_prefix + name

    def group(self, name: str) -> str:
        """Return the group's name in the cluster."""
        return self.groups_prefix + name


def is_public(issuer: str) -> bool:
    """Return whether an issuer may be reachable from the internet: https, and no private name or address."""
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" and ip_address(host).is_global
    except ValueError:
        private = host.endswith((".local", ".internal", ".localhost", ".lan", ".home.arpa", ".test"))
        return parts.scheme == "https" and "." in host and not private
