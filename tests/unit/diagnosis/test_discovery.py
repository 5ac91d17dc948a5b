"""The provider's key set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis.discovery import check_keys
from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.oidc.metadata import Metadata
from tests.hostile import Hostile, json_reply
from tests.topics import about
from tests.unit.diagnosis.doctor_run import doctor_run

if TYPE_CHECKING:
    import trustme


def trusting(authority: trustme.CA) -> TlsOptions:
    return TlsOptions(ca_data=(authority.cert_pem.bytes(),))


def test_an_invalid_key_set_is_an_error(server: Hostile, authority: trustme.CA) -> None:
    server.on("/keys", json_reply({"keys": "none"}))
    issuer = f"https://localhost:{server.port}"
    run = doctor_run(issuer=issuer, tls=trusting(authority))
    run.metadata = Metadata(issuer, "https://a", "https://t", f"{issuer}/keys")
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", "jwks_uri")):
        list(check_keys(run))
    run.close()
