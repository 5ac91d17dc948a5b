"""Selecting sessions by name, ID or flags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from kubectl_oidc.cli.users.selection import (
    SHORT,
    Candidate,
    matches_flags,
    selector,
    sessions_named,
    several_sessions,
)
from kubectl_oidc.cli.users.suggestions import unknown_session
from kubectl_oidc.sessions.stores.index import Entry
from tests.sessions import CLIENT, ISSUER

if TYPE_CHECKING:
    from collections.abc import Iterator

CACHE = Path("cache")


def entry(session_id: str, name: str = "", *, scopes: tuple[str, ...] = ("openid",)) -> Entry:
    """Return an index entry."""
    return Entry(
        session_id=session_id,
        issuer=ISSUER,
        client_id=CLIENT,
        scopes=scopes,
        name=name,
        person="ada@example.com",
        storage="disk",
        credential="disk",
        generation=1,
        signed_in_at=1,
        refreshed_at=1,
        expiry=2,
        renewable=True,
        in_flight=0,
        host="here",
    )


def candidate(session_id: str, name: str = "") -> Candidate:
    """Return a session that is stored here."""
    return Candidate(session_id, CACHE, entry(session_id, name))


WORK = candidate("aaaaaaaa" + "1" * 24, "work")
HOME = candidate("aaaaaaaa" + "2" * 24)
BOTH = [WORK, HOME]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("work", [WORK]),
        ("aaaaaaaa1", [WORK]),
        ("AAAAAAAA2", [HOME]),
        ("aaaaaaaa", BOTH),
        ("aaaaaaa", []),
        ("play", []),
        ("", []),
    ],
)
def test_a_word_is_a_name_or_the_start_of_an_id(word: str, found: list[Candidate]) -> None:
    """Fewer digits than `status` shows and unknown names select nothing."""
    assert sessions_named(word, BOTH) == found


def test_a_name_comes_before_an_id() -> None:
    """Even if the name is also the start of another session's ID."""
    odd = candidate("b" * 32, "aaaaaaaa")
    assert sessions_named("aaaaaaaa", [*BOTH, odd]) == [odd]


def test_a_selector_selects_only_its_session() -> None:
    """It is the name if only one session has it, else as many digits as needed."""
    assert [selector(one, BOTH) for one in BOTH] == ["work", "aaaaaaaa2"]
    twin = candidate("aaaaaaaa" + "3" * 24, "work")
    odd = candidate("b" * 32, "aaaaaaaa2")
    among = [*BOTH, twin, odd]
    for one in among:
        assert sessions_named(selector(one, among), among) == [one]
    assert selector(candidate("c" * 32), among) == "c" * SHORT


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, True),
        ({"oidc_issuer_url": ISSUER, "oidc_client_id": CLIENT, "session": "work"}, True),
        ({"oidc_extra_scope": ("groups,email",)}, True),
        ({"oidc_extra_scope": ("email",)}, False),
        ({"oidc_issuer_url": "https://other.example.com"}, False),
        ({"session": "home"}, False),
        ({"grant_type": "auto"}, True),
        ({"grant_type": "password"}, False),
        ({"oidc_use_access_token": True}, False),
        ({"expect_claim": ("email=*@example.com",)}, False),
    ],
)
def test_flags_match_an_index_entry(values: dict[str, Any], *, expected: bool) -> None:
    """A flag that the index does not record matches no session."""
    assert matches_flags(entry("a" * 32, "work", scopes=("openid", "email", "groups")), values) is expected


@pytest.fixture
def whoami() -> Iterator[None]:
    """Run the command whoami with a --kubeconfig."""
    command = click.Command("whoami", params=[click.Option(["--kubeconfig"])])
    with command.make_context("whoami", ["--kubeconfig=my config"]):
        yield


@pytest.mark.usefixtures("whoami")
def test_several_sessions_get_a_command_each() -> None:
    """Each command selects one session, and repeats the arguments of the command line."""
    error = several_sessions(BOTH, BOTH, every=True)
    assert [line.split("   ")[0].rstrip() for line in error.lines] == [
        "kubectl oidc-login whoami '--kubeconfig=my config' --session=work",
        "kubectl oidc-login whoami '--kubeconfig=my config' --session=aaaaaaaa2",
    ]
    assert "--all" in error.hint
    assert "--all" not in several_sessions(BOTH, BOTH, every=False).hint


@pytest.mark.usefixtures("whoami")
def test_an_unknown_name_gets_the_closest_first() -> None:
    """The error has the unknown name, and the same lines as for several sessions."""
    kept = [candidate("c" * 32, "play"), WORK]
    error = unknown_session(kept, word="wrok")
    assert "wrok" in error.message
    assert error.lines == several_sessions([WORK, kept[0]], kept, every=False).lines
    assert not unknown_session([], word="wrok").lines


@pytest.mark.usefixtures("whoami")
@pytest.mark.parametrize(
    ("word", "short"), [("aaaaaaa", True), ("d1", True), ("aaaaaaab", False), ("d1x", False)]
)
def test_a_word_that_is_too_short_for_an_id_is_told_so(word: str, *, short: bool) -> None:
    assert (str(SHORT) in unknown_session([WORK], word=word).message) is short
