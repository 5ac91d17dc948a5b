"""Client authentication: the configured method, else by what the client has; and the hints for invalid_client."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64decode
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.oidc.client import AUTO, BASIC, METHODS, NONE, POST, PRIVATE_KEY_JWT, Client
from kubectl_oidc.oidc.client_assertion import AssertionKeyFile
from kubectl_oidc.oidc.metadata import Metadata
from kubectl_oidc.secret import Secret
from tests.client_keys import written
from tests.tokens import ISSUER, NOW

if TYPE_CHECKING:
    from pathlib import Path

METADATA = Metadata(
    issuer=ISSUER,
    authorization_endpoint=f"{ISSUER}/auth",
    token_endpoint=f"{ISSUER}/token",
    jwks_uri=f"{ISSUER}/keys",
    token_endpoint_auth_methods=(BASIC,),
)


@pytest.fixture
def whole(tmp_path: Path) -> Client:
    """Return a client with a secret and a key."""
    return client(tmp_path, AUTO)


def client(directory: Path, authentication: str) -> Client:
    key = AssertionKeyFile(path=written(directory / "key", "P-256")).load()
    return Client(
        client_id="c", client_secret=Secret("SECRET"), assertion_key=key, authentication=authentication
    )


def sent(who: Client) -> tuple[dict[str, str], list[str]]:
    """Return the header fields, and the names of the form's fields."""
    headers, form = who.authenticated([("a", "1")], metadata=METADATA, audience=ISSUER, now=NOW)
    assert form[0] == ("a", "1")
    return headers, [name for name, _ in form[1:]]


CHOSEN: dict[str, tuple[dict[str, str], list[str]]] = {
    NONE: ({}, ["client_id"]),
    BASIC: ({"Authorization": "Basic " + b64encode(b"c:SECRET").decode()}, []),
    POST: ({}, ["client_id", "client_secret"]),
    PRIVATE_KEY_JWT: ({}, ["client_id", "client_assertion_type", "client_assertion"]),
}


@pytest.mark.parametrize("method", METHODS)
def test_what_was_chosen_is_sent(tmp_path: Path, method: str) -> None:
    """Whatever else the client has, and whatever the provider's metadata offers."""
    who = client(tmp_path, method)
    assert who.method((BASIC,)) == method
    assert sent(who) == CHOSEN[method]


@pytest.mark.parametrize("method", METHODS)
def test_a_client_id_of_the_request_is_sent_once(tmp_path: Path, method: str) -> None:
    """RFC 9126 §2.1: a pushed request has a client_id of its own, which stays with basic authentication. Empty fields stay too."""
    who = client(tmp_path, method)
    _, form = who.authenticated(
        [("client_id", "c"), ("empty", "")], metadata=METADATA, audience=ISSUER, now=NOW
    )
    assert [name for name, _ in form].count("client_id") == 1
    assert ("empty", "") in form


def test_a_client_has_what_it_was_given_and_nothing_else() -> None:
    """Neither secret nor key."""
    who = Client(client_id="c")
    assert (who.client_secret, who.assertion_key, who.authentication) == (None, None, "auto")
    assert sent(Client(client_id="c", authentication=BASIC))[0] == {
        "Authorization": "Basic " + b64encode(b"c:").decode()
    }


def test_the_metadata_chooses_how_the_assertion_is_signed(tmp_path: Path) -> None:
    """Among the algorithms that the key supports."""
    key = AssertionKeyFile(path=written(tmp_path / "rsa", "rsa")).load()
    who = Client(client_id="c", assertion_key=key)
    offers = METADATA._replace(token_endpoint_auth_algorithms=("PS384",))
    _, form = who.authenticated([], metadata=offers, audience=ISSUER, now=NOW)
    header = dict(form)["client_assertion"].partition(".")[0]
    assert json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4)))["alg"] == "PS384"


def test_a_key_goes_before_the_metadata(whole: Client) -> None:
    """A configured key is used."""
    assert {whole.method(offered) for offered in ((), (BASIC,), (POST, NONE))} == {PRIVATE_KEY_JWT}


def test_what_was_chosen_and_is_not_offered_is_said(tmp_path: Path) -> None:
    """Only if the method is configured and not offered."""
    chosen = client(tmp_path, POST)
    words = chosen.method_in_words((BASIC, NONE))
    assert words.startswith(POST)
    assert words.endswith(f"{BASIC}, {NONE}")
    assert chosen.method_in_words((POST,)) == chosen.method_in_words(()) == POST
    assert client(tmp_path, AUTO).method_in_words((BASIC,)) == PRIVATE_KEY_JWT
    assert Client(client_id="c", client_secret=Secret("s")).method_in_words((POST,)) == POST
    assert AUTO == "auto"


@pytest.mark.parametrize("method", METHODS)
def test_the_hint_names_the_choice_and_the_offer(tmp_path: Path, method: str) -> None:
    """For invalid_client. The provider's words are sanitized."""
    hint = client(tmp_path, method).invalid_client_hint(("tls_client_auth\x1b[2J", "odd"))
    assert f"--oidc-client-authentication={method}" in hint
    assert "--oidc-client-id" in hint
    assert "tls_client_auth [2J, odd" in hint
    assert "tls_client_auth" not in client(tmp_path, method).invalid_client_hint(())


@pytest.mark.parametrize(
    ("who", "confidential"),
    [(Client(client_id="c"), False), (Client(client_id="c", client_secret=Secret("s")), True)],
)
def test_the_hint_follows_from_what_the_client_has(who: Client, *, confidential: bool) -> None:
    """If no method is configured. Only a client with a secret has methods to choose from."""
    hint = who.invalid_client_hint((BASIC, POST))
    assert "--oidc-client-secret" in hint
    assert ("--oidc-client-authentication" in hint) is confidential


def test_the_hint_for_a_key_names_it(whole: Client) -> None:
    """The provider must have the public key, and its ID."""
    assert "--oidc-client-assertion-key-id" in whole.invalid_client_hint(())


def test_nothing_of_the_client_shows(whole: Client) -> None:
    """Except for its identifier."""
    assert repr(whole) == str(whole) == "Client(client_id='c')"
