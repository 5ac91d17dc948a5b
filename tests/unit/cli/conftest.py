"""A machine whose settings a test may write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.settings_files import Machine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """Have a machine without settings."""
    return Machine(monkeypatch, tmp_path / "machine")
