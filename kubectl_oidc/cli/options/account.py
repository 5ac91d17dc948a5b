"""The flags that say which account, how the provider asks, and how long a token must last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.authentication.account import (
    AGE_FLAG,
    EXPECT_FLAG,
    HINT_FLAG,
    PROMPT_FLAG,
    PROMPTS,
    TTL_FLAG,
    AccountOptions,
)
from kubectl_oidc.cli.options import name_value
from kubectl_oidc.errors import UsageError
from kubectl_oidc.text import sanitize

from .types import Duration

if TYPE_CHECKING:
    from .types import Option

ACCOUNT: tuple[Option, ...] = (
    (
        (EXPECT_FLAG,),
        {
            "multiple": True,
            "metavar": "NAME=PATTERN",
            "help": "Refuse an account whose claim does not match, as in email=*@corp.example; repeatable.",
        },
    ),
    (
        (HINT_FLAG,),
        {"metavar": "TEXT", "default": "", "help": "Account that the provider should propose (login_hint)."},
    ),
)
"""Which account: part of what a session is known by."""

SIGN_IN: tuple[Option, ...] = (
    (
        (PROMPT_FLAG,),
        {
            "metavar": "WORDS",
            "default": "",
            "help": f"How the provider asks: {', '.join(PROMPTS)}; several with a space between.",
        },
    ),
    (
        (AGE_FLAG,),
        {
            "type": Duration(),
            "metavar": "DURATION",
            "help": "Sign in again, rather than refresh, where the last sign-in at the provider is longer ago, as in 8h.",
        },
    ),
    (
        (TTL_FLAG,),
        {
            "type": Duration(),
            "metavar": "DURATION",
            "help": "Hand out a token only if it is good for so long, as in 30m, else renew it first; "
            "at most half of what the provider's tokens live.",
        },
    ),
)
"""How it is asked for, and how long what it brings must last."""


def read(values: dict[str, Any]) -> AccountOptions:
    """Return what the flags say.

    Args:
        values: The options' values by their names.

    Raises:
        UsageError: A pattern has no name, or ``prompt`` has a word that the standard does not have there.
    """
    return AccountOptions(
        expect_claims=tuple(name_value.each(EXPECT_FLAG, values.get("expect_claim") or (), "NAME=PATTERN")),
        login_hint=values.get("login_hint") or "",
        prompt=_prompt(values.get("prompt") or ""),
        max_age=values.get("max_age"),
        min_ttl=values.get("min_ttl") or 0,
    )


def _prompt(text: str) -> str:
    words = list(dict.fromkeys(text.split()))
    unknown = next((word for word in words if word not in PROMPTS), None)
    if unknown is not None:
        raise UsageError(
            f"{PROMPT_FLAG} knows no {sanitize(unknown, limit=40)!r}",
            f"give one of {', '.join(PROMPTS)}, or several in quotes with a space between",
        )
    if "none" in words and len(words) > 1:
        raise UsageError(
            f"{PROMPT_FLAG}=none goes with no other word (OpenID Connect Core 3.1.2.1)",
            "give none alone, or leave it out",
        )
    return " ".join(words)
