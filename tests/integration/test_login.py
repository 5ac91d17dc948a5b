"""``login``: a sign-in on purpose, of the context's user or of flags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from .kubeconfigs import write_kubeconfig
from .laptop import cache, claims_of
from .said import complaint, failure, reason

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


def test_a_sign_in_on_purpose_replaces_a_session_that_is_good(signed_in: Laptop) -> None:
    before = signed_in.signed_in()
    signed_in.scripted.signs_in_as("bob")
    ended = signed_in.run(*signed_in.words(command="login"))
    assert (ended.status, ended.stdout) == (0, "")
    _, first, second, third = ended.stderr.splitlines()
    assert reason(ended.stderr).startswith("127.0.0.1 (")
    assert "alice@example.com" in reason(ended.stderr)
    assert re.search(r"\bbob@example.com\b.*\b59 min$", first)
    assert signed_in.realm.issuer in second
    assert second.endswith(f" {cache() / 'tokens'}")
    assert "alice@example.com" in third
    after = signed_in.signed_in()
    assert after != before
    assert claims_of(after)["sub"] == "bob"


def test_without_flags_the_current_contexts_user_signs_in(laptop: Laptop) -> None:
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"}, current="production")
    ended = laptop.run("login")
    assert ended.status == 0, ended.stderr
    assert "alice@example.com" in ended.stderr
    laptop.signed_in()
    assert len(laptop.browser.opened()) == 1, "kubectl has what login has brought"


def test_a_flag_that_is_typed_replaces_the_stanzas(laptop: Laptop) -> None:
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"})
    ended = laptop.run("login", "--context=production", "--session=second")
    assert ended.status == 0, ended.stderr
    line = ended.stderr.splitlines()[-1]
    assert re.search(r"kubectl\b.* oidc\b.* --session=second$", line), "kubectl does not use this session"
    assert "status -o wide" not in ended.stderr, "there is no other session yet"
    laptop.signed_in("--session=second")
    assert len(laptop.browser.opened()) == 1
    laptop.signed_in()
    assert len(laptop.browser.opened()) == 2, "the stanza's own session is another one"


def test_a_second_session_of_the_client_is_said_once(signed_in: Laptop) -> None:
    """It names the one that stays. A later sign-in makes no other session, so nothing is said."""
    (record,) = (cache() / "tokens").iterdir()
    words = signed_in.words("--login-hint=bob", command="login")
    said = signed_in.run(*words).stderr
    names = ("kubernetes", record.name[:8], "alice@example.com", "`kubectl oidc-login status -o wide`")
    assert all(name in said for name in names), said
    again = signed_in.run(*words).stderr
    assert not any(name in again for name in (record.name[:8], "status -o wide")), again


def test_a_refused_sign_in_leaves_the_session_as_it_was(signed_in: Laptop) -> None:
    stored = signed_in.stored()
    signed_in.realm.fail_next("/token", status=500)
    complaint(signed_in.run(*signed_in.words(command="login")))
    assert signed_in.stored() == stored


def test_an_unknown_context_is_said_with_the_nearest(laptop: Laptop) -> None:
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"})
    for command in ("login", "logout", "whoami"):
        ended = laptop.run(command, "--context=prodution")
        names = ("context prodution", "production?", "`kubectl config get-contexts`")
        failure(ended, "kubeconfig", *names)


def test_a_user_without_our_stanza_is_named(laptop: Laptop) -> None:
    users: dict[str, Any] = {"robot": {"token": "x"}, "oidc": laptop.words()[1:]}
    path = write_kubeconfig(users, {"machines": "robot"}, current="machines")
    for command in ("login", "logout", "whoami", "doctor"):
        failure(laptop.run(command), "stanza", "robot", str(path), " oidc", "--user", "--context")


def test_a_user_of_stand_alone_mode_is_led_there(laptop: Laptop) -> None:
    """`auth-provider: oidc`: the command that signs that user in is named, and the one that moves it to an exec section."""
    config = {"idp-issuer-url": laptop.realm.issuer, "client-id": laptop.client}
    write_kubeconfig(
        {"old": {"auth-provider": {"name": "oidc", "config": config}}}, {"c": "old"}, current="c"
    )
    for command in ("login", "logout", "whoami", "doctor"):
        ended = laptop.run(command, "--user=old")
        setup = (
            f"setup --oidc-issuer-url={laptop.realm.issuer} --oidc-client-id=kubernetes --write-kubeconfig"
        )
        names = ("auth-provider: oidc", "`kubectl oidc-login --user=old`", setup)
        failure(ended, "auth-provider", *names)
    ended = laptop.run("--user=old", laptop.browser.flag, "--listen-address=127.0.0.1:0")
    assert ended.status == 0, ended.stderr
    assert "alice" in ended.stderr, "the command that the hint names does it"


def test_a_kubeconfig_that_cannot_be_parsed_is_named(laptop: Laptop) -> None:
    path = write_kubeconfig({}, {})
    path.write_text("users: [")
    failure(laptop.run("login"), "kubeconfig", str(path))
    assert laptop.run(*laptop.words(command="login")).status == 0, "flags say it all"


def test_half_of_what_names_a_session_is_a_usage_error(laptop: Laptop) -> None:
    ended = laptop.run("login", "--oidc-client-id=kubernetes")
    failure(ended, "usage", "--oidc-client-id", "--oidc-issuer-url", status=2)
    ended = laptop.run(*laptop.words("--user=oidc", command="login"))
    failure(ended, "usage", "--user", "--oidc-issuer-url", status=2)
