"""The flags that exchange the token for one for another audience (RFC 8693), and what does not go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.errors import UsageError
from kubectl_oidc.token_exchange import AUDIENCE_FLAG, SCOPE_FLAG, TYPE_FLAG, TYPES, TokenExchange

if TYPE_CHECKING:
    from kubectl_oidc.cli.options import Option

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

    Raises:
        UsageError: Two flags do not go together.
    """
    audience = values.get("oidc_token_exchange_audience")
    token_type = values.get("oidc_token_exchange_type")
    scopes = [
        part
        for text in values.get("oidc_token_exchange_scope") or ()
        for part in text.replace(",", " ").split()
    ]
    if not audience:
        for flag, value in ((TYPE_FLAG, token_type), (SCOPE_FLAG, scopes)):
            if value:
                raise UsageError(f"{flag} is of use only with {AUDIENCE_FLAG}", f"give {AUDIENCE_FLAG} too")
        return None
    if values.get("oidc_use_access_token"):
        raise UsageError(
            f"{AUDIENCE_FLAG} and --oidc-use-access-token name two tokens to hand out",
            f"for an access token of that audience give {TYPE_FLAG}=access_token",
        )
    if values.get("grant_type") == "client-credentials":
        raise UsageError(
            f"{AUDIENCE_FLAG} exchanges a person's token, and with --grant-type=client-credentials there is none",
            "ask for the audience at once: --oidc-auth-request-extra-params=audience=AUDIENCE",
        )
    return TokenExchange(audience, token_type or TYPES[0], tuple(dict.fromkeys(scopes)))
