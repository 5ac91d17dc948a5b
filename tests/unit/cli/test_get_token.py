"""get-token connects to the issuer early, if nothing says that it will answer from its store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.authentication import authenticate
from kubectl_oidc.cli.call import Call
from kubectl_oidc.cli.get_token import get_token
from kubectl_oidc.cli.options.arguments import read
from kubectl_oidc.cli.options.flags import GET_TOKEN
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.sessions.stores.host import this_host
from kubectl_oidc.sessions.stores.index import Entry, write_entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ISSUER = "https://idp.example.com"


class Asked(Exception):
    """The store or the provider is asked: the early connection is made or not."""


def values(cache: Path, *more: str) -> dict[str, Any]:
    words = (
        f"--oidc-issuer-url={ISSUER}",
        "--oidc-client-id=kubernetes",
        f"--token-cache-dir={cache}",
        "--token-cache-storage=disk",
    )
    given = read([*words, *more], GET_TOKEN, {})
    assert given is not None
    return dict(given.values)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Run get-token until a token is asked for, and return to where it has begun to connect."""

    def run(given: dict[str, Any]) -> list[str]:
        urls: list[str] = []

        def asked(*_args: object) -> None:
            raise Asked

        monkeypatch.setattr(HttpClient, "connect_early", lambda _self, url, **_: urls.append(url))
        monkeypatch.setattr(authenticate, "authenticate", asked)
        with pytest.raises(Asked):
            get_token(given, Call(), {})
        return urls

    return run


def known(cache: Path, expires_in: int, storage: str = "disk") -> None:
    """Let the index know the session's entry."""
    request = values(cache)
    request.pop("v")
    session_id = token_request(request).key().id()
    expiry = int(time.time()) + expires_in
    entry = Entry(session_id=session_id, host=this_host().name, issuer=ISSUER, expiry=expiry, storage=storage)
    write_entry(cache, entry)


def test_without_a_session_it_connects(connected: Callable[..., list[str]], tmp_path: Path) -> None:
    assert connected(values(tmp_path)) == [ISSUER]


@pytest.mark.parametrize(
    ("expires_in", "storage", "flags", "connects"),
    [
        (3600, "disk", (), False),
        (5, "disk", (), True),
        (-5, "disk", (), True),
        (3600, "", (), True),
        (3600, "disk", ("--force-refresh",), True),
    ],
)
def test_with_a_good_credential_it_does_not(
    connected: Callable[..., list[str]],
    tmp_path: Path,
    expires_in: int,
    storage: str,
    flags: tuple[str, ...],
    connects: bool,  # noqa: FBT001
) -> None:
    """But it does when the token has ended or ends soon, after a purge, and when a refresh is asked for."""
    known(tmp_path, expires_in, storage)
    assert bool(connected(values(tmp_path, *flags))) is connects
