"""When and how somebody signed in at the provider: ``auth_time``, ``acr`` and ``amr`` of the ID token (OpenID Connect Core 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.oidc.claims import time_claim

if TYPE_CHECKING:
    from collections.abc import Mapping


class SignInClaims(NamedTuple):
    """The claims. Malformed ones count as missing.

    Attributes:
        auth_time: When the provider authenticated the person, epoch seconds; None if it does not say.
        acr: The class of the authentication; empty if the provider does not say.
        amr: The methods, such as ``pwd`` and ``otp`` (RFC 8176); empty if the provider does not say.
    """

    auth_time: int | None = None
    acr: str = ""
    amr: tuple[str, ...] = ()

    @classmethod
    def of(cls, claims: Mapping[str, object]) -> SignInClaims:
        """Return what an ID token, or a stored record, says."""
        try:
            auth_time = time_claim(claims, "auth_time")
        except IdTokenError:
            auth_time = None
        acr, amr = claims.get("acr"), claims.get("amr")
        methods = amr if isinstance(amr, list) else ()
        return cls(
            auth_time,
            acr if isinstance(acr, str) else "",
            tuple(method for method in methods if isinstance(method, str)),
        )

    def or_else(self, other: SignInClaims) -> SignInClaims:
        """Return these claims, and the other's if one is missing here.

        A refreshed ID token may omit them, and is about the same sign-in (Core 12.2).
        """
        auth_time = other.auth_time if self.auth_time is None else self.auth_time
        return SignInClaims(auth_time, self.acr or other.acr, self.amr or other.amr)

    def record(self) -> dict[str, object]:
        """Return the claims that are not missing, for a record."""
        named = {"auth_time": self.auth_time, "acr": self.acr or None, "amr": list(self.amr) or None}
        return {name: value for name, value in named.items() if value is not None}
