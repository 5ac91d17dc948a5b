"""A provider that is hostile, or honest and odd: what is said, what is printed, what is stored, and that no secret is anywhere."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.hostile_provider import DEVICE_CODE, HostileProvider
from tests.hostile_scenarios import KINDS
from tests.hostile_scenarios.callbacks import ENDING, FORGED
from tests.hostile_scenarios.scenario import DEVICE, REFRESH, SIGN_IN
from tests.plugin import start
from tests.sessions import as_an_ordinary_user, linux_only
from tests.tokens import CLIENT_ID, jwks, signing_key

from .laptop import cache, claims_of, give_new_id, token_of
from .visitor import VisitedLaptop, visit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubectl_oidc.sessions.session import Session
    from tests.hostile import Hostile
    from tests.hostile_scenarios import Scenario
    from tests.hostile_scenarios.callbacks import Callback

    from .visitor import Outcome, Page

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ROWS = [
    pytest.param(kind, scenario, flow, id=f"{kind}-{scenario.name}-{flow}")
    for kind, scenarios in KINDS.items()
    for scenario in scenarios
    for flow in scenario.flows
]


FLAGS = {SIGN_IN: (), REFRESH: ("--force-refresh",), DEVICE: ("--grant-type=device-code",)}
GRANTS = {SIGN_IN: "authorization_code", REFRESH: "refresh_token", DEVICE: DEVICE_CODE}


@pytest.fixture(scope="module")
def home_with_a_session(
    hostile_server: Hostile, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[str]]:
    """Sign in once, in a home that tests copy, and return it with the refresh tokens that were issued."""
    place = tmp_path_factory.mktemp("hostile")
    home = place / "home"
    home.mkdir(mode=0o700)
    provider = HostileProvider(hostile_server)
    laptop = VisitedLaptop(provider, place, lambda *words, env: start(*words, env={**env, "HOME": str(home)}))
    assert laptop.run().status == 0
    return home, provider.issued


@pytest.fixture
def signed_in(
    home_with_a_session: tuple[Path, list[str]], visited: VisitedLaptop, home: Path
) -> VisitedLaptop:
    """Have a laptop with a session that no metadata is known for."""
    prepared, issued = home_with_a_session  # made before the laptop's provider takes the server over
    shutil.copytree(prepared, home, dirs_exist_ok=True)
    shutil.rmtree(cache() / "metadata")
    give_new_id()
    visited.provider.issued += issued
    return visited


@pytest.mark.parametrize(("kind", "scenario", "flow"), ROWS)
def test_what_a_provider_does(
    kind: str,
    scenario: Scenario,
    flow: str,
    request: pytest.FixtureRequest,
    held: Callable[[str, str, str], None],
) -> None:
    """What must not be believed is one error and harms no session; what is odd and honest is taken. No secret is anywhere."""
    visited: VisitedLaptop = request.getfixturevalue("signed_in" if flow == REFRESH else "visited")
    before = visited.session()
    scenario.arrange(visited.provider)
    outcome = visited.run(*FLAGS[flow], then=None if flow != DEVICE else lambda _: [])
    assert visited.places_with_secrets(outcome) == []
    if not scenario.says:
        _is_believed(outcome, visited, flow)
        became = "accepted"
    else:
        _is_refused(outcome, scenario)
        became = _after_a_refusal(visited, before, asked=bool(outcome.pages))
        if flow == REFRESH:
            assert bool(outcome.pages) is scenario.asks
    held(f"{kind} ({flow})", scenario.name, became)


def _is_refused(outcome: Outcome, scenario: Scenario | Callback) -> None:
    assert (outcome.status, outcome.stdout) == (1, ""), outcome.stderr
    *_, error, hint = outcome.said()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert sum(line.startswith(("error: ", "hint: ")) for line in outcome.said()) == 2
    assert scenario.says in error


def _is_believed(outcome: Outcome, visited: VisitedLaptop, flow: str) -> None:
    assert outcome.status == 0, outcome.stderr
    assert not any(line.startswith(("error", "warning")) for line in outcome.said())
    session = visited.session()
    assert session is not None
    assert token_of(outcome.stdout) == session.id_token.reveal() == visited.provider.seen.secrets["id_token"]
    assert set(visited.provider.seen.grants()) == {GRANTS[flow]}
    assert visited.opened == (0 if flow == REFRESH else 1)


def _after_a_refusal(visited: VisitedLaptop, before: Session | None, *, asked: bool) -> str:
    """Tell what became of the session, having shown it: it is as it was, and its refresh token is one that is still good."""
    after = visited.session()
    if before is None:
        assert after is None
        return "refused; nothing is stored"
    assert after is not None
    assert (after.id_token, after.subject, after.audience) == (
        before.id_token,
        before.subject,
        before.audience,
    )
    assert after.refresh_token is not None
    assert after.refresh_token.reveal() in visited.provider.good_refresh_tokens()
    return f"refused{'; so is the next sign-in' if asked else ''}; the session is kept"


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("is another person's", {"sub": "00u2"}),
        ("is for more clients", {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}),
        ("is for fewer clients", {"aud": ["other"]}),
        ("is another issuer's", {"iss": "https://evil.example.com"}),
    ],
)
def test_a_refresh_that_brings_another_token(
    signed_in: VisitedLaptop, what: str, changes: dict[str, Any], held: Callable[[str, str, str], None]
) -> None:
    """OpenID Connect Core 12.2: it is not used, and the person signs in again; the session is what that brings."""
    signed_in.provider.claims_of_refresh |= changes
    outcome = signed_in.run("--force-refresh")
    assert outcome.status == 0, outcome.stderr
    assert signed_in.provider.seen.grants() == ["refresh_token", "authorization_code"]
    claims = claims_of(token_of(outcome.stdout))
    assert (claims["sub"], claims["aud"], claims["iss"]) == ("00u1", CLIENT_ID, signed_in.provider.issuer)
    session = signed_in.session()
    assert session is not None
    assert session.id_token.reveal() == token_of(outcome.stdout)
    assert signed_in.places_with_secrets(outcome) == []
    held("ID token (refresh)", f"{what} than the session's", "not used; the person signs in again")


def test_a_key_that_was_rotated_since_its_set_was_fetched(
    visited: VisitedLaptop, held: Callable[[str, str, str], None]
) -> None:
    """The set is fetched once more, and the token is believed; nothing else is asked for."""
    assert visited.run().status == 0
    visited.provider.key = signing_key("RS256", "rotated")
    visited.provider.key_set = jwks(visited.provider.key)
    visited.provider.seen.requests.clear()
    outcome = visited.run("--force-refresh")
    assert (outcome.status, outcome.said()) == (0, []), outcome.stderr
    assert visited.provider.seen.requests == ["/token", "/keys"]
    assert visited.places_with_secrets(outcome) == []
    held("Key set (refresh)", "has another key than when it was fetched", "fetched once more; accepted")


def test_a_refresh_token_that_ended(signed_in: VisitedLaptop, held: Callable[[str, str, str], None]) -> None:
    """The person is told in one line, and signs in again."""
    signed_in.provider.issued.clear()
    outcome = signed_in.run("--force-refresh")
    assert outcome.status == 0, outcome.stderr
    assert signed_in.provider.seen.grants() == ["refresh_token", "authorization_code"]
    assert "invalid_grant" in outcome.stderr
    assert signed_in.places_with_secrets(outcome) == []
    held(
        "Token response (refresh)",
        "no longer accepts the refresh token",
        "you sign in again, and the reason is shown",
    )


@pytest.mark.parametrize("forged", FORGED, ids=lambda row: row.name)
def test_a_forged_callback(
    visited: VisitedLaptop, forged: Callback, held: Callable[[str, str, str], None]
) -> None:
    """It is refused with a page that gives nothing away, and the honest answer afterwards is accepted."""
    if forged.promised:
        visited.provider.metadata["authorization_response_iss_parameter_supported"] = True
        visited.provider.callback = lambda pairs: [*pairs, ("iss", visited.provider.issuer)]
    outcome = visited.run(then=lambda url: _callbacks(url, forged, visited.provider.issuer))
    refused, taken = outcome.pages
    assert refused.status == forged.status
    assert set(SAFE).issubset(refused.headers)
    assert taken.status == 200
    assert (outcome.status, outcome.said()) == (0, []), outcome.stderr
    assert visited.places_with_secrets(outcome) == []
    assert visited.provider.seen.grants() == ["authorization_code"]
    held("Callback", forged.name, f"refused with {forged.status}; the honest answer afterwards is accepted")


@pytest.mark.parametrize("ending", ENDING, ids=lambda row: row.name)
def test_a_callback_that_ends_the_sign_in(
    visited: VisitedLaptop, ending: Callback, held: Callable[[str, str, str], None]
) -> None:
    """The terminal and the page say why; what comes afterwards is redeemed by nobody."""
    if ending.promised:
        visited.provider.metadata["authorization_response_iss_parameter_supported"] = True
    outcome = visited.run(then=lambda url: _callbacks(url, ending, visited.provider.issuer)[:1])
    assert outcome.pages[0].status == ending.status
    _is_refused(outcome, ending)
    assert visited.session() is None
    assert visited.places_with_secrets(outcome) == []
    held("Callback", ending.name, "ends the sign-in; nothing is stored")


def _callbacks(url: str, forged: Callback, issuer: str) -> list[Page]:
    """Go to the provider and come back, with a forged answer first and, unless that ended it, with the honest one."""
    provider = visit(url, follow=False).headers["location"]
    redirect = urlsplit(visit(provider, follow=False).headers["location"])
    pairs = forged.query(parse_qsl(redirect.query))
    query = urlencode([(name, issuer if value == "ISSUER" else value) for name, value in pairs])
    bad = f"http://{redirect.netloc}{forged.path}?{query}"
    pages = [visit(bad, method=forged.method, host=forged.host)]
    if not forged.says:
        pages.append(visit(redirect.geturl()))
    return pages


SAFE = (
    "content-security-policy",
    "cache-control",
    "x-content-type-options",
    "referrer-policy",
)
"""Headers that every page has."""


@linux_only
def test_a_start_address_that_another_user_saw(
    visited: VisitedLaptop, held: Callable[[str, str, str], None]
) -> None:
    """It stands in the process list, and leads on with our state in it: for us alone."""
    strangers: list[int] = []

    def after_a_stranger(url: str) -> list[Page]:
        strangers.append(as_an_ordinary_user(lambda _: visit(url, follow=False).status))
        return [visit(url)]

    outcome = visited.run(then=after_a_stranger)
    assert strangers == [403]
    assert visited.provider.seen.requests.count("/authorize") == 1
    assert (outcome.status, outcome.said()) == (0, []), outcome.stderr
    held(
        "Callback",
        "another user of the machine opens the start address",
        "refused with 403; the honest answer afterwards is accepted",
    )
