"""The provider over real sockets: which requests are sent, how often, and what is cached."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import trustme

from kubectl_oidc.errors import (
    InvalidGrant,
    InvalidProviderResponse,
    OAuthErrorResponse,
    ProviderUnreachable,
    UsageError,
)
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import SYSTEM_TRUST, TlsOptions
from kubectl_oidc.oidc.client import Client
from kubectl_oidc.oidc.metadata_cache import LONGEST, STALE
from kubectl_oidc.oidc.provider import Provider, Revocation
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import JSON, QUIET, Log
from tests.hostile import Hostile, discovery, html_reply, json_reply, reply, reset, silence
from tests.tokens import NOW, jwks, signing_key
from tests.topics import about

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubectl_oidc.oidc.token_response import TokenResponse
    from tests.hostile import Script, Talk

WELL_KNOWN = "/.well-known/openid-configuration"
KEYS = jwks(signing_key())
TOKENS = json_reply({"id_token": "a.b.c", "access_token": "at", "refresh_token": "new"})


@dataclass
class Laptop:
    """A machine with a cache and a clock. Each call of `process` is a new process."""

    server: Hostile
    cache: Path
    now: float = NOW
    headers: tuple[tuple[str, str], ...] = ()
    secret: Secret | None = None
    tls: TlsOptions = SYSTEM_TRUST
    client_id: str = "kubernetes"
    log: Log = QUIET
    open: list[Provider] = field(default_factory=list)

    def process(self) -> Provider:
        """Return the provider in a new process, which knows only the cache."""
        http = HttpClient(
            tls=self.tls,
            log=self.log,
            request_timeout=5,
            pauses=(0.01, 0.01),
        )
        provider = Provider(
            issuer=self.server.url,
            client=Client(client_id=self.client_id, client_secret=self.secret, request_headers=self.headers),
            http=http,
            cache_dir=self.cache,
            clock=lambda: self.now,
            log=self.log,
        )
        self.open.append(provider)
        return provider

    def refresh(self) -> TokenResponse:
        return self.process().refresh(refresh_token=Secret("old"), deadline=soon())

    def asked(self) -> list[str]:
        """Return the requested paths since the last call."""
        paths = [asked.path for asked in self.server.asked]
        self.server.asked.clear()
        return paths


def soon(seconds: float = 5.0) -> Deadline:
    return Deadline.after(seconds)


@pytest.fixture
def server() -> Iterator[Hostile]:
    with Hostile() as server:
        server.on(WELL_KNOWN, json_reply(discovery(server.url)))
        server.on("/keys", json_reply(KEYS))
        server.on("/token", TOKENS)
        yield server


@pytest.fixture
def laptop(server: Hostile, tmp_path: Path) -> Iterator[Laptop]:
    laptop = Laptop(server, tmp_path / "cache")
    yield laptop
    for provider in laptop.open:
        provider.close()


# The issuer


@pytest.mark.parametrize("issuer", ["idp.example.com", "http://idp.example.com", "https://a?b", ""])
def test_an_issuer_that_cannot_be_one_is_refused_before_anything_is_asked(issuer: str) -> None:
    """It is a usage error, not a network error."""
    http = HttpClient(log=QUIET)
    with pytest.raises(UsageError):
        Provider(
            issuer=issuer,
            client=Client(client_id="c"),
            http=http,
            cache_dir=None,
            clock=lambda: NOW,
            log=QUIET,
        )


def test_metadata_of_another_issuer_is_refused_and_not_kept(laptop: Laptop) -> None:
    """Discovery §4.3: byte for byte, in every process."""
    other = discovery(laptop.server.url)
    laptop.server.on(WELL_KNOWN, json_reply({**other, "issuer": laptop.server.url + "/"}))
    for _ in range(2):
        with pytest.raises(InvalidProviderResponse, match=r"\bissuer\b") as caught:
            laptop.process().metadata(soon())
        assert f"--oidc-issuer-url={laptop.server.url}/" in caught.value.hint
    assert laptop.asked() == [WELL_KNOWN] * 4, "each time once more, for the proposal"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (html_reply(), "text/html"),
        (reply(200, b'{"issuer": "SECRET'), "JSON"),
        (reply(200, b'"SECRET"'), "JSON"),
        (reply(404, b"SECRET"), r"\b404\b"),
        (reply(403, b"SECRET"), r"\b403\b"),
        (reply(304), r"\b304\b"),
        (json_reply({"issuer": None}), "issuer"),
    ],
)
def test_what_is_no_metadata_is_named_and_not_kept(laptop: Laptop, answer: Script, words: str) -> None:
    """The error does not repeat the body. The next process fetches the metadata again."""
    laptop.server.on(WELL_KNOWN, answer, json_reply(discovery(laptop.server.url)))
    with pytest.raises(InvalidProviderResponse, match=words) as caught:
        laptop.process().metadata(soon())
    assert "SECRET" not in caught.value.message + caught.value.hint
    assert laptop.process().metadata(soon()).issuer == laptop.server.url


def test_the_clients_headers_are_sent_with_every_request(laptop: Laptop) -> None:
    """--oidc-request-header: for discovery, the key set and the token endpoint."""
    laptop.headers = (("X-Tenant", "blue"),)
    provider = laptop.process()
    provider.key_set(soon())
    provider.refresh(refresh_token=Secret("old"), deadline=soon())
    assert [asked.headers["x-tenant"] for asked in laptop.server.asked] == ["blue"] * 3


# One request


@pytest.mark.parametrize("max_age", [None, 300, 3600])
def test_a_refresh_with_metadata_of_a_day_is_one_request(laptop: Laptop, max_age: int | None) -> None:
    """A later process sends one request, even if a sign-in would fetch the metadata again."""
    headers = {} if max_age is None else {"Cache-Control": f"max-age={max_age}"}
    laptop.server.on(WELL_KNOWN, json_reply(discovery(laptop.server.url), headers=headers))
    first = laptop.process()
    first.metadata(soon())
    first.key_set(soon())
    assert laptop.asked() == [WELL_KNOWN, "/keys"]
    laptop.now += LONGEST - 1
    provider = laptop.process()
    response = provider.refresh(refresh_token=Secret("old"), deadline=soon())
    provider.metadata(soon(), stale=True)
    provider.key_set(soon())
    (asked,) = laptop.server.asked
    assert asked.path == "/token"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["old"],
        "client_id": ["kubernetes"],
    }
    assert response.refresh_token == Secret("new")


def test_the_provider_says_how_long_its_documents_last(laptop: Laptop) -> None:
    """Nothing is fetched before ``max-age`` is over."""
    for path, document in ((WELL_KNOWN, discovery(laptop.server.url)), ("/keys", KEYS)):
        laptop.server.on(path, json_reply(document, headers={"Cache-Control": "public, max-age=7200"}))
    laptop.process().key_set(soon())
    assert laptop.asked() == [WELL_KNOWN, "/keys"]
    laptop.now += 7199
    laptop.process().metadata(soon())
    laptop.process().key_set(soon())
    assert laptop.asked() == []
    laptop.now += 1
    laptop.process().metadata(soon())
    laptop.process().key_set(soon())
    assert laptop.asked() == [WELL_KNOWN, "/keys"]


def test_without_a_cache_directory_one_process_still_asks_once(laptop: Laptop) -> None:
    """The documents are cached in memory."""
    laptop.cache = laptop.cache.parent / "file"
    laptop.cache.write_text("no directory")
    provider = laptop.process()
    for _ in range(3):
        provider.metadata(soon())
        provider.key_set(soon())
    assert laptop.asked() == [WELL_KNOWN, "/keys"]


def test_a_clock_that_went_back_makes_everything_old(laptop: Laptop) -> None:
    """A document from the future is fetched again."""
    laptop.process().metadata(soon())
    laptop.now -= 60
    laptop.process().metadata(soon())
    assert laptop.asked() == [WELL_KNOWN] * 2


CHANGES: dict[str, dict[str, Any]] = {
    "a header": {"headers": (("X-Tenant", "blue"),)},
    "no check": {"tls": TlsOptions(insecure=True)},
    "an authority": {"tls": TlsOptions(ca_data=(trustme.CA().cert_pem.bytes(),))},
    "a client": {"client_id": "another"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_came_in_another_way_is_not_used(laptop: Laptop, change: str) -> None:
    """With another trust, client, proxy or header the cached documents are not used, in both directions."""
    for name, value in CHANGES[change].items():
        setattr(laptop, name, value)
    others = laptop.process()
    others.metadata(soon())
    others.key_set(soon())
    for name in CHANGES[change]:
        setattr(laptop, name, getattr(Laptop(laptop.server, laptop.cache), name))
    laptop.process().key_set(soon())
    assert laptop.asked() == [WELL_KNOWN, "/keys"] * 2
    laptop.process().key_set(soon())
    assert laptop.asked() == [], "its own is used again"
    assert len(list((laptop.cache / "metadata").iterdir())) == 2


def test_the_proxy_of_the_issuer_is_part_of_it_and_its_password_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy determines the answers, so it is part of the cache's identity. NO_PROXY and other schemes are respected."""
    client = HttpClient(log=QUIET)
    url = "https://issuer.example.com/x"
    direct: tuple[object, ...] = client.trust_and_proxy(url)
    assert direct == ((), "")
    monkeypatch.setenv("HTTP_PROXY", "http://plain.example:1")
    assert client.trust_and_proxy(url) == direct
    ways: set[tuple[object, ...]] = {direct}
    ways.add(HttpClient(log=QUIET, proxy="http://given.example:1").trust_and_proxy(url))
    for proxy in ("http://proxy.example:1", "http://ada:secret-of-ada@proxy.example:1"):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        ways.add(client.trust_and_proxy(url))
    assert len(ways) == 4
    assert "secret-of-ada" not in repr(ways)
    assert client.trust_and_proxy("http://localhost:1/x") == direct
    monkeypatch.setenv("NO_PROXY", "issuer.example.com")
    assert client.trust_and_proxy(url) == direct


def test_kept_metadata_is_checked_like_an_answer(laptop: Laptop) -> None:
    """A file that sends secrets to http, or names another issuer, is fetched again."""
    laptop.process().metadata(soon())
    (path,) = (laptop.cache / "metadata").iterdir()
    good = path.read_text()
    for old, new in (("/token", "http://evil.example/token"), (laptop.server.url, "https://evil.example")):
        record = json.loads(good)
        members = record["metadata"]["members"]
        changed = "token_endpoint" if old == "/token" else "issuer"
        record["metadata"]["members"] = {**members, changed: new}
        path.write_text(json.dumps(record))
        assert laptop.process().metadata(soon()).token_endpoint == f"{laptop.server.url}/token"
    assert laptop.asked() == [WELL_KNOWN] * 3


# Entity tags


def tagged(document: object, tag: str) -> list[Script]:
    """Answer first with the document and its entity tag, then with 304."""
    return [json_reply(document, headers={"ETag": tag}), reply(304)]


def test_unchanged_documents_are_fresh_again(laptop: Laptop) -> None:
    """RFC 9110 §13.1.2: the entity tag is sent back, and a 304 renews the cached document."""
    laptop.server.on(WELL_KNOWN, *tagged(discovery(laptop.server.url), '"m1"'))
    laptop.server.on("/keys", *tagged(KEYS, 'W/"k1"'))
    known = laptop.process().metadata(soon())
    keys = laptop.process().key_set(soon())
    laptop.server.asked.clear()
    laptop.now += LONGEST
    assert laptop.process().metadata(soon()) == known
    assert [key.kid for key in laptop.process().key_set(soon()).keys] == [key.kid for key in keys.keys]
    assert [asked.headers["if-none-match"] for asked in laptop.server.asked] == ['"m1"', 'W/"k1"']
    laptop.server.asked.clear()
    laptop.now += 3599
    laptop.process().metadata(soon())
    laptop.process().key_set(soon())
    assert laptop.asked() == []
    laptop.now += 1
    laptop.process().metadata(soon())
    assert [asked.headers["if-none-match"] for asked in laptop.server.asked] == ['"m1"']


def test_a_refresh_asks_whether_old_metadata_is_unchanged(laptop: Laptop) -> None:
    """After a day, with its entity tag."""
    laptop.server.on(WELL_KNOWN, *tagged(discovery(laptop.server.url), '"m1"'))
    laptop.process().metadata(soon())
    laptop.server.asked.clear()
    laptop.now += LONGEST
    laptop.refresh()
    assert [asked.headers.get("if-none-match") for asked in laptop.server.asked] == ['"m1"', None]


def test_a_changed_document_replaces_the_kept_one(laptop: Laptop) -> None:
    """A 200 replaces the document and its entity tag."""
    moved = discovery(laptop.server.url, token_endpoint=f"{laptop.server.url}/moved")
    laptop.server.on(
        WELL_KNOWN,
        json_reply(discovery(laptop.server.url), headers={"ETag": '"m1"'}),
        json_reply(moved, headers={"ETag": '"m2"'}),
    )
    laptop.process().metadata(soon())
    for _ in range(2):
        laptop.now += 3600
        assert laptop.process().metadata(soon()).token_endpoint == f"{laptop.server.url}/moved"
    sent = [asked.headers.get("if-none-match") for asked in laptop.server.asked]
    assert sent == [None, '"m1"', '"m2"']


@pytest.mark.parametrize("kind", ["metadata", "key_set"])
def test_a_tag_of_a_damaged_document_is_not_sent(laptop: Laptop, kind: str) -> None:
    """Otherwise a 304 would keep the damaged document."""
    path_of = {"metadata": WELL_KNOWN, "key_set": "/keys"}
    document = {"metadata": discovery(laptop.server.url), "key_set": KEYS}[kind]

    def answer(talk: Talk) -> None:
        unchanged = "if-none-match" in talk.asked.headers
        (reply(304) if unchanged else json_reply(document, headers={"ETag": '"t"'}))(talk)

    laptop.server.on(path_of[kind], answer)
    laptop.process().key_set(soon())
    (path,) = (laptop.cache / "metadata").iterdir()
    record = json.loads(path.read_text())
    record[kind]["members"] = {"damaged": True}
    path.write_text(json.dumps(record))
    assert laptop.process().metadata(soon()).issuer == laptop.server.url
    assert laptop.process().key_set(soon()).keys
    assert "damaged" not in path.read_text()


def test_a_file_that_is_no_json_is_fetched_anew(laptop: Laptop, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged cache is a miss and is replaced. -v 1 logs it."""
    laptop.process().key_set(soon())
    laptop.log = Log(1, JSON)
    (path,) = (laptop.cache / "metadata").iterdir()
    path.write_bytes(path.read_bytes()[:-7])
    laptop.process().key_set(soon())
    assert laptop.asked() == [WELL_KNOWN, "/keys"] * 2
    laptop.process().key_set(soon())
    assert laptop.asked() == []
    said = capsys.readouterr().err
    assert said.count('"record-damaged"') == 2, "once each time it is read"


# A provider whose discovery does not answer


@pytest.mark.parametrize("answer", [reply(503), reply(429), reset], ids=["503", "429", "reset"])
def test_a_refresh_goes_on_with_stale_metadata(
    laptop: Laptop, answer: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    """If discovery does not answer, metadata of the last week is used. -v 1 logs it."""
    laptop.process().metadata(soon())
    laptop.server.on(WELL_KNOWN, answer)
    laptop.now += STALE - 1
    laptop.log = Log(1, JSON)
    assert laptop.refresh().refresh_token == Secret("new")
    assert laptop.asked()[-1] == "/token"
    (event,) = [
        json.loads(line) for line in capsys.readouterr().err.splitlines() if "metadata-from-cache" in line
    ]
    assert event["level"] == 1


def test_a_silent_discovery_is_waited_for_once(laptop: Laptop) -> None:
    """A refresh needs the metadata several times. It waits for discovery once, for at most half of its time."""
    laptop.process().key_set(soon())
    laptop.asked()
    laptop.server.on(WELL_KNOWN, silence)
    laptop.now += LONGEST
    provider, deadline = laptop.process(), soon(1.6)
    provider.refresh(refresh_token=Secret("old"), deadline=deadline)
    provider.metadata(deadline, stale=True)
    provider.key_set(deadline)
    assert not deadline.passed()
    assert laptop.asked() == [WELL_KNOWN, "/token", "/keys"]


def test_metadata_that_is_too_old_is_no_stand_in(laptop: Laptop) -> None:
    """After a week discovery must answer."""
    laptop.process().metadata(soon())
    laptop.server.on(WELL_KNOWN, reply(503))
    laptop.now += STALE
    with pytest.raises(ProviderUnreachable, match="503"):
        laptop.refresh()
    assert "/token" not in laptop.asked()


def test_a_sign_in_does_not_go_on_with_stale_metadata(laptop: Laptop) -> None:
    """A sign-in needs fresh metadata or fails."""
    laptop.process().metadata(soon())
    laptop.server.on(WELL_KNOWN, reply(503))
    laptop.now += 3600
    with pytest.raises(ProviderUnreachable):
        laptop.process().metadata(soon())


def test_a_refresh_that_finds_no_metadata_is_not_sent(laptop: Laptop) -> None:
    """Without an endpoint the refresh token is not sent."""
    laptop.server.on(WELL_KNOWN, reply(500))
    with pytest.raises(ProviderUnreachable):
        laptop.refresh()
    assert laptop.asked() == [WELL_KNOWN] * 3


# The key set


def test_an_unknown_key_fetches_the_key_set_anew(laptop: Laptop) -> None:
    """``refetch`` sends a request even if the cached set is fresh, with no-cache and without the entity tag."""
    laptop.server.on(
        "/keys", json_reply(KEYS, headers={"ETag": '"k1"'}), json_reply(jwks(signing_key("ES256", "b")))
    )
    laptop.process().key_set(soon())
    provider = laptop.process()
    assert [key.kid for key in provider.key_set(soon()).keys] == ["key-1"]
    laptop.server.asked.clear()
    assert [key.kid for key in provider.key_set(soon(), refetch=True).keys] == ["b"]
    (asked,) = laptop.server.asked
    assert asked.headers["cache-control"] == "no-cache"
    assert "if-none-match" not in asked.headers
    assert [key.kid for key in laptop.process().key_set(soon()).keys] == ["b"]
    assert len(laptop.server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (json_reply({"keys": {}}), "jwks_uri"),
        (json_reply({}), "jwks_uri"),
        (html_reply(), "/keys"),
        (reply(404), "/keys"),
    ],
    ids=["object", "empty", "page", "404"],
)
def test_what_is_no_key_set_is_refused_and_makes_the_metadata_doubtful(
    laptop: Laptop, answer: Script, named: str
) -> None:
    """The key set may have moved, so the next process fetches the metadata."""
    laptop.server.on("/keys", answer, json_reply(KEYS))
    with pytest.raises(InvalidProviderResponse, check=about("provider-misbehaves", named)):
        laptop.process().key_set(soon())
    assert laptop.process().key_set(soon()).keys
    assert laptop.asked() == [WELL_KNOWN, "/keys", WELL_KNOWN, "/keys"]


def test_keys_that_are_left_out_are_logged(laptop: Laptop, capsys: pytest.CaptureFixture[str]) -> None:
    """-v 1 logs which key is not used and why."""
    laptop.server.on("/keys", json_reply(jwks(signing_key(), {"kty": "OKP", "kid": "odd", "crv": "Ed25519"})))
    laptop.log = Log(1)
    assert len(laptop.process().key_set(soon()).keys) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if '"odd"' in line]
    assert "Ed25519" in line


# Token requests


def test_a_code_is_redeemed_with_its_verifier(laptop: Laptop) -> None:
    """RFC 6749 §4.1.3, RFC 7636 §4.5: code, redirect URI and verifier of the sign-in."""
    laptop.process().exchange_code(
        code=Secret("co/de+1"),
        redirect_uri="http://localhost:8000",
        code_verifier=Secret("v" * 43),
        deadline=soon(),
    )
    assert parse_qs(laptop.server.asked[-1].body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["co/de+1"],
        "redirect_uri": ["http://localhost:8000"],
        "code_verifier": ["v" * 43],
        "client_id": ["kubernetes"],
    }


def test_an_answer_that_breaks_the_standard_makes_the_metadata_doubtful(laptop: Laptop) -> None:
    """The token endpoint may have moved, so the next refresh fetches the metadata first."""
    moved = discovery(laptop.server.url, token_endpoint=f"{laptop.server.url}/moved")
    laptop.server.on(WELL_KNOWN, json_reply(discovery(laptop.server.url)), json_reply(moved))
    laptop.server.on("/token", html_reply(404))
    laptop.server.on("/moved", TOKENS)
    with pytest.raises(InvalidProviderResponse, match=r"/token\b.*\b404\b"):
        laptop.refresh()
    assert laptop.refresh().refresh_token == Secret("new")
    assert laptop.asked() == [WELL_KNOWN, "/token", WELL_KNOWN, "/moved"]


@pytest.mark.parametrize("answer", [reply(304), reply(503)], ids=["unchanged", "down"])
def test_doubtful_metadata_serves_on_where_discovery_has_no_other(laptop: Laptop, answer: Script) -> None:
    """It is requested with its entity tag, and used if it is unchanged or discovery fails."""
    document = json_reply(discovery(laptop.server.url), headers={"ETag": '"m1"'})
    laptop.server.on(WELL_KNOWN, document, answer)
    laptop.server.on("/token", html_reply(404), TOKENS)
    with pytest.raises(InvalidProviderResponse):
        laptop.refresh()
    laptop.server.asked.clear()
    assert laptop.refresh().refresh_token == Secret("new")
    assert laptop.server.asked[0].headers["if-none-match"] == '"m1"'
    assert laptop.server.asked[-1].path == "/token"


def test_without_kept_metadata_nothing_becomes_doubtful(laptop: Laptop) -> None:
    """The error is that of the token endpoint."""
    metadata = laptop.process().metadata(soon())
    laptop.server.on("/token", html_reply(404))
    for path in (laptop.cache / "metadata").iterdir():
        path.unlink()
    with pytest.raises(InvalidProviderResponse, match=r"/token\b.*\b404\b"):
        laptop.process().request_tokens("password", {}, metadata, soon())


def test_a_refusal_leaves_the_metadata_alone(laptop: Laptop) -> None:
    """``invalid_grant`` comes from the provider, so the endpoint is right."""
    laptop.server.on("/token", json_reply({"error": "invalid_grant"}, 400))
    for _ in range(2):
        with pytest.raises(InvalidGrant):
            laptop.refresh()
    assert laptop.asked() == [WELL_KNOWN, "/token", "/token"]


def test_the_log_names_the_client_authentication_that_the_metadata_chooses(
    laptop: Laptop, capsys: pytest.CaptureFixture[str]
) -> None:
    """It often explains invalid_client."""
    methods = discovery(laptop.server.url, token_endpoint_auth_methods_supported=["client_secret_post"])
    laptop.server.on(WELL_KNOWN, json_reply(methods))
    laptop.log, laptop.secret = Log(1), Secret("client-SECRET")
    laptop.refresh()
    assert re.search(r"\brefresh_token\b.*\bclient_secret_post\b", capsys.readouterr().err)


def test_the_log_holds_no_secret(laptop: Laptop, capsys: pytest.CaptureFixture[str]) -> None:
    """-v 9 logs the grant and the authentication method, but no secret."""
    laptop.log = Log(9)
    laptop.headers = (("Authorization", "Bearer header-SECRET"),)
    laptop.server.on("/token", json_reply({"id_token": "id-SECRET", "refresh_token": "rt-SECRET"}))
    laptop.process().refresh(refresh_token=Secret("old-SECRET"), deadline=soon())
    shown = capsys.readouterr()
    assert re.search(r"\brefresh_token\b.*\bnone\b", shown.err)
    assert "SECRET" not in shown.err + shown.out


# Revocation


@pytest.fixture
def revoking(laptop: Laptop) -> Laptop:
    """Return a laptop with cached metadata of a provider that has a revocation endpoint."""
    metadata = {**discovery(laptop.server.url), "revocation_endpoint": f"{laptop.server.url}/revoke"}
    laptop.server.on(WELL_KNOWN, json_reply(metadata))
    laptop.server.on("/revoke", reply(200))
    laptop.refresh()
    laptop.asked()
    return laptop


def test_a_refresh_token_is_revoked_with_one_request(revoking: Laptop) -> None:
    """RFC 7009 §2.1: the token, its type and the client. A successful answer has no body (§2.2)."""
    revoking.now += LONGEST - 1
    assert revoking.process().revoke(Secret("old"), soon()) is Revocation.DONE
    (asked,) = revoking.server.asked
    assert asked.path == "/revoke"
    assert parse_qs(asked.body.decode()) == {
        "token": ["old"],
        "token_type_hint": ["refresh_token"],
        "client_id": ["kubernetes"],
    }


def test_where_nothing_can_be_revoked_nothing_is_asked(laptop: Laptop) -> None:
    laptop.refresh()
    laptop.asked()
    assert laptop.process().revoke(Secret("old"), soon()) is Revocation.NOT_OFFERED
    assert laptop.asked() == []


def test_a_revocation_that_is_refused_is_named_without_the_token(revoking: Laptop) -> None:
    answer = {"error": "invalid_client", "error_description": "no client for SECRET-token"}
    revoking.server.on("/revoke", json_reply(answer, 401))
    with pytest.raises(OAuthErrorResponse, match="invalid_client") as caught:
        revoking.process().revoke(Secret("SECRET-token"), soon())
    assert "SECRET" not in caught.value.message


def test_a_revocation_that_is_not_answered_ends_in_time(revoking: Laptop) -> None:
    revoking.server.on("/revoke", silence)
    with pytest.raises(ProviderUnreachable, match=r"\d s$"):
        revoking.process().revoke(Secret("old"), soon(0.3))


def test_metadata_that_is_not_there_ends_a_revocation_in_time(laptop: Laptop) -> None:
    laptop.server.on(WELL_KNOWN, silence)
    with pytest.raises(ProviderUnreachable, match=r"\d s$"):
        laptop.process().revoke(Secret("old"), soon(0.3))
