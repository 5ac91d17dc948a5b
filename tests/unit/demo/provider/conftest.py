"""The demo's provider, and a client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.provider import server
from kubectl_oidc.demo.provider.server import Provider
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.log import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator

from tests.unit.demo.provider.client import Client


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def rsa_key() -> dict[str, Any]:
    return server._signing_key()


@pytest.fixture
def provider(
    authority: Authority, rsa_key: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Provider]:
    """A provider. Making its RSA key would take most of a test's time, so all have the same one."""
    monkeypatch.setattr(server, "_signing_key", lambda: rsa_key)
    with Provider(authority) as running:
        yield running


@pytest.fixture
def client(authority: Authority, provider: Provider) -> Iterator[Client]:
    http = HttpClient(tls=TlsOptions(ca_data=(authority.pem,)), log=QUIET)
    yield Client(http, provider)
    http.close()
