"""The Device Authorization grant, with a provider of the test: what is sent, shown, and never shown."""

from __future__ import annotations

import re
import sys
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from kubectl_oidc.authentication.grants import device_code
from kubectl_oidc.authentication.request import BrowserOptions, RenewalOptions, TimeoutOptions
from kubectl_oidc.errors import (
    InvalidProviderResponse,
    OAuthErrorResponse,
    ProviderError,
    ProviderUnreachable,
    SignInPaused,
    SignInRefused,
    SignInTimeout,
)
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.secret import Secret
from tests.hostile import Hostile, html_reply, json_reply, reply
from tests.plugin import wait_until
from tests.sign_ins import WITH_SECRET, Desk
from tests.topics import about

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubectl_oidc.oidc.tokens import Tokens
    from tests.hostile import Script

PENDING = json_reply({"error": "authorization_pending"}, 400)
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def desk() -> Iterator[Desk]:
    settings = {
        "grant": "device-code",
        "browser": BrowserOptions(open=False),
        "timeout": TimeoutOptions(seconds=60.0),
    }
    with Hostile() as server, Desk(server, settings=settings) as desk:
        desk.metadata(device_authorization_endpoint=f"{server.url}/device")
        server.on("/device", authorized(server))
        yield desk


def authorized(server: Hostile, **members: object) -> Script:
    whole = {
        "device_code": "SECRET-device-code",
        "user_code": "WDJB-MJHT",
        "verification_uri": f"{server.url}/enter",
        "expires_in": 600,
        **members,
    }
    return json_reply(whole)


class ShortSleeps(list[float]):
    """Records each sleep as the desk does, and takes a tenth of a second for it."""

    def append(self, seconds: float) -> None:
        super().append(seconds)
        time.sleep(0.1)


def sign_in(desk: Desk, *, no_browser: str | None = None) -> Tokens:
    return device_code.sign_in_with_device_code(desk.sign_in, no_browser=no_browser)


def test_the_code_is_shown_and_polled_with(desk: Desk) -> None:
    """RFC 8628 §3.1, §3.4: it polls every five seconds, validates the ID token and keeps the refresh token."""
    desk.server.on("/token", PENDING, PENDING, desk.tokens())
    tokens = sign_in(desk)
    assert tokens.refresh_token == Secret("SECRET-refresh-token")
    (asked,) = desk.asked("/device")
    assert (asked["client_id"], asked["scope"]) == ("kubernetes", "openid email")
    polls = desk.asked("/token")
    assert [poll["grant_type"] for poll in polls] == [GRANT] * 3
    assert {poll["device_code"] for poll in polls} == {"SECRET-device-code"}
    assert sum(desk.slept) == 15
    host = urlsplit(desk.server.url).hostname
    assert str(host) in desk.terminal.said[0]
    assert "first use" in desk.terminal.said[0]
    assert desk.terminal.said[2] == f"{desk.server.url}/enter"
    assert desk.terminal.said[4] == "WDJB-MJHT"
    assert desk.terminal.said[5:] == [""]
    assert desk.terminal.told == []
    assert any(str(host) in line and "first use" in line for line in desk.log.lines)
    assert "sign-in-started" in desk.log.events
    assert re.search(r"\b(1 min|\d+ s)\b.*Ctrl-C", desk.terminal.awaited[0])
    assert len(desk.terminal.awaited) == 16


def test_the_page_is_opened_where_there_is_a_browser(desk: Desk, tmp_path: Path) -> None:
    """The address with the code filled in, if there is one (RFC 8628 §3.3.1). It is shown too."""
    complete = f"{desk.server.url}/enter?user_code=WDJB-MJHT"
    desk.server.on("/device", authorized(desk.server, verification_uri_complete=complete))
    opened = tmp_path / "opened"
    program = tmp_path / "browser.py"
    program.write_text(f"import sys; open({str(opened)!r}, 'a').write(sys.argv[1] + '\\n')", encoding="utf-8")
    desk.settings |= {"browser": BrowserOptions(command=f"{sys.executable} {program}")}
    desk.settings["tls"] = TlsOptions(insecure=True)

    sign_in(desk)
    wait_until(lambda: opened.exists() and opened.read_text(), "the browser was started")

    assert opened.read_text(encoding="utf-8") == f"{complete}\n"
    assert desk.terminal.said[5].endswith(f"\n\n  {complete}")
    warning, opening = desk.terminal.told
    assert warning.startswith("warning: ")
    assert "--insecure-skip-tls-verify" in warning
    assert opening

    desk.server.on("/device", authorized(desk.server))
    opened.unlink()
    sign_in(desk)
    wait_until(lambda: opened.exists() and opened.read_text(), "the browser was started")
    assert opened.read_text(encoding="utf-8") == f"{desk.server.url}/enter\n"

    opened.unlink()
    desk.terminal.told.clear()
    sign_in(desk, no_browser="the reason")
    desk.settings["browser"] = BrowserOptions(open=False)
    sign_in(desk)
    desk.settings |= {"browser": BrowserOptions()}
    desk.environ["SSH_CONNECTION"] = "10.0.0.9 50022 10.0.0.1 22"
    sign_in(desk)
    assert opening not in desk.terminal.told
    assert not opened.exists()


def test_a_code_is_not_waited_for_beyond_its_life(desk: Desk) -> None:
    """Also at the time-out, if that is earlier."""
    desk.server.on("/device", authorized(desk.server, expires_in=30))
    sign_in(desk)
    assert re.search(r"\b(30|29) s\b", desk.terminal.awaited[0])
    desk.server.on("/device", authorized(desk.server, expires_in=600))
    desk.terminal.awaited.clear()
    desk.settings["timeout"] = TimeoutOptions(seconds=45.0)
    sign_in(desk)
    assert re.search(r"\b4[0-5] s\b", desk.terminal.awaited[0])


def test_a_code_is_waited_for_as_long_as_it_lives_if_nobody_gave_a_time(desk: Desk) -> None:
    """RFC 8628 §3.2: longer than the default time-out. Without expires_in, the time-out counts."""
    desk.settings |= {
        "timeout": TimeoutOptions(seconds=45.0, given=False),
        "renewal": RenewalOptions(sign_in=True),
    }  # somebody waits for it
    desk.server.on("/device", authorized(desk.server, expires_in=600))
    sign_in(desk)
    assert re.search(r"\b(10 min|9 min 5\d s)\b", desk.terminal.awaited[0])
    desk.server.on("/device", authorized(desk.server, expires_in=0))
    desk.terminal.awaited.clear()
    sign_in(desk)
    assert re.search(r"\b4\d s\b", desk.terminal.awaited[0])


def test_pkce_goes_along(desk: Desk) -> None:
    """RFC 7636 §4.1, §4.2: S256 of a new verifier for each sign-in."""
    verifiers = set()
    for _ in range(2):
        desk.server.asked.clear()
        sign_in(desk)
        (asked,), (poll,) = desk.asked("/device"), desk.asked("/token")
        verifier = poll["code_verifier"]
        assert re.fullmatch(r"[A-Za-z0-9_-]{43,128}", verifier)
        assert asked["code_challenge_method"] == "S256"
        digest = sha256(verifier.encode()).digest()
        assert asked["code_challenge"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
        verifiers.add(verifier)
        assert verifier not in desk.everything_said()
    assert len(verifiers) == 2


def test_only_the_flag_disables_pkce(desk: Desk) -> None:
    """--oidc-pkce-method=no."""
    desk.settings["pkce"] = False
    sign_in(desk)
    assert not {"code_challenge", "code_challenge_method"} & desk.asked("/device")[0].keys()
    assert "code_verifier" not in desk.asked("/token")[0]


def test_extra_parameters_go_along_and_replace_none_of_ours(desk: Desk) -> None:
    """Auth0 needs its audience in this request."""
    desk.settings["extra_params"] = (("audience", "kube"), ("code_challenge", "evil"), ("scope", "evil"))
    sign_in(desk)
    (asked,) = desk.asked("/device")
    assert asked["audience"] == "kube"
    assert "evil" not in asked.values()


def test_a_confidential_client_authenticates_itself_at_both_endpoints(desk: Desk) -> None:
    """RFC 8628 §3.1, §3.4."""
    desk.settings["client_authentication"] = WITH_SECRET
    sign_in(desk)
    sent = [asked for asked in desk.server.asked if asked.path in {"/device", "/token"}]
    assert [("authorization" in asked.headers) for asked in sent] == [True, True]


def test_nothing_secret_is_said(desk: Desk) -> None:
    """Neither the device code nor a token, at -v 9 and in errors."""
    desk.server.on("/token", PENDING, desk.tokens())
    sign_in(desk)
    words = {"error": "invalid_grant", "error_description": "no such SECRET-device-code"}
    desk.server.on("/token", json_reply(words, 400))
    with pytest.raises(OAuthErrorResponse, check=about("invalid-grant")) as caught:
        sign_in(desk)
    assert "SECRET" not in desk.everything_said() + caught.value.message + caught.value.hint


def test_a_refusal_is_recorded(desk: Desk) -> None:
    """The user was asked, so background programs pause."""
    desk.server.on(
        "/token", json_reply({"error": "access_denied", "error_description": "not you\x1b[2J"}, 400)
    )
    with pytest.raises(SignInRefused, check=about("sign-in-refused", "access_denied")) as caught:
        sign_in(desk)
    assert "\x1b" not in caught.value.message
    with pytest.raises(SignInPaused):
        desk.failures.check("setup")


@pytest.mark.parametrize(
    ("answer", "error", "topic", "named"),
    [
        (reply(404), InvalidProviderResponse, "provider-misbehaves", "/device"),
        (html_reply(), ProviderUnreachable, "provider-misbehaves", "/device"),
        (json_reply({}), InvalidProviderResponse, "device-code", "user_code"),
        (json_reply([]), InvalidProviderResponse, "provider-misbehaves", "/device"),
    ],
)
def test_an_endpoint_that_gives_no_code_is_named(
    desk: Desk, answer: Script, error: type[ProviderError], topic: str, named: str
) -> None:
    """The user was not asked, and no failure is recorded."""
    desk.server.on("/device", answer)
    with pytest.raises(error, check=about(topic, named)):
        sign_in(desk)
    assert desk.terminal.said == []
    desk.failures.check("setup")


def test_metadata_without_the_endpoint_is_an_error(desk: Desk) -> None:
    """RFC 8628 §4."""
    desk.metadata()
    named = ("device_authorization_endpoint", "--grant-type=authcode")
    with pytest.raises(InvalidProviderResponse, check=about("device-code", *named)):
        sign_in(desk)


def test_a_code_that_ends_before_the_persons_time_is_polled_no_longer(desk: Desk) -> None:
    """RFC 8628 §3.2, §3.5: expires_in is shorter than the time-out."""
    desk.server.on("/device", authorized(desk.server, expires_in=1))
    desk.server.on("/token", PENDING)
    desk.slept = ShortSleeps()
    began = time.monotonic()
    with pytest.raises(SignInTimeout):
        sign_in(desk)
    assert 0.9 < time.monotonic() - began < 10
    assert desk.asked("/token"), "until then it was polled"


def test_an_endpoint_that_is_not_https_is_refused_with_the_metadata(desk: Desk) -> None:
    """Like every other endpoint."""
    desk.metadata(device_authorization_endpoint="http://idp.example.com/device")
    with pytest.raises(InvalidProviderResponse, match="device_authorization_endpoint"):
        sign_in(desk)


def test_a_refusal_of_a_grant_that_auto_chose_is_an_error_of_its_own(desk: Desk) -> None:
    """If auto chose the grant, its refusal is an error of its own, so that another grant can be used."""
    desk.server.on("/device", json_reply({"error": "unauthorized_client"}, 400))
    with pytest.raises(device_code.NotAllowedError) as caught:
        sign_in(desk, no_browser="the reason")
    assert caught.value.refusal.code == "unauthorized_client"
    assert str(caught.value) == caught.value.refusal.message
    with pytest.raises(OAuthErrorResponse) as refusal:
        sign_in(desk)
    assert "Device Authorization" in refusal.value.hint


def test_the_reason_against_a_browser_is_shown(desk: Desk) -> None:
    """If auto chose the grant."""
    sign_in(desk, no_browser="the reason")
    assert "(the reason)" in desk.terminal.said[1]
