"""Whatever a provider writes, wherever: it moves no cursor, ends no line, turns no text round and is no markup."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.hostile import json_reply, raw, reply
from tests.hostile_scenarios.scenario import changing, setting
from tests.tokens import jwks

from .visitor import VisitedLaptop, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile_provider import HostileProvider
    from tests.hostile_scenarios.scenario import Arrange

    from .visitor import Outcome, Page

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

MARK = "ALL-IS-WELL"
WORDS = (
    "\x1b]0;owned\x07\x1b[2J\x1b[8m\x9b31m\x08\x7f\u202e\u2066\u200f\u2028\ufeff\U000e0041"
    f"<script>alert(1)</script><img src=x onerror=alert(1)>&amp;\"'`$(id)\r\nerror: {MARK}\nhint: {MARK}\t\x00"
)
"""Escape sequences (C0 and C1), backspaces, text that runs backwards or is invisible, markup, shell, new lines."""
IN_HEADERS = "\x1b[2J\x9b31m\x08<script>alert(1)</script>"
"""What fits a header field."""

CLAIMS = (
    "iss",
    "sub",
    "aud",
    "azp",
    "exp",
    "iat",
    "nbf",
    "nonce",
    "at_hash",
    "email",
    "name",
    "groups",
    "preferred_username",
)
METADATA = (
    *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "device_authorization_endpoint"),
    *("id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported", "scopes_supported"),
    *("code_challenge_methods_supported", "grant_types_supported", "pushed_authorization_request_endpoint"),
)
DOCUMENTS = ("on_metadata", "on_keys", "on_token", "on_device")


def _say(where: str, name: str, *, listed: bool = False) -> Arrange:
    """Put the words into a member of what the provider says."""
    return changing(where, **{name: [WORDS, "RS256"] if listed else WORDS})


def _key(**changes: object) -> Arrange:
    """Put a key with the words beside the good one."""

    def arrange(provider: HostileProvider) -> None:
        provider.key_set = jwks(provider.key.jwk(**changes), provider.key)

    return arrange


def _status_line(where: str) -> Arrange:
    head = f"HTTP/1.1 400 {IN_HEADERS}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    return setting(where, raw(head))


def _headers(where: str, name: str, status: int) -> Arrange:
    return setting(where, reply(status, b"{}", headers={name: IN_HEADERS}))


def _refuses(status: int, **changes: str) -> Arrange:
    return setting("on_token", json_reply({**OAUTH_ERROR, **changes}, status))


OAUTH_ERROR = {"error": WORDS, "error_description": WORDS, "error_uri": WORDS}

PLACES: dict[str, Arrange] = {
    **{f"metadata: {name}": _say("metadata", name) for name in METADATA},
    **{f"metadata: {name}, in a list": _say("metadata", name, listed=True) for name in METADATA},
    **{f"ID token: {name}": _say("claims", name) for name in CLAIMS},
    **{
        f"ID token: {name}, in a list": _say("claims", name, listed=True) for name in ("aud", "groups", "sub")
    },
    **{f"ID token's header: {name}": _say("header", name) for name in ("alg", "kid", "typ", "crit", "jku")},
    **{f"ID token's header: {name}, in a list": _say("header", name, listed=True) for name in ("crit",)},
    "half a character in a claim": lambda provider: provider.claims.update(name="\ud800"),
    "an unknown claim's name and value": lambda provider: provider.claims.update({WORDS: {WORDS: [WORDS]}}),
    **{f"a key's {name}": _key(**{name: WORDS}) for name in ("kid", "kty", "alg", "use", "crv", "n")},
    "a key's key_ops": _key(key_ops=[WORDS]),
    **{
        f"token response: {name}": _say("answer", name)
        for name in ("token_type", "scope", "expires_in", "id_token", "access_token", "refresh_token")
    },
    **{f"an OAuth error with status {status}": _refuses(status) for status in (200, 400, 401, 503)},
    "an OAuth error that is known": _refuses(400, error="invalid_grant"),
    **{
        f"a page instead of {where[3:]}": setting(where, reply(200, WORDS.encode(errors="replace")))
        for where in DOCUMENTS
    },
    **{f"the status line of {where[3:]}": _status_line(where) for where in DOCUMENTS},
    **{f"the content type of {where[3:]}": _headers(where, "Content-Type", 200) for where in DOCUMENTS},
    **{f"where {where[3:]} leads": _headers(where, "Location", 302) for where in DOCUMENTS},
    **{f"when {where[3:]} is to be asked again": _headers(where, "Retry-After", 429) for where in DOCUMENTS},
    **{f"the tag of {where[3:]}": _headers(where, "ETag", 200) for where in DOCUMENTS},
    **{
        f"device: {name}": _say("device", name)
        for name in ("user_code", "verification_uri", "verification_uri_complete")
    },
}


def _is_harmless(text: str) -> bool:
    """Tell whether a text is made of lines of visible characters."""
    return all(
        char == "\n" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in text
    )


def _check(outcome: Outcome) -> None:
    for text in (outcome.stderr, outcome.stdout):
        assert _is_harmless(text), ascii(text)
        assert not re.search(f"^(error|hint): {MARK}", text, re.MULTILINE)
    assert sum(line.startswith("error: ") for line in outcome.said()) <= 1
    for page in outcome.pages:
        assert _is_harmless(page.text), ascii(page.text)
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert all(_is_harmless(value) for value in page.headers.values())


@pytest.mark.parametrize("place", PLACES)
def test_what_a_provider_writes(
    place: str, visited: VisitedLaptop, held: Callable[[str, str, str], None]
) -> None:
    """On the terminal at the highest verbosity, on standard output and on the page in the browser."""
    PLACES[place](visited.provider)
    device = place.startswith("device") or "device" in place
    outcome = visited.run(
        *(["--grant-type=device-code"] if device else []), then=(lambda _: []) if device else None
    )
    assert outcome.status in {0, 1}, outcome.stderr
    _check(outcome)
    if outcome.status == 0:
        json.loads(outcome.stdout)
    held("Words", place, "shown in one plain line, or not at all")


@pytest.mark.parametrize("claim", [*CLAIMS[1:2], *CLAIMS[9:]])
def test_what_setup_shows(claim: str, visited: VisitedLaptop, held: Callable[[str, str, str], None]) -> None:
    """It shows every claim, as text."""
    visited.provider.claims[claim] = WORDS
    outcome = visited.run(command="setup")
    assert outcome.status == 0, outcome.stderr
    assert claim in outcome.stdout + outcome.stderr
    _check(outcome)
    held("Words", f"ID token: {claim}, shown by setup", "shown in one plain line, or not at all")


@pytest.mark.parametrize("name", ["error", "error_description", "error_uri"])
def test_what_comes_to_the_redirect_uri(
    name: str, visited: VisitedLaptop, held: Callable[[str, str, str], None]
) -> None:
    """With our state, so that it is the provider's word."""

    def refused(url: str) -> list[Page]:
        provider = visit(url, follow=False).headers["location"]
        back = urlsplit(visit(provider, follow=False).headers["location"])
        state = visited.provider.seen.secrets["state"]
        told: dict[str, Any] = {
            "error": "access_denied",
            "state": state,
            name: WORDS.encode(errors="replace"),
        }
        return [visit(f"http://{back.netloc}/?{urlencode(told)}")]

    outcome = visited.run(then=refused)
    assert outcome.status == 1
    assert outcome.pages[0].status == 400
    _check(outcome)
    held("Words", f"callback: {name}", "shown in one plain line, or not at all")
