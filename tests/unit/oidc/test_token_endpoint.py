"""One token request against a real server: client authentication, sent once, and the meaning of each answer."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote_plus, unquote_plus

import jwt
import pytest

from kubectl_oidc.errors import (
    InvalidGrant,
    InvalidProviderResponse,
    OAuthErrorResponse,
    OidcLoginError,
    ProviderUnreachable,
)
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.oidc.client import BASIC, NONE, POST, Client
from kubectl_oidc.oidc.client_assertion import AssertionKeyFile
from kubectl_oidc.oidc.metadata import Metadata
from kubectl_oidc.oidc.metadata_cache import MetadataCache
from kubectl_oidc.oidc.provider_documents import ProviderContext
from kubectl_oidc.oidc.token_endpoint import TokenEndpoint
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
from tests.client_keys import client_key, written
from tests.hostile import Hostile, hang_up, html_reply, json_reply, reply, reset, silence
from tests.tokens import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubectl_oidc.oidc.token_response import TokenResponse
    from tests.hostile import Script, Talk

TOKENS = json_reply({"id_token": "a.b.c", "access_token": "at", "token_type": "Bearer"})
REFRESH = {"refresh_token": Secret("rt-SECRET+1")}


@pytest.fixture
def server() -> Iterator[Hostile]:
    with Hostile() as server:
        server.on("/token", TOKENS)
        yield server


@pytest.fixture
def http() -> Iterator[HttpClient]:
    client = HttpClient(log=QUIET, request_timeout=5, pauses=(0.01, 0.01))
    yield client
    client.close()


def endpoint(
    server: Hostile,
    http: HttpClient,
    *,
    secret: str | None = None,
    methods: tuple[str, ...] = (),
    client_id: str = "kubernetes",
    headers: tuple[tuple[str, str], ...] = (),
) -> TokenEndpoint:
    client = Client(
        client_id=client_id,
        client_secret=None if secret is None else Secret(secret),
        request_headers=headers,
    )
    return asked_at(server, http, client, token_endpoint_auth_methods=methods)


def asked_at(
    server: Hostile, http: HttpClient, client: Client, *, token_endpoint_auth_methods: tuple[str, ...] = ()
) -> TokenEndpoint:
    url = f"{server.url}/token"
    known = Metadata(
        issuer=server.url,
        authorization_endpoint="",
        token_endpoint=url,
        jwks_uri="",
        token_endpoint_auth_methods=token_endpoint_auth_methods,
    )
    context = ProviderContext(issuer=server.url, client=client, http=http, clock=lambda: NOW, log=QUIET)
    cache = MetadataCache(None, (server.url,), context.log)
    return TokenEndpoint(context=context, url=url, name="token endpoint", metadata=known, cache=cache)


def refresh(where: TokenEndpoint) -> TokenResponse:
    return where.request("refresh_token", REFRESH, Deadline.after(5))


def form(server: Hostile) -> list[tuple[str, str]]:
    """Return the fields of the one request that came."""
    (asked,) = server.asked
    assert asked.method == "POST"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    return parse_qsl(asked.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)


# What is sent


@pytest.mark.parametrize(
    ("secret", "methods", "method"),
    [
        (None, (), NONE),
        ("", (), NONE),
        (None, (BASIC, POST), NONE),
        ("s", (), BASIC),
        ("s", (BASIC, POST), BASIC),
        ("s", (POST, BASIC), BASIC),
        ("s", (POST,), POST),
        ("s", (NONE, POST, "private_key_jwt"), POST),
        ("s", (NONE,), BASIC),
        ("s", ("private_key_jwt",), BASIC),
    ],
)
def test_the_metadata_chooses_the_client_authentication(
    server: Hostile, http: HttpClient, secret: str | None, methods: tuple[str, ...], method: str
) -> None:
    """Basic unless only post is offered (RFC 6749 §2.3.1, Core §9); none without a secret."""
    where = endpoint(server, http, secret=secret, methods=methods)
    assert where.context.client.method(methods) == method
    refresh(where)
    fields, authorization = dict(form(server)), server.asked[0].headers.get("authorization")
    assert (authorization is not None) is (method == BASIC)
    assert ("client_secret" in fields) is (method == POST)
    assert ("client_id" in fields) is (method != BASIC)


AWKWARD = [("my client", "pass word"), ("a:b", "c:d%&+=/"), ("client", "ü€\u0000"), ("id+1", "100%~")]


@pytest.mark.parametrize(("client_id", "secret"), AWKWARD)
def test_basic_form_encodes_both_halves(
    server: Hostile, http: HttpClient, client_id: str, secret: str
) -> None:
    """RFC 6749 §2.3.1: both are encoded before they are joined."""
    refresh(endpoint(server, http, secret=secret, client_id=client_id))
    kind, _, words = server.asked[0].headers["authorization"].partition(" ")
    assert kind == "Basic"
    one, colon, other = b64decode(words).decode("ascii").partition(":")
    assert colon
    assert ":" not in other
    assert (unquote_plus(one), unquote_plus(other)) == (client_id, secret)


@pytest.mark.parametrize(("client_id", "secret"), AWKWARD)
def test_post_form_encodes_both_fields(
    server: Hostile, http: HttpClient, client_id: str, secret: str
) -> None:
    """The body is a form with each field once."""
    refresh(endpoint(server, http, secret=secret, client_id=client_id, methods=(POST,)))
    assert form(server) == [
        ("grant_type", "refresh_token"),
        ("refresh_token", "rt-SECRET+1"),
        ("client_id", client_id),
        ("client_secret", secret),
    ]


def test_a_public_client_sends_only_its_id(server: Hostile, http: HttpClient) -> None:
    """RFC 6749 §3.2.1: ``client_id`` in the form, no credentials."""
    refresh(endpoint(server, http))
    assert form(server) == [
        ("grant_type", "refresh_token"),
        ("refresh_token", "rt-SECRET+1"),
        ("client_id", "kubernetes"),
    ]


def test_parameters_that_are_none_are_left_out(server: Hostile, http: HttpClient) -> None:
    """Without PKCE there is no ``code_verifier`` field."""
    endpoint(server, http).request(
        "authorization_code",
        {"code": Secret("c&d=1 ü"), "redirect_uri": "http://localhost:8000", "code_verifier": None},
        Deadline.after(5),
    )
    assert form(server) == [
        ("grant_type", "authorization_code"),
        ("code", "c&d=1 ü"),
        ("redirect_uri", "http://localhost:8000"),
        ("client_id", "kubernetes"),
    ]


def test_configured_headers_are_sent(server: Hostile, http: HttpClient) -> None:
    """--oidc-request-header applies to the token endpoint too."""
    refresh(endpoint(server, http, headers=(("X-Tenant", "blue"), ("Origin", "https://a.example"))))
    headers = server.asked[0].headers
    assert (headers["x-tenant"], headers["origin"]) == ("blue", "https://a.example")


def test_a_header_of_the_user_does_not_replace_the_clients_authentication(
    server: Hostile, http: HttpClient
) -> None:
    """Only the client's Authorization field is sent, in whatever case the configured one is written."""
    refresh(endpoint(server, http, secret="s", headers=(("authorization", "Bearer other"),)))
    assert server.asked[0].headers["authorization"] == "Basic " + b64encode(b"kubernetes:s").decode()


# A signed assertion

REFUSED = json_reply({"error": "invalid_client", "error_description": "no, audience"}, 401)


@pytest.fixture
def signer(tmp_path: Path) -> Client:
    """Have a client with a key."""
    key = AssertionKeyFile(path=written(tmp_path / "key", "P-256"), key_id="a").load()
    return Client(client_id="kubernetes", assertion_key=key, request_headers=(("X-Tenant", "blue"),))


def audiences(server: Hostile) -> list[str]:
    """Return the audiences of the assertions that came. Each assertion is verified."""
    found = []
    for asked in server.asked:
        assertion = dict(parse_qsl(asked.body.decode("ascii")))["client_assertion"]
        claims = jwt.decode(
            assertion,
            client_key("P-256").public_key(),
            ["ES256"],
            options={"verify_aud": False, "verify_exp": False},
        )
        found.append(claims["aud"])
    return found


def test_an_assertion_is_for_the_endpoint_that_gets_it(
    server: Hostile, http: HttpClient, signer: Client
) -> None:
    """RFC 7523 §2.2: three fields in the form, no Authorization field."""
    refresh(asked_at(server, http, signer))
    fields = form(server)
    assert [name for name, _ in fields] == [
        *("grant_type", "refresh_token", "client_id", "client_assertion_type", "client_assertion"),
    ]
    assert dict(fields)["client_id"] == "kubernetes"
    assert dict(fields)["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    headers = server.asked[0].headers
    assert (headers.get("authorization"), headers["x-tenant"]) == (None, "blue")
    assert audiences(server) == [f"{server.url}/token"]


def test_after_invalid_client_the_assertion_is_for_the_issuer(
    server: Hostile, http: HttpClient, signer: Client
) -> None:
    """The rest of the form is the same."""
    server.on("/token", REFUSED, TOKENS)
    assert refresh(asked_at(server, http, signer)).id_token
    assert audiences(server) == [f"{server.url}/token", server.url]
    rest = [asked.body.decode().partition("&client_assertion=")[0] for asked in server.asked]
    assert rest[0] == rest[1]
    assert "rt-SECRET" in rest[0]


def test_a_client_that_is_refused_twice_gets_the_first_error(
    server: Hostile, http: HttpClient, signer: Client
) -> None:
    """There is no third request. The hint is the client's own: it names the method and the key."""
    server.on("/token", REFUSED, json_reply({"error": "invalid_client", "error_description": "again"}, 401))
    with pytest.raises(OAuthErrorResponse, match=r"\(invalid_client: no, audience\)") as caught:
        refresh(asked_at(server, http, signer))
    assert "--oidc-client-assertion-key" in caught.value.hint
    assert "private_key_jwt" in caught.value.hint
    assert caught.value.hint == signer.invalid_client_hint(())
    assert len(server.asked) == 2


def test_the_second_answer_counts_if_it_is_not_invalid_client(
    server: Hostile, http: HttpClient, signer: Client
) -> None:
    """For example invalid_grant, which leads to a sign-in."""
    server.on("/token", REFUSED, json_reply({"error": "invalid_grant"}, 400))
    with pytest.raises(InvalidGrant):
        refresh(asked_at(server, http, signer))


@pytest.mark.parametrize("error", ["invalid_grant", "unauthorized_client", "invalid_request", "server_error"])
def test_no_other_refusal_is_answered_with_a_second_assertion(
    server: Hostile, http: HttpClient, signer: Client, error: str
) -> None:
    """The client was authenticated, so the refresh token may have been used."""
    server.on("/token", json_reply({"error": error}, 400), TOKENS)
    with pytest.raises(OAuthErrorResponse):
        refresh(asked_at(server, http, signer))
    assert len(server.asked) == 1


def test_without_a_key_or_secret_a_refused_client_is_refused(server: Hostile, http: HttpClient) -> None:
    """There is nothing else to try."""
    server.on("/token", REFUSED, TOKENS)
    with pytest.raises(OAuthErrorResponse):
        refresh(endpoint(server, http, secret=None))
    assert len(server.asked) == 1


# A secret in the header or in the form

HYDRA = (
    "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method). "
    "The OAuth 2.0 client is set up for the method 'client_secret_post', and the request used the method 'client_secret_basic'. "
    "Change 'token_endpoint_auth_method' of the client to accept 'client_secret_basic'."
)


def methods_used(server: Hostile) -> list[str]:
    """Return how the client proved who it is, request by request."""
    return [BASIC if "authorization" in asked.headers else POST for asked in server.asked]


def remembered(where: TokenEndpoint) -> str:
    """Return the client authentication method that the next request begins with; empty if none is stored."""
    return where.cache.method("kubernetes")


def only(method: str, talk_over: Script = TOKENS) -> Script:
    """Answer as a provider that accepts one way to send the secret alone."""

    def script(talk: Talk) -> None:
        used = BASIC if "authorization" in talk.asked.headers else POST
        (talk_over if used == method else REFUSED)(talk)

    return script


@pytest.mark.parametrize(
    ("offered", "method", "used"),
    [
        ((), POST, [BASIC, POST]),
        ((), BASIC, [BASIC]),
        ((BASIC, POST), POST, [BASIC, POST]),
        ((POST,), BASIC, [POST, BASIC]),
    ],
)
def test_a_secret_is_sent_the_other_way_after_invalid_client(
    server: Hostile, http: HttpClient, offered: tuple[str, ...], method: str, used: list[str]
) -> None:
    """Once, with the same fields. The method that worked is stored if it was the second."""
    server.on("/token", only(method))
    asked = endpoint(server, http, secret="s", methods=offered)
    assert refresh(asked).id_token
    assert methods_used(server) == used
    assert remembered(asked) == "".join(used[1:])
    server.asked.clear()
    assert refresh(asked).id_token
    assert methods_used(server) == [method], "what worked comes first"


def test_what_worked_before_may_change(server: Hostile, http: HttpClient) -> None:
    """If the client's settings were changed, the other method is tried again."""
    server.on("/token", only(BASIC))
    asked = endpoint(server, http, secret="s")
    asked.cache.put_method("kubernetes", POST)
    assert refresh(asked).id_token
    assert (methods_used(server), remembered(asked)) == ([POST, BASIC], BASIC)


def test_a_wrong_secret_is_refused_after_both_ways(server: Hostile, http: HttpClient) -> None:
    """The first answer is shown, nothing is stored, and the hint names the flag."""
    server.on("/token", REFUSED, json_reply({"error": "invalid_client", "error_description": "again"}, 401))
    asked = endpoint(server, http, secret="s")
    with pytest.raises(OAuthErrorResponse, match=r"\(invalid_client: no, audience\)") as caught:
        refresh(asked)
    assert "--oidc-client-authentication" in caught.value.hint
    assert (methods_used(server), remembered(asked)) == ([BASIC, POST], "")


def test_the_answer_to_the_second_method_counts(server: Hostile, http: HttpClient) -> None:
    """If it is invalid_grant, the client was authenticated, and the method is stored."""
    server.on("/token", only(POST, json_reply({"error": "invalid_grant"}, 400)))
    asked = endpoint(server, http, secret="s")
    with pytest.raises(InvalidGrant):
        refresh(asked)
    assert remembered(asked) == POST


@pytest.mark.parametrize("method", [BASIC, POST])
def test_a_method_that_somebody_chose_is_the_only_one(server: Hostile, http: HttpClient, method: str) -> None:
    """No other is tried."""
    server.on("/token", REFUSED, TOKENS)
    client = Client(client_id="kubernetes", client_secret=Secret("s"), authentication=method)
    with pytest.raises(OAuthErrorResponse):
        refresh(asked_at(server, http, client))
    assert methods_used(server) == [method]


@pytest.mark.parametrize(
    "answer",
    [json_reply({"error": code}, 400) for code in ("invalid_grant", "invalid_request", "unauthorized_client")]
    + [reply(401), html_reply(401), reply(500), hang_up],
    ids=["invalid_grant", "invalid_request", "unauthorized_client", "401", "a page", "500", "no answer"],
)
def test_nothing_but_invalid_client_is_tried_again(server: Hostile, http: HttpClient, answer: Script) -> None:
    """The code or refresh token may be used up."""
    server.on("/token", answer, TOKENS)
    with pytest.raises(OidcLoginError):
        refresh(endpoint(server, http, secret="s"))
    assert len(server.asked) == 1


def test_a_challenge_without_an_oauth_error_is_invalid_client(server: Hostile, http: HttpClient) -> None:
    """401 with WWW-Authenticate: Basic asks for the client's credentials (RFC 6749 §5.2)."""
    server.on("/token", reply(401, headers={"WWW-Authenticate": 'Basic realm="clients"'}), TOKENS)
    assert refresh(endpoint(server, http, secret="s")).id_token
    assert methods_used(server) == [BASIC, POST]


def test_the_description_that_names_the_method_is_complete(server: Hostile, http: HttpClient) -> None:
    """Ory Hydra names it after 200 characters."""
    server.on("/token", json_reply({"error": "invalid_client", "error_description": HYDRA}, 401))
    with pytest.raises(OAuthErrorResponse) as caught:
        refresh(endpoint(server, http, secret="s"))
    assert HYDRA in caught.value.message


def test_an_assertion_in_an_error_is_hidden(server: Hostile, http: HttpClient, signer: Client) -> None:
    """If the provider repeats it, it is not shown."""

    def echo(talk: Talk) -> None:
        assertion = dict(parse_qsl(talk.asked.body.decode()))["client_assertion"]
        json_reply({"error": "access_denied", "error_description": f"bad {assertion}"}, 400)(talk)

    server.on("/token", echo)
    with pytest.raises(OAuthErrorResponse, match=r"\(access_denied: bad \[hidden\]\)"):
        refresh(asked_at(server, http, signer))


# Sent once


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(reply(500), id="500"),
        pytest.param(reply(503, headers={"Retry-After": "0"}), id="503"),
        pytest.param(reply(429), id="429"),
        pytest.param(reply(408), id="408"),
        pytest.param(hang_up, id="closed"),
        pytest.param(reset, id="reset"),
        pytest.param(html_reply(), id="a web page"),
        pytest.param(json_reply({"error": "invalid_grant"}, 400), id="invalid_grant"),
        pytest.param(reply(200, b"{"), id="broken JSON"),
    ],
)
def test_a_token_request_is_never_repeated(server: Hostile, http: HttpClient, answer: Script) -> None:
    """The refresh token is sent once, whatever the answer."""
    server.on("/token", answer, TOKENS)
    with pytest.raises(OidcLoginError):
        refresh(endpoint(server, http))
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_token_request_is_never_redirected(server: Hostile, http: HttpClient, status: int) -> None:
    """No secret is sent to an address from an answer, on the same host or another."""
    with Hostile() as other:
        other.on("*", TOKENS)
        server.on("/token", reply(status, headers={"Location": f"{other.url}/token"}))
        server.on("/moved", TOKENS)
        with pytest.raises(InvalidProviderResponse, match=rf"/token\b.*\b{status}\b"):
            refresh(endpoint(server, http, secret="s"))
        assert other.asked == []
    assert [asked.path for asked in server.asked] == ["/token"]


def test_silence_ends_at_the_deadline_and_counts_as_sent(server: Hostile, http: HttpClient) -> None:
    """The provider may have used the refresh token."""
    server.on("/token", silence)
    with pytest.raises(ProviderUnreachable) as caught:
        endpoint(server, http).request("refresh_token", REFRESH, Deadline.after(0.2))
    assert caught.value.sent


# What an answer means


@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_invalid_grant_is_known_by_its_code(server: Hostile, http: HttpClient, status: int) -> None:
    """RFC 6749 §5.2: the code decides, whatever the status."""
    server.on("/token", json_reply({"error": "invalid_grant"}, status))
    with pytest.raises(InvalidGrant):
        refresh(endpoint(server, http))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_provider_with_a_fault_does_not_end_the_session(
    server: Hostile, http: HttpClient, status: int
) -> None:
    """5xx and 429 do not reject the token, even with ``invalid_grant``."""
    server.on("/token", json_reply({"error": "invalid_grant"}, status))
    with pytest.raises(ProviderUnreachable, match=str(status)):
        refresh(endpoint(server, http))


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_web_page_is_not_the_providers_answer(server: Hostile, http: HttpClient, status: int) -> None:
    """It may be a captive portal. Nothing of the page is shown."""
    server.on("/token", html_reply(status))
    with pytest.raises(ProviderUnreachable, match=rf"text/html.*{status}") as caught:
        refresh(endpoint(server, http))
    assert "SECRET" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_missing_token_endpoint_is_an_error(server: Hostile, http: HttpClient, status: int) -> None:
    """A web page with such a status means that the address is wrong."""
    server.on("/token", html_reply(status))
    with pytest.raises(InvalidProviderResponse, match=rf"/token .*{status}"):
        refresh(endpoint(server, http))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(200, b'{"id_token": "SECRET'), "/token .*JSON"),
        (reply(200, b'{"id_token": "\xff"}'), "UTF-8"),
        (reply(200, b"[" * 100_000), "/token "),
        (reply(200, b'["SECRET"]'), "/token .*JSON"),
        (json_reply({}), r"/token (?!.*(JSON|UTF|\d{3}))"),
        (json_reply({"message": "SECRET"}, 400), r"\b400\b"),
        (json_reply({"id_token": "a.b.c"}, 201), r"\b201\b"),
        (json_reply({"error": "", "id_token": "a.b.c"}, 400), r"\b400\b"),
    ],
)
def test_an_answer_that_breaks_the_standard_is_named_and_not_repeated(
    server: Hostile, http: HttpClient, answer: Script, words: str
) -> None:
    """The error says what is wrong with the answer, and repeats none of it."""
    server.on("/token", answer)
    with pytest.raises(InvalidProviderResponse, match=words) as caught:
        refresh(endpoint(server, http))
    assert "SECRET" not in caught.value.message + caught.value.hint


def test_an_error_with_tokens_is_an_error(server: Hostile, http: HttpClient) -> None:
    """Tokens in an error answer are not used."""
    server.on("/token", json_reply({"error": "server_error", "id_token": "a.b.c"}))
    with pytest.raises(OAuthErrorResponse):
        refresh(endpoint(server, http))


HEADER = (("X-Api-Key", "key-SECRET"), ("Proxy-Authorization", "Bearer bearer-SECRET"))


@pytest.mark.parametrize(
    "echo",
    [
        "rt-SECRET+1",
        quote_plus("rt-SECRET+1"),
        "pass-SECRET:1",
        quote_plus("pass-SECRET:1"),
        "key-SECRET",
        "Bearer bearer-SECRET",
        "Basic " + b64encode(b"kubernetes:" + quote_plus("pass-SECRET:1").encode()).decode(),
    ],
)
@pytest.mark.parametrize("methods", [(BASIC,), (POST,)])
def test_what_the_provider_repeats_of_ours_is_hidden(
    server: Hostile, http: HttpClient, echo: str, methods: tuple[str, ...]
) -> None:
    """Token, client secret and header values, also in their encoded form."""
    words = f"denied {echo} for you"
    server.on("/token", json_reply({"error": "access_denied", "error_description": words}, 400))
    where = endpoint(server, http, secret="pass-SECRET:1", methods=methods, headers=HEADER)
    with pytest.raises(OAuthErrorResponse) as caught:
        refresh(where)
    if not (echo.startswith("Basic") and methods == (POST,)):  # that one was not sent
        assert echo.rpartition(" ")[2] not in caught.value.message
        assert "[hidden]" in caught.value.message
    assert "SECRET" not in caught.value.message + caught.value.hint
    assert "denied" in caught.value.message


def test_control_characters_of_the_provider_reach_no_terminal(server: Hostile, http: HttpClient) -> None:
    """Its words become one line."""
    server.on("/token", json_reply({"error": "bad\x1b[2J", "error_description": "a\u202eb\nc\x07"}, 400))
    with pytest.raises(OAuthErrorResponse) as caught:
        refresh(endpoint(server, http))
    assert "(bad [2J: a b c)" in caught.value.message


def test_no_secret_is_in_any_repr(server: Hostile, http: HttpClient) -> None:
    """Client, endpoint and answer hide their secrets."""
    where = endpoint(server, http, secret="pass-SECRET", headers=(("Authorization", "Bearer SECRET"),))
    server.on(
        "/token", json_reply({"id_token": "SECRET1", "access_token": "SECRET2", "refresh_token": "SECRET3"})
    )
    response = refresh(where)
    assert "SECRET" not in repr(where) + repr(where.context.client) + repr(response) + str(
        where.context.client
    )
    assert "kubernetes" in repr(where.context.client)
