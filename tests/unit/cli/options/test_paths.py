"""Paths in flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubectl_oidc.cli.options.paths import expanded
from kubectl_oidc.errors import UsageError


def test_the_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``~`` at the beginning is the home directory; elsewhere it is a letter."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert expanded("--token-cache-dir", "~/cache") == tmp_path / "cache"
    assert expanded("--token-cache-dir", "dir/~/cache") == Path("dir/~/cache")


def test_an_unknown_home_directory_is_refused() -> None:
    """The error names the flag and the value."""
    with pytest.raises(UsageError, match="--token-cache-dir ~nobody-of-this-name/cache"):
        expanded("--token-cache-dir", "~nobody-of-this-name/cache")
