"""Which account signs in, how the provider asks, and how long its tokens must last; and the check of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, WrongAccount
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import json_quoted, sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPECT_FLAG, HINT_FLAG = "--expect-claim", "--login-hint"
PROMPT_FLAG, AGE_FLAG, TTL_FLAG = "--prompt", "--max-age", "--min-ttl"

_OTHER_ACCOUNT = (
    "run `kubectl oidc-login login --prompt=select_account` to choose another account, or sign out at the provider first. "
    "This sign-in stored nothing"
)

PROMPTS = ("none", "login", "consent", "select_account", "create")
"""What ``prompt`` may hold (OpenID Connect Core 3.1.2.1; Initiating User Registration 1.0 for ``create``)."""


class AccountOptions(NamedTuple):
    """Which account signs in, how the provider asks, and how long its tokens must last.

    Attributes:
        expect_claims: Claims that the account must have, and a shell-style pattern for each.
        login_hint: The account that the provider should propose (OpenID Connect Core 3.1.2.1).
        prompt: How the provider should ask: values of ``PROMPTS`` with a space between.
        max_age: The most seconds since the person last signed in at the provider; None for no limit.
        acr_values: Classes of authentication that the provider should use, the preferred first, with a space between.
        claims: The claims to request (Core 5.5), as `requested_claims.parse_claims` returns them; empty for none.
        min_ttl: For how many more seconds a token must be valid when kubectl gets it.
    """

    expect_claims: tuple[tuple[str, str], ...] = ()
    login_hint: str = ""
    prompt: str = ""
    max_age: int | None = None
    acr_values: str = ""
    claims: str = ""
    min_ttl: int = 0

    def parameters(self) -> dict[str, str]:
        """Return the parameters of the authorization request (OpenID Connect Core 3.1.2.1, 5.5)."""
        age = "" if self.max_age is None else str(self.max_age)
        said = {
            "login_hint": self.login_hint,
            "prompt": self.prompt,
            "max_age": age,
            "acr_values": self.acr_values,
            "claims": self.claims,
        }
        return {name: value for name, value in said.items() if value}

    def requires_claims(self) -> bool:
        """Return whether --claims calls a claim of the ID token essential."""
        from .requested_claims import has_essential

        return has_essential(self.claims)

    def matches(self, claims: Mapping[str, object]) -> bool:
        """Return whether an account with these claims is the expected one, and signed in as it was asked to."""
        try:
            self.check(claims)
        except IdTokenError:
            return False
        return True

    def check(self, claims: Mapping[str, object], *, refreshed: bool = False) -> None:
        """Refuse an account that is not the expected one, or that signed in otherwise than it was asked to.

        Args:
            claims: The claims of its ID token, validated.
            refreshed: Whether a refresh brought it.

        Raises:
            WrongAccount: A claim of --expect-claim is missing, or none of its values matches.
            IdTokenError: An essential claim of --claims is not met.
        """
        if self.claims:
            from .requested_claims import check_essential

            check_essential(self.claims, claims, refreshed=refreshed)
        for name, pattern in self.expect_claims:
            value = claims.get(name)
            if _matches(value, pattern):
                continue
            shown = sanitize(name, limit=80)
            wanted = f"{EXPECT_FLAG} requires {shown}={sanitize(pattern, limit=120)}"
            if value is None:
                raise WrongAccount(
                    f"this account has no claim {shown}, and {wanted}",
                    f"add the scope that brings it (`--oidc-extra-scope=email` for email), or use another account: {_OTHER_ACCOUNT}",
                )
            raise WrongAccount(
                f"this account has {shown} {json_quoted(value)}, and {wanted}",
                _OTHER_ACCOUNT,
            )


def _matches(value: object, pattern: str) -> bool:
    """Return whether a claim matches. A list matches if one item does; a value that is not text is compared as JSON."""
    from fnmatch import fnmatchcase
    from json import dumps

    return any(
        fnmatchcase(item if isinstance(item, str) else dumps(item), pattern)
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    )
