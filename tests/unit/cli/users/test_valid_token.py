"""A stored token is not handed out where a rule forbids its issuer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kubectl_oidc.cli.users.valid_token import session_with_valid_token
from kubectl_oidc.errors import PolicyError
from kubectl_oidc.system.system import System


@pytest.mark.parametrize("selected", [True, False])
def test_no_token_of_a_forbidden_issuer_is_returned(*, selected: bool) -> None:
    """Nor is it loaded; also if the session was selected by its name, and no flags of it are known."""
    loaded: list[System] = []

    def load(system: System) -> tuple[Any, str]:
        loaded.append(system)
        return SimpleNamespace(expiry=2.0**40), "disk"

    refused = SimpleNamespace(refusal=PolicyError("no", "ask"), asks_a_person=lambda: True)
    target: Any = SimpleNamespace(request=refused, selected=selected or None, load=load)
    with pytest.raises(PolicyError):
        session_with_valid_token(target, System(), may_prompt=False)
    assert loaded == []
