"""The `settings` check: what settings files give, and what a rule forbids."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kubectl_oidc.diagnosis import Finding, Severity
from kubectl_oidc.diagnosis.settings_files import check_settings
from kubectl_oidc.errors import PolicyError


def found(*settings: str, refusal: PolicyError | None = None) -> list[Any]:
    run: Any = SimpleNamespace(
        request=SimpleNamespace(refusal=refusal), unused_settings=None, settings=settings
    )
    return list(check_settings(run))


def test_each_value_is_named_with_its_line() -> None:
    """Also that there is none."""
    assert found("/etc/x:2 gives --prompt", "/etc/x:3 gives --max-age") == [
        "/etc/x:2 gives --prompt; /etc/x:3 gives --max-age"
    ]
    assert len(found()) == 1


def test_what_a_rule_forbids_is_a_problem() -> None:
    """With the words and the topic of the error."""
    assert found("/etc/x:2 gives --prompt", refusal=PolicyError("no", "ask")) == [
        Finding(Severity.PROBLEM, "no", "ask", "policy")
    ]
