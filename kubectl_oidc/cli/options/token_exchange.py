"""The flags that exchange the token for one for another audience (RFC 8693)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc import csv_text
from kubectl_oidc.oidc.token_exchange import AUDIENCE_FLAG, SCOPE_FLAG, TYPE_FLAG, TYPES, TokenExchange

if TYPE_CHECKING:
    from .types import Option

TOKEN_EXCHANGE: tuple[Option, ...] = (
    (
        (AUDIENCE_FLAG,),
        {
            "metavar": "AUDIENCE",
            "help": "Exchange the token for one for this audience (RFC 8693), and hand out that.",
        },
    ),
    (
        (TYPE_FLAG,),
        {"type": click.Choice(TYPES), "help": f"Type of the exchanged token (default {TYPES[0]})."},
    ),
    (
        (SCOPE_FLAG,),
        {
            "multiple": True,
            "metavar": "SCOPE",
            "help": "Scope of the exchanged token; repeatable, or comma-separated.",
        },
    ),
)


def read(values: dict[str, Any]) -> TokenExchange | None:
    """Return what the flags ask for; None where no other audience is named.

    Args:
        values: The options' values by their names.
    """
    audience = values.get("oidc_token_exchange_audience")
    if not audience:
        return None
    given = values.get("oidc_token_exchange_scope") or ()
    scopes = dict.fromkeys(scope for text in csv_text.read(SCOPE_FLAG, given) for scope in text.split())
    return TokenExchange(audience, values.get("oidc_token_exchange_type") or TYPES[0], tuple(scopes))
