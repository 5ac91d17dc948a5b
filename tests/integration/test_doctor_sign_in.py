"""`doctor` after a sign-in that failed: what it failed with, and what a real provider says about the client without a person."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.topics import told_apart

from .clinic import with_known_version
from .laptop import cache

if TYPE_CHECKING:
    from .laptop import Laptop
    from .realm import OpenIdProvider, Realm

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


@dataclass(frozen=True)
class Line:
    """One result of `doctor`."""

    name: str
    status: str
    message: str
    hint: str
    topic: str


def path() -> str:
    """Return a PATH on which kubectl finds the plugin."""
    return os.pathsep.join((str(with_known_version(Path.home() / "plugin").parent), os.environ["PATH"]))


def doctor(laptop: Laptop, *more: str) -> dict[str, Line]:
    """Run `doctor` on the session of flags; return the last result of each check by its name."""
    words = laptop.words("-o", "json", *more, command="doctor")
    if any(word.startswith("--listen-address=") for word in more):
        words.remove("--listen-address=127.0.0.1:0")
    ended = laptop.run(*words, env={"PATH": path()})
    assert "Traceback" not in ended.stderr
    return {check["name"]: Line(**check) for check in json.loads(ended.stdout)["checks"]}


@pytest.fixture
def realm(openid_provider: OpenIdProvider) -> Realm:
    """Make an issuer with all grants."""
    return openid_provider.new_realm(more_grants=True)


REFUSED = {
    "unknown client": ("nobody", [], "client", " nobody ", "--oidc-issuer-url"),
    "wrong secret": (
        "confidential",
        ["--oidc-client-secret=SECRET-wrong"],
        "client",
        " confidential, ",
        "--oidc-client-secret",
    ),
    "wrong secret in the form": (
        "posting",
        ["--oidc-client-secret=SECRET-wrong", "--oidc-client-authentication=client_secret_post"],
        "client",
        " posting, ",
        "--oidc-client-secret",
    ),
    "missing secret": (
        "confidential",
        [],
        "client",
        " confidential, ",
        "--oidc-client-secret",
    ),
    "redirect URI": (
        "port-8000-only",
        ["--oidc-redirect-url=http://localhost:8123/callback"],
        "redirect-uri",
        " http://localhost:8123/callback ",
        " http://localhost:8123/callback",
    ),
    "random port": (
        "port-8000-only",
        [],
        "redirect-uri",
        " port-8000-only",
        "--listen-address",
    ),
    "no browser grant": (
        "robot",
        ["--oidc-client-secret=secret of the robot"],
        "provider-refused",
        " robot ",
        " authorization_code ",
    ),
    "no device code": (
        "kubernetes",
        ["--grant-type=device-code"],
        "provider-refused",
        " kubernetes ",
        " device_code ",
    ),
}


@pytest.mark.parametrize(("client", "flags", "topic", "words", "hint"), REFUSED.values(), ids=REFUSED.keys())
def test_what_the_provider_does_not_accept_is_named_without_a_sign_in(
    laptop: Laptop, client: str, flags: list[str], topic: str, words: str, hint: str
) -> None:
    """The check `client` is the first problem; no browser opens, and no secret is shown."""
    laptop.client = client
    found = doctor(laptop, *flags)
    check = found["client"]
    assert (check.status, check.topic) == ("problem", topic)
    assert words in check.message
    assert hint in check.hint
    assert [line.name for line in found.values() if line.status == "problem"] == ["client", "session"]
    assert laptop.browser.opened() == []
    assert "SECRET-wrong" not in "".join(line.message + line.hint for line in found.values())


def test_the_redirect_uri_is_that_of_the_address_that_is_free(laptop: Laptop) -> None:
    """A sign-in would use it now, and the provider knows only the one that is taken."""
    laptop.client = "port-8000-only"
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        ports = [one.getsockname()[1] for one in (taken, free)]
        free.close()
        check = doctor(laptop, *(f"--listen-address=127.0.0.1:{port}" for port in ports))["client"]
    assert (check.status, check.topic) == ("problem", "redirect-uri")
    assert f"http://localhost:{ports[1]}" in check.hint


def test_a_client_that_the_provider_knows_is_told_from_an_unknown_one(laptop: Laptop) -> None:
    """Of a client whose secret is wrong it says so much as of one that it accepts."""

    def before_its_name(client: str, *flags: str) -> str:
        laptop.client = client
        said, name, _ = doctor(laptop, *flags)["client"].message.partition(f" {client}")
        assert name
        return said

    told_apart(
        {
            "known": [
                before_its_name("kubernetes"),
                before_its_name("confidential"),
                before_its_name("confidential", "--oidc-client-secret=SECRET-wrong"),
            ],
            "unknown": [before_its_name("nobody")],
        }
    )


ACCEPTED = {
    "public": ("kubernetes", []),
    "no refresh tokens": ("code-only", []),
    "registered port": ("port-8000-only", ["--oidc-redirect-url=http://localhost:8000"]),
    "secret": ("confidential", ['--oidc-client-secret=a secret, that: needs "quoting" & more']),
    "secret in the form": (
        "posting",
        ["--oidc-client-secret=secret to be posted", "--oidc-client-authentication=client_secret_post"],
    ),
    "device code": ("device", ["--grant-type=device-code"]),
    "password": ("device", ["--grant-type=password", "--username=ada"]),
    "client credentials": (
        "robot",
        ["--grant-type=client-credentials", "--oidc-client-secret=secret of the robot"],
    ),
    "code from a page": ("keyboard", ["--grant-type=authcode-keyboard"]),
}


@pytest.mark.parametrize(("client", "flags"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_client_that_is_right_raises_no_alarm(laptop: Laptop, client: str, flags: list[str]) -> None:
    """Before anybody signed in, with each kind of client and grant."""
    laptop.client = client
    found = doctor(laptop, *flags)
    assert found["client"].status in {"ok", "skipped"}, found["client"]
    assert [line.name for line in found.values() if line.status == "problem"] == ["session"]


@pytest.mark.parametrize("pushed_by", ["kubernetes", "nobody"])
def test_a_request_that_must_be_pushed_is_pushed(
    openid_provider: OpenIdProvider, laptop: Laptop, pushed_by: str
) -> None:
    """A provider that takes no other request (RFC 9126) tells as much by it."""
    laptop.realm = openid_provider.new_realm(pushed="required")
    laptop.client = pushed_by
    check = doctor(laptop)["client"]
    assert check.status == ("ok" if pushed_by == "kubernetes" else "problem")
    assert laptop.realm.seen().requests["POST /request"] == 1
    assert "GET /auth" not in laptop.realm.seen().requests


def test_the_last_failed_sign_in_is_shown_with_its_words(laptop: Laptop) -> None:
    """The provider refuses the client after the person signed in; a wrong secret is in no word of it."""
    laptop.client = "confidential"
    flag = "--oidc-client-secret=SECRET-wrong"
    assert laptop.get_token(flag).status == 1
    found = doctor(laptop, flag)
    session = found["session"]
    assert session.status == "problem"
    assert "invalid_client" in session.message
    assert "`kubectl oidc-login login" in session.hint
    assert session.topic == "provider-refused"
    record = "".join(path.read_text() for path in (cache() / "failed").iterdir())
    assert "SECRET-wrong" not in record + "".join(line.message + line.hint for line in found.values())


@pytest.mark.parametrize("command", ["login", "get-token"])
def test_a_sign_in_that_a_person_cancelled_is_shown(laptop: Laptop, command: str) -> None:
    """Whichever command asked, and however it ended."""
    laptop.scripted.is_left_alone()
    ended = laptop.run(*laptop.words("--authentication-timeout-sec=3", command=command))
    assert ended.status == 1
    session = doctor(laptop)["session"]
    assert re.search(r"\b3 s\b", session.message)
    assert session.topic == "sign-in-timeout"


def test_what_failed_before_a_person_was_asked_is_shown_and_pauses_nobody(laptop: Laptop) -> None:
    """A client that signs in as itself asks no person at all."""
    laptop.client = "robot"
    flags = ["--grant-type=client-credentials", "--oidc-client-secret=SECRET-wrong"]
    for _ in range(2):
        ended = laptop.get_token(*flags)
        assert "sign-in-paused" not in ended.stderr
        assert "invalid_client" in ended.stderr
    assert "invalid_client" in doctor(laptop, *flags)["session"].message


def test_a_sign_in_that_works_ends_the_story(laptop: Laptop) -> None:
    """Nothing is said about failures before it, and the client is not tried."""
    laptop.scripted.is_left_alone()
    assert laptop.get_token("--authentication-timeout-sec=3").status == 1
    laptop.scripted.signs_in_as("alice")
    assert laptop.run(*laptop.words(command="login")).status == 0
    laptop.realm.forget()
    found = doctor(laptop)
    assert [line.name for line in found.values() if line.status == "problem"] == [
        "claims"
    ]  # the issuer is http
    assert (found["session"].status, found["session"].topic) == ("ok", "")
    assert laptop.realm.seen().token_requests == []
    assert "GET /auth" not in laptop.realm.seen().requests


def test_a_session_that_was_ended_at_the_provider_is_named_while_its_token_lives(
    laptop: Laptop, tmp_path: Path
) -> None:
    """The refusal of the last refresh is shown with its words; `doctor` does not send the refresh token."""
    laptop.signed_in()
    assert [line.status for line in (doctor(laptop)["session"],)] == ["ok"]
    shutil.copytree(Path.home(), tmp_path / "other")
    assert laptop.run(*laptop.words(command="logout"), env={"HOME": str(tmp_path / "other")}).status == 0
    laptop.scripted.is_left_alone()
    assert laptop.get_token("--force-refresh", "--authentication-timeout-sec=6").status == 1
    laptop.realm.forget()
    ended = laptop.run(*laptop.words("-o", "json", command="doctor"), env={"PATH": path()})
    lines = [Line(**check) for check in json.loads(ended.stdout)["checks"] if check["name"] == "session"]
    assert [line.status for line in lines] == ["ok", "warning", "warning"]
    assert "invalid_grant" in lines[1].message
    assert lines[1].topic == "invalid-grant"
    assert lines[2].topic == "sign-in-timeout"
    assert "refresh_token" not in laptop.realm.seen().token_requests
    laptop.scripted.signs_in_as("alice")
    assert laptop.run(*laptop.words(command="login")).status == 0
    assert doctor(laptop)["session"].status == "ok"


def test_nothing_secret_of_the_probes_is_logged(laptop: Laptop) -> None:
    """Neither the client's secret nor what binds a sign-in, at the highest verbosity."""
    laptop.client = "confidential"
    ended = laptop.run(
        *laptop.words("-v", "9", "--oidc-client-secret=SECRET-wrong", command="doctor"), env={"PATH": path()}
    )
    seen = laptop.realm.seen()
    assert set(seen.token_requests) == {"authorization_code"}  # in the header, then in the form
    (asked,) = seen.authorization_requests
    assert "authorization_code" in ended.stderr
    for secret in ("SECRET-wrong", asked["state"], asked["nonce"], asked["code_challenge"]):
        assert secret not in ended.stdout + ended.stderr


def test_a_later_sign_in_with_other_flags_ends_the_story_too(signed_in: Laptop) -> None:
    """A session that is still good does not warn of a failure from before: the client works."""
    signed_in.realm.fail_next("/token", status=500)
    words = signed_in.words(command="login")
    assert signed_in.run(*words).status == 1
    assert doctor(signed_in)["session"].status == "warning"
    time.sleep(1)  # the index has whole seconds
    assert signed_in.run(*words, "--login-hint=bob").status == 0
    assert doctor(signed_in)["session"].status == "ok"
