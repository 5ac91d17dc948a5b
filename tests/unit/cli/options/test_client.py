"""The flags that say how the client proves who it is: which go together, and what they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import pytest

from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.options.flags import FLAGS, FORCE, VERBOSE
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.program import main
from kubectl_oidc.errors import UsageError
from kubectl_oidc.oidc.client import BASIC, METHODS, NONE, POST, PRIVATE_KEY_JWT
from tests.client_keys import written
from tests.tokens import CLIENT_ID, ISSUER

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest

BOTH = (f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT_ID}")
FLAG = "--oidc-client-authentication"
KEY_FLAG = "--oidc-client-assertion-key"
TOKEN = "--oidc-client-assertion-file=~/token"
SECRET, KEY, KEY_ID = "--oidc-client-secret=SECRET", f"{KEY_FLAG}=~/key.pem", f"{KEY_FLAG}-id=2026"


@click.command()
@options(*FLAGS, FORCE, VERBOSE)
def everything(**values: Any) -> dict[str, Any]:
    """Return what was typed, where it goes together."""
    conflicts.check(conflicts.SIGN_IN, values)
    return values


def request(*arguments: str) -> SignInRequest:
    typed: dict[str, Any] = everything.main([*BOTH, *arguments], standalone_mode=False)
    return token_request(typed)


@pytest.fixture(autouse=True)
def key_file(home: Path) -> Path:
    """Have the client's key at home."""
    return written(home / "key.pem", "P-256")


GOOD = {
    (): NONE,
    (SECRET,): BASIC,
    (KEY,): PRIVATE_KEY_JWT,
    (KEY, KEY_ID): PRIVATE_KEY_JWT,
    (f"{FLAG}=none",): NONE,
    (f"{FLAG}=client_secret_post", SECRET): POST,
    (f"{FLAG}=client_secret_basic", SECRET, KEY): BASIC,
    (f"{FLAG}=private_key_jwt", SECRET, KEY): PRIVATE_KEY_JWT,
    ("--grant-type=client-credentials", KEY): PRIVATE_KEY_JWT,
    ("--grant-type=client-credentials", TOKEN): PRIVATE_KEY_JWT,
    ("--grant-type=client-credentials", "--oidc-client-assertion-github-audience=a"): PRIVATE_KEY_JWT,
    (TOKEN, f"{FLAG}=private_key_jwt"): PRIVATE_KEY_JWT,
    (TOKEN, SECRET, f"{FLAG}=client_secret_post"): POST,
    (TOKEN, "--grant-type=jwt-bearer"): NONE,
    (TOKEN, SECRET, "--grant-type=jwt-bearer"): BASIC,
    (TOKEN, KEY, "--grant-type=jwt-bearer"): PRIVATE_KEY_JWT,
}


@pytest.mark.parametrize("arguments", GOOD)
def test_what_goes_together_is_understood(arguments: tuple[str, ...]) -> None:
    """Nobody chose: it is what the client has; a choice stands above it."""
    asked = request(*arguments)
    client = asked.client()
    assert client.method(()) == GOOD[arguments]
    assert (client.assertion_key is not None) is (KEY in arguments)
    assert "SECRET" not in repr(asked) + repr(client)


def test_the_key_id_comes_along() -> None:
    """And an empty one is none."""
    for word, key_id in ((KEY_ID, "2026"), (f"{KEY_FLAG}-id=", None)):
        key = request(KEY, word).client().assertion_key
        assert key is not None
        assert key.key_id == key_id


WRONG = {
    (SECRET, KEY): ("--oidc-client-secret", KEY_FLAG),
    (f"{FLAG}=none", SECRET): (f"{FLAG}=none", "--oidc-client-secret"),
    (f"{FLAG}=none", KEY): (f"{FLAG}=none", KEY_FLAG),
    (f"{FLAG}=client_secret_basic",): (FLAG, "--oidc-client-secret"),
    (f"{FLAG}=client_secret_post", KEY): (FLAG, "--oidc-client-secret"),
    (f"{FLAG}=private_key_jwt",): (f"{FLAG}=private_key_jwt", KEY_FLAG),
    (f"{FLAG}=private_key_jwt", SECRET): (f"{FLAG}=private_key_jwt", KEY_FLAG),
    (KEY_ID,): (f"{KEY_FLAG}-id", f"{KEY_FLAG}"),
    (KEY_ID, f"{KEY_FLAG}="): (f"{KEY_FLAG}-id", f"{KEY_FLAG}"),
    ("--grant-type=client-credentials",): ("--grant-type=client-credentials", "--oidc-client-secret"),
}


@pytest.mark.parametrize("command", ["get-token", "setup"])
@pytest.mark.parametrize("arguments", WRONG)
def test_what_does_not_go_together_is_refused(command: str, arguments: tuple[str, ...]) -> None:
    """Exit 2 before anything is done, and both flags are named."""
    with pytest.raises(UsageError) as caught:
        main([command, *BOTH, *arguments])
    assert all(flag in caught.value.message for flag in WRONG[arguments])
    assert caught.value.hint
    assert "=SECRET" not in caught.value.message + caught.value.hint


def test_an_unknown_method_is_refused_by_name() -> None:
    """Those that there are, are listed."""
    with pytest.raises(UsageError) as caught:
        main(["get-token", *BOTH, f"{FLAG}=client_secret_jwt"])
    assert all(method in caught.value.message for method in METHODS)


def test_variables_serve_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """For all three flags."""
    monkeypatch.setenv("KUBECTL_OIDC_CLIENT_ASSERTION_KEY", "~/key.pem")
    monkeypatch.setenv("KUBECTL_OIDC_CLIENT_ASSERTION_KEY_ID", "2026")
    monkeypatch.setenv("KUBECTL_OIDC_CLIENT_AUTHENTICATION", "private_key_jwt")
    assert request() == request(KEY, KEY_ID, f"{FLAG}=private_key_jwt")


def test_the_session_is_the_clients() -> None:
    """However it proves who it is."""
    ids = {
        request(*arguments).key().id()
        for arguments in GOOD
        if not any(word.startswith("--grant-type=") for word in arguments)
    }
    assert ids == {request().key().id()}


def test_purge_reads_no_key(key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The flags of the kubeconfig name the session, though the key is gone."""
    key_file.unlink()
    assert main(["purge", *BOTH, KEY, f"{FLAG}=private_key_jwt"]) == 0
    assert "`kubectl oidc-login purge`" in capsys.readouterr().err


def test_the_command_that_signs_in_names_the_file(key_file: Path) -> None:
    """Never what is in it."""
    command = request(KEY, KEY_ID, f"{FLAG}=private_key_jwt").command_line("setup")
    assert f"{FLAG}=private_key_jwt {KEY_FLAG}={key_file} {KEY_FLAG}-id=2026" in command
    assert FLAG not in request(KEY).command_line("setup")
