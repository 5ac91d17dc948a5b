"""Kubelogin's cache: any record is a session that fits, or is ignored; it is never an error and never another person's."""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.authentication.account import AccountOptions
from kubectl_oidc.authentication.kubelogin_takeover import find_kubelogin_session
from kubectl_oidc.authentication.request import SignInRequest
from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.sessions.kubelogin_cache import kubelogin_clients, remove_kubelogin_sessions
from kubectl_oidc.sessions.stores import SessionStorage
from tests.arbitrary import JSON, TEXT, is_one_plain_line, members
from tests.tokens import CLIENT_ID, ISSUER, NOW, base64url

if TYPE_CHECKING:
    from pathlib import Path

CLAIMS: dict[str, object] = {"iss": ISSUER, "aud": CLIENT_ID, "sub": "alice", "exp": NOW + 3600, "iat": NOW}


def token(claims: object) -> str:
    """Return an unsigned token with these claims."""
    return ".".join(base64url(part) for part in (b"{}", json.dumps(claims).encode(), b"signature"))


def left(place: Path, record: object, name: str = "flags") -> None:
    """Store a record as kubelogin does, under a digest of its flags."""
    path = place / hashlib.sha256(name.encode()).hexdigest()
    path.write_bytes(record if isinstance(record, bytes) else json.dumps(record).encode())
    path.chmod(0o600)


def asked(place: Path) -> SignInRequest:
    return SignInRequest(
        issuer=ISSUER,
        client_id=CLIENT_ID,
        scopes=("openid",),
        tls=TlsOptions(),
        storage=SessionStorage(choice="disk", cache_dir=place),
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one directory for all examples."""
    return tmp_path_factory.mktemp("oidc-login")


RECORDS = st.one_of(
    st.binary(),
    JSON,
    members("id_token", "refresh_token"),
    st.builds(lambda claims: {"id_token": token(claims)}, JSON),
    st.builds(
        lambda claims, refresh: {"id_token": token({**CLAIMS, **claims}), "refresh_token": refresh},
        members("sub", "aud", "azp", "exp", "iat", "email", "preferred_username"),
        TEXT,
    ),
)


@given(st.lists(RECORDS, max_size=3))
def test_any_records_are_a_session_that_fits_or_nothing(place: Path, records: list[object]) -> None:
    """A session that is found names the issuer and the client. Its person is safe to show, and its tokens can be sent."""
    for path in place.iterdir():
        path.unlink()
    for number, record in enumerate(records):
        left(place, record, str(number))
    found = find_kubelogin_session(asked(place), {})
    if found is not None:
        assert found.fits(ISSUER, CLIENT_ID)
        with contextlib.suppress(IdTokenError):  # it has no expiry
            assert is_one_plain_line(found.session("0" * 32, 1).person)
        assert found.id_token.reveal().isascii()
        assert found.refresh_token is None or found.refresh_token.reveal().encode()
    assert all(isinstance(name, str) for client in kubelogin_clients(place, {}) for name in client)
    remove_kubelogin_sessions(place, {})
    assert kubelogin_clients(place, {}) == []


@pytest.mark.parametrize("subject", [["alice"], {"a": "b"}, None, 7, ""])
def test_a_token_of_nobody_is_not_taken_over(tmp_path: Path, subject: object) -> None:
    """A subject is a string that is not empty (OpenID Connect Core 2)."""
    left(tmp_path, {"id_token": token({**CLAIMS, "sub": subject})})
    assert find_kubelogin_session(asked(tmp_path), {}) is None
    left(tmp_path, {"id_token": token(CLAIMS)})
    assert find_kubelogin_session(asked(tmp_path), {}) is not None


@pytest.mark.parametrize("refresh", ["half \ud800", "two\nlines", "ü"])
def test_a_refresh_token_that_cannot_be_one_makes_the_record_none(tmp_path: Path, refresh: str) -> None:
    """RFC 6749, appendix A.17: it is visible ASCII, and is sent in a form."""
    left(tmp_path, {"id_token": token(CLAIMS), "refresh_token": refresh})
    assert find_kubelogin_session(asked(tmp_path), {}) is None


@pytest.mark.parametrize(
    ("account", "taken"),
    [
        (AccountOptions(expect_claims=(("email", "*@corp.example"),)), True),
        (AccountOptions(expect_claims=(("email", "*@other.example"),)), False),
        (AccountOptions(prompt="login", min_ttl=1800), True),
        (AccountOptions(login_hint="alice"), False),
        (AccountOptions(max_age=28800), False),
    ],
)
def test_another_account_than_the_one_asked_for_is_not_taken(
    tmp_path: Path, account: AccountOptions, *, taken: bool
) -> None:
    """It is not taken over either if the sign-in's hint or time is not known."""
    left(tmp_path, {"id_token": token({**CLAIMS, "email": "ada@corp.example"})})
    assert (find_kubelogin_session(asked(tmp_path)._replace(account=account), {}) is not None) is taken


def test_nothing_is_taken_over_under_another_trust_than_the_systems(tmp_path: Path) -> None:
    """It is not known which authorities kubelogin trusted, so its refresh token is sent only under the system's."""
    left(tmp_path, {"id_token": token(CLAIMS), "refresh_token": "kubelogin's"})
    assert find_kubelogin_session(asked(tmp_path), {})
    for tls in (TlsOptions(insecure=True), TlsOptions(ca_data=(b"an authority",))):
        assert find_kubelogin_session(asked(tmp_path)._replace(tls=tls), {}) is None
