"""Why a person is asked to sign in, as the program itself says it: tests compare with these, and not with words of their own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from kubectl_oidc.authentication import reasons
from kubectl_oidc.authentication.grants.announcement import announce
from kubectl_oidc.authentication.grants.authorization_request import AuthorizationSecrets
from kubectl_oidc.authentication.grants.pasted_response import parse_pasted_response
from kubectl_oidc.authentication.grants.sign_in import SignIn
from kubectl_oidc.authentication.request import SignInRequest
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.system import System
from kubectl_oidc.system.terminal import Terminal

if TYPE_CHECKING:
    from kubectl_oidc.authentication.authentication import Authentication


class _Kept(Terminal):
    """A terminal that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def need(self, line: str) -> None:
        self.lines.append(line)


_REQUEST = SignInRequest(
    issuer="https://a-host",
    client_id="kubernetes",
    tls=TlsOptions(),
    storage=SessionStorage(cache_dir=Path("cache")),
)


def _before_the_host() -> str:
    """Return how the line begins that says where a person signs in, and why."""
    terminal = _Kept()
    announce(SignIn(_REQUEST, System(terminal=terminal), None, "why", None))  # type: ignore[arg-type]
    (line,) = terminal.lines
    before, host, _ = line.partition("a-host")
    assert before
    assert host
    return before


def no_session(*, store: str = "disk", entry: object = None, unreadable: bool = False) -> str:
    """Return why there is no session, for a store, an entry of the index, and whether the session cannot be read."""
    parts: dict[str, Any] = {
        "repository": SimpleNamespace(
            index_entry=SimpleNamespace(read=lambda: entry), store=SimpleNamespace(name=store)
        ),
        "unreadable": unreadable,
        "request": _REQUEST,
    }
    return reasons.no_session(cast("Authentication", SimpleNamespace(**parts)))


BEFORE_THE_HOST = _before_the_host()
NOT_SIGNED_IN = no_session()
NOT_STORED = no_session(store="none")
MISSING = no_session(entry=SimpleNamespace(storage="disk"))
REMOVED = no_session(entry=SimpleNamespace(storage=""))


def not_accepted(text: str, *, iss_required: bool = False) -> str:
    """Return why a pasted text is not the answer to a sign-in whose state is ``state``, at the issuer ``https://issuer``."""
    secrets = AuthorizationSecrets(Secret("state"), Secret("nonce"), None)
    said = parse_pasted_response(text, secrets, issuer="https://issuer", iss_required=iss_required)
    assert isinstance(said, str)
    return said
