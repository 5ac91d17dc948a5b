"""Every way through the program, at its loudest, with secrets that are known: where they stand afterwards."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.hostile import json_reply
from tests.tokens import ABSENT

from .visitor import CLIENT_SECRET, VisitedLaptop, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile import Talk
    from tests.hostile_provider import HostileProvider

    from .visitor import Outcome, Page

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

PASSWORD = "SECRET-password-of-ada"
HEADER = "SECRET-header-of-a-gateway"
PARAMETER = "SECRET-parameter-of-a-gateway"
TYPED = {
    "KUBECTL_OIDC_PASSWORD": PASSWORD,
    "KUBECTL_OIDC_REQUEST_HEADER": f"Authorization=Bearer {HEADER}",
}


@dataclass(frozen=True, slots=True)
class Way:
    """A way through the program.

    Attributes:
        words: The flags.
        command: The command; empty for stand-alone mode.
        before: Whether somebody is signed in already.
        ends: The exit status.
        prints: What may stand on standard output, by its name.
        earlier: What the provider has, before somebody is signed in.
        arrange: What is changed at the provider then.
    """

    words: tuple[str, ...] = ()
    command: str = "get-token"
    before: bool = False
    ends: int = 0
    prints: tuple[str, ...] = ("id_token",)
    earlier: Callable[[HostileProvider], object] = lambda _: None
    arrange: Callable[[HostileProvider], object] = lambda _: None


def _echo(status: int, code: str) -> Callable[[HostileProvider], None]:
    """Refuse token requests with everything in the answer that was sent."""

    def arrange(provider: HostileProvider) -> None:
        def script(talk: Talk) -> None:
            sent = f"{talk.asked.body.decode()} {dict(talk.asked.headers)}"
            json_reply({"error": code, "error_description": sent}, status)(talk)

        provider.on_token = script

    return arrange


def _pushes(provider: HostileProvider) -> None:
    provider.metadata["pushed_authorization_request_endpoint"] = f"{provider.issuer}/par"
    provider.server.on("/par", json_reply({"request_uri": "urn:SECRET-request-uri", "expires_in": 60}, 201))


def _echoes_what_is_pushed(provider: HostileProvider) -> None:
    provider.metadata["pushed_authorization_request_endpoint"] = f"{provider.issuer}/par"

    def script(talk: Talk) -> None:
        sent = talk.asked.body.decode()
        fields = dict(pair.split("=", 1) for pair in sent.split("&"))
        provider.seen.secrets |= {"state": fields["state"], "nonce": fields["nonce"]}
        json_reply({"error": "invalid_request", "error_description": sent}, 400)(talk)

    provider.server.on("/par", script)


def _revokes(provider: HostileProvider) -> None:
    for name, path in (("revocation_endpoint", "/revoke"), ("end_session_endpoint", "/end")):
        provider.metadata[name] = f"{provider.issuer}{path}"
        provider.server.on(path, json_reply({}))


def _refuses_to_revoke(provider: HostileProvider) -> None:
    _revokes(provider)

    def script(talk: Talk) -> None:
        json_reply({"error": "invalid_client", "error_description": talk.asked.body.decode()}, 401)(talk)

    provider.server.on("/revoke", script)


def _crashes(provider: HostileProvider) -> None:
    provider.answer["id_token"] = "SECRET-that-is-no-token"


def _robot(provider: HostileProvider) -> None:
    provider.answer["refresh_token"] = ABSENT


ROBOT = ("--grant-type=client-credentials",)
ADA = ("--grant-type=password", "--username=ada")
WAYS: dict[str, Way] = {
    "a sign-in": Way(),
    "a sign-in that hands out the access token": Way(("--oidc-use-access-token",), prints=("access_token",)),
    "a sign-in that is refused with all that was sent": Way(ends=1, arrange=_echo(400, "invalid_grant")),
    "a sign-in whose client is refused with all that was sent": Way(
        ends=1, arrange=_echo(401, "invalid_client")
    ),
    "a sign-in without a valid token": Way(ends=1, arrange=_crashes),
    "a request that is pushed and refused with all that was sent": Way(
        ends=1, arrange=_echoes_what_is_pushed
    ),
    "a refresh": Way(("--force-refresh",), before=True),
    "a refresh that is refused with all that was sent": Way(
        ("--force-refresh",), before=True, ends=1, arrange=_echo(400, "invalid_client")
    ),
    "a token that is stored": Way(before=True),
    "a device code": Way(("--grant-type=device-code",)),
    "a password": Way(ADA),
    "a password that is refused with all that was sent": Way(
        ADA, ends=1, arrange=_echo(400, "invalid_grant")
    ),
    "the client's own token": Way(ROBOT, arrange=_robot),
    "the client's own token, refused with all that was sent": Way(
        ROBOT, ends=1, arrange=_echo(401, "invalid_client")
    ),
    "setup": Way(command="setup", prints=()),
    "setup that writes the kubeconfig": Way(("--write-kubeconfig",), command="setup", prints=()),
    "login": Way(command="login", before=True, prints=()),
    "whoami": Way(command="whoami", before=True, prints=()),
    "status": Way(("-o", "wide"), command="status", before=True, prints=()),
    "doctor, with a valid session": Way(("-o", "json"), command="doctor", before=True, ends=1, prints=()),
    "doctor, with an expired session": Way(
        command="doctor",
        before=True,
        ends=1,
        prints=(),
        earlier=lambda provider: provider.claims.update(exp=int(time.time()) + 8),
        arrange=_echo(400, "invalid_grant"),
    ),
    "a sign-out": Way(command="logout", before=True, prints=(), earlier=_revokes),
    "a sign-out that is refused with all that was sent": Way(
        ("--keep-provider-session",),
        command="logout",
        before=True,
        ends=1,
        prints=(),
        earlier=_refuses_to_revoke,
    ),
    "a purge": Way(command="purge", before=True, prints=()),
    "stand-alone mode": Way(command="", prints=()),
}


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have secrets in variables."""
    for name, value in TYPED.items():
        monkeypatch.setenv(name, value)


def _stand_alone(visited: VisitedLaptop) -> list[str]:
    """Write the kubeconfig of stand-alone mode and return the command's words."""
    config = {
        "idp-issuer-url": visited.provider.issuer,
        "client-id": "kubernetes",
        "client-secret": CLIENT_SECRET,
    }
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "users": [{"name": "ada", "user": {"auth-provider": {"name": "oidc", "config": config}}}],
    }
    path = visited.directory / "kubeconfig"
    path.write_text(json.dumps(kubeconfig))
    return [
        f"--kubeconfig={path}",
        "--user=ada",
        f"--browser-command={visited.browser}",
        "--listen-address=127.0.0.1:0",
        "-v9",
    ]


def _run(visited: VisitedLaptop, way: Way) -> Outcome:
    if way.command == "status":
        return visited.run_words([way.command, *way.words, "-v9"])
    if not way.command:
        return visited.run_words(_stand_alone(visited))
    then: Callable[[str], list[Page]] | None = (
        (lambda _: []) if "device-code" in " ".join(way.words) else None
    )
    return visited.run(*way.words, command=way.command, then=then)


@pytest.mark.parametrize("name", WAYS)
def test_no_secret_is_anywhere(
    name: str, visited: VisitedLaptop, held: Callable[[str, str, str], None]
) -> None:
    """On standard error, in a page, in a child's arguments or environment, or in a file that is not the session's."""
    way = WAYS[name]
    way.earlier(visited.provider)
    if way.before:
        assert visited.run().status == 0
    way.arrange(visited.provider)
    outcome = _run(visited, way)
    assert outcome.status == way.ends, outcome.stderr
    assert "[v" in outcome.stderr or way.command in {"purge", "status"}, "it was loud"
    visited.provider.seen.secrets |= {"password": PASSWORD, "header": HEADER}
    leaks = visited.places_with_secrets(outcome)
    allowed = {f"{secret} in standard output" for secret in way.prints}
    assert [leak for leak in leaks if leak not in allowed] == []
    held("Secrets", name, "every secret was only in its own place")


def test_the_search_finds_what_is_there(visited: VisitedLaptop) -> None:
    """A secret in each of the places is found, so that finding none means something."""
    outcome = visited.run()
    secret = visited.provider.seen.secrets["code"]
    (Path.home() / "stray").write_text(f"x{secret}x")
    (visited.directory / "notes.children").write_text(secret)
    outcome.stderr += visited.provider.seen.secrets["id_token"].rpartition(".")[2]
    outcome.pages.append(visit(f"{visited.provider.issuer}/nowhere?{urlencode({'code': secret})}"))
    outcome.pages[-1] = type(outcome.pages[-1])(404, {}, f"<p>{secret}</p>")
    found = " ".join(visited.places_with_secrets(outcome))
    for place in ("stray", "child", "standard error", "page 1"):
        assert place in found
