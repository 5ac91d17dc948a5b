"""What is fuzzed: one function a parser, which takes any bytes and raises where something is wrong.

A parser takes what it is given or refuses it with the error that it documents, in words that a terminal may show. Each
target has a few honest inputs to begin with.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets
from kubectl_oidc.authentication.grants.device_authorization import DeviceAuthorization
from kubectl_oidc.authentication.grants.pasted_response import parse_pasted_response
from kubectl_oidc.authentication.grants.pushed_authorization import parse_pushed_response
from kubectl_oidc.cli.options import name_value
from kubectl_oidc.cli.settings.default_values import read_layers
from kubectl_oidc.cli.settings.rules import read_rules
from kubectl_oidc.errors import (
    ExecInfoError,
    IdTokenError,
    InvalidProviderResponse,
    KubeconfigError,
    OidcLoginError,
    SettingsError,
    UsageError,
)
from kubectl_oidc.exec_credential import VERSIONS, ExecInfo
from kubectl_oidc.http.answer import Source, read_response
from kubectl_oidc.http.client import _redirect_target
from kubectl_oidc.http.exchange import Response, retry_after
from kubectl_oidc.http.json_body import load_object
from kubectl_oidc.kubeconfig.auth_provider_user import AuthProviderUser, with_tokens
from kubectl_oidc.kubeconfig.convert import plan_file as conversion
from kubectl_oidc.kubeconfig.edit_text import set_user
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from kubectl_oidc.loopback.authorization_response import (
    AuthorizationResponse,
    ExpectedResponse,
    RejectedRequest,
    Request,
)
from kubectl_oidc.loopback.connection import Connection
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.loopback.pages import rejection_page as page
from kubectl_oidc.oidc.error_hints import SentRequest
from kubectl_oidc.oidc.jws import signed_claims, unverified_claims
from kubectl_oidc.oidc.key_set import KeySet
from kubectl_oidc.oidc.metadata import parse_metadata
from kubectl_oidc.oidc.metadata_cache import LONGEST, SHORTEST, entity_tag, lifetime
from kubectl_oidc.oidc.token_response import oauth_error, token_response
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.kubelogin_session import KubeloginSession
from kubectl_oidc.sessions.session import Session
from kubectl_oidc.sessions.session_record import with_digest
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.sessions.stores.keyring_parts import read_record
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.toml_file import line_of, read_toml
from kubectl_oidc.urls import check_issuer, shown_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ISSUER = "https://id.example.com"
ID = "0123456789abcdef" * 2
STATE = "S" * 43
SECRETS = AuthorizationSecrets(Secret(STATE), Secret("N" * 43), None)
AWAITED = ExpectedResponse(
    frozenset({"localhost:8000"}), "/", Secret("/ticket"), Secret(STATE), ISSUER, iss_required=False
)
USER = {"exec": {"apiVersion": "v1", "command": "kubectl-oidc_login", "args": ["get-token", "--a=b"]}}
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Target:
    """One parser.

    Attributes:
        run: Takes any bytes; raises where something is wrong.
        seeds: Honest inputs.
    """

    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]


def plain(words: str) -> None:
    """Require that a terminal shows the words as they are."""
    if any(unicodedata.category(char) in _UNSEEN for char in words):
        raise AssertionError(f"not plain: {words!r}")


@contextlib.contextmanager
def or_refused(kind: type[OidcLoginError]) -> Iterator[None]:
    """Let the block end with the documented error, in plain words."""
    try:
        yield
    except kind as error:
        plain(f"{error.message} {error.hint}")


def text(data: bytes) -> str:
    """Return bytes as an argument or a variable brings them (PEP 383)."""
    return data.decode("utf-8", "surrogateescape")


def members(data: bytes) -> dict[str, object]:
    """Return the JSON object that a provider said; nothing where it is none, which is another target's affair."""
    with contextlib.suppress(InvalidProviderResponse):
        return load_object(data, "the answer")
    return {}


def exec_info(data: bytes) -> None:
    with or_refused(ExecInfoError):
        assert ExecInfo.parse(text(data)).api_version in VERSIONS


def http_answer(data: bytes) -> None:
    """Read an answer from a socket on which these bytes come, whole or cut."""
    near, far = socket.socketpair()
    with near:
        with far:
            far.sendall(data[:60_000])
        with or_refused(InvalidProviderResponse), contextlib.suppress(ConnectionResetError):
            response, _ = read_response(Source(near, Deadline.after(1)), ISSUER)
            assert 200 <= response.status <= 999  # noqa: PLR2004
            assert all(name == name.lower() for name in response.headers)


def json_answer(data: bytes) -> None:
    with or_refused(InvalidProviderResponse):
        document = load_object(data, "the answer")
        assert load_object(json.dumps(document).encode(), "the same") == document or "inf" in repr(document)


def session(data: bytes) -> None:
    assert Session.parse(data, ID) is None or data.isascii()
    record = with_digest({**SESSION, **members(data), "session": ID, "version": 1})
    found = Session.parse(record, ID)
    assert found is None or Session.parse(found.record(), ID) == found


def index_entry(data: bytes) -> None:
    with _PLACE.open("wb") as file:
        file.write(data)
    found = index.read_entry(_CACHE, ID)
    assert found is None or (found.session_id == ID and found.storage in index.PLACES)


def slots(data: bytes) -> None:
    entries = dict(zip(("s/a", "s/b", "s/a/1", "s/b/1", "s/a/2"), text(data).split("\0"), strict=False))
    read_record(entries.get, "s")


def metadata(data: bytes) -> None:
    with or_refused(InvalidProviderResponse):
        found = parse_metadata({**METADATA, **members(data)}, ISSUER)
        for url in (found.token_endpoint, found.jwks_uri, found.authorization_endpoint):
            assert url.lower().startswith("https://")
            plain(url)


def key_set(data: bytes) -> None:
    with or_refused(InvalidProviderResponse):
        keys = KeySet.from_jwks(members(data))
        for left_out in keys.left_out:
            plain(str(left_out))
        plain(keys.why_none("kid", "RS256"))


def id_token(data: bytes) -> None:
    token = Secret(data.decode("latin-1"))
    with or_refused(IdTokenError):
        json.dumps(unverified_claims(token)).encode()
    with or_refused(IdTokenError):
        signed_claims(token, keys=KEYS, algorithms=())
        raise AssertionError("nobody has signed it")


def tokens(data: bytes) -> None:
    document = members(data)
    with or_refused(InvalidProviderResponse):
        found = token_response(document, "the answer")
        for token in (found.id_token, found.access_token, found.refresh_token):
            assert token is None or token.reveal().isascii()
    error = oauth_error(
        document,
        "refresh_token",
        ["SECRET"],
        endpoint="token endpoint",
        invalid_client="hint",
        sent=SentRequest(issuer="https://org.okta.com"),
    )
    plain(f"{error.message} {error.hint}")
    assert "SECRET" not in error.message


def device_authorization(data: bytes) -> None:
    with or_refused(InvalidProviderResponse):
        device = DeviceAuthorization.parse({**DEVICE, **members(data)}, local=False)
        plain(f"{device.user_code} {device.verification_uri} {device.verification_uri_complete}")
        urlencode({"device_code": device.device_code.reveal()})


def pushed_authorization(data: bytes) -> None:
    with or_refused(InvalidProviderResponse):
        uri, seconds = parse_pushed_response({**PUSHED, **members(data)})
        assert uri.reveal().isascii()
        assert float(seconds) > 0


def callback(data: bytes) -> None:
    method, _, rest = data.decode("latin-1").partition(" ")
    target, _, host = rest.partition(" ")
    verdict = AWAITED.check(Request(method, target, host))
    if isinstance(verdict, RejectedRequest):
        plain(verdict.reason)
        body = page(verdict).body.decode()
        assert "<script" not in body
    elif isinstance(verdict, AuthorizationResponse):
        assert STATE in target or "%" in target


def connection(data: bytes) -> None:
    """Read a request from a socket on which these bytes come, and answer it."""

    async def talk() -> bytes:
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            far.settimeout(1)
            far.sendall(data[:60_000])
            far.shutdown(socket.SHUT_WR)
            one = Connection(near)
            request = await one.read()
            if request is None:
                return b""
            await one.send(
                page(request if isinstance(request, RejectedRequest) else RejectedRequest(400, "no"))
            )
            return far.recv(65536)

    answer = asyncio.run(talk())
    assert not answer or answer.startswith(b"HTTP/1.1 4")


def pasted_answer(data: bytes) -> None:
    answer = parse_pasted_response(text(data), SECRETS, issuer=ISSUER, iss_required=False)
    if isinstance(answer, str):
        plain(answer)


def settings(data: bytes) -> None:
    """Read a settings file of the user, and of the machine."""
    with tempfile.TemporaryDirectory() as place, or_refused(SettingsError):
        path = Path(place, "config.toml")
        path.write_bytes(data)
        path.chmod(0o600)
        file = read_toml(str(path), {path.stat().st_uid}, machine=True)
        assert file is not None
        assert all(0 <= line_of(file.text, (key,)) <= file.text.count("\n") + 1 for key in file.data)
        with or_refused(SettingsError):
            read_layers(file)
        read_rules(file)


def kubeconfig(data: bytes) -> None:
    with contextlib.suppress(UnicodeDecodeError), or_refused(KubeconfigError):
        words = data.decode()
        found = parse_kubeconfig(words, "F")
        with or_refused(KubeconfigError):
            edited = parse_kubeconfig(set_user(words, "oidc", USER, "F"), "F")
            others = [item for item in found.get("users") or [] if item.get("name") != "oidc"]
            assert [item for item in edited["users"] if item.get("name") != "oidc"] == others
        with or_refused(KubeconfigError):
            with_tokens(words, AuthProviderUser("alice", Path("F"), {}, {}), {"id-token": Secret("a.b.c")})
        with or_refused(KubeconfigError):
            plan = conversion(Path("F"), words, [])
            plain("".join(one.difference.replace("\n", "") for one in plan.conversions))
            assert not conversion(Path("F"), plan.after, []).conversions


def name_values(data: bytes) -> None:
    with or_refused(UsageError):
        for name, value in name_value.parse_name_values("--flag", [text(data)]):
            assert (
                dict(name_value.parse_name_values("--flag", [name_value.format_name_value(name, value)]))
                == {name: value}
                or '"' in name + value
            )


def urls(data: bytes) -> None:
    url = text(data)
    plain(shown_url(url))
    with or_refused(UsageError):
        plain(check_issuer(url))
    with or_refused(UsageError):
        address = ListenAddress.parse(url)
        assert ListenAddress.parse(str(address)) == address


def headers(data: bytes) -> None:
    words = data.decode("latin-1")
    wait = retry_after(Response(503, {"retry-after": words}, b""))
    assert wait is None or 0 <= wait < 1e12  # noqa: PLR2004
    assert SHORTEST <= lifetime({"cache-control": words}, "metadata") <= LONGEST
    plain(entity_tag({"etag": words}))
    with or_refused(InvalidProviderResponse):
        target = _redirect_target("https://a.example/b", Response(302, {"location": words}, b""))
        assert target
        assert target.lower().startswith("https://")


def kubelogin(data: bytes) -> None:
    left = KubeloginSession.parse(data, "F", lambda: None)
    if left is not None:
        assert isinstance(left.client(), str)
        with or_refused(IdTokenError):
            plain(left.session(ID, 1).person)


METADATA: Mapping[str, object] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "scopes_supported": ["openid"],
    "device_authorization_endpoint": f"{ISSUER}/device",
}
DEVICE: Mapping[str, object] = {
    "device_code": "code",
    "user_code": "WDJB-MJHT",
    "verification_uri": f"{ISSUER}/device",
    "verification_uri_complete": f"{ISSUER}/device?user_code=WDJB-MJHT#top",
    "expires_in": 1800,
    "interval": 5,
}
PUSHED: Mapping[str, object] = {"request_uri": "urn:ietf:params:oauth:request_uri:a", "expires_in": 60}
JWK = {
    "kty": "EC",
    "crv": "P-256",
    "kid": "a",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}  # RFC 7515, appendix A.3
KEYS = KeySet.from_jwks({"keys": [JWK]})
ENTRY = index.Entry(
    session_id=ID,
    issuer=ISSUER,
    client_id="a",
    scopes=("openid",),
    name="",
    person="alice",
    storage="disk",
    credential="disk",
    generation=1,
    signed_in_at=1,
    refreshed_at=1,
    expiry=1,
    renewable=True,
    in_flight=0,
    host="laptop",
)
SESSION = json.loads(
    Session(
        session_id=ID,
        generation=1,
        issuer=ISSUER,
        subject="alice",
        audience=("a",),
        person="alice",
        id_token=Secret("a.b.c"),
        access_token=None,
        refresh_token=Secret("r"),
        expiry=1,
        signed_in_at=1,
    ).record()
)
TOKEN = b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIiwic3ViIjoiYSIsImV4cCI6MX0.c2ln"
_CACHE = Path(tempfile.mkdtemp(prefix="oidc-fuzz-"))
_PLACE = _CACHE / index.DIRECTORY / f"{ID}.json"
_PLACE.parent.mkdir(mode=0o700)
_PLACE.touch(mode=0o600)


def _said(document: Mapping[str, object]) -> bytes:
    return json.dumps(document).encode()


YAML = """\
# mine
users:
- name: alice # she
  user:
    auth-provider:
      config: {id-token: "old", client-id: 'a'}
      name: oidc
- name: oidc
  user:
    exec:
      command: kubectl
      args: [oidc-login, get-token, --oidc-client-secret=SECRET]
- &b {name: bob, user: {token: >-
    a
    b}}
kind: Config
"""

TARGETS: Mapping[str, Target] = {
    "callback": Target(
        callback, (f"GET /?code=a&state={STATE}&iss=b localhost:8000".encode(), b"POST * evil")
    ),
    "connection": Target(
        connection,
        (
            b"GET /?code=a HTTP/1.1\r\nHost: localhost:8000\r\nCookie: a\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        ),
    ),
    "device_authorization": Target(device_authorization, (_said(DEVICE),)),
    "exec_info": Target(
        exec_info,
        (_said({"kind": "ExecCredential", "apiVersion": VERSIONS[0], "spec": {"interactive": True}}),),
    ),
    "headers": Target(
        headers,
        (
            b"120",
            b"Wed, 21 Oct 2026 07:28:00 GMT",
            b"public, max-age=300",
            b'W/"tag"',
            b"https://b.example/c",
        ),
    ),
    "http_answer": Target(
        http_answer,
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: a\r\n\r\n{}",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n",
        ),
    ),
    "id_token": Target(id_token, (TOKEN,)),
    "index_entry": Target(index_entry, (_said({"version": index.VERSION, **ENTRY._asdict()}),)),
    "json_answer": Target(json_answer, (b'\xef\xbb\xbf{"a": [1, 2.5e3, null, "\\ud83d\\ude00"]}',)),
    "key_set": Target(
        key_set, (_said({"keys": [JWK, {"kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "sig"}]}),)
    ),
    "kubeconfig": Target(kubeconfig, (YAML.encode(), b'{"users": [{"name": "a", "user": {}}]}')),
    "kubelogin": Target(kubelogin, (_said({"id_token": TOKEN.decode(), "refresh_token": "r"}),)),
    "metadata": Target(metadata, (_said(METADATA),)),
    "name_value": Target(name_values, (b"a=b", b'"a=1,2=3",b=4')),
    "pasted_answer": Target(
        pasted_answer, (f"http://localhost:8000/?code=a&state={STATE}#x".encode(), b"code")
    ),
    "pushed_authorization": Target(pushed_authorization, (_said(PUSHED),)),
    "session": Target(session, (_said(SESSION),)),
    "settings": Target(
        settings,
        (
            b'[defaults]\nprompt = "login"\n[issuer."https://a.example"]\nmax-age = "8h"\n',
            b'[rules]\nallowed-issuers = ["https://a.example"]\nminimum-version = "1.0"\n',
        ),
    ),
    "slots": Target(slots, (b"kubectl-oidc-slot-1 1 1 d41d8cd98f00b204e9800998ecf8427e\na\0\0b",)),
    "tokens": Target(
        tokens,
        (
            _said({"id_token": "a.b.c", "access_token": "a", "expires_in": 60, "token_type": "Bearer"}),
            _said({"error": "invalid_grant", "error_description": "SECRET"}),
        ),
    ),
    "urls": Target(
        urls, (b"https://ORG.okta.com/oauth2/default", b"[::1]:8000", b"http://user:SECRET@h:1/?a#b")
    ),
}
