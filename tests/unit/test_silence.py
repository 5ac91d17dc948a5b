"""No request of any kind is without a deadline: a provider that goes silent, or answers a byte at a time, is given up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.authentication.accept import accept
from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets
from kubectl_oidc.authentication.grants.client_credentials import sign_in_as_client
from kubectl_oidc.authentication.grants.device_code import sign_in_with_device_code
from kubectl_oidc.authentication.grants.jwt_bearer import sign_in_with_platform_token
from kubectl_oidc.authentication.grants.password import sign_in_with_password
from kubectl_oidc.authentication.grants.pushed_authorization import AuthorizationRequest
from kubectl_oidc.authentication.request import BrowserOptions, TimeoutOptions
from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.oidc.platform_token import PlatformToken
from kubectl_oidc.oidc.token_exchange import TokenExchange
from kubectl_oidc.oidc.token_response import TokenResponse
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
from tests.hostile import Hostile, drip, json_reply, silence
from tests.sessions import cache
from tests.sign_ins import WELL_KNOWN, WITH_SECRET, Desk
from tests.tokens import NOW, good_claims, id_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.hostile import Script

PATIENCE = 0.4  # seconds for one request
LONG = 60.0  # seconds for all of them; nothing here may take so long
WITHOUT_END = drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * 10_000, 0.05)


@pytest.fixture
def desk() -> Iterator[Desk]:
    settings = {
        "timeout": TimeoutOptions(seconds=LONG),
        "browser": BrowserOptions(open=False),
        "client_authentication": WITH_SECRET,
    }
    with Hostile() as server, Desk(server, settings=settings, patience=PATIENCE) as desk:
        HttpClient(log=QUIET).prepare(server.url)  # importing the library is none of the request's time here
        desk.metadata(
            device_authorization_endpoint=f"{server.url}/device",
            pushed_authorization_request_endpoint=f"{server.url}/par",
        )
        code = {"device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": f"{server.url}/enter"}
        server.on("/device", json_reply({**code, "expires_in": 1}))
        yield desk


def later() -> Deadline:
    return Deadline.after(LONG)


def code(desk: Desk) -> None:
    desk.provider.exchange_code(
        code=Secret("c"), redirect_uri="http://localhost", code_verifier=None, deadline=later()
    )


def with_password(desk: Desk) -> None:
    desk.settings |= {"username": "ada", "password": Secret("p")}
    sign_in_with_password(desk.sign_in)


def with_platform_token(desk: Desk) -> None:
    path = cache().parent / "token"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(id_token(claims={"iss": "platform"}).reveal())
    client = WITH_SECRET._replace(token=PlatformToken(path=path))
    desk.settings |= {"grant": "jwt-bearer", "client_authentication": client}
    sign_in_with_platform_token(desk.sign_in)


def pushed(desk: Desk) -> None:
    desk.settings["pushed_authorization"] = "required"
    sign_in, secrets = desk.sign_in, AuthorizationSecrets.generate(pkce=True)
    metadata = sign_in.provider.metadata(later())
    AuthorizationRequest(sign_in, secrets, metadata, "http://localhost").now()


def exchanged(desk: Desk) -> None:
    desk.settings["exchange"] = TokenExchange("cluster-b")
    own = id_token(claims=good_claims(iss=desk.server.url))
    response = TokenResponse(id_token=own, access_token=Secret("at"), refresh_token=None)
    accept(response, desk.provider, desk.request, deadline=later(), now=NOW)


def device(desk: Desk) -> None:
    sign_in_with_device_code(desk.sign_in)


REQUESTS: dict[str, tuple[str, Callable[[Desk], object]]] = {
    "discovery": (WELL_KNOWN, lambda desk: desk.provider.metadata(later())),
    "key set": ("/keys", lambda desk: desk.provider.key_set(later())),
    "code": ("/token", code),
    "refresh": ("/token", lambda desk: desk.provider.refresh(refresh_token=Secret("r"), deadline=later())),
    "password": ("/token", with_password),
    "platform's token": ("/token", with_platform_token),
    "client": ("/token", lambda desk: sign_in_as_client(desk.sign_in)),
    "exchange": ("/token", exchanged),
    "device": ("/device", device),
    "poll": ("/token", device),
    "pushed": ("/par", pushed),
}


@pytest.mark.parametrize("answer", [silence, WITHOUT_END], ids=["silent", "without end"])
@pytest.mark.parametrize("kind", REQUESTS)
def test_no_request_is_without_a_deadline(desk: Desk, kind: str, answer: Script) -> None:
    """Whatever is asked for, an answer that does not come or does not end is an error in bounded time."""
    path, ask = REQUESTS[kind]
    desk.server.on(path, answer)
    began = time.monotonic()
    with pytest.raises(OidcLoginError):
        ask(desk)
    assert time.monotonic() - began < 20
    assert path in [asked.path for asked in desk.server.asked], "it was asked for"
