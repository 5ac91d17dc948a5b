"""The pure parts of the Authorization Code grant: the secrets, the URL, and what an error response means."""

from __future__ import annotations

import re
import socket
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.authentication.grants.authorization_code import ssh_forward
from kubectl_oidc.authentication.grants.authorization_request import (
    AuthorizationSecrets,
    authorization_parameters,
    authorization_url,
    sign_in_refused,
)
from kubectl_oidc.authentication.request import OUR_PARAMETERS, SignInRequest
from kubectl_oidc.http.tls import SYSTEM_TRUST
from kubectl_oidc.loopback.authorization_response import AuthorizationResponse
from kubectl_oidc.oidc.error_hints import SentRequest
from kubectl_oidc.oidc.metadata import Metadata
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.session_key import SessionKey
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.account_home import cache_dir_identity
from tests.tokens import CLIENT_ID, ISSUER
from tests.topics import about, told_apart

if TYPE_CHECKING:
    from kubectl_oidc.errors import SignInRefused

REDIRECT = "http://localhost:8000"
# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
SECRETS = AuthorizationSecrets(Secret("the-state"), Secret("the-nonce"), Secret(VERIFIER))

NOWHERE = Path("/nowhere").absolute()


def url(
    *,
    endpoint: str = "https://idp.example.com/authorize",
    secrets: AuthorizationSecrets = SECRETS,
    extra: tuple[tuple[str, str], ...] = (),
    scopes: tuple[str, ...] = ("openid", "email", "offline_access"),
    client_id: str = CLIENT_ID,
) -> str:
    request = SignInRequest(
        issuer=ISSUER,
        client_id=client_id,
        scopes=scopes,
        extra_params=extra,
        tls=SYSTEM_TRUST,
        storage=SessionStorage(cache_dir=Path("unused")),
    )
    metadata = Metadata(
        issuer=ISSUER,
        authorization_endpoint=endpoint,
        token_endpoint="https://idp.example.com/token",
        jwks_uri="https://idp.example.com/keys",
    )
    return authorization_url(metadata, authorization_parameters(request, secrets, REDIRECT))


def query(text: str) -> dict[str, str]:
    """Return the parameters, and fail if one occurs twice (RFC 6749 §3.1)."""
    pairs = parse_qsl(urlsplit(text).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), text
    return dict(pairs)


OURS = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": REDIRECT,
    "scope": "openid email offline_access",
    "state": "the-state",
    "nonce": "the-nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


# The attempt


def test_every_sign_in_has_new_secrets() -> None:
    """State, nonce and verifier have 32 random bytes each: 43 characters that need no escaping (RFC 7636 §4.1)."""
    values = [
        value.reveal()
        for secrets in (AuthorizationSecrets.generate(pkce=True) for _ in range(50))
        for value in (secrets.state, secrets.nonce, secrets.code_verifier)
        if value
    ]
    assert len(set(values)) == 150
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43,128}", value) for value in values)


def test_only_the_flag_leaves_the_verifier_out() -> None:
    """State and nonce are always there."""
    secrets = AuthorizationSecrets.generate(pkce=False)
    assert secrets.code_verifier is None
    assert secrets.state != secrets.nonce


def test_secrets_are_hidden() -> None:
    """Its ``repr`` holds no state, nonce or verifier."""
    assert repr(SECRETS) == "AuthorizationSecrets(state=Secret(…), nonce=Secret(…), code_verifier=Secret(…))"


# The URL


def test_the_url_carries_the_request() -> None:
    """RFC 6749 §4.1.1, Core 3.1.2.1, RFC 7636 §4.3: each parameter once, the challenge that of the RFC's example."""
    parts = urlsplit(url())
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == (
        "https",
        "idp.example.com",
        "/authorize",
        "",
    )
    assert query(url()) == OURS
    assert VERIFIER not in url()


def test_the_challenge_is_the_hash_of_the_verifier() -> None:
    """The URL alone is not enough to exchange the code."""
    secrets = AuthorizationSecrets.generate(pkce=True)
    assert secrets.code_verifier is not None
    digest = sha256(secrets.code_verifier.reveal().encode()).digest()
    assert query(url(secrets=secrets))["code_challenge"] == urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_metadata_that_says_nothing_of_pkce_is_no_reason_to_drop_it() -> None:
    """RFC 9700 §2.1.1: S256 is sent to a provider whose metadata has no ``code_challenge_methods_supported``."""
    assert query(url())["code_challenge_method"] == "S256"


def test_without_a_verifier_there_is_no_challenge() -> None:
    """--oidc-pkce-method=no. An extra parameter cannot add one either."""
    secrets = AuthorizationSecrets(SECRETS.state, SECRETS.nonce, None)
    expected = {name: value for name, value in OURS.items() if not name.startswith("code_challenge")}
    assert query(url(secrets=secrets)) == expected
    extra = (("code_challenge", "x"), ("code_challenge_method", "plain"))
    assert query(url(secrets=secrets, extra=extra)) == expected


@pytest.mark.parametrize("name", sorted(OURS))
def test_an_extra_parameter_replaces_none_of_ours(name: str) -> None:
    """State, nonce, PKCE, redirect URI and the other reserved parameters occur once, with the sign-in's values."""
    assert name in OUR_PARAMETERS
    assert query(url(extra=((name, "evil"), ("prompt", "login")))) == {**OURS, "prompt": "login"}


@pytest.mark.parametrize("name", ["uri", "self", "kwargs", "request", "acr_values", "ü &=#", "State"])
def test_any_other_extra_parameter_is_added(name: str) -> None:
    """With any name, for example that of a Python argument."""
    assert query(url(extra=((name, "a b&c=#ü"),))) == {**OURS, name: "a b&c=#ü"}


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=10) | st.sampled_from(sorted(OURS)), st.text(max_size=10), max_size=4
    )
)
def test_no_set_of_extra_parameters_changes_ours(extra: dict[str, str]) -> None:
    """The reserved parameters are unchanged, and the others are sent as they are."""
    found = query(url(extra=tuple(extra.items())))
    assert found == {**extra, **OURS}


def test_the_query_of_the_endpoint_is_kept() -> None:
    """RFC 6749 §3.1: the authorization endpoint may have a query of its own."""
    found = query(url(endpoint="https://idp.example.com/authorize?p=B2C_1&tenant=a%26b&flag="))
    assert found == {**OURS, "p": "B2C_1", "tenant": "a&b", "flag": ""}


def test_words_that_a_url_does_not_take_are_encoded() -> None:
    """A client ID or scope with reserved characters arrives as it is, and adds no parameter."""
    found = query(url(client_id="a&state=evil #ü", scopes=("openid", "api://x/.default&nonce=1")))
    assert (found["client_id"], found["scope"]) == ("a&state=evil #ü", "openid api://x/.default&nonce=1")
    assert (found["state"], found["nonce"]) == ("the-state", "the-nonce")


# What a refusal means


def refusal(error: str | None, description: str | None = None) -> SignInRefused:
    return sign_in_refused(AuthorizationResponse(None, error, description), sent(ISSUER))


def sent(issuer: str, *more: str) -> SentRequest:
    parameters = ("scope", "code_challenge", *more)
    return SentRequest(issuer=issuer, parameters=parameters, redirect_uri=REDIRECT, came_by_browser=True)


CODES = {
    "assignment": ["access_denied"],
    "scopes": ["invalid_scope"],
    "grant": ["unauthorized_client"],
    "PKCE": ["invalid_request"],
    "browser first": [
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
    ],
    "again": ["server_error"],
    "later": ["temporarily_unavailable"],
    "its log": ["something_else"],
}


def test_each_code_has_its_hint() -> None:
    """RFC 6749 §4.1.2.1, Core 3.1.2.6: what the code means here."""
    errors = {what: {code: refusal(code) for code in codes} for what, codes in CODES.items()}
    told_apart({what: [error.hint for error in by_code.values()] for what, by_code in errors.items()})
    for code, error in (pair for by_code in errors.values() for pair in by_code.items()):
        assert about("sign-in-refused", code)(error)
        assert REDIRECT not in error.hint, "it was taken: the browser came back"
        assert "--prompt" not in error.hint, "it was not given"
    assert "PKCE" in errors["PKCE"]["invalid_request"].hint


def test_a_prompt_is_named_where_it_was_given() -> None:
    """The hint names ``--prompt`` only if it was given."""
    assert (
        "--prompt"
        in sign_in_refused(AuthorizationResponse(None, "login_required", None), sent(ISSUER, "prompt")).hint
    )


@pytest.mark.parametrize(
    ("code", "description"),
    [
        ("access_denied", "User is not assigned to the client application."),
        ("User is not assigned to the client application.", None),
    ],
)
def test_a_known_provider_leads_to_its_own_settings(code: str, description: str | None) -> None:
    """By the code or the description. For another provider, the hint does not name Okta."""
    answer, okta = AuthorizationResponse(None, code, description), "https://corp.okta.com/oauth2/default"
    assert "Okta: Applications > " in sign_in_refused(answer, sent(okta)).hint
    assert "Okta" not in sign_in_refused(answer, sent(ISSUER)).hint


@pytest.mark.parametrize("code", [None, ""])
def test_a_refusal_without_a_code_is_one(code: str | None) -> None:
    """The message says that it has none."""
    other, none = refusal("server_error"), refusal(code)
    assert none.message not in {other.message, other.message.replace("server_error", "")}
    assert none.message.isprintable()
    assert "None" not in none.message
    assert refusal("e" * 81).message.endswith(f" {'e' * 79}…")
    assert refusal("e" * 80).message.endswith(f" {'e' * 80}")


def test_the_providers_words_are_made_plain() -> None:
    """Neither code nor description can add a control character or a second line."""
    error = refusal("odd\x1b[2J", "not\r\nerror: forged \u202e" + "x" * 2000)
    assert "odd [2J: not error: forged xx" in error.message
    assert len(error.message) < 500


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"USER": "ada", "SSH_CONNECTION": "10.0.0.9 50022 10.0.0.1 22"}, "ada@10.0.0.1"),
        ({"LOGNAME": "ada", "SSH_CONNECTION": "fe80::9 50022 fd00::1 22"}, "ada@fd00::1"),
        ({"USER": "ada"}, f"ada@{socket.gethostname()}"),
        ({"SSH_CONNECTION": "garbage"}, f"USER@{socket.gethostname()}"),
        ({"USER": "a; rm -rf ~", "SSH_CONNECTION": "1 2 h 4"}, "'a; rm -rf ~@h'"),
    ],
)
def test_the_ssh_line_names_this_machine(environ: dict[str, str], expected: str) -> None:
    """The command can be pasted. Its host is the address of the SSH connection, otherwise this machine's name."""
    assert ssh_forward(8000, 8000, environ) == f"ssh -L 8000:localhost:8000 {expected}"


# What a provider needs for a refresh token


def asked_of(issuer: str, **changes: Any) -> dict[str, object]:
    """Return the authorization request's parameters at an issuer."""
    request = SignInRequest(
        issuer=issuer,
        client_id=CLIENT_ID,
        tls=SYSTEM_TRUST,
        storage=SessionStorage(cache_dir=Path("unused")),
        **changes,
    )
    return dict(authorization_parameters(request, AuthorizationSecrets.generate(pkce=True), REDIRECT))


GOOGLE = "https://accounts.google.com"


def test_google_is_asked_for_a_refresh_token() -> None:
    """Google requires access_type=offline of a client of type Web. Nothing else is added."""
    assert asked_of(GOOGLE)["access_type"] == "offline"
    assert asked_of(GOOGLE).keys() - asked_of("https://idp.example.com").keys() == {"access_type"}


@pytest.mark.parametrize(
    "issuer",
    [
        "https://org.okta.com",
        "https://login.microsoftonline.com/TENANT/v2.0",
        "https://idp.example.com/realms/a",
        "https://tenant.auth0.com/",
        "https://accounts.google.com.evil.example.com",
    ],
)
def test_others_are_asked_as_they_were(issuer: str) -> None:
    """They have a scope for it, which needs a flag: some refuse a sign-in with a scope that is not allowed."""
    parameters = asked_of(issuer, scopes=("openid", "email"))
    assert "access_type" not in parameters
    assert parameters["scope"] == "openid email"


def test_what_a_person_gives_counts() -> None:
    """Also the opposite. The session is the same with and without the added parameter."""
    asked = asked_of(GOOGLE, extra_params=(("access_type", "online"), ("prompt", "consent")))
    assert (asked["access_type"], asked["prompt"]) == ("online", "consent")
    key = SessionKey(
        issuer=GOOGLE, client_id=CLIENT_ID, scopes=("openid",), cache_dir=cache_dir_identity(NOWHERE)
    )
    request = SignInRequest(
        issuer=GOOGLE,
        client_id=CLIENT_ID,
        tls=SYSTEM_TRUST,
        storage=SessionStorage(cache_dir=NOWHERE),
    )
    assert request.key() == key
