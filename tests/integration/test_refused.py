"""A token that the API server refuses: the same kubectl asks again, and is neither left alone with it nor kept in a circle."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.fast_path import SECONDS
from tests import parts

from .laptop import cache, exec_info, token_of

if TYPE_CHECKING:
    from pathlib import Path

    from .laptop import Laptop

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="who asks is known from /proc"),
    pytest.mark.usefixtures("start_program"),
]

SAID = "troubleshooting: unauthorized"


class Client:
    """A program that starts the plugin as client-go does, again and again in one process.

    Args:
        directory: Where the program stands.
        name: What it is called; it is a copy of the shell.
        laptop: Whose plugin it starts.
    """

    def __init__(self, directory: Path, name: str, laptop: Laptop) -> None:
        self.program = directory / name
        shutil.copy(os.path.realpath("/bin/sh"), self.program)
        self._laptop = laptop

    def plugin(self, *more: str) -> str:
        """Return the command that starts the plugin."""
        return shlex.join([str(parts.plugin()), *self._laptop.words(*more)])

    def runs(self, script: str) -> tuple[list[str], str]:
        """Run a script in one process of the client; return the tokens that it was given, in order, and what was said."""
        done = subprocess.run(
            [str(self.program), "-c", script],
            env={**os.environ, **exec_info()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [token_of(line) for line in done.stdout.splitlines()], done.stderr

    def asks(self, times: int, *more: str) -> tuple[list[str], str]:
        """Ask so often, one time after the other, in one process."""
        return self.runs("; ".join([self.plugin(*more)] * times + [":"]))


@pytest.fixture
def kubectl(laptop: Laptop, tmp_path: Path) -> Client:
    """Have a kubectl, and a session."""
    laptop.signed_in()
    laptop.realm.forget()
    return Client(tmp_path, "kubectl", laptop)


def test_a_refused_token_is_renewed_once_and_then_said(laptop: Laptop, kubectl: Client) -> None:
    """The third time in a row it is refreshed, the fourth time it is said, further times it is simply given."""
    tokens, said = kubectl.asks(6)
    assert tokens[0] == tokens[1] != tokens[2]
    assert tokens[2:] == [tokens[2]] * 4
    assert laptop.realm.seen().token_requests == ["refresh_token"]
    assert said.count(SAID) == 1
    names = (f"issuer {laptop.realm.issuer},", f"client {laptop.client},", "alice@example.com")
    assert [name for name in (*names, "kubectl oidc-login setup") if name not in said] == []
    assert len(laptop.browser.opened()) == 1


def test_another_process_begins_anew(laptop: Laptop, kubectl: Client) -> None:
    """What one kubectl was refused with, the next is given as it is: nobody refreshes in a circle."""
    (*_, renewed), _ = kubectl.asks(3)
    for _ in range(3):
        assert kubectl.asks(2) == ([renewed] * 2, "")
    assert laptop.realm.seen().token_requests == ["refresh_token"]


def test_a_token_that_cannot_be_renewed_is_said_at_once(laptop: Laptop, tmp_path: Path) -> None:
    """Without a refresh token no browser is opened for a refused token; the person hears of it."""
    laptop.client = "code-only"
    token = laptop.signed_in()
    tokens, said = Client(tmp_path, "kubectl", laptop).asks(5)
    assert tokens == [token] * 5
    assert said.count(SAID) == 1
    assert len(laptop.browser.opened()) == 1


def test_a_provider_that_is_down_costs_nothing(laptop: Laptop, kubectl: Client) -> None:
    """The refresh fails: the token that there is is given, and the person hears of it."""
    laptop.realm.fail_next("/token", times=5, status=503)
    tokens, said = kubectl.asks(4)
    assert tokens == [tokens[0]] * 4
    assert said.count(SAID) == 1
    assert laptop.realm.seen().requests == {"POST /token": 1}


def test_a_kubectl_that_becomes_another_is_not_mistaken(
    laptop: Laptop, kubectl: Client, tmp_path: Path
) -> None:
    """Google's dispatcher runs the plugin itself and in the kubectl that it becomes, with the same process id."""
    other = Client(tmp_path, "kubectl.1.32", laptop)
    twice = f"{kubectl.plugin()}; {kubectl.plugin()}"
    script = f"{twice}; exec {other.program} -c {shlex.quote(twice + '; :')}"
    tokens, said = kubectl.runs(script)
    assert tokens == [tokens[0]] * 4
    assert said == ""
    assert laptop.realm.seen().total == 0


@pytest.mark.parametrize("name", ["helm", "k9s", "terraform", "kubectl-neat", "kubectl-oidc_login"])
def test_programs_that_make_several_clients_are_not_mistaken(
    laptop: Laptop, kubectl: Client, tmp_path: Path, name: str
) -> None:
    """They ask at once or one after the other for what they were given, and get it."""
    client = Client(tmp_path, name, laptop)
    at_once = " & ".join([client.plugin()] * 5) + " & wait"
    for script in (at_once, "; ".join([client.plugin()] * 4)):
        tokens, said = client.runs(script)
        assert set(tokens) == set(kubectl.asks(1)[0])
        assert said == ""
    assert laptop.realm.seen().total == 0


def test_a_proxy_over_an_api_server_that_restarts_is_not_mistaken(laptop: Laptop, kubectl: Client) -> None:
    """It worked with its token for a while; then each request is refused for some seconds, and asks again."""
    plugin = kubectl.plugin()
    pause = f"sleep {SECONDS + 1}"
    tokens, said = kubectl.runs("; ".join([plugin, pause, *[plugin] * 5, ":"]))
    assert tokens == [tokens[0]] * 6
    assert said == ""
    assert laptop.realm.seen().total == 0


def test_commands_that_are_not_remembered_are_counted_too(laptop: Laptop, kubectl: Client) -> None:
    """With -v the fast path answers nothing; the refused token is noticed all the same."""
    tokens, said = kubectl.asks(5, "-v", "1")
    assert tokens[0] == tokens[1] != tokens[2]
    assert tokens[2:] == [tokens[2]] * 3
    assert said.count(SAID) == 1
    assert laptop.realm.seen().token_requests == ["refresh_token"]


def test_what_is_noted_holds_no_secret_and_goes_with_the_session(laptop: Laptop, kubectl: Client) -> None:
    """One small file a session, for its owner alone; purge removes it."""
    tokens, _ = kubectl.asks(3)
    (file,) = (cache() / "handed").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_size <= 2048
    content = file.read_bytes()
    assert not any(token.encode()[:20] in content or token.encode()[-20:] in content for token in tokens)
    laptop.purge()
    assert not file.exists()


@pytest.mark.parametrize("planted", ["a directory", "a symbolic link", "garbage"])
def test_what_stands_in_its_place_changes_nothing(
    laptop: Laptop, kubectl: Client, tmp_path: Path, planted: str
) -> None:
    """Where nothing can be noted the token is given, and a link's target is not written to."""
    kubectl.asks(1)
    (file,) = (cache() / "handed").iterdir()
    file.unlink()
    target = tmp_path / "target"
    target.write_text("mine")
    if planted == "a directory":
        file.mkdir()
    elif planted == "a symbolic link":
        file.symlink_to(target)
    else:
        file.write_bytes(b"\xff 1 2\n" * 1000)
    tokens, _ = kubectl.asks(2)
    assert len(tokens) == 2
    assert target.read_text() == "mine"
    assert laptop.run(*laptop.words()).status == 0
