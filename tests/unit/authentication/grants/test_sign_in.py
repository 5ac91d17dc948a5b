"""The browser's sign-in as a whole, with a provider, a browser and a person of the test's own."""

from __future__ import annotations

import shlex
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

from kubectl_oidc.authentication.grants import authorization_code, choice
from kubectl_oidc.authentication.grants.authorization_code import _await_answer, _Paste
from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets
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
    """A terminal, and a person before it who opens the address that is printed and does what ``does`` does there."""

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
        if "Open this address in a browser" in line:
            self.asked = dict(parse_qsl(urlsplit(line.rsplit(maxsplit=1)[-1]).query))
            self.answers(self.does(self.asked))

    def answers(self, parameters: dict[str, str]) -> None:
        """Go to the redirect URI, as the provider's page would have the browser do."""
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
    settings = {"listen_addresses": (ANY_PORT,), "open_browser": False, "timeout": 20.0}
    with Hostile() as server, Desk(server, terminal=person, settings=settings) as desk:
        server.on("/token", answering(desk, person))
        yield desk


def answering(desk: Desk, person: Person) -> Script:
    """Answer with tokens for the authorization request that this person was sent with."""

    def script(talk: Talk) -> None:
        claims = good_claims(iss=desk.server.url, nonce=person.asked["nonce"], exp=NOW + 3600, iat=NOW)
        desk.tokens(id_token=id_token(claims=claims).reveal())(talk)

    return script


def sign_in(desk: Desk) -> Tokens:
    return authorization_code.sign_in(desk.request, desk.system, desk.provider, "first use", desk.failures)


def failing(desk: Desk, error: type[OidcLoginError]) -> OidcLoginError:
    with pytest.raises(error) as caught:
        sign_in(desk)
    return caught.value


def test_the_browser_that_is_opened_comes_back(desk: Desk, person: Person, tmp_path: Path) -> None:
    """RFC 6749 §4.1, RFC 7636 §4.5: from the start address to the provider, back, and the code redeemed with the verifier."""

    def authorize(talk: Talk) -> None:
        person.asked = dict(parse_qsl(urlsplit(talk.asked.path).query))
        back = urlencode({"state": person.asked["state"], "code": CODE})
        reply(302, headers={"Location": f"{person.asked['redirect_uri']}?{back}"})(talk)

    desk.server.on("/authorize", authorize)
    program, page = tmp_path / "browser.py", tmp_path / "page"
    program.write_text(BROWSER, encoding="utf-8")
    command = shlex.join([sys.executable, str(program), str(page)])
    desk.settings |= {"open_browser": True, "browser_command": command}

    tokens = sign_in(desk)

    assert tokens.refresh_token == Secret("SECRET-refresh-token")
    (form,) = desk.asked("/token")
    assert (form["grant_type"], form["code"]) == ("authorization_code", CODE)
    assert form["redirect_uri"] == person.asked["redirect_uri"]
    digest = sha256(form["code_verifier"].encode()).digest()
    assert person.asked["code_challenge"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
    host = urlsplit(desk.server.url).hostname
    assert person.said[0] == f"Signing in at {host}: first use"
    assert person.said[1].startswith("The browser opens; if it does not, open http://localhost:")
    assert len(person.said) == 2
    assert f"1 signing in at {host}: first use" in desk.log.lines
    assert any("listening on port" in line for line in desk.log.lines)
    assert person.awaited[0].startswith("Waiting for the browser, 19 s") or person.awaited[0].startswith(
        "Waiting for the browser, 20 s"
    )
    wait_until(page.exists, "the browser has the page")
    text = page.read_text(encoding="utf-8")
    assert "ada@example.com" in text
    assert str(urlsplit(desk.server.url).port) in text
    assert "it has ended" in text  # the token's end, which is long ago


def test_an_address_is_printed_where_no_browser_is_opened(desk: Desk, person: Person) -> None:
    """With the reason, where the browser goes then, and how its answer reaches this machine."""
    desk.environ |= {"USER": "ada", "SSH_CONNECTION": "10.0.0.9 50022 10.0.0.1 22"}

    assert sign_in(desk).refresh_token == Secret("SECRET-refresh-token")

    port = urlsplit(person.asked["redirect_uri"]).port
    assert person.asked["redirect_uri"] == f"http://localhost:{port}"
    assert "Sign in needed (--skip-open-browser was given). Open this address in a browser:" in person.said[1]
    assert f"goes to http://localhost:{port}, which must reach this machine" in person.said[2]
    assert f"ssh -L {port}:localhost:{port} ada@10.0.0.1\n" in person.said[2]
    assert person.page()[0] == 200
    assert len(person.said) == 3


def test_the_browser_goes_on_to_the_address_that_was_asked_for(desk: Desk, person: Person) -> None:
    """--open-url-after-authentication in the place of our page."""
    desk.settings["open_url_after"] = f"{desk.server.url}/after"
    desk.server.on("/after", reply(200, b"welcome"))

    sign_in(desk)

    assert person.page() == (200, "welcome")


def test_a_browser_that_cannot_be_started_is_named(desk: Desk, person: Person) -> None:
    """And the address is printed, as where there is none."""
    desk.settings |= {"open_browser": True, "browser_command": "/absent/browser"}

    sign_in(desk)

    assert 'Sign in needed ("/absent/browser" is not found). Open' in person.said[1]


def test_a_redirect_uri_of_another_machine_must_lead_here(desk: Desk, person: Person) -> None:
    """Which port that is, is said; SSH is not proposed."""
    desk.settings |= {"redirect_url": "https://login.example.com/oidc/callback", "timeout": 1.0}
    person.does = lambda _: {}

    error = failing(desk, SignInTimeout)

    assert "ssh" not in "".join(person.said)
    assert person.said[2].startswith(
        "The browser then goes to https://login.example.com/oidc/callback, which must lead to port "
    )
    assert (
        "register the redirect URI https://login.example.com/oidc/callback there for it; --auth" in error.hint
    )


def test_nobody_comes_back_in_time(desk: Desk, person: Person) -> None:
    """What may be wrong at the provider is said, with the redirect URI to register; background programs wait now."""
    desk.settings["timeout"] = 1.4
    person.does = lambda _: {}

    error = failing(desk, SignInTimeout)

    assert error.message == "nobody finished the sign-in within 1 s"
    assert (
        f"check --oidc-client-id {CLIENT_ID} and the redirect URI {person.asked['redirect_uri']} there"
        in error.hint
    )
    assert "choose a fixed port with --listen-address" in error.hint
    assert person.awaited[0] == "Waiting for the browser, 1 s left (Ctrl-C ends it)"
    assert person.awaited[-1] == "Waiting for the browser, 0 s left (Ctrl-C ends it)"
    with pytest.raises(SignInPaused):
        desk.failures.check("setup")


def test_where_the_redirect_uri_is_registered_is_said_where_the_provider_is_known(
    desk: Desk, person: Person
) -> None:
    """Keycloak is known by its path; of a provider that is not known nothing stands there."""
    issuer = f"{desk.server.url}/realms/acme"
    desk.server.on(f"/realms/acme{WELL_KNOWN}", json_reply(discovery(issuer)))
    desk.settings |= {"issuer": issuer, "timeout": 1.0}
    person.does = lambda _: {}

    known = failing(desk, SignInTimeout).hint
    desk.settings["issuer"] = desk.server.url
    unknown = failing(desk, SignInTimeout).hint

    assert " (in Keycloak: Clients > the client > Settings > Valid redirect URIs); --auth" in known
    assert "in Keycloak" not in unknown
    assert "()" not in unknown


def test_a_port_that_is_taken_is_said_at_once_and_at_the_end(desk: Desk, person: Person) -> None:
    """The next address listens, and it is the redirect URI with that port that must be registered."""
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        ports = [each.getsockname()[1] for each in (taken, free)]
        free.close()
        desk.settings |= {
            "listen_addresses": tuple(ListenAddress("127.0.0.1", port) for port in ports),
            "timeout": 1.0,
        }
        person.does = lambda _: {}
        error = failing(desk, SignInTimeout)

    assert person.said[1].startswith(f"127.0.0.1:{ports[0]} is ")
    assert f"so http://localhost:{ports[1]} listens" in person.said[1]
    assert (
        f"register the redirect URI http://localhost:{ports[1]} there for it (127.0.0.1:{ports[0]} is "
        in error.hint
    )


def test_what_makes_a_sign_in_less_safe_is_said(desk: Desk, person: Person) -> None:
    """An unchecked certificate, other machines that reach us, a redirect URI where a stranger may listen."""
    desk.settings |= {"tls": TlsOptions(insecure=True), "listen_addresses": (ListenAddress("0.0.0.0", 0),)}  # noqa: S104
    sign_in(desk)
    assert "certificate is not checked" in person.said[1]
    assert "can be reached from other machines" in person.said[2]

    person.said.clear()
    person.does = lambda _: {}
    desk.settings |= {"listen_addresses": (ANY_PORT,), "redirect_url": "http://localhost:1", "timeout": 0.5}
    failing(desk, SignInTimeout)
    assert any("leads to localhost:1, where this program does not listen" in line for line in person.said)


def test_the_answer_must_say_whose_it_is_where_that_was_promised(desk: Desk, person: Person) -> None:
    """RFC 9207 §2.4: without ``iss`` the wait goes on."""
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


def test_only_no_goes_without_pkce(desk: Desk, person: Person) -> None:
    """--oidc-pkce-method=no, in the request and at the token endpoint."""
    desk.settings["pkce"] = False
    sign_in(desk)
    assert "code_challenge" not in person.asked
    assert "code_verifier" not in desk.asked("/token")[0]


@pytest.mark.parametrize(
    ("answer", "kind", "message", "hint"),
    [
        (
            {"error": "invalid_grant"},
            InvalidGrant,
            "the authorization code",
            "register exactly {redirect_uri}",
        ),
        ({"error": "unauthorized_client"}, OAuthErrorResponse, "unauthorized_client", ""),
    ],
)
def test_a_code_that_is_refused_is_said_in_the_browser_too(
    desk: Desk, person: Person, answer: dict[str, str], kind: type[OidcLoginError], message: str, hint: str
) -> None:
    """The page has the words of the terminal, what to do included; the code is in neither."""
    desk.server.on("/token", json_reply(answer, 400))

    error = failing(desk, kind)

    assert message in error.message
    assert hint.format(redirect_uri=person.asked["redirect_uri"]) in error.hint
    status, page = person.page()
    assert status == 400
    assert answer["error"] in page
    assert error.hint.split()[-1] in page
    assert CODE not in desk.everything_said() + error.message + error.hint + page


def test_the_provider_s_no_is_an_end(desk: Desk, person: Person) -> None:
    """RFC 6749 §4.1.2.1: nothing is redeemed."""
    person.does = lambda asked: {"state": asked["state"], "error": "access_denied"}

    error = failing(desk, SignInRefused)

    assert error.message == "the provider refused the sign-in with access_denied"
    person.does = lambda asked: {"state": asked["state"], "error": "odd"}
    assert "redirect" not in failing(desk, SignInRefused).hint, "the redirect URI was taken"
    assert person.page()[0] == 400
    assert desk.asked("/token") == []


def test_a_token_of_another_sign_in_is_not_taken(desk: Desk, person: Person) -> None:
    """OpenID Connect Core 3.1.3.7 rule 11: the nonce of the request reaches the validation."""
    other = Person()
    other.asked = {"nonce": "of another sign-in"}
    desk.server.on("/token", answering(desk, other))

    assert "nonce of another sign-in" in failing(desk, IdTokenError).message
    assert person.page()[0] == 400


def test_auto_signs_in_through_the_browser_where_there_is_one(desk: Desk, person: Person) -> None:
    """What comes out is what the grant brought."""
    tokens = choice.sign_in(desk.request, desk.system, desk.provider, "first use", "0" * 32)
    assert tokens.refresh_token == Secret("SECRET-refresh-token")
    assert person.said[0].endswith(": first use")


def test_a_browser_that_does_not_come_back_is_remembered_by_any_way_here(desk: Desk, person: Person) -> None:
    """Whichever grant was chosen; a person who runs setup is not held up, and begins anew."""
    person.does = lambda _: {}
    desk.settings["timeout"] = 0.3

    def ask() -> None:
        choice.sign_in(desk.request, desk.system, desk.provider, "first use", "0" * 32)

    with pytest.raises(SignInTimeout):
        ask()
    with pytest.raises(SignInPaused) as caught:
        ask()
    assert "kubectl oidc-login login" in caught.value.hint
    desk.settings["sign_in"] = True
    for _ in range(2):
        with pytest.raises(SignInTimeout):
            ask()
    remembered = desk.failures._load()
    assert remembered is not None
    assert remembered.count == 1


# An answer that is pasted


def paste(desk: Desk, keys: Keys, **metadata: object) -> AuthorizationResponse:
    """Wait for an answer that comes by the keyboard alone."""
    desk.metadata(**metadata)
    request, system = desk.request, desk.system
    attempt = AuthorizationSecrets(Secret("the-state"), Secret("n"), None)
    known = desk.provider.metadata(Deadline.after(5))
    server = CallbackServer(
        request.listen_addresses,
        redirect_url=None,
        state=attempt.state,
        issuer=request.issuer,
        iss_required=False,
        log=system.log,
    )
    with server:
        offer = _Paste(request, system, keys, attempt, known)  # type: ignore[arg-type]
        return _await_answer(request, system, server, Deadline.after(20), None, offer)


def test_the_address_at_which_the_browser_ended_can_be_pasted(desk: Desk, person: Person) -> None:
    """What is no answer is said to be none, an empty line is nothing, and the wait goes on."""
    url = "http://localhost:8000/?code=pasted&state="
    keys = Keys(None, "", f"{url}wrong", f"{url}the-state")

    assert paste(desk, keys) == AuthorizationResponse(Secret("pasted"))

    assert "paste the address of that page here (it is not shown), then press Enter" in keys.prompt
    (said,) = person.said
    assert said.startswith("That is not it: this answers another sign-in")
    assert keys.reads == 1


def test_a_pasted_address_must_say_whose_it_is_where_that_was_promised(desk: Desk, person: Person) -> None:
    """RFC 9207 §2.4, as in the browser."""
    url = "http://localhost:8000/?code=pasted&state=the-state"
    keys = Keys(url, f"{url}&iss=https://other.example", f"{url}&iss={desk.server.url}")

    assert paste(desk, keys, authorization_response_iss_parameter_supported=True) == AuthorizationResponse(
        Secret("pasted")
    )

    assert "does not say which provider" in person.said[0]
    assert "from another provider" in person.said[1]
