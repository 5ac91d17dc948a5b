"""The flags that say which account, how the provider asks, and how long a token must last."""

from __future__ import annotations

from kubectl_oidc.authentication.account import (
    AGE_FLAG,
    EXPECT_FLAG,
    HINT_FLAG,
    PROMPT_FLAG,
    PROMPTS,
    TTL_FLAG,
)

from . import checks
from .flag import Flag
from .kinds import ANY_TEXT, DURATION, PATTERNS, TEXT

ACCOUNT = (
    Flag(
        EXPECT_FLAG,
        PATTERNS,
        help="Refuse an account whose claim does not match, as in email=*@corp.example; repeatable.",
        metavar="NAME=PATTERN",
        field="account.expect_claims",
        identity=True,
        person=True,
    ),
    Flag(
        HINT_FLAG,
        TEXT,
        help="Account that the provider should propose (login_hint).",
        metavar="TEXT",
        default="",
        field="account.login_hint",
        identity=True,
        parameter="login_hint",
    ),
)
"""Which account."""

SIGN_IN = (
    Flag(
        PROMPT_FLAG,
        ANY_TEXT,
        help=f"How the provider asks: {', '.join(PROMPTS)}; several with a space between.",
        metavar="WORDS",
        default="",
        field="account.prompt",
        read=checks.prompt,
        repeat=True,
        parameter="prompt",
    ),
    Flag(
        AGE_FLAG,
        DURATION,
        help="Sign in again, rather than refresh, where the last sign-in at the provider is longer ago, as in 8h.",
        metavar="DURATION",
        field="account.max_age",
        repeat=True,
        parameter="max_age",
    ),
    Flag(
        TTL_FLAG,
        DURATION,
        help="Hand out a token only if it is good for so long, as in 30m, else renew it first; "
        "at most half of what the provider's tokens live.",
        metavar="DURATION",
        field="account.min_ttl",
        repeat=True,
        stand_alone=False,
    ),
)
"""How the provider asks, and how long what it gives must last."""
