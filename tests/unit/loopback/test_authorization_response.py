"""Which request is the answer to ours (RFC 6749 §4.1.2, RFC 9207): state, issuer, host, method, parameters."""

from __future__ import annotations

from hmac import compare_digest
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given, strategies as st

from kubectl_oidc.loopback import authorization_response
from kubectl_oidc.loopback.authorization_response import (
    AuthorizationResponse,
    ExpectedResponse,
    FinalPageRequest,
    RejectedRequest,
    Request,
    StartRequest,
)
from kubectl_oidc.secret import Secret
from tests import parts
from tests.topics import told_apart

STATE = "S" * 43
TICKET = "/T0ken-of-the-start-address-4tests"
ISSUER = "https://id.example.com/realms/a"
HOST = "localhost:8000"

AWAITED = ExpectedResponse(
    hosts=frozenset({HOST, "127.0.0.1:8000", "[::1]:8000"}),
    path="/",
    start_path=Secret(TICKET),
    state=Secret(STATE),
    issuer=ISSUER,
    iss_required=False,
    end_query=Secret("page=T0ken-of-the-last-page"),
)
PROMISED = AWAITED._replace(iss_required=True)
SAID = (parts.REPOSITORY / "docs" / "messages.md").read_text(encoding="utf-8")
"""Every sentence of the program: a reason that quotes a request is none of them."""


def get(query: str, *, path: str = "/", host: str | None = HOST) -> Request:
    return Request("GET", f"{path}?{query}", host)


def judge(
    query: str, awaited: ExpectedResponse = AWAITED
) -> AuthorizationResponse | StartRequest | FinalPageRequest | RejectedRequest:
    return awaited.check(get(query))


def refused(request: Request, awaited: ExpectedResponse = AWAITED) -> RejectedRequest:
    """Return the refusal of ``request``; it must be one, with a status of 4xx."""
    verdict = awaited.check(request)
    assert isinstance(verdict, RejectedRequest), verdict
    assert 400 <= verdict.status <= 499
    return verdict


def iss(issuer: str) -> str:
    return f"iss={quote(issuer, safe='')}"


# The answer


@pytest.mark.parametrize(
    "query",
    [
        f"code=abc&state={STATE}",
        f"state={STATE}&code=abc",
        f"state={STATE}&session_state=1&code=abc&hd=example.com&scope=openid+email",
        f"code=abc&state={STATE}&{iss(ISSUER)}",
        f"code=abc&state={STATE}&{iss(ISSUER).lower()}",
        f"code=%61bc&%73tate={STATE}",
        f"code=abc&state={STATE}&error=",
        f"&&code=abc&state={STATE}&",
        f"code=abc&state={STATE}&session_state",
        f"code=abc&state={STATE}&" + "&".join(f"p{n}=1" for n in range(48)),
    ],
)
def test_a_code_with_our_state_is_the_answer(query: str) -> None:
    """Order, encoding and unknown parameters do not matter (RFC 6749 §4.1.2)."""
    assert judge(query) == AuthorizationResponse(Secret("abc"), None, None, None)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_a_code_arrives_as_the_provider_made_it(code: str) -> None:
    """Whatever characters a code is made of, percent-encoding is undone and nothing else is done to it."""
    assert judge(urlencode({"code": code, "state": STATE})) == AuthorizationResponse(Secret(code))


def test_an_answer_does_not_show_its_code() -> None:
    """The code is a secret: no repr, log or traceback holds it."""
    assert "abc" not in repr(judge(f"code=abc&state={STATE}"))


def test_the_expectation_shows_neither_state_nor_ticket() -> None:
    """What is awaited may stand in a traceback without giving a secret away."""
    assert STATE not in repr(AWAITED)
    assert TICKET not in repr(AWAITED)


def test_an_error_with_our_state_is_an_answer_with_the_providers_words() -> None:
    """A refused sign-in is known at once, with all that the provider says of it (RFC 6749 §4.1.2.1)."""
    query = urlencode(
        {
            "error": "access_denied",
            "error_description": "No, <b>never</b>\x1b[31m",
            "error_uri": "https://id.example.com/help",
            "state": STATE,
        }
    )
    assert judge(query) == AuthorizationResponse(
        None, "access_denied", "No, <b>never</b>\x1b[31m", "https://id.example.com/help"
    )


def test_an_error_with_an_empty_code_is_an_error() -> None:
    """An empty parameter is none (RFC 6749 §3.1)."""
    assert judge(f"error=access_denied&code=&state={STATE}") == AuthorizationResponse(None, "access_denied")


# State


@pytest.mark.parametrize("rest", ["code=abc", "error=access_denied", "error=access_denied&code=abc", "a=b"])
@pytest.mark.parametrize(
    "state",
    [
        "",
        "state=",
        "state",
        "state=wrong",
        f"state={STATE[:-1]}",
        f"state={STATE}S",
        f"state={STATE.lower()}",
        f"state=+{STATE}",
        f"state={STATE}%00",
        f"state=%ED%9F%BF{STATE}",
        f"State={STATE}",
        f"state%5B%5D={STATE}",
        f"x=1;state={STATE}",
        f"nonce={STATE}",
    ],
)
def test_without_our_very_state_nothing_is_an_answer(state: str, rest: str) -> None:
    """A code or an error with another state, or with none, is refused (RFC 9700 §4.7)."""
    assert refused(get(f"{rest}&{state}")).status == 403


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_guessed_state_is_taken(state: str) -> None:
    """No text but the state itself passes, whatever characters it is made of; comparing them never fails."""
    assert refused(get(urlencode({"state": state, "code": "abc"}))).status == 403


def test_a_state_of_characters_beyond_ascii_is_compared_without_a_failure() -> None:
    """Comparing in constant time is for bytes, and a request may hold any characters."""
    assert refused(get("code=a&state=%C3%BC%F0%9F%98%80")).status == 403
    assert refused(Request("GET", "/\udcff\xff?state=\xff", HOST)).status == 404


def test_the_state_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but hmac.compare_digest compares it, so no answer's time tells how much of a guess was right."""
    compared: list[tuple[bytes, bytes]] = []

    def spy(given: bytes, ours: bytes) -> bool:
        compared.append((given, ours))
        return compare_digest(given, ours)

    monkeypatch.setattr(authorization_response, "compare_digest", spy)
    for state in (STATE, STATE[:-1], "x"):
        judge(f"code=a&state={state}")
        assert (state.encode(), STATE.encode()) in compared
        compared.clear()
    monkeypatch.setattr(authorization_response, "compare_digest", lambda *_: False)
    assert refused(get(f"code=a&state={STATE}")).status == 403, "and its verdict is what counts"


# Repeated and broken parameters


REPEATED = [
    f"code=abc&state={STATE}&state={STATE}",
    f"code=abc&state=wrong&state={STATE}",
    f"code=abc&state={STATE}&state=",
    f"code=abc&code=abc&state={STATE}",
    f"code=abc&code=&state={STATE}",
    f"code=abc&%63ode=other&state={STATE}",
    f"code=abc&state={STATE}&{iss(ISSUER)}&{iss('https://evil.example')}",
    f"error=a&error=b&state={STATE}",
    f"code=abc&state={STATE}&scope=a&scope=b",
]
UNREADABLE = [
    f"code=%FF%FE&state={STATE}",
    f"code=abc&state={STATE}&" + "&".join(f"p{n}=1" for n in range(49)),
    "&" * 5000,
]
NEITHER = [
    f"state={STATE}&{rest}"
    for rest in ("", "code=", "error=", "code=&error=", "error_description=only+words")
]
BOTH = [f"state={STATE}&code=abc&error=access_denied"]


@pytest.mark.parametrize("query", REPEATED)
def test_a_repeated_parameter_is_refused(query: str) -> None:
    """Which of two values is right is not known (RFC 6749 §3.1), so neither is accepted."""
    assert refused(get(query)).status == 400


@pytest.mark.parametrize("query", UNREADABLE, ids=["not UTF-8", "51 parameters", "5000 separators"])
def test_what_cannot_be_read_is_refused(query: str) -> None:
    """Bytes that are no text and parameters by the dozen are no answer."""
    assert refused(get(query)).status == 400


@pytest.mark.parametrize("query", NEITHER + BOTH)
def test_an_answer_is_a_code_or_an_error(query: str) -> None:
    """With our state but neither of them, or with both, nothing was answered."""
    assert refused(get(query)).status == 400


def test_each_fault_of_an_answer_has_its_own_reason() -> None:
    """Who reads the log knows what was wrong."""
    faults = {
        "repeated": REPEATED,
        "unreadable": UNREADABLE,
        "neither": NEITHER,
        "both": BOTH,
        "elsewhere": [""],
    }
    told_apart(
        {fault: [refused(get(query)).reason for query in queries] for fault, queries in faults.items()}
    )


# Issuer


@pytest.mark.parametrize("rest", ["code=abc", "error=access_denied"])
@pytest.mark.parametrize("awaited", [AWAITED, PROMISED], ids=["not promised", "promised"])
@pytest.mark.parametrize(
    "other",
    [
        "https://evil.example",
        f"{ISSUER}/",
        ISSUER.upper(),
        ISSUER.replace("https", "http"),
        f" {ISSUER}",
        "https://id.example.com/realms/%61",
        "",
    ],
)
def test_an_answer_of_another_issuer_is_refused(awaited: ExpectedResponse, rest: str, other: str) -> None:
    """`iss` is compared byte for byte, in errors too, also where no `iss` was promised (RFC 9207 §2.4)."""
    found = refused(get(f"{rest}&state={STATE}&{iss(other)}"), awaited)
    missing = refused(get(f"{rest}&state={STATE}"), PROMISED)
    assert found.status == missing.status == 403
    told_apart(
        {
            "other": [found.reason],
            "missing": [missing.reason],
            "state": [refused(get(f"{rest}&state=x")).reason],
        }
    )


@pytest.mark.parametrize("rest", ["code=abc", "error=access_denied"])
def test_a_promised_issuer_must_be_there(rest: str) -> None:
    """Where the metadata promises `iss`, an answer or an error without it is refused (RFC 9207 §2.4)."""
    assert refused(get(f"{rest}&state={STATE}"), PROMISED).status == 403
    assert isinstance(judge(f"{rest}&state={STATE}&{iss(ISSUER)}", PROMISED), AuthorizationResponse)
    assert isinstance(judge(f"{rest}&state={STATE}", AWAITED), AuthorizationResponse)


def test_a_stranger_does_not_learn_what_else_is_wrong() -> None:
    """State is judged first: without it, the answer to a request is the same whatever its issuer."""
    assert refused(get(f"code=a&state=x&{iss('https://evil.example')}")) == refused(get("code=a&state=x"))


# Host, method, target


@pytest.mark.parametrize("host", [HOST, "LocalHost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_our_own_hosts_are_known(host: str) -> None:
    """The Host header may name any of the addresses that are ours."""
    assert AWAITED.check(get(f"code=abc&state={STATE}", host=host)) == AuthorizationResponse(Secret("abc"))


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:8000",
        "localhost",
        "localhost:8001",
        "localhost:80000",
        "localhost.evil.example:8000",
        "127.0.0.1.nip.io:8000",
        "localhost:8000, evil.example",
        "evil.example@localhost:8000",
        " localhost:8000",
        "::1:8000",
    ],
)
@pytest.mark.parametrize("target", [f"/?code=abc&state={STATE}", TICKET, "/favicon.ico"])
def test_a_foreign_host_is_refused_before_anything_else(host: str | None, target: str) -> None:
    """A page that bound its own name to 127.0.0.1 (DNS rebinding) gets nothing, whatever it knows."""
    assert refused(Request("GET", target, host)).status == 403


@pytest.mark.parametrize(
    "method", ["POST", "OPTIONS", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "G"]
)
@pytest.mark.parametrize("target", [f"/?code=abc&state={STATE}", TICKET])
def test_only_get_is_an_answer(method: str, target: str) -> None:
    """What looks ahead at a link, or posts a form, does not use the answer up; the status says what would do."""
    found = refused(Request(method, target, HOST))
    assert found.status == 405
    assert dict(found.headers) == {"allow": "GET"}


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/favicon.ico", 404),
        ("/robots.txt", 404),
        (f"/other?code=abc&state={STATE}", 404),
        (f"//?code=abc&state={STATE}", 404),
        (f"/%2f?code=abc&state={STATE}", 404),
        (f"/index.html?code=abc&state={STATE}", 404),
        ("/", 400),
        ("/?", 400),
        (f"http://localhost:8000/?code=abc&state={STATE}", 400),
        (f"?code=abc&state={STATE}", 400),
        ("*", 400),
        ("localhost:8000", 400),
        ("", 400),
    ],
)
def test_other_addresses_are_no_answer(target: str, status: int) -> None:
    """Only the redirect URI's own path, with a query, is where an answer comes in."""
    assert refused(Request("GET", target, HOST)).status == status


def test_the_answer_comes_to_the_path_of_the_redirect_uri() -> None:
    """A redirect URI with a path has its answer there and nowhere else, however the path is encoded."""
    there = AWAITED._replace(path="/oidc/call back")
    query = f"code=abc&state={STATE}"
    assert there.check(get(query, path="/oidc/call%20back")) == AuthorizationResponse(Secret("abc"))
    assert there.check(get(query, path="/%6Fidc/call%20back")) == AuthorizationResponse(Secret("abc"))
    for path in ("/", "/oidc", "/oidc/call%20back/", "/OIDC/call%20back"):
        assert refused(get(query, path=path), there).status == 404


# The start address


def test_the_start_address_is_known_by_its_ticket() -> None:
    """Only its path is compared. A query that a browser adds does no harm."""
    assert isinstance(AWAITED.check(Request("GET", TICKET, HOST)), StartRequest)
    assert isinstance(AWAITED.check(get("utm=1", path=TICKET)), StartRequest)


@pytest.mark.parametrize("path", [TICKET[:-1], f"{TICKET}x", TICKET.lower(), f"/{TICKET}", f"{TICKET}/"])
def test_nothing_but_the_whole_ticket_starts(path: str) -> None:
    """A guess, near as it may be, is an address where nothing is."""
    assert refused(Request("GET", path, HOST)).status == 404


# Whatever is sent


@given(
    method=st.sampled_from(["GET", "POST", "HEAD"]) | st.text(max_size=8),
    target=st.text(max_size=60)
    | st.text(max_size=60).map("/".__add__)
    | st.text(max_size=60).map("/?".__add__),
    host=st.none() | st.just(HOST) | st.text(max_size=20),
)
@example("GET", "/evil", HOST)
@example("GET", "/?state=evil&code=evil", HOST)
def test_whatever_is_sent_the_verdict_is_a_refusal_that_repeats_nothing(
    method: str, target: str, host: str | None
) -> None:
    """No request without the secrets is an answer or a failure, and the reason quotes nothing of it."""
    found = refused(Request(method, target, host))
    assert f"| {found.reason} |" in SAID


def test_a_request_of_nobody_in_particular_says_nothing() -> None:
    """If the system does not tell who sent it, it is not refused for that."""
    assert Request("GET", "/", "localhost").uid() is None


def test_the_answer_to_an_earlier_sign_in_is_told_from_other_requests() -> None:
    """Its page says that this sign-in is over; who sends no state at all is not told so."""
    assert refused(Request("GET", "/?code=c&state=of-another", HOST)).is_outdated
    assert not refused(Request("GET", "/?code=c", HOST)).is_outdated
    assert not refused(Request("GET", "/", HOST)).is_outdated
