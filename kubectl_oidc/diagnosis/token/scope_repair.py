"""Add a missing scope to the arguments of a kubeconfig user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.csv_text import quote_value
from kubectl_oidc.diagnosis import Repair

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FLAG = "--oidc-extra-scope"


def add_scope(scope: str, scopes: Sequence[str]) -> Repair:
    """Return how to ask for one more scope.

    Args:
        scopes: What is asked for now. If a variable says so, the arguments must repeat it: a flag replaces its variable.
    """

    def edit(exec_: Mapping[str, Any]) -> dict[str, Any]:
        words = [str(word) for word in exec_.get("args") or []]
        has_flag = any(word.partition("=")[0] == _FLAG for word in words)
        wanted = [] if has_flag else [one for one in scopes if one != "openid"]
        return {**exec_, "args": [*words, *(f"{_FLAG}={quote_value(one)}" for one in (*wanted, scope))]}

    return Repair(f"add {_FLAG}={scope}", edit)
