"""Which grant signs in, depending on the flags, the computer and the provider's metadata."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.authentication.account import AccountOptions
from kubectl_oidc.authentication.grants import choice
from kubectl_oidc.authentication.request import BrowserOptions
from kubectl_oidc.errors import InvalidGrant, NoFreeListenAddress, OidcLoginError, SignInPaused, UsageError
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.oidc.platform_token import PlatformToken
from kubectl_oidc.oidc.token_response import JWT_BEARER
from kubectl_oidc.secret import Secret
from tests.hostile import Hostile, json_reply
from tests.sign_ins import WITH_SECRET, Desk
from tests.tokens import id_token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SSH = {"SSH_CONNECTION": "10.0.0.9 50022 10.0.0.1 22"}
# There is no listen address at this desk, so the authorization code ends so.
AUTHORIZATION_CODE = NoFreeListenAddress
ENDED = json_reply({"error": "invalid_grant"}, 400)
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Hostile() as server, Desk(server, environ=dict(SSH)) as desk:
        desk.metadata(device_authorization_endpoint=f"{server.url}/device")
        codes = {"device_code": "d", "user_code": "U-C", "verification_uri": f"{server.url}/enter"}
        server.on("/device", json_reply(codes))
        server.on("/token", ENDED)
        yield desk


def chosen(desk: Desk, **settings: object) -> str:
    """Return the grant that a sign-in uses."""
    desk.server.asked.clear()
    desk.terminal.told.clear()
    desk.settings = settings
    desk.failures.forget()
    try:
        choice.sign_in(desk.sign_in)
    except AUTHORIZATION_CODE:
        return "authorization_code"
    except OidcLoginError as error:
        if error.topic == "no-terminal":
            return "keyboard"
    return desk.asked("/token")[0]["grant_type"]


def test_each_grant_is_the_one_that_is_named(desk: Desk, tmp_path: Path) -> None:
    """Also over SSH."""
    (tmp_path / "token").write_text(id_token(claims={"iss": "platform"}).reveal())
    workload = WITH_SECRET._replace(token=PlatformToken(path=tmp_path / "token"))
    named = {
        "authcode": "authorization_code",
        "authcode-keyboard": "keyboard",
        "password": "keyboard",
        "device-code": DEVICE_CODE,
        "client-credentials": "client_credentials",
        "jwt-bearer": JWT_BEARER,
    }
    ways = dict.fromkeys(named, WITH_SECRET) | {"jwt-bearer": workload}
    assert {grant: chosen(desk, grant=grant, client_authentication=ways[grant]) for grant in named} == named
    assert chosen(desk, grant="password", username="ada", password=Secret("x")) == "password"


@pytest.mark.parametrize("grant", ["auto", "device-code"])
def test_whatever_the_grant_a_person_hears_why(desk: Desk, grant: str) -> None:
    """Notes about flags come first."""
    chosen(desk, grant=grant, notes=("that flag does nothing",))
    assert desk.terminal.told[0] == "note: that flag does nothing"
    assert desk.terminal.said[0].endswith("(first use)"), "terminal or not"
    assert any(line.endswith(": first use") for line in desk.log.lines)
    assert "1 that flag does nothing" in desk.log.lines


def test_auto_is_a_device_code_where_there_is_no_browser(desk: Desk) -> None:
    """Over SSH, if the provider offers it. The reason is shown."""
    assert chosen(desk, grant="auto") == DEVICE_CODE
    assert re.search(r"\(\w.*\)", desk.terminal.said[1])


@pytest.mark.parametrize(
    "account", [AccountOptions(prompt="login"), AccountOptions(max_age=0), AccountOptions(acr_values="phr")]
)
def test_auto_is_no_device_code_with_prompt_or_max_age(desk: Desk, account: AccountOptions) -> None:
    """RFC 8628 has neither prompt nor max_age. A login hint does not matter."""
    assert chosen(desk, grant="auto", account=account) == "authorization_code"
    assert desk.asked("/device") == []
    assert chosen(desk, grant="auto", account=AccountOptions(login_hint="ada")) == DEVICE_CODE


def test_auto_is_the_browser_where_there_is_one(desk: Desk) -> None:
    """Also with --browser-command, and if the user opens the address."""
    assert chosen(desk, grant="auto", browser=BrowserOptions(command="true")) == "authorization_code"
    assert chosen(desk, grant="auto", browser=BrowserOptions(open=False)) == "authorization_code"
    assert desk.asked("/device") == []


def test_auto_is_the_printed_address_where_the_provider_has_no_device_codes(desk: Desk) -> None:
    """Or not for this client, which is known before the user is asked."""
    desk.server.on("/device", json_reply({"error": "unauthorized_client"}, 401))
    assert chosen(desk, grant="auto") == "authorization_code"
    assert desk.terminal.said == []
    (told,) = desk.terminal.told
    assert "unauthorized_client" in told
    assert "unauthorized_client" in "".join(desk.log.lines)
    desk.metadata()
    assert chosen(desk, grant="auto") == "authorization_code"
    assert desk.asked("/device") == []
    assert "device_authorization_endpoint" in "".join(desk.log.lines)


def test_background_programs_wait_after_a_failure_but_a_machine_does_not(desk: Desk) -> None:
    """Client credentials never pause, because they do not ask a user."""
    desk.settings = {"grant": "device-code"}
    with pytest.raises(InvalidGrant):
        choice.sign_in(desk.sign_in)
    with pytest.raises(SignInPaused):
        choice.sign_in(desk.sign_in)
    desk.settings = {"grant": "client-credentials", "client_authentication": WITH_SECRET}
    with pytest.raises(InvalidGrant):
        choice.sign_in(desk.sign_in)


@pytest.mark.parametrize("grant", ["authcode", "authcode-keyboard", "device-code", "password"])
def test_an_authority_that_cannot_be_read_is_said_before_a_person_is_asked(
    desk: Desk, tmp_path: Path, grant: str
) -> None:
    """With cached metadata, the authority would otherwise be needed only after the sign-in in the browser."""
    desk.settings = {"grant": grant, "tls": TlsOptions(ca_files=(tmp_path / "gone.crt",))}
    with pytest.raises(UsageError, match=r"gone\.crt"):
        choice.sign_in(desk.sign_in)
    assert not desk.server.asked
    assert not desk.terminal.said
