"""The whole sign-in through the browser, with a provider, a browser and a user of the test."""

from __future__ import annotations

import re
import socket
import sys
import threading
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest

from kubectl_oidc.authentication.grants import choice
from kubectl_oidc.authentication.grants.authorization_code import _await_response, sign_in_with_browser
from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets
from kubectl_oidc.authentication.grants.pasted_response import PastedResponseReader, parse_pasted_response
from kubectl_oidc.authentication.grants.pushed_authorization import AuthorizationRequest
from kubectl_oidc.authentication.request import (
    BrowserOptions,
    RedirectOptions,
    RenewalOptions,
    TimeoutOptions,
)
from kubectl_oidc.demo.sandbox import Sandbox
from kubectl_oidc.errors import (
    IdTokenError,
    InvalidGrant,
    OAuthErrorResponse,
    OidcLoginError,
    SignInPaused,
    SignInRefused,
    SignInTimeout,
)
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.loopback.server import CallbackServer
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from tests.hostile import Hostile, Talk, discovery, json_reply, reply
from tests.plugin import wait_until
from tests.sign_ins import WELL_KNOWN, Desk, Keys, Silent
from tests.tokens import CLIENT_ID, NOW, good_claims, id_token
from tests.topics import about

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kubectl_oidc.oidc.tokens import Tokens
    from tests.hostile import Script

ANY_PORT = ListenAddress("127.0.0.1", 0)
CODE = "SECRET-code"
BROWSER = """
import pathlib, sys, urllib.request
try:
    page = urllib.request.urlopen(sys.argv[2]).read()
except urllib.request.HTTPError as error:
    page = error.read()
written = pathlib.Path(sys.argv[1] + ".part")
written.write_bytes(page)
written.replace(sys.argv[1])
"""


class Person(Silent):
    """A terminal, and a user who opens the printed address and does there what ``does`` does."""

    def __init__(self) -> None:
        super().__init__()
        self.does: Callable[[dict[str, str]], dict[str, str]] = lambda asked: {
            "state": asked["state"],
            "code": CODE,
        }
        self.asked: dict[str, str] = {}
        self.pages: list[tuple[int, str]] = []
        self._threads: list[threading.Thread] = []

    def say(self, line: str) -> None:
        self.said.append(line)

    def need(self, line: str) -> None:
        super().need(line)
        if "state=" in line:
            self.asked = dict(parse_qsl(urlsplit(line.rsplit(maxsplit=1)[-1]).query))
            self.answers(self.does(self.asked))

    def answers(self, parameters: dict[str, str]) -> None:
        """Open the redirect URI, as the provider would redirect the browser."""
        if parameters:
            thread = threading.Thread(
                target=self._go, args=(f"{self.asked['redirect_uri']}?{urlencode(parameters)}",)
            )
            self._threads.append(thread)
            thread.start()

    def _go(self, url: str) -> None:
        try:
            with build_opener(ProxyHandler({})).open(url, timeout=20) as page:
                self.pages.append((page.status, page.read().decode()))
        except HTTPError as error:
            with error:
                self.pages.append((error.code, error.read().decode()))

    def page(self) -> tuple[int, str]:
        """Return the status and the text of the last page, once it is there."""
        for thread in self._threads:
            thread.join(20)
        return self.pages[-1]


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def desk(person: Person) -> Iterator[Desk]:
    settings = {
        "redirect": RedirectOptions(listen_addresses=(ANY_PORT,)),
        "browser": BrowserOptions(open=False),
        "timeout": TimeoutOptions(seconds=20.0),
    }
    with Hostile() as server, Desk(server, terminal=person, settings=settings) as desk:
        server.on("/token", answering(desk, person))
        yield desk


def answering(desk: Desk, person: Person) -> Script:
    """Answer with tokens for this user's authorization request."""

    def script(talk: Talk) -> None:
        claims = good_claims(iss=desk.server.url, nonce=person.asked["nonce"], exp=NOW + 3600, iat=NOW)
        desk.tokens(id_token=id_token(claims=claims).reveal())(talk)

    return script


def sign_in(desk: Desk) -> Tokens:
    return sign_in_with_browser(desk.sign_in)


def failing(desk: Desk, error: type[OidcLoginError]) -> OidcLoginError:
    with pytest.raises(error) as caught:
        sign_in(desk)
    return caught.value


def test_the_browser_that_is_opened_comes_back(desk: Desk, person: Person, tmp_path: Path) -> None:
    """RFC 6749 §4.1, RFC 7636 §4.5: to the provider and back, and the code is exchanged with the verifier."""

    def authorize(talk: Talk) -> None:
        person.asked = dict(parse_qsl(urlsplit(talk.asked.path).query))
        back = urlencode({"state": person.asked["state"], "code": CODE})
        reply(302, headers={"Location": f"{person.asked['redirect_uri']}?{back}"})(talk)

    desk.server.on("/authorize", authorize)
    program, page = tmp_path / "browser.py", tmp_path / "page"
    program.write_text(BROWSER, encoding="utf-8")
    command = Sandbox.joined([sys.executable, str(program), str(page)])
    desk.settings |= {"browser": BrowserOptions(command=command)}

    tokens = sign_in(desk)

    assert tokens.refresh_token == Secret("SECRET-refresh-token")
    (form,) = desk.asked("/token")
    assert (form["grant_type"], form["code"]) == ("authorization_code", CODE)
    assert form["redirect_uri"] == person.asked["redirect_uri"]
    digest = sha256(form["code_verifier"].encode()).digest()
    assert person.asked["code_challenge"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
    host = urlsplit(desk.server.url).hostname
    where_and_why, start = person.said
    assert str(host) in where_and_why
    assert "first use" in where_and_why
    assert "http://localhost:" in start
    assert any(str(host) in line and "first use" in line for line in desk.log.lines)
    assert "sign-in-started" in desk.log.events
    port = str(urlsplit(person.asked["redirect_uri"]).port)
    assert any(f" {port} " in line for line in desk.log.lines)
    assert re.search(r"\b(19|20) s\b", person.awaited[0])
    wait_until(page.exists, "the browser has the page")
    text = page.read_text(encoding="utf-8")
    assert "ada@example.com" in text
    assert str(urlsplit(desk.server.url).port) in text
    assert re.search(r'<span class="span">· \D*</span>', text), (
        "the token's end, which is long ago, has no span"
    )


def test_an_address_is_printed_where_no_browser_is_opened(desk: Desk, person: Person) -> None:
    """With the reason, the redirect URI, and how it can reach this machine."""
    desk.environ |= {"USER": "ada", "SSH_CONNECTION": "10.0.0.9 50022 10.0.0.1 22"}

    assert sign_in(desk).refresh_token == Secret("SECRET-refresh-token")

    port = urlsplit(person.asked["redirect_uri"]).port
    assert person.asked["redirect_uri"] == f"http://localhost:{port}"
    assert "--skip-open-browser" in person.said[1]
    assert f"http://localhost:{port}" in person.said[2]
    assert f"ssh -L {port}:localhost:{port} ada@10.0.0.1\n" in person.said[2]
    assert person.page()[0] == 200
    assert len(person.said) == 3


def test_the_browser_goes_on_to_the_address_that_was_asked_for(desk: Desk, person: Person) -> None:
    """--open-url-after-authentication replaces the program's page."""
    desk.settings["browser"] = BrowserOptions(open=False, open_url_after=f"{desk.server.url}/after")
    desk.server.on("/after", reply(200, b"welcome"))

    sign_in(desk)

    assert person.page() == (200, "welcome")


def test_a_browser_that_cannot_be_started_is_named(desk: Desk, person: Person) -> None:
    """The address is printed too."""
    desk.settings |= {"browser": BrowserOptions(command="/absent/browser")}

    sign_in(desk)

    assert '("/absent/browser" ' in person.said[1]


def test_a_redirect_uri_of_another_machine_must_lead_here(desk: Desk, person: Person) -> None:
    """The port is shown. SSH is not proposed."""
    desk.settings |= {
        "redirect": RedirectOptions(
            url="https://login.example.com/oidc/callback", listen_addresses=(ANY_PORT,)
        ),
        "timeout": TimeoutOptions(seconds=0.3),
    }
    person.does = lambda _: {}

    error = failing(desk, SignInTimeout)

    assert "ssh" not in "".join(person.said)
    assert "https://login.example.com/oidc/callback" in person.said[2]
    (port,) = re.findall(r"\b\d+\b", person.said[2].partition("/callback")[2])
    assert any(f" {port} " in line for line in desk.log.lines), "it listens there"
    assert "https://login.example.com/oidc/callback" in error.hint


def test_nobody_comes_back_in_time(desk: Desk, person: Person) -> None:
    """The hint names the redirect URI to register. Background programs pause."""
    desk.settings["timeout"] = TimeoutOptions(seconds=1.2)
    person.does = lambda _: {}

    error = failing(desk, SignInTimeout)

    named = (f"--oidc-client-id {CLIENT_ID}", person.asked["redirect_uri"], "--listen-address")
    assert about("sign-in-timeout", *named)(error)
    assert "1 s" in error.message
    assert re.search(r"\b1 s\b", person.awaited[0])
    assert re.search(r"\b0 s\b", person.awaited[-1])
    with pytest.raises(SignInPaused):
        desk.failures.check("setup")


def test_where_the_redirect_uri_is_registered_is_said_where_the_provider_is_known(
    desk: Desk, person: Person
) -> None:
    """Keycloak is recognized by its path. For other providers, the hint names no place."""
    issuer = f"{desk.server.url}/realms/acme"
    desk.server.on(f"/realms/acme{WELL_KNOWN}", json_reply(discovery(issuer)))
    desk.settings |= {"issuer": issuer, "timeout": TimeoutOptions(seconds=0.3)}
    person.does = lambda _: {}

    known = failing(desk, SignInTimeout).hint
    desk.settings["issuer"] = desk.server.url
    unknown = failing(desk, SignInTimeout).hint

    assert "Keycloak: Clients > " in known
    assert "Keycloak" not in unknown
    assert "()" not in unknown


def test_a_port_that_is_taken_is_said_at_once_and_at_the_end(desk: Desk, person: Person) -> None:
    """The next address listens, and the redirect URI with its port must be registered."""
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        ports = [each.getsockname()[1] for each in (taken, free)]
        free.close()
        desk.settings |= {
            "redirect": RedirectOptions(
                listen_addresses=tuple(ListenAddress("127.0.0.1", port) for port in ports)
            ),
            "timeout": TimeoutOptions(seconds=0.3),
        }
        person.does = lambda _: {}
        error = failing(desk, SignInTimeout)

    for said in (person.said[1], error.hint):
        assert f"127.0.0.1:{ports[0]} " in said
        assert re.search(rf"http://localhost:{ports[1]}\b", said)


def test_what_makes_a_sign_in_less_safe_is_said(desk: Desk, person: Person) -> None:
    """An unchecked certificate, a port that other machines reach, and a redirect URI at which another program may listen."""
    desk.settings |= {
        "tls": TlsOptions(insecure=True),
        "redirect": RedirectOptions(listen_addresses=(ListenAddress("0.0.0.0", 0),)),  # noqa: S104
    }
    sign_in(desk)
    assert "--insecure-skip-tls-verify" in person.said[1]
    assert "0.0.0.0:" in person.said[2]

    person.said.clear()
    person.does = lambda _: {}
    desk.settings |= {
        "redirect": RedirectOptions(url="http://localhost:1", listen_addresses=(ANY_PORT,)),
        "timeout": TimeoutOptions(seconds=0.3),
    }
    failing(desk, SignInTimeout)
    assert any("localhost:1, " in line and "--listen-address" in line for line in person.said)


def test_the_answer_must_say_whose_it_is_where_that_was_promised(desk: Desk, person: Person) -> None:
    """RFC 9207 §2.4: a response without ``iss`` is rejected, and the wait continues."""
    desk.metadata(authorization_response_iss_parameter_supported=True)
    person.does = lambda asked: {"state": asked["state"], "code": "another"}
    waited = person.tick

    def tick(text: str) -> None:
        waited(text)
        if person.pages and len(person.pages) == 1:
            person.answers({"state": person.asked["state"], "code": CODE, "iss": desk.server.url})

    person.tick = tick  # type: ignore[method-assign]
    sign_in(desk)

    assert [form["code"] for form in desk.asked("/token")] == [CODE]
    person.page()
    assert (person.pages[0][0], person.pages[-1][0]) == (403, 200)


def test_only_the_flag_disables_pkce(desk: Desk, person: Person) -> None:
    """--oidc-pkce-method=no, in the request and at the token endpoint."""
    desk.settings["pkce"] = False
    sign_in(desk)
    assert "code_challenge" not in person.asked
    assert "code_verifier" not in desk.asked("/token")[0]


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        ({"error": "invalid_grant"}, InvalidGrant, "{redirect_uri}"),
        ({"error": "unauthorized_client"}, OAuthErrorResponse, ""),
    ],
)
def test_a_code_that_is_refused_is_said_in_the_browser_too(
    desk: Desk, person: Person, answer: dict[str, str], kind: type[OidcLoginError], hint: str
) -> None:
    """The page shows the same error and hint as the terminal. The code is in neither."""
    desk.server.on("/token", json_reply(answer, 400))

    error = failing(desk, kind)

    assert answer["error"] in error.message
    assert hint.format(redirect_uri=person.asked["redirect_uri"]) in error.hint
    status, page = person.page()
    assert status == 400
    assert answer["error"] in page
    assert error.hint.split()[-1] in page
    assert CODE not in desk.everything_said() + error.message + error.hint + page


def test_an_error_response_ends_the_sign_in(desk: Desk, person: Person) -> None:
    """RFC 6749 §4.1.2.1: there is no token request."""
    person.does = lambda asked: {"state": asked["state"], "error": "access_denied"}

    error = failing(desk, SignInRefused)

    assert about("sign-in-refused", "access_denied")(error)
    person.does = lambda asked: {"state": asked["state"], "error": "odd"}
    assert "redirect" not in failing(desk, SignInRefused).hint, "the redirect URI was taken"
    assert person.page()[0] == 400
    assert desk.asked("/token") == []


def test_a_token_of_another_sign_in_is_not_taken(desk: Desk, person: Person) -> None:
    """OpenID Connect Core 3.1.3.7 rule 11: the nonce of the request is checked."""
    other = Person()
    other.asked = {"nonce": "of another"}
    desk.server.on("/token", answering(desk, other))

    assert "nonce" in failing(desk, IdTokenError).message
    assert person.page()[0] == 400


def test_auto_signs_in_through_the_browser_where_there_is_one(desk: Desk, person: Person) -> None:
    """The tokens are those of the grant."""
    tokens = choice.sign_in(desk.sign_in)
    assert tokens.refresh_token == Secret("SECRET-refresh-token")
    assert person.said[0].endswith("(first use)")


def test_a_browser_that_does_not_come_back_is_remembered_by_any_way_here(desk: Desk, person: Person) -> None:
    """For every grant. `setup` does not pause, and resets the count."""
    person.does = lambda _: {}
    desk.settings["timeout"] = TimeoutOptions(seconds=0.3)

    def ask() -> None:
        choice.sign_in(desk.sign_in)

    with pytest.raises(SignInTimeout):
        ask()
    with pytest.raises(SignInPaused) as caught:
        ask()
    assert "kubectl oidc-login login" in caught.value.hint
    desk.settings["renewal"] = RenewalOptions(sign_in=True)
    for _ in range(2):
        with pytest.raises(SignInTimeout):
            ask()
    remembered = desk.failures._load()
    assert remembered is not None
    assert remembered.failed == 1


# An answer that is pasted

SECRETS = AuthorizationSecrets(Secret("the-state"), Secret("n"), None)


def paste(desk: Desk, keys: Keys, **metadata: object) -> AuthorizationResponse:
    """Wait for a response that is pasted."""
    desk.metadata(**metadata)
    sign_in = desk.sign_in
    known = sign_in.provider.metadata(Deadline.after(5))
    server = CallbackServer(
        sign_in.request.redirect.listen_addresses,
        redirect_url=None,
        state=SECRETS.state,
        issuer=sign_in.request.issuer,
        iss_required=False,
        log=sign_in.system.log,
    )
    with server:
        authorization = AuthorizationRequest(sign_in, SECRETS, known, server.redirect_uri)
        reader = PastedResponseReader(sign_in, keys, authorization)  # type: ignore[arg-type]
        return _await_response(sign_in, server, Deadline.after(20), None, reader)


def test_the_address_at_which_the_browser_ended_can_be_pasted(desk: Desk, person: Person) -> None:
    """Another line is rejected with a reason, an empty one is ignored, and the wait continues."""
    url = "http://localhost:8000/?code=pasted&state="
    keys = Keys(None, "", f"{url}wrong", f"{url}the-state")

    assert paste(desk, keys) == AuthorizationResponse(Secret("pasted"))

    assert keys.prompt
    (said,) = person.said
    why = parse_pasted_response(f"{url}wrong", SECRETS, issuer=desk.server.url, iss_required=False)
    assert str(why) in said
    assert keys.reads == 1


def test_a_pasted_address_must_say_whose_it_is_where_that_was_promised(desk: Desk, person: Person) -> None:
    """RFC 9207 §2.4: as from the browser."""
    url = "http://localhost:8000/?code=pasted&state=the-state"
    keys = Keys(url, f"{url}&iss=https://other.example", f"{url}&iss={desk.server.url}")

    assert paste(desk, keys, authorization_response_iss_parameter_supported=True) == AuthorizationResponse(
        Secret("pasted")
    )

    missing, other = person.said
    for said, pasted in ((missing, url), (other, f"{url}&iss=https://other.example")):
        assert str(parse_pasted_response(pasted, SECRETS, issuer=desk.server.url, iss_required=True)) in said
