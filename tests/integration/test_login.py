"""``login``: a sign-in on purpose, of the context's user or of flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .kubeconfigs import write_kubeconfig
from .laptop import cache, claims_of
from .said import complaint

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


def test_a_sign_in_on_purpose_replaces_a_session_that_is_good(signed_in: Laptop) -> None:
    before = signed_in.signed_in()
    signed_in.scripted.signs_in_as("bob")
    ended = signed_in.run(*signed_in.words(command="login"))
    assert (ended.status, ended.stdout) == (0, "")
    why, first, second, third = ended.stderr.splitlines()
    assert (
        why
        == "Signing in at 127.0.0.1: you asked for it; the session of alice@example.com stays until the new one is there"
    )
    assert first == "Signed in as bob@example.com; the token is good for 59 min"
    assert second == f"The session at {signed_in.realm.issuer} is kept in {cache() / 'tokens'}"
    assert third == "It replaces the session of alice@example.com"
    after = signed_in.signed_in()
    assert after != before
    assert claims_of(after)["sub"] == "bob"


def test_without_flags_the_current_contexts_user_signs_in(laptop: Laptop) -> None:
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"}, current="production")
    ended = laptop.run("login")
    assert ended.status == 0, ended.stderr
    assert "Signed in as alice@example.com" in ended.stderr
    laptop.signed_in()
    assert len(laptop.browser.opened()) == 1, "kubectl has what login has brought"


def test_a_flag_that_is_typed_replaces_the_stanzas(laptop: Laptop) -> None:
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"})
    ended = laptop.run("login", "--context=production", "--session=second")
    assert ended.status == 0, ended.stderr
    laptop.signed_in("--session=second")
    assert len(laptop.browser.opened()) == 1
    laptop.signed_in()
    assert len(laptop.browser.opened()) == 2, "the stanza's own session is another one"


def test_a_refused_sign_in_leaves_the_session_as_it_was(signed_in: Laptop) -> None:
    stored = signed_in.stored()
    signed_in.realm.fail_next("/token", status=500)
    complaint(signed_in.run(*signed_in.words(command="login")))
    assert signed_in.stored() == stored


def test_an_unknown_context_is_said_with_the_nearest(laptop: Laptop) -> None:
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"})
    for command in ("login", "logout", "whoami"):
        error, hint = complaint(laptop.run(command, "--context=prodution"))
        assert error == "the kubeconfig has no context prodution"
        assert hint.startswith("did you mean production? `kubectl config get-contexts` lists them")


def test_a_user_without_our_stanza_is_named(laptop: Laptop) -> None:
    users: dict[str, Any] = {"robot": {"token": "x"}, "oidc": laptop.words()[1:]}
    path = write_kubeconfig(users, {"machines": "robot"}, current="machines")
    for command in ("login", "logout", "whoami", "doctor"):
        error, hint = complaint(laptop.run(command))
        assert error == f"the user robot in {path} does not sign in with this program"
        assert hint.startswith(
            "users that sign in with this program: oidc; name another with --user or --context"
        )


def test_a_user_of_stand_alone_mode_is_led_there(laptop: Laptop) -> None:
    """`auth-provider: oidc`: the command that signs that user in is named, and the one that moves it to an exec section."""
    config = {"idp-issuer-url": laptop.realm.issuer, "client-id": laptop.client}
    write_kubeconfig(
        {"old": {"auth-provider": {"name": "oidc", "config": config}}}, {"c": "old"}, current="c"
    )
    for command in ("login", "logout", "whoami", "doctor"):
        error, hint = complaint(laptop.run(command, "--user=old"))
        assert "auth-provider: oidc" in error
        assert "`kubectl oidc-login --user=old` signs in and writes the tokens there" in hint
        assert (
            f"setup --oidc-issuer-url={laptop.realm.issuer} --oidc-client-id=kubernetes --write-kubeconfig"
            in hint
        )
    ended = laptop.run("--user=old", laptop.browser.flag, "--listen-address=127.0.0.1:0")
    assert ended.status == 0, ended.stderr
    assert "The token of alice in " in ended.stderr, "the command that the hint names does it"


def test_a_kubeconfig_that_cannot_be_parsed_is_named(laptop: Laptop) -> None:
    path = write_kubeconfig({}, {})
    path.write_text("users: [")
    error, _ = complaint(laptop.run("login"))
    assert str(path) in error
    assert laptop.run(*laptop.words(command="login")).status == 0, "flags say it all"


def test_half_of_what_names_a_session_is_a_usage_error(laptop: Laptop) -> None:
    error, _ = complaint(laptop.run("login", "--oidc-client-id=kubernetes"), status=2)
    assert error == "--oidc-client-id is given without --oidc-issuer-url"
    error, _ = complaint(laptop.run(*laptop.words("--user=oidc", command="login")), status=2)
    assert error == "--user names a user of the kubeconfig, and --oidc-issuer-url names a session by itself"
