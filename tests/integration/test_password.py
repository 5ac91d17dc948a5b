"""The password grant and client credentials: the installed program, a real provider, and a person at a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.plugin import wait_until

from .laptop import Laptop, cache, claims_of, exec_info, token_of
from .on_terminal import OnTerminal
from .said import failure, files_with, locks_held, topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin import Running

    from .realm import OpenIdProvider
    from .scripted_browser import ScriptedBrowser

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

PASSWORD = "password of alice"
ALICE = "--username=alice"
ROBOT = ("--grant-type=client-credentials", "--oidc-client-secret=secret of the robot")


@pytest.fixture
def laptop(
    openid_provider: OpenIdProvider, scripted_browser: ScriptedBrowser, start_plugin: Callable[..., Running]
) -> Laptop:
    """Have a laptop whose provider takes passwords."""
    realm = openid_provider.new_realm(more_grants=True)
    return Laptop(realm, scripted_browser, start_plugin, client="device")


@pytest.fixture
def robot(laptop: Laptop) -> Laptop:
    """Have a client that signs in as itself."""
    laptop.client = "robot"
    return laptop


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_user_name_starts_the_password_grant(laptop: Laptop, how: str) -> None:
    """With --username nobody is asked anything; the session is refreshed without the password."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    words = [f"--password={PASSWORD}"] if how == "flag" else []
    token = laptop.signed_in(
        ALICE, *words, env={"KUBECTL_OIDC_PASSWORD": PASSWORD} if how == "variable" else None
    )
    assert claims_of(token)["sub"] == "alice"
    assert laptop.realm.seen().token_requests == ["password"]
    assert laptop.browser.opened() == []

    laptop.realm.forget()
    assert claims_of(laptop.signed_in(ALICE))["sub"] == "alice"
    assert laptop.realm.seen().token_requests == ["refresh_token"]
    assert files_with(PASSWORD) == []


def test_two_user_names_are_two_sessions(laptop: Laptop) -> None:
    """And neither is that of the browser; purge takes the flags."""
    for name in ("alice", "bob"):
        token = laptop.signed_in(f"--username={name}", f"--password=password of {name}")
        assert claims_of(token)["sub"] == name
    laptop.realm.forget()
    assert claims_of(laptop.signed_in(ALICE, "--grant-type=password"))["sub"] == "alice"
    assert laptop.realm.seen().total == 0
    laptop.scripted.signs_in_as("carol")
    assert claims_of(laptop.signed_in())["sub"] == "carol"

    assert "alice@example.com" in laptop.purge(ALICE).stderr
    assert claims_of(laptop.signed_in("--username=bob"))["sub"] == "bob"
    assert claims_of(laptop.signed_in())["sub"] == "carol"
    assert topics(laptop.get_token(ALICE).stderr) == ["no-terminal"]


def test_a_wrong_password_is_said_and_not_tried_again_and_again(laptop: Laptop) -> None:
    """Providers lock accounts: background programs wait. The password is nowhere in what is said."""
    said = failure(laptop.get_token(ALICE, "--password=something else"), "invalid-grant", "invalid_grant")
    assert "something else" not in said
    laptop.realm.forget()
    failure(laptop.get_token(ALICE, "--password=something else"), "sign-in-paused")
    assert laptop.realm.seen().token_requests == []


def test_without_a_terminal_nobody_is_asked_for_a_password(laptop: Laptop) -> None:
    """One error, with what can be done; standard input is left alone even where it is said to be the person's."""
    ended = laptop.get_token(ALICE, env=exec_info(interactive=True))
    failure(ended, "no-terminal", "KUBECTL_OIDC_PASSWORD")
    (failed,) = (cache() / "failed").iterdir()
    assert json.loads(failed.read_bytes())["count"] == 0, "nobody was asked"


def test_a_password_is_typed_unseen(laptop: Laptop) -> None:
    """Name and password are asked for at the terminal; the name is shown as it is typed and corrected, the password never."""
    with OnTerminal(*laptop.words("--grant-type=password")) as terminal:
        terminal.shows(": ")
        terminal.type(b"alicx\x7fe\r")
        terminal.shows(" 127.0.0.1: ")
        wait_until(terminal.hides, "the terminal shows no keys")
        terminal.type(b"wrong\x15" + PASSWORD.encode() + b"x\x7f\r")
        ended = terminal.ended()
        assert not terminal.hides(), "the terminal is as it was"
    assert ended.status == 0, ended.stderr
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert ": alicx\b \be" in ended.stderr
    assert "wrong" not in ended.stderr
    assert PASSWORD not in ended.stderr
    assert "alice@example.com" in ended.stderr


@pytest.mark.parametrize("end", ["Ctrl-C", "nothing", "too late"])
def test_a_prompt_that_is_abandoned_ends_and_gives_the_terminal_back(laptop: Laptop, end: str) -> None:
    """Ctrl-C, an empty line and the time-out: exit status, one error, no lock, and a terminal that shows keys."""
    patience = "--authentication-timeout-sec=" + ("1" if end == "too late" else "60")
    with OnTerminal(*laptop.words(ALICE, patience)) as terminal:
        terminal.shows(" 127.0.0.1: ")
        wait_until(lambda: terminal.hides() or end == "too late", "the terminal shows no keys")
        terminal.type({"Ctrl-C": b"\x03", "nothing": b"\r", "too late": b""}[end])
        ended = terminal.ended()
        assert not terminal.hides(), "the terminal is as it was"
    assert (ended.status, ended.stdout) == (130 if end == "Ctrl-C" else 1, "")
    topic = {"Ctrl-C": "interrupted", "nothing": "sign-in", "too late": "sign-in-timeout"}[end]
    assert topics(ended.stderr) == [topic]
    assert locks_held() == []


@pytest.mark.parametrize("interactive", [True, False])
def test_standard_input_is_read_only_where_it_is_the_persons(laptop: Laptop, interactive: bool) -> None:  # noqa: FBT001
    """Without a controlling terminal, as in some containers: by spec.interactive in KUBERNETES_EXEC_INFO, and only so."""
    info = exec_info(interactive=interactive)
    with OnTerminal(*laptop.words(ALICE), controlling=False, env=info) as terminal:
        if interactive:
            terminal.shows(" 127.0.0.1: ")
            terminal.type(PASSWORD.encode() + b"\r")
        ended = terminal.ended()
    assert ended.status == (0 if interactive else 1)
    assert topics(ended.stderr) == ([] if interactive else ["no-terminal"])
    assert PASSWORD not in ended.stderr


def test_a_program_in_the_background_of_a_shell_asks_nobody(laptop: Laptop) -> None:
    """Reading there would stop it for ever, with the session's lock in its hands; nor is anything written over the shell's prompt."""
    background = ("sh", "-c", 'set -m; "$@" & wait $!', "sh")
    with OnTerminal(*laptop.words(ALICE), through=background) as terminal:
        ended = terminal.ended()
    assert (ended.status, ended.stdout, ended.stderr) == (1, "", "")


def test_setup_signs_in_with_a_password(laptop: Laptop) -> None:
    """The stanza has the grant's flags; a password of the environment does not get into the kubeconfig."""
    words = laptop.words(ALICE, "--write-kubeconfig", command="setup")
    ended = laptop.run(*words, env={"KUBECTL_OIDC_PASSWORD": PASSWORD})
    assert ended.status == 0, ended.stderr
    assert claims_of(laptop.signed_in(ALICE))["sub"] == "alice"
    assert laptop.realm.seen().token_requests == ["password"], "the session is kept"
    assert "config" in {file.name for file in files_with("--username=alice")}
    assert files_with(PASSWORD) == []


# Client credentials


def test_a_client_signs_in_as_itself(robot: Laptop) -> None:
    """The access token is handed out and kept; its end is the provider's; a new one is asked for without a person."""
    token = robot.signed_in(*ROBOT, "--oidc-use-access-token")
    assert robot.signed_in(*ROBOT, "--oidc-use-access-token") == token
    assert set(robot.realm.seen().token_requests) == {"client_credentials"}
    before = len(robot.realm.seen().token_requests)
    assert robot.signed_in(*ROBOT, "--oidc-use-access-token", "--force-refresh") != token
    assert len(robot.realm.seen().token_requests) > before
    assert robot.browser.opened() == []
    assert "robot" in robot.purge(*ROBOT, "--oidc-use-access-token").stderr


def test_a_provider_without_an_id_token_for_it_is_explained(robot: Laptop) -> None:
    """Most have none: the error names the flag that hands out the access token."""
    failure(robot.get_token(*ROBOT), "client-credentials", "--oidc-use-access-token")


def test_setup_signs_a_client_in(robot: Laptop) -> None:
    """It shows that the access token is opaque, and keeps the session."""
    ended = robot.run(*robot.words(*ROBOT, "--oidc-use-access-token", command="setup"))
    assert ended.status == 0, ended.stderr
    assert "claims-access-token" in topics(" ".join(ended.stderr.split()))


def test_a_client_without_a_secret_is_a_wrong_command(robot: Laptop) -> None:
    """Both flags are named, and nobody is asked."""
    failure(robot.get_token(ROBOT[0]), "usage", ROBOT[0], "--oidc-client-secret", status=2)
    assert robot.realm.seen().total == 0
    assert robot.purge(ROBOT[0]).status == 0, "purge needs none"
