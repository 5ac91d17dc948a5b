"""What a hostile provider does, and the odd things that an honest one may do: one table a kind.

Each row is tried with the installed program by tests/integration/test_hostile_provider.py, in a sign-in and in a refresh where it
can happen in both, and stands on docs/hostile-provider.md.
"""

from __future__ import annotations

from . import answers, devices, discovery, id_tokens, keys
from .scenario import Scenario

KINDS: dict[str, tuple[Scenario, ...]] = {
    "Discovery document": discovery.SCENARIOS,
    "Key set": keys.SCENARIOS,
    "ID token": id_tokens.SCENARIOS,
    "Token response": answers.SCENARIOS,
    "Device authorization": devices.SCENARIOS,
}

__all__ = ["KINDS", "Scenario"]
