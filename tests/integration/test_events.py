"""--log-format=json: what a fleet can collect of the installed program."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.project.test_stability import LIST

from .laptop import token_of
from .said import topics

if TYPE_CHECKING:
    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

JSON_FLAG = "--log-format=json"


def events(ended: Ended) -> list[dict[str, Any]]:
    """Return the events among what was said; each has a promised name."""
    found = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    assert {event["event"] for event in found} <= set(LIST["events"])
    return found


def test_a_sign_in_and_a_refresh_are_told_by_events(laptop: Laptop) -> None:
    """The token comes all the same, no line of the log is text, and nothing is secret at the loudest level."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    for done in ("signed-in", "refreshed"):
        ended = laptop.get_token(JSON_FLAG, "-v", "9")
        assert ended.status == 0, ended.stderr
        names = [event["event"] for event in events(ended)]
        assert done in names
        assert "token-request" in names
        assert names.count("session-missing") == (done == "signed-in")
        assert "[v1]" not in ended.stderr
        assert token_of(ended.stdout) not in ended.stderr
        assert not re.search(r"eyJ[\w-]+\.eyJ", ended.stderr)


def test_an_error_is_an_event_without_v(laptop: Laptop) -> None:
    """Beside the two lines for people, with the same topic; the code is the provider's."""
    laptop.client = "posting"
    ended = laptop.get_token(JSON_FLAG, "--oidc-client-secret=MARKED-secret")
    (event,) = events(ended)
    assert (event["event"], event["code"], event["status"]) == ("error", "invalid_client", ended.status)
    assert topics(ended.stderr) == [event["topic"]]
    assert "MARKED" not in ended.stderr


@pytest.mark.parametrize(
    "words", [["get-token"], ["nonsense"], ["get-token", "--nonsense"], ["status", "-o", "nonsense"]]
)
def test_a_wrong_command_line_is_an_event_too(laptop: Laptop, words: list[str]) -> None:
    """Although the flags were not understood."""
    ended = laptop.run(*words, JSON_FLAG)
    (event,) = events(ended)
    assert (event["event"], event["status"], ended.status) == ("error", 2, 2)


def test_the_variable_serves_and_a_good_session_says_nothing(signed_in: Laptop) -> None:
    """A fleet sets it once; a cached call is as silent as before, and the same command."""
    env = {"KUBECTL_OIDC_LOG_FORMAT": "json"}
    for _ in range(2):
        ended = signed_in.get_token(env=env)
        assert (ended.status, ended.stderr) == (0, "")
