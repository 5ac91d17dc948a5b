"""How somebody signs in (OpenID Connect Core 5.5): asked for, checked, and shown; the installed program and a real provider."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from .laptop import claims_of
from .said import failure

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ESSENTIAL = '--claims={"id_token":{"acr":{"essential":true,"values":["mfa"]}}}'
WITH_OTP = '--claims={"id_token":{"amr":{"essential":true,"value":"otp"}}}'


def status(laptop: Laptop) -> dict[str, Any]:
    """Return what `status` says of the one session."""
    (one,) = json.loads(laptop.run("status", "-o", "json").stdout)["sessions"]
    assert isinstance(one, dict)
    return one


def test_what_is_asked_for_is_sent_and_what_came_is_shown(laptop: Laptop) -> None:
    """In the authorization request as it is; `status` says when and how, also after a refresh."""
    laptop.realm.signs_people_in_by("mfa", "pwd", "otp")
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    words = (ESSENTIAL, "--acr-values=mfa pwd", "--max-age=1h")
    first = claims_of(laptop.signed_in(*words))
    assert (first["acr"], first["amr"]) == ("mfa", ["pwd", "otp"])
    (asked,) = laptop.realm.seen().authorization_requests
    assert json.loads(asked["claims"]) == json.loads(ESSENTIAL.partition("=")[2])
    assert (asked["acr_values"], asked["max_age"]) == ("mfa pwd", "3600")
    laptop.signed_in(*words)
    assert laptop.realm.seen().token_requests == ["authorization_code", "refresh_token"]
    one = status(laptop)
    assert (one["acr"], one["amr"]) == ("mfa", ["pwd", "otp"])
    authenticated = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(first["auth_time"]))
    assert one["authenticated"] == authenticated
    wide = laptop.run("status", "-o", "wide").stdout
    assert "pwd,otp" in wide


def test_an_essential_claim_that_is_not_met_is_an_error(laptop: Laptop) -> None:
    """It names what was asked for and what came; nothing is stored."""
    laptop.realm.signs_people_in_by("pwd", "pwd")
    failure(laptop.get_token(WITH_OTP), "step-up", "--claims", "amr", '"otp"', '["pwd"]')
    assert json.loads(laptop.run("status", "-o", "json").stdout)["sessions"] == []
    laptop.realm.signs_people_in_by("mfa", "pwd", "otp")
    assert laptop.run(*laptop.words(WITH_OTP, "--prompt=login", command="login")).status == 0
    assert claims_of(laptop.signed_in(WITH_OTP))["amr"] == ["pwd", "otp"]


def test_a_voluntary_class_that_is_not_met_is_logged(laptop: Laptop) -> None:
    """The provider may sign in otherwise (Core 3.1.2.1): a token comes, and -v 1 says what came."""
    laptop.realm.signs_people_in_by("pwd", "pwd")
    ended = laptop.get_token("--acr-values=mfa", "-v", "1")
    assert ended.status == 0, ended.stderr
    assert re.search(r"--acr-values\b.*\bmfa\b", ended.stderr)


def test_production_has_a_session_of_its_own(signed_in: Laptop) -> None:
    """A session that was signed in without the second factor is not handed out where it is asked for."""
    signed_in.signed_in()
    signed_in.realm.signs_people_in_by("mfa", "pwd", "otp")
    signed_in.scripted.signs_in_as("alice")
    assert claims_of(signed_in.signed_in(WITH_OTP, "--prompt=login"))["acr"] == "mfa"
    assert len(signed_in.browser.opened()) == 1
