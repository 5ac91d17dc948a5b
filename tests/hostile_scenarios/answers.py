"""Token responses (RFC 6749 §5, OpenID Connect Core 3.1.3.3, 12.2)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.hostile import html_reply, json_reply, reply
from tests.tokens import ABSENT

from .bodies import BROKEN
from .scenario import SIGN_IN, Scenario, changing, honest, hostile, setting

if TYPE_CHECKING:
    from .scenario import Arrange

_answers = partial(setting, "on_token")
_holds = partial(changing, "answer")


def _refuses(code: object, status: int = 400, **more: object) -> Arrange:
    return _answers(json_reply({"error": code, **more}, status))


SCENARIOS: tuple[Scenario, ...] = (
    *(hostile(f"is {name}", _answers(script), says) for name, (script, says) in BROKEN.items()),
    *(
        hostile(
            f"leads elsewhere ({status})",
            _answers(reply(status, headers={"Location": "/stolen"})),
            str(status),
        )
        for status in (301, 302, 303, 307, 308)
    ),
    hostile("is a web page with status 502", _answers(html_reply(502)), "502"),
    hostile("fails with 500", _answers(json_reply({"error": "server_error"}, 500)), "500"),
    hostile("asks to come later", _answers(reply(429, headers={"Retry-After": "5"})), "429"),
    hostile("is nothing, with status 401", _answers(reply(401)), "401", asks=True),
    hostile("refuses the client", _refuses("invalid_client", 401), "invalid_client"),
    hostile("refuses the grant to this client", _refuses("unauthorized_client"), "unauthorized_client"),
    hostile("does not understand", _refuses("invalid_request"), "invalid_request", asks=True),
    hostile("refuses with a code that nobody knows", _refuses("x_odd"), "x_odd", asks=True),
    hostile(
        "refuses with a code that is not a text", _refuses({"a": 1}), "an error without a code", asks=True
    ),
    hostile("refuses with status 200", _refuses("invalid_request", 200), "invalid_request", asks=True),
    hostile("refuses the code", _refuses("invalid_grant"), "invalid_grant", flows=(SIGN_IN,)),
    hostile("refuses, and holds tokens", _holds(error="invalid_request"), "invalid_request", asks=True),
    hostile("holds nothing", _answers(json_reply({})), "no token"),
    hostile("holds no ID token", _holds(id_token=ABSENT), "ID token", asks=True),
    hostile("holds an ID token that is a number", _holds(id_token=7), "id_token"),
    hostile("holds an ID token of two lines", _holds(id_token="a\nb"), "id_token"),
    hostile("holds a refresh token that is a list", _holds(refresh_token=["SECRET"]), "refresh_token"),
    hostile("holds a refresh token of two lines", _holds(refresh_token="SECRET\r\nX: y"), "refresh_token"),
    hostile("is for no bearer", _holds(token_type="mac"), "bearer"),
    honest("writes bearer in small letters", _holds(token_type="bearer")),
    honest("gives no type", _holds(token_type=ABSENT)),
    honest("gives its lifetime as a text", _holds(expires_in="3600")),
    honest("says an invalid lifetime", _holds(expires_in=-1)),
    honest("gives no lifetime", _holds(expires_in=ABSENT)),
    honest("holds no access token", _holds(access_token=ABSENT)),
    honest("holds no refresh token", _holds(refresh_token=ABSENT)),
    honest("grants fewer scopes", _holds(scope="openid")),
    honest("has members that nobody knows", _holds(x_unknown={"a": [None]}, not_before=0)),
)
