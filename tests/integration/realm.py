"""A realm of the OpenID provider: npm oidc-provider, one issuer of its own for each test."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DIRECTORY = parts.REPOSITORY / "tests" / "openid-provider"

# No proxy stands between the tests and their own provider.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _ask(method: str, url: str, document: object = None) -> dict[str, Any]:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, data=body, method=method)  # noqa: S310 - our own provider's http URL
    with _OPENER.open(request, timeout=20) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


@dataclass(frozen=True, slots=True)
class Seen:
    """What a realm has seen since it was made, or since ``Realm.forget``."""

    requests: dict[str, int]
    authorization_requests: list[dict[str, str]]
    device_requests: list[dict[str, str]]
    pushed_requests: list[dict[str, str]]
    token_requests: list[str]
    client_methods: list[str]
    client_assertions: list[dict[str, Any]]
    revoked_grants: int

    @property
    def total(self) -> int:
        """How many requests came, of any kind."""
        return sum(self.requests.values())


class Realm:
    """An issuer with people in it: anybody may sign in whose password is ``password of NAME``.

    Args:
        issuer: The issuer URL.
    """

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._control = f"{issuer}/control"

    def flags(self, *more: str, client: str = "kubernetes") -> list[str]:
        """Return the flags that name this issuer and one of its clients, with the story's scopes.

        Args:
            more: Further flags.
            client: ``kubernetes``, ``code-only`` (no refresh token), ``port-8000-only``, ``confidential`` or ``posting``; in a
                realm with more grants also ``device``, ``robot`` (client credentials) and ``keyboard``; in one that knows a
                key of the client's ``signing`` and ``signing-robot``; in one that exchanges tokens ``exchanger``.
        """
        scopes = [f"--oidc-extra-scope={scope}" for scope in ("email", "offline_access", "profile", "openid")]
        return [f"--oidc-issuer-url={self.issuer}", f"--oidc-client-id={client}", *scopes, *more]

    def seen(self) -> Seen:
        """Return what was asked of this realm."""
        answer = _ask("GET", self._control)
        return Seen(
            requests=answer["requests"],
            authorization_requests=answer["authorizationRequests"],
            device_requests=answer["deviceRequests"],
            pushed_requests=answer["pushedRequests"],
            token_requests=answer["tokenRequests"],
            client_methods=answer["clientMethods"],
            client_assertions=answer["clientAssertions"],
            revoked_grants=answer["revokedGrants"],
        )

    def forget(self) -> None:
        """Begin to count anew."""
        _ask("DELETE", self._control)

    def id_tokens_live(self, seconds: int) -> None:
        """Set how long ID tokens live that are issued from now on, in seconds."""
        _ask("POST", self._control, {"secondsOfIdToken": seconds})

    def request_uris_live(self, seconds: int) -> None:
        """Set how long request URIs live that are issued from now on, in seconds."""
        _ask("POST", self._control, {"secondsOfRequestUri": seconds})

    def signs_people_in_by(self, acr: str, *amr: str) -> None:
        """Set the class and the methods of the sign-ins from now on (``acr``, ``amr``)."""
        _ask("POST", self._control, {"acr": acr, "amr": list(amr)})

    def set_groups(self, **groups: list[str]) -> None:
        """Set the groups of people; who is not named is in ``eks-admins``."""
        _ask("POST", self._control, {"groups": groups})

    def fail_next(
        self,
        path: str,
        *,
        times: int = 1,
        after: int = 0,
        status: int = 0,
        delay_ms: int = 0,
        drop: str = "",
    ) -> None:
        """Disturb the next requests of a path.

        Args:
            path: Such as ``/token`` or ``/.well-known/openid-configuration``.
            times: How many requests.
            after: How many requests are let pass first.
            status: The HTTP status of an HTML answer, instead of the real answer.
            delay_ms: How long to wait first, in milliseconds.
            drop: ``before`` closes the connection unanswered; ``after`` does the work and loses the answer.
        """
        fault = {"path": path, "status": status, "delay": delay_ms, "drop": drop}
        _ask("POST", self._control, {"faults": [{"path": path}] * after + [fault] * times})

    def hold_next(self, path: str) -> None:
        """Let the next request of a path wait until ``release``."""
        _ask("POST", self._control, {"faults": [{"path": path, "hold": True}]})

    def release(self) -> None:
        """Answer what is held, and hold nothing that is still to come."""
        _ask("POST", self._control, {"release": True})


class OpenIdProvider:
    """The process that serves the realms.

    Args:
        origin: Where it listens, as a URL.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def new_realm(
        self,
        *,
        more_grants: bool = False,
        client_keys: Sequence[dict[str, Any]] = (),
        audience: str = "",
        pushed: str = "no",
        token_exchange: bool = False,
    ) -> Realm:
        """Make an issuer that nobody has used yet.

        Args:
            more_grants: Whether it has device code, client credentials and password beside the authorization code.
            client_keys: The public keys of its signing clients, as JWKs.
            audience: The only one that assertions may name, ``issuer`` or ``endpoint``; any that names the realm, if empty.
            pushed: Whether authorization requests can be pushed: ``no``, ``offered`` or ``required``.
            token_exchange: Whether it exchanges tokens of the client ``exchanger`` for those of ``cluster-b`` and ``cluster-c``.
        """
        settings = {
            "moreGrants": more_grants,
            "clientKeys": list(client_keys),
            "audience": audience,
            "pushed": pushed,
            "tokenExchange": token_exchange,
        }
        return Realm(_ask("POST", f"{self.origin}/realms", settings)["issuer"])


def serve() -> Iterator[OpenIdProvider]:
    """Run the provider until the generator is closed."""
    node = parts.program("node", "nodejs")
    if not (DIRECTORY / "node_modules" / "oidc-provider").is_dir():
        parts.missing(f"oidc-provider is not installed (npm ci in {DIRECTORY.relative_to(parts.REPOSITORY)})")
    with subprocess.Popen(
        [node, "provider.mjs"], cwd=DIRECTORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield OpenIdProvider(json.loads(process.stdout.readline())["origin"])
        finally:
            process.kill()
