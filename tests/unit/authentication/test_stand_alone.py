"""Stand-alone mode sends nothing that a rule forbids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.authentication.request import SignInRequest
from kubectl_oidc.authentication.stand_alone import renew_kubeconfig_tokens
from kubectl_oidc.errors import PolicyError
from kubectl_oidc.http.tls import SYSTEM_TRUST
from kubectl_oidc.kubeconfig import read_kubeconfig
from kubectl_oidc.kubeconfig.auth_provider_user import AuthProviderUser, find_auth_provider_user
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.system import System
from tests.hostile import Hostile, reply
from tests.tokens import CLIENT_ID, id_token

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hostile import Talk

KUBECONFIG = """
apiVersion: v1
kind: Config
users:
- name: oidc
  user:
    auth-provider:
      name: oidc
      config: {{idp-issuer-url: "{issuer}", client-id: "{client}", id-token: "{token}", refresh-token: old}}
"""


@pytest.mark.parametrize("expiry", [1, 2**40])
def test_nothing_is_sent_to_an_issuer_that_a_rule_forbids(tmp_path: Path, expiry: int) -> None:
    """Not even a refresh token, and a token that is still valid is not used."""
    asked: list[str] = []

    def script(talk: Talk) -> None:
        asked.append(talk.asked.path)
        reply(500)(talk)

    with Hostile() as server:
        server.on("*", script)
        token = id_token(claims={"iss": server.url, "aud": CLIENT_ID, "sub": "a", "exp": expiry}).reveal()
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(issuer=server.url, client=CLIENT_ID, token=token))

        def read() -> AuthProviderUser:
            found = find_auth_provider_user(read_kubeconfig(str(path), {}), context=None, user="oidc")
            assert found
            return found

        request = SignInRequest(
            issuer=server.url,
            client_id=CLIENT_ID,
            tls=SYSTEM_TRUST,
            storage=SessionStorage(choice="none", cache_dir=tmp_path),
            refusal=PolicyError("no", "ask"),
        )
        with pytest.raises(PolicyError):
            renew_kubeconfig_tokens(read, request, System())
    assert asked == []
