"""Variables and the client secret's file with the installed program, known words included."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .laptop import claims_of, token_of
from .said import complaint, files_with
from .test_setup import exec_of, setup

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

SECRET = 'a secret, that: needs "quoting" & more'


@pytest.fixture
def confidential(laptop: Laptop) -> Laptop:
    """Have a laptop whose client has a secret."""
    laptop.client = "confidential"
    return laptop


def test_a_changed_variable_is_another_command(laptop: Laptop) -> None:
    """The same words with another value in a variable: not answered from memory with the other session's token."""
    laptop.signed_in(env={"KUBECTL_OIDC_SESSION": "alice"})
    laptop.scripted.signs_in_as("bob")
    assert claims_of(laptop.signed_in(env={"KUBECTL_OIDC_SESSION": "bob"}))["sub"] == "bob"
    laptop.realm.forget()
    for name in ("alice", "bob"):
        assert claims_of(laptop.signed_in(env={"KUBECTL_OIDC_SESSION": name}))["sub"] == name
    assert laptop.realm.seen().total == 0


def test_a_changed_secret_file_meets_the_provider_at_the_next_refresh(confidential: Laptop) -> None:
    """The session stays the client's; the file is read anew for each request, and never remembered."""
    file = Path.home() / "secret"
    file.write_text(f"{SECRET}\n")
    flag = "--oidc-client-secret-file=~/secret"
    token = confidential.signed_in(flag)
    file.write_text("another\n")
    assert confidential.signed_in(flag) == token
    said = "\n".join(complaint(confidential.get_token(flag, "--force-refresh")))
    assert "invalid_client" in said
    file.write_text(SECRET)
    ended = confidential.get_token(flag, "--force-refresh")
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert files_with(SECRET) == [file]


def test_setup_writes_the_file_and_not_the_secret(confidential: Laptop) -> None:
    """The stanza names the file, and answers; a secret of the environment stays there."""
    file = Path.home() / "secret"
    file.write_text(SECRET)
    kubeconfig = Path.home() / ".kube" / "config"
    setup(confidential, f"--oidc-client-secret-file={file}", "--write-kubeconfig")
    args = exec_of(kubeconfig)["args"]
    assert f"--oidc-client-secret-file={file}" in args
    assert files_with(SECRET) == [file]
    ended = confidential.start(
        "--write-kubeconfig", "--user=other", command="setup", env={"KUBECTL_OIDC_CLIENT_SECRET": SECRET}
    ).ended()
    assert ended.status == 0, ended.stderr
    assert not any("secret" in arg for arg in exec_of(kubeconfig, "other")["args"])
    assert files_with(SECRET) == [file]


def test_purge_needs_no_secret_file(confidential: Laptop) -> None:
    """The flags of the kubeconfig name the session, though the file is gone."""
    file = Path.home() / "secret"
    file.write_text(SECRET)
    flag = f"--oidc-client-secret-file={file}"
    confidential.signed_in(flag)
    file.unlink()
    ended = confidential.run(*confidential.words(flag, command="purge"))
    assert (ended.status, confidential.stored()) == (0, {}), ended.stderr
