"""The demo's Kubernetes API over real TLS, and an issuer that signs any token that a test needs."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kubectl_oidc.demo.https_server import Listener
from kubectl_oidc.demo.kubernetes.api import KubernetesApi
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.log import QUIET

from .tokens import CLIENT_ID, good_claims, id_token, jwks, signing_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType
    from typing import Self
    from wsgiref.types import StartResponse, WSGIEnvironment

    from kubectl_oidc.demo.authority import Authority

    from .tokens import SigningKey

ALICE, BOB = "alice@example.com", "bob@example.com"


class Issuer:
    """Publishes its metadata and keys over TLS; a context manager that serves while it is entered.

    Attributes:
        url: The issuer URL.
        keys: The published key set; None for a provider that is down.
        metadata: The published metadata.
        asked: The requested paths, in order.
    """

    def __init__(self, authority: Authority) -> None:
        self._listener = Listener(self._answer, authority.server_context())
        self.url = self._listener.origin
        self.keys: object = jwks(signing_key())
        self.metadata: object = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def claims(self, changes: Mapping[str, object]) -> dict[str, object]:
        """Return valid claims of alice, an administrator; ``changes`` replace some, ABSENT drops one."""
        now = int(time.time())
        claims = {"iss": self.url, "iat": now, "exp": now + 600, "email": ALICE, "groups": ["eks-admins"]}
        return good_claims(**{**claims, **changes})

    def token(
        self,
        changes: Mapping[str, object] | None = None,
        *,
        key: SigningKey | None = None,
        header: Mapping[str, object] | bytes | None = None,
    ) -> str:
        """Return a signed token.

        Args:
            changes: Changes of the claims.
            key: The signing key; the published one by default.
            header: Additional or changed members of the header.
        """
        return id_token(key, header=header, claims=self.claims(changes or {})).reveal()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.asked.append(environ["PATH_INFO"])
        if self.keys is None:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return []
        body = json.dumps(self.keys if environ["PATH_INFO"] == "/keys" else self.metadata).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API; `kind` is its Content-Type."""

    status: int
    kind: str
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object."""
        assert self.kind.startswith("application/json")
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def failure(self) -> tuple[int, str, str]:
        """The code, reason and message of a Status; the code is also the HTTP status."""
        document = self.document
        assert (document["kind"], document["apiVersion"], document["status"]) == ("Status", "v1", "Failure")
        assert document["code"] == self.status
        return self.status, document["reason"], document["message"]


class Cluster:
    """The API, and a client that trusts its authority.

    Attributes:
        issuer: The issuer whose tokens it accepts.
        url: The API's URL.
    """

    def __init__(self, issuer: Issuer, url: str, trust: ssl.SSLContext) -> None:
        self.issuer = issuer
        self.url = url
        self._trust = trust

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        token: str | None = None,
        body: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """Send one request on a new connection.

        Args:
            path: The path with its query.
            method: The method.
            token: The bearer token; by default that of alice, an administrator.
            body: The body.
            headers: Header fields, with ``_`` for ``-``; an Authorization replaces the token.
        """
        fields = {"Authorization": f"Bearer {token or self.issuer.token()}"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        at = urlsplit(self.url)
        connection = http.client.HTTPSConnection(at.netloc, timeout=20, context=self._trust)
        try:
            connection.request(method, path, body, {name: value for name, value in fields.items() if value})
            response = connection.getresponse()
            return Answer(response.status, response.headers.get("Content-Type", ""), response.read())
        finally:
            connection.close()

    def post(self, path: str, document: object, *, token: str | None = None) -> Answer:
        """Post a JSON document."""
        return self.ask(
            path, "POST", token=token, body=json.dumps(document).encode(), Content_Type="application/json"
        )

    def nobody(self) -> str:
        """Return a token of bob, who is in no group."""
        return self.issuer.token({"email": BOB, "groups": []})


@contextmanager
def serving(authority: Authority) -> Iterator[Cluster]:
    """Run an issuer, and an API that accepts its tokens."""
    http_client = HttpClient(tls=TlsOptions(ca_data=(authority.pem,)), log=QUIET, pauses=())
    with (
        Issuer(authority) as issuer,
        KubernetesApi(authority, issuer=issuer.url, client_id=CLIENT_ID, http=http_client) as api,
    ):
        yield Cluster(issuer, api.url, ssl.create_default_context(cadata=authority.pem.decode()))
    http_client.close()
