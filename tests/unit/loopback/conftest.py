"""Less patience with a browser that does nothing: a test has no second to spare for it."""

from __future__ import annotations

import pytest

from kubectl_oidc.loopback import connection, server


@pytest.fixture(autouse=True)
def _less_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.2)
    monkeypatch.setattr(server, "FAREWELL_SECONDS", 0.2)
