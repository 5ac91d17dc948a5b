"""A sign-in by one grant, with a provider of the test's own and nobody at a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from kubectl_oidc.authentication.grants.sign_in import SignIn
from kubectl_oidc.authentication.request import SignInRequest, TimeoutOptions
from kubectl_oidc.errors import SignInTimeout
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import SYSTEM_TRUST
from kubectl_oidc.oidc.client import ClientAuthentication
from kubectl_oidc.oidc.provider import Provider
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.log import Log
from kubectl_oidc.system.system import System
from kubectl_oidc.system.terminal import Terminal

from .hostile import Hostile, discovery, json_reply
from .sessions import cache
from .tokens import CLIENT_ID, NOW, good_claims, id_token, jwks, signing_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.system.deadline import Deadline

    from .hostile import Script

WELL_KNOWN = "/.well-known/openid-configuration"


class Silent(Terminal):
    """No terminal, and what is said on it anyhow.

    Attributes:
        said: What needs a person.
        told: What is good to know, and seen on a terminal only.
        awaited: What the waiting is for, each time that it changes.
    """

    interactive = False

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.told: list[str] = []
        self.awaited: list[str] = []

    def say(self, line: str) -> None:
        self.told.append(line)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        self.awaited.append(text)
        yield

    def tick(self, text: str) -> None:
        self.awaited.append(text)

    def need(self, line: str) -> None:
        self.said.append(line)

    def show(self, thing: str, *, large: bool = False) -> None:  # noqa: ARG002
        self.said.append(thing)

    def warn(self, message: str, hint: str) -> None:
        self.said.append(f"{message} ({hint})")


class Loud(Log):
    """A log at the highest level, kept."""

    def __init__(self) -> None:
        super().__init__(9)
        self.lines: list[str] = []
        self.events: list[str] = []

    def info(self, level: int, event: str, message: str) -> None:
        self.lines.append(f"{level} {message}")
        self.events.append(event)


class Keys:
    """A keyboard at which lines are typed, one each time that somebody asks or looks; None is a time without one.

    Attributes:
        lines: What is still to be typed.
        asked: After which words it was asked for, and whether what is typed was to be seen.
        reads: How often the terminal was taken over.
    """

    def __init__(self, *lines: str | None) -> None:
        self.lines = list(lines)
        self.asked: list[tuple[str, bool]] = []
        self.reads = 0
        self.prompt = ""

    @contextmanager
    def reading(self, words: str = "") -> Iterator[None]:
        self.reads += 1
        self.prompt = words
        yield

    def poll(self, seconds: float) -> str | None:
        assert seconds == 0
        return self.lines.pop(0) if self.lines else None

    def ask(self, words: str, deadline: Deadline, *, shown: bool = False) -> str:
        assert deadline.left() <= 1000
        self.asked.append((words, shown))
        line = self.lines.pop(0)
        if line is None:
            raise SignInTimeout("nobody typed it", "try again")
        return line


@dataclass
class Desk:
    """Somebody who signs in.

    Attributes:
        server: The provider.
        environ: The environment.
        terminal: What was said.
        log: What -v 9 shows.
        slept: The seconds that were let pass, in order.
        settings: The fields of the SignInRequest that are no defaults.
        patience: The longest time for one request, in seconds.
    """

    server: Hostile
    environ: dict[str, str] = field(default_factory=dict)
    terminal: Silent = field(default_factory=Silent)
    log: Loud = field(default_factory=Loud)
    slept: list[float] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    patience: float = 2.0
    _clients: list[HttpClient] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for http in self._clients:
            http.close()

    def __post_init__(self) -> None:
        self.metadata()
        self.server.on("/keys", json_reply(jwks(signing_key())))
        self.server.on("/token", self.tokens())

    def metadata(self, **members: object) -> None:
        """Have the provider's metadata say this, too."""
        self.server.on(WELL_KNOWN, json_reply(discovery(self.server.url, **members)))

    def tokens(self, **members: object) -> Script:
        """Return a good token response; a member that is ``...`` is left out."""
        token = id_token(claims=good_claims(iss=self.server.url, exp=NOW + 3600, iat=NOW))
        whole = {
            "id_token": token.reveal(),
            "access_token": "SECRET-access-token",
            "refresh_token": "SECRET-refresh-token",
            "token_type": "Bearer",
            "expires_in": 600,
            **members,
        }
        return json_reply({name: value for name, value in whole.items() if value is not ...})

    @property
    def request(self) -> SignInRequest:
        return SignInRequest(
            **{
                "issuer": self.server.url,
                "client_id": CLIENT_ID,
                "scopes": ("openid", "email"),
                "tls": SYSTEM_TRUST,
                "storage": SessionStorage(cache_dir=cache()),
                "timeout": TimeoutOptions(seconds=5.0),
                **self.settings,
            }
        )

    @property
    def system(self) -> System:
        return System(
            clock=lambda: float(NOW),
            environ=self.environ,
            terminal=self.terminal,
            log=self.log,
            sleep=self.slept.append,
        )

    @property
    def provider(self) -> Provider:
        http = HttpClient(
            tls=self.settings.get("tls", SYSTEM_TRUST), log=self.log, request_timeout=self.patience, pauses=()
        )
        self._clients.append(http)
        return Provider(
            issuer=self.server.url,
            client=self.request.client(),
            http=http,
            cache_dir=None,
            clock=lambda: NOW,
            log=self.log,
        )

    @property
    def sign_in(self) -> SignIn:
        return SignIn(self.request, self.system, self.provider, "first use", self.failures)

    @property
    def failures(self) -> FailedSignIns:
        return FailedSignIns(cache(), "0" * 32, self.system)

    def asked(self, path: str) -> list[dict[str, str]]:
        """Return the forms that came to a path, in order; none may name a field twice (RFC 6749 §3.2)."""
        forms = [
            parse_qsl(asked.body.decode(), keep_blank_values=True)
            for asked in self.server.asked
            if asked.path == path
        ]
        assert all(len(dict(form)) == len(form) for form in forms)
        return [dict(form) for form in forms]

    def everything_said(self) -> str:
        return "\n".join([*self.terminal.said, *self.terminal.told, *self.terminal.awaited, *self.log.lines])


SECRET = Secret("SECRET-of-the-client")
WITH_SECRET = ClientAuthentication(secret=SECRET)
