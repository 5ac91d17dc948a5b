"""A refresh that the provider does not grant: who signs in again, who keeps the session, and what is said."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from tests.hostile import hang_up, html_reply, json_reply, reply
from tests.plugin import run_plugin, wait_until
from tests.reasons import MISSING
from tests.tokens import CLIENT_ID

from .laptop import cache, token_of
from .said import the_reason, topics
from .test_stand_alone import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile import Script, Talk

    from .visitor import Outcome, VisitedLaptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

DESCRIPTION = "the refresh token is gone, says the provider"


def error(code: str, status: int = 400, **headers: str) -> Script:
    """Return an OAuth error answer."""
    return json_reply({"error": code, "error_description": DESCRIPTION}, status, headers=headers)


DEAD = {
    "Dex": error("invalid_request"),
    "Rancher, access denied": error("access_denied"),
    "Rancher, server error": error("server_error"),
    "Entra ID": error("interaction_required"),
    "Ory Hydra 1.x": error("token_inactive", 401),
    "Ory Hydra 1.x, with a challenge": error(
        "token_inactive", 401, **{"WWW-Authenticate": 'Basic realm="x"'}
    ),
    "a code that nobody knows": error("x_odd", 403),
    "with status 200": error("invalid_request", 200),
    "no OAuth error": json_reply({"message": DESCRIPTION}, 400),
    "a web page": html_reply(400),
    "nothing": reply(401),
    "a challenge for a bearer": reply(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}),
}
KEPT = {
    "invalid_client": error("invalid_client", 401),
    "unauthorized_client": error("unauthorized_client"),
    "a challenge for the client": reply(401, headers={"WWW-Authenticate": 'Basic realm="clients"'}),
    "408": error("invalid_grant", 408),
    "425": error("invalid_grant", 425),
    "429": error("invalid_grant", 429),
    "a page with 503": html_reply(503),
    "no answer": hang_up,
}


@pytest.fixture
def refuse(visited: VisitedLaptop) -> Callable[[Script], None]:
    """Return what has the provider answer every refresh by a script; sign-ins stay as they are."""

    def arrange(script: Script) -> None:
        def token(talk: Talk) -> None:
            refreshes = visited.provider.seen.forms[-1]["grant_type"] == "refresh_token"
            answer = script if refreshes else visited.provider._token(talk)
            answer(talk)

        visited.provider.on_token = token

    return arrange


@pytest.fixture
def signed_in(visited: VisitedLaptop) -> VisitedLaptop:
    """Have a session whose next call is made to refresh by its flag."""
    assert visited.run().status == 0
    visited.provider.seen.forms.clear()
    return visited


def grants(laptop: VisitedLaptop) -> list[str]:
    return laptop.provider.seen.grants()


def refused(outcome: Outcome) -> tuple[str, str]:
    """Return the error and the hint of a run that failed without a browser."""
    assert (outcome.status, outcome.stdout, outcome.pages) == (1, "", []), outcome.stderr
    *_, error_line, hint_line = outcome.said()
    assert error_line.startswith("error: ")
    assert hint_line.startswith("hint: ")
    return error_line, hint_line


@pytest.mark.parametrize("kind", DEAD)
def test_a_dead_refresh_token_leads_to_a_sign_in(
    signed_in: VisitedLaptop, refuse: Callable[[Script], None], kind: str
) -> None:
    """Whatever its code: the browser opens once, the reason has the provider's words, and the new session is stored."""
    before = signed_in.session()
    refuse(DEAD[kind])
    outcome = signed_in.run("--force-refresh")
    assert outcome.status == 0, outcome.stderr
    assert grants(signed_in) == ["refresh_token", "authorization_code"]
    after = signed_in.session()
    assert before is not None
    assert after is not None
    assert after.id_token.reveal() == token_of(outcome.stdout) != before.id_token.reveal()
    reason = the_reason(outcome.stderr)
    if DESCRIPTION.encode() in DEAD_WORDS[kind]:
        assert DESCRIPTION in reason
    assert signed_in.places_with_secrets(outcome) == []


DEAD_WORDS = {
    kind: b""
    if kind in {"no OAuth error", "a web page", "nothing", "a challenge for a bearer"}
    else DESCRIPTION.encode()
    for kind in DEAD
}
"""What the answer says that belongs into the reason; a body that is no OAuth error is not repeated."""


@pytest.mark.parametrize("kind", KEPT)
def test_what_says_nothing_of_the_token_keeps_the_session(
    signed_in: VisitedLaptop, refuse: Callable[[Script], None], kind: str
) -> None:
    """However often: no browser, exit 1, the session byte for byte as it was, and it works once the provider does."""
    before = signed_in.session()
    refuse(KEPT[kind])
    for _ in range(3):
        _, hint = refused(signed_in.run("--force-refresh"))
        if kind[0].isdigit() or kind == "a page with 503":
            assert "`kubectl oidc-login login " in hint
            assert f"--oidc-issuer-url={signed_in.provider.issuer}" in hint
    assert set(grants(signed_in)) == {"refresh_token"}
    assert signed_in.session() == before
    signed_in.provider.on_token = None
    assert signed_in.run("--force-refresh").status == 0
    assert set(grants(signed_in)) == {"refresh_token"}


def test_a_server_error_with_an_oauth_error_leads_to_a_sign_in_the_second_time(
    signed_in: VisitedLaptop, refuse: Callable[[Script], None]
) -> None:
    """Dex answers 500 if its connector cannot refresh the user. The first error names the way, the second signs in."""
    before = signed_in.session()
    refuse(error("invalid_request", 500))
    said, hint = refused(signed_in.run("--force-refresh"))
    assert "500" in said
    assert DESCRIPTION in said
    assert "`kubectl oidc-login login " in hint
    assert signed_in.session() == before
    outcome = signed_in.run("--force-refresh")
    assert outcome.status == 0, outcome.stderr
    assert DESCRIPTION in the_reason(outcome.stderr)
    assert grants(signed_in) == ["refresh_token", "refresh_token", "authorization_code"]
    refused(signed_in.run("--force-refresh"))  # a new session begins to count again


@pytest.mark.parametrize("between", ["a refresh that works", "a page with 503"])
def test_only_two_in_a_row_count(
    signed_in: VisitedLaptop, refuse: Callable[[Script], None], between: str
) -> None:
    """What the provider answers otherwise in between begins the count again; no answer says nothing."""
    server_error = error("server_error", 500)
    refuse(server_error)
    refused(signed_in.run("--force-refresh"))
    if between == "a page with 503":
        refuse(html_reply(503))
        refused(signed_in.run("--force-refresh"))
    else:
        signed_in.provider.on_token = None
        assert signed_in.run("--force-refresh").status == 0
    refuse(server_error)
    refused(signed_in.run("--force-refresh"))
    refuse(hang_up)
    refused(signed_in.run("--force-refresh"))
    refuse(server_error)
    assert signed_in.run("--force-refresh").status == 0
    assert grants(signed_in)[-1] == "authorization_code"


def test_a_session_that_is_refused_is_not_said_to_renew(
    signed_in: VisitedLaptop, refuse: Callable[[Script], None]
) -> None:
    """Nobody signs in after the refusal: `status` knows it until somebody does."""

    def renewable() -> bool:
        (session,) = json.loads(run_plugin("status", "-o", "json").stdout)["sessions"]
        assert session["state"] == "good"
        return bool(session["renewable"])

    assert renewable()
    refuse(DEAD["Dex"])
    assert signed_in.run("--force-refresh", "--authentication-timeout-sec=1", then=lambda _: []).status == 1
    assert not renewable()
    signed_in.provider.on_token = None
    assert signed_in.run("--force-refresh").status == 0
    assert renewable()


def test_a_background_program_opens_one_tab_and_then_pauses(
    signed_in: VisitedLaptop, refuse: Callable[[Script], None]
) -> None:
    """Nobody finishes the sign-in that a dead token leads to: the next call without a terminal fails at once."""
    before = signed_in.session()
    refuse(DEAD["Dex"])
    first = signed_in.run("--force-refresh", "--authentication-timeout-sec=1", then=lambda _: [])
    assert first.status == 1
    second = signed_in.run("--force-refresh")
    assert (second.status, second.pages) == (1, [])
    assert topics(second.stderr) == ["sign-in-paused"]
    assert signed_in.session() == before


def test_a_dead_token_just_fails_ahead_of_its_end(
    visited: VisitedLaptop, refuse: Callable[[Script], None]
) -> None:
    """The background refresh never asks a person; the good token goes on being handed out, and the session stays."""
    ahead = "--refresh-ahead=0.001"
    visited.provider.claims["exp"] = int(time.time()) + 60
    words = [word for word in visited.words(ahead) if word not in {"-v", "9"}]
    assert visited.run_words(words).status == 0
    before = visited.session()
    refuse(DEAD["Dex"])
    visited.provider.seen.forms.clear()
    time.sleep(1.1)  # a token that is younger than a second is not due
    outcome = visited.run_words(words)
    assert (outcome.status, outcome.stderr, outcome.pages) == (0, "", [])
    wait_until(lambda: grants(visited) == ["refresh_token"], "the refresh was tried")
    time.sleep(1)
    assert visited.opened == 1
    assert visited.session() == before


# Stand-alone mode: the tokens are in the kubeconfig


def alone(laptop: VisitedLaptop) -> Outcome:
    return laptop.run_words(
        [f"--browser-command={laptop.browser}", "--listen-address=127.0.0.1:0", "-v", "1"]
    )


@pytest.fixture
def kubeconfig(visited: VisitedLaptop) -> Path:
    """Have a kubeconfig with an ID token that has ended, and a refresh token."""
    path = Path.home() / ".kube" / "config"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        TEXT.format(issuer=visited.provider.issuer).replace(
            "client-id: kubernetes", f"client-id: {CLIENT_ID}"
        )
    )
    visited.provider.claims["exp"] = int(time.time()) + 5
    assert alone(visited).status == 0
    visited.provider.claims.clear()
    visited.provider.seen.forms.clear()
    return path


def refresh_token(kubeconfig: Path) -> str:
    users = parse_kubeconfig(kubeconfig.read_text(), "")["users"]
    return str(users[0]["user"]["auth-provider"]["config"]["refresh-token"])


@pytest.mark.parametrize("kind", DEAD)
def test_stand_alone_mode_signs_in_after_a_dead_token(
    visited: VisitedLaptop, kubeconfig: Path, refuse: Callable[[Script], None], kind: str
) -> None:
    """As get-token does; the new refresh token is in the kubeconfig."""
    before = refresh_token(kubeconfig)
    refuse(DEAD[kind])
    outcome = alone(visited)
    assert outcome.status == 0, outcome.stderr
    assert grants(visited) == ["refresh_token", "authorization_code"]
    assert refresh_token(kubeconfig) != before


def test_stand_alone_mode_counts_server_errors(
    visited: VisitedLaptop, kubeconfig: Path, refuse: Callable[[Script], None]
) -> None:
    """The first keeps the kubeconfig as it is and says how to sign in; the second signs in; the next counts again."""
    before = kubeconfig.read_bytes()
    refuse(error("invalid_request", 500))
    _, hint = refused(alone(visited))
    assert "--auth-provider-arg=refresh-token-`" in hint
    assert kubeconfig.read_bytes() == before
    visited.provider.claims["exp"] = int(time.time()) + 5
    assert alone(visited).status == 0
    assert grants(visited) == ["refresh_token", "refresh_token", "authorization_code"]
    refused(alone(visited))


@pytest.mark.parametrize("kind", KEPT)
def test_stand_alone_mode_keeps_what_is_kept(
    visited: VisitedLaptop, kubeconfig: Path, refuse: Callable[[Script], None], kind: str
) -> None:
    """No browser, and the kubeconfig byte for byte as it was."""
    before = kubeconfig.read_bytes()
    refuse(KEPT[kind])
    for _ in range(2):
        refused(alone(visited))
    assert kubeconfig.read_bytes() == before


# What kubelogin left


@pytest.fixture
def of_kubelogin(visited: VisitedLaptop) -> Path:
    """Have a session of kubelogin's whose ID token has ended."""
    visited.provider.claims["exp"] = int(time.time()) + 5
    assert visited.run().status == 0
    session = visited.session()
    assert session is not None
    assert session.refresh_token is not None
    assert (
        visited.run_words(
            [
                word
                for word in visited.words(command="purge")
                if not word.startswith(("--browser", "--listen"))
            ]
        ).status
        == 0
    )
    path = cache() / hashlib.sha256(b"flags").hexdigest()
    tokens = {"id_token": session.id_token.reveal(), "refresh_token": session.refresh_token.reveal()}
    path.write_text(json.dumps(tokens))
    path.chmod(0o600)
    visited.provider.claims.clear()
    visited.provider.seen.forms.clear()
    return path


@pytest.mark.parametrize("kind", DEAD)
def test_a_session_of_kubelogin_that_is_dead(
    visited: VisitedLaptop, of_kubelogin: Path, refuse: Callable[[Script], None], kind: str
) -> None:
    """The person signs in, and reads that it was kubelogin's session that ended."""
    refuse(DEAD[kind])
    outcome = visited.run()
    assert outcome.status == 0, outcome.stderr
    assert grants(visited) == ["refresh_token", "authorization_code"]
    reason = the_reason(outcome.stderr)
    assert "kubelogin" in reason
    assert MISSING not in reason
    assert of_kubelogin.exists()


@pytest.mark.parametrize("kind", KEPT)
def test_a_session_of_kubelogin_that_is_kept(
    visited: VisitedLaptop, of_kubelogin: Path, refuse: Callable[[Script], None], kind: str
) -> None:
    """The provider is down: exit 1, no session of ours is known, and the next call takes kubelogin's over."""
    refuse(KEPT[kind])
    refused(visited.run())
    assert of_kubelogin.exists()
    status = visited.run_words(["status"])
    assert "alice" not in status.stdout
    assert CLIENT_ID not in status.stdout
    visited.provider.on_token = None
    assert visited.run().status == 0
    assert grants(visited)[-1] == "refresh_token"
    assert not of_kubelogin.exists()


def test_a_session_of_kubelogin_counts_server_errors(
    visited: VisitedLaptop, of_kubelogin: Path, refuse: Callable[[Script], None]
) -> None:
    """The second in a row leads to a sign-in here, too."""
    refuse(error("server_error", 500))
    refused(visited.run())
    assert of_kubelogin.exists()
    assert visited.run().status == 0
    assert grants(visited) == ["refresh_token", "refresh_token", "authorization_code"]


def test_purge_forgets_the_server_error(signed_in: VisitedLaptop, refuse: Callable[[Script], None]) -> None:
    """What was remembered of a session goes with it."""
    refuse(error("server_error", 500))
    refused(signed_in.run("--force-refresh"))
    assert any((cache() / "failed").iterdir())
    words = [
        word for word in signed_in.words(command="purge") if not word.startswith(("--browser", "--listen"))
    ]
    assert signed_in.run_words(words).status == 0
    assert not any((cache() / "failed").iterdir())
