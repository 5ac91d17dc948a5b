"""Device authorization responses and what polling for the token brings (RFC 8628 §3.2, §3.5)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.hostile import html_reply, json_reply, reset
from tests.tokens import ABSENT

from . import scenario
from .bodies import BROKEN, IN_BOTH
from .scenario import DEVICE, Scenario, changing, setting

if TYPE_CHECKING:
    from tests.hostile import Script
    from tests.hostile_provider import HostileProvider

    from .scenario import Arrange

_answers = partial(setting, "on_device")
_says = partial(changing, "device")


def _polls(*scripts: Script, **device: object) -> Arrange:
    """Answer the first polls by these, and the rest honestly."""

    def arrange(provider: HostileProvider) -> None:
        provider.on_poll += scripts
        provider.device |= device

    return arrange


def _error(code: str) -> Script:
    return json_reply({"error": code}, 400)


def _bad(name: str, arrange: Arrange, says: str) -> Scenario:
    return scenario.hostile(name, arrange, says, flows=(DEVICE,))


def _good(name: str, arrange: Arrange) -> Scenario:
    return scenario.honest(name, arrange, flows=(DEVICE,))


SCENARIOS: tuple[Scenario, ...] = (
    *(_bad(f"is {name}", _answers(BROKEN[name][0]), BROKEN[name][1]) for name in IN_BOTH),
    _bad("fails", _answers(html_reply(500)), "500"),
    _bad("refuses the client", _answers(_error("unauthorized_client")), "unauthorized_client"),
    _bad("has no device code", _says(device_code=ABSENT), "device_code"),
    _bad("has no user code", _says(user_code=ABSENT), "user_code"),
    _bad("has a user code that is a list", _says(user_code=["A"]), "user_code"),
    _bad("has a user code with an escape sequence", _says(user_code="A\x1b[2J"), "user_code"),
    _bad("has no verification URI", _says(verification_uri=ABSENT), "verification_ur"),
    _bad("sends people to a script", _says(verification_uri="javascript:alert(1)"), "verification_uri"),
    _bad(
        "sends people to http, elsewhere",
        _says(verification_uri="http://evil.example.com/"),
        "verification_uri",
    ),
    _bad("sends people to a file", _says(verification_uri="file:///etc/passwd"), "verification_uri"),
    _bad("says no afterwards", _polls(_error("access_denied")), "access_denied"),
    _bad("lets the code expire", _polls(_error("expired_token")), "code"),
    _bad("refuses the code", _polls(_error("invalid_grant")), "invalid_grant"),
    _bad(
        "never says yes, and its code ends",
        _polls(*[_error("authorization_pending")] * 9, expires_in=2),
        "in time",
    ),
    _bad("demands one request in ten years", _says(interval=300_000_000, expires_in=2), "in time"),
    _good("is waited for", _polls(_error("authorization_pending"))),
    _good("loses the connection once", _polls(reset)),
    _good("fails once", _polls(html_reply(503))),
    _good("writes its numbers as texts", _says(interval="1", expires_in="60")),
    _good(
        "calls the address verification_url",
        lambda p: _says(verification_uri=ABSENT, verification_url=f"{p.issuer}/a")(p),
    ),
    _good("has a complete address that is a script", _says(verification_uri_complete="javascript:alert(1)")),
)
