"""The flags for another audience: what they ask for."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_oidc.cli.options.token_exchange import read
from kubectl_oidc.oidc.token_exchange import TokenExchange

AUDIENCE = {"oidc_token_exchange_audience": "cluster-b"}


@pytest.mark.parametrize(
    "values", [{}, {"oidc_token_exchange_audience": ""}, {"oidc_token_exchange_scope": ()}]
)
def test_without_an_audience_nothing_is_exchanged(values: dict[str, Any]) -> None:
    """An empty variable is no audience."""
    assert read(values) is None


def test_what_is_asked_for() -> None:
    """An ID token where nothing else is said; scopes each once, also with commas."""
    assert read(AUDIENCE) == TokenExchange("cluster-b", "id_token", ())
    more = {"oidc_token_exchange_type": "jwt", "oidc_token_exchange_scope": ("a,b", "b c")}
    assert read({**AUDIENCE, **more}) == TokenExchange("cluster-b", "jwt", ("a", "b", "c"))
