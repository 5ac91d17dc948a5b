"""The installed program against the demo's provider: sign-in, cache, refresh, many at once, files that people wrote, errors.

`make windows` runs these tests with a Windows Python, and `make test` with this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.provider.server import Provider
from kubectl_oidc.demo.sandbox import Sandbox
from kubectl_oidc.demo.story import LISTEN
from tests import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MARGIN = 10  # seconds before its end at which the program renews a token
SHORT = 30 if sys.platform == "win32" else 15  # seconds that a token lives, longer than all need to start
AT_ONCE = 6
KUBECONFIG = (
    "# ours\r\napiVersion: v1\r\nkind: Config\r\nusers: # nobody yet\r\n- name: ci\r\n  user: {token: x}\r\n"
)

STORAGES = ("disk", "keyring") if sys.platform == "win32" else ("disk",)
"""Where sessions are stored: files, and on Windows the Credential Manager. Elsewhere `tests/integration` has the keyrings."""


class Laptop:
    """A machine with the program and a person who signs in, and the demo's provider.

    Attributes:
        provider: What counts sign-ins and token requests.
        directory: The working directory.
    """

    def __init__(self, sandbox: Sandbox, provider: Provider, storage: str) -> None:
        self.provider = provider
        self.directory = sandbox.directory
        self._environ = sandbox.environ
        person = [sys.executable, "-m", "kubectl_oidc.demo.scripted_person", "--cookies"]
        self.flags = (
            f"--oidc-issuer-url={provider.issuer}",
            f"--oidc-client-id={provider.client_id}",
            "--oidc-extra-scope=email,offline_access",
            f"--listen-address={LISTEN}",
            f"--certificate-authority={sandbox.authority_file}",
            f"--token-cache-storage={storage}",
            f"--browser-command={Sandbox.joined([*person, str(sandbox.directory / 'cookies')])}",
        )

    def starts(self, *words: str) -> subprocess.Popen[str]:
        """Start the program with these words."""
        return subprocess.Popen(
            [str(parts.plugin()), *words],
            cwd=self.directory,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def runs(self, *words: str, status: int = 0) -> tuple[str, str]:
        """Run the program to its end, and return its standard output and error."""
        with self.starts(*words) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == status, err
        return out, err

    def tokens(self, number: int = 1) -> set[str]:
        """Return the tokens that so many kubectls get at once."""
        many = [self.starts("get-token", *self.flags) for _ in range(number)]
        outputs = [process.communicate(timeout=120) for process in many]
        assert [process.returncode for process in many] == [0] * number, outputs
        return {json.loads(out)["status"]["token"] for out, _ in outputs}

    def requests(self) -> tuple[int, int]:
        """Return how often somebody signed in, and how often a token was requested."""
        return len(self.provider.sent_back), self.provider.token_requests


@pytest.fixture(params=STORAGES)
def laptop(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Laptop]]:
    """Return a function that makes a laptop for a provider whose tokens live so long; its sessions are removed at the end."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    with ExitStack() as running:

        def make(**settings: Any) -> Laptop:
            sandbox = running.enter_context(Sandbox(opens_browser=False))
            authority = Authority()
            authority.write(sandbox.authority_file)
            provider = running.enter_context(Provider(authority, **settings))
            made = Laptop(sandbox, provider, request.param)
            if request.param != "disk":  # files go with the directory
                running.callback(made.runs, "purge", "--all")
            return made

        yield make


def test_a_session_is_used_shown_and_removed(laptop: Callable[..., Laptop]) -> None:
    """One sign-in, then no request; after the sign-out nothing is left, and the next call signs in again."""
    one = laptop()
    first = one.tokens()
    assert one.requests() == (1, 1)
    assert one.tokens() == first
    assert one.requests() == (1, 1)
    (shown,) = json.loads(one.runs("status", "-o", "json")[0])["sessions"]
    assert shown["issuer"] == one.provider.issuer
    assert shown["person"] == one.provider.sent_back[0]
    assert one.runs("token", *one.flags)[0].strip() in first
    one.runs("logout", *one.flags)
    assert json.loads(one.runs("status", "-o", "json")[0])["sessions"] == []
    assert one.tokens() != first
    assert one.requests() == (2, 2)


def test_many_at_once_sign_in_once_and_refresh_once(laptop: Callable[..., Laptop]) -> None:
    """Also those that find an expired token."""
    one = laptop(lifetime=SHORT)
    assert len(one.tokens(AT_ONCE)) == 1
    assert one.requests() == (1, 1)
    time.sleep(SHORT - MARGIN)
    assert len(one.tokens(AT_ONCE)) == 1
    assert one.requests() == (1, 2)


def test_one_that_is_killed_while_somebody_signs_in_holds_nobody_up(laptop: Callable[..., Laptop]) -> None:
    """Its lock is free when it has ended."""
    one = laptop()
    flags = [flag for flag in one.flags if not flag.startswith("--browser-command")]
    with one.starts("get-token", *flags, "--skip-open-browser") as killed:
        assert killed.stderr is not None
        assert any("http://" in line for line in killed.stderr)
        killed.kill()
    began = time.monotonic()
    assert len(one.tokens()) == 1
    assert time.monotonic() - began < 60
    assert one.requests() == (1, 1)


def test_setup_keeps_what_people_wrote(laptop: Callable[..., Laptop]) -> None:
    """Comments and line ends of a kubeconfig; the user that it adds works at once."""
    one = laptop()
    file = one.directory / "kubeconfig"
    file.write_bytes(KUBECONFIG.encode())
    one.runs("setup", *one.flags, f"--kubeconfig={file}", "--write-kubeconfig")
    written = file.read_bytes().decode()
    assert written.startswith(KUBECONFIG.partition("- name")[0])
    assert written.count("\n") == written.count("\r\n")
    assert one.provider.issuer in written
    assert one.requests() == (1, 1)
    out, _ = one.runs("whoami", f"--kubeconfig={file}", "--user=oidc", "-o", "json")
    assert one.provider.sent_back[0] in out
    assert one.requests() == (1, 1)


@pytest.mark.parametrize("laptop", ["disk"], indirect=True)
@pytest.mark.parametrize(
    ("words", "status", "named"),
    [
        (("get-token", "--oidc-issuer-url=https://127.0.0.1:1", "--oidc-client-id=x"), 1, "127.0.0.1:1"),
        (("get-token", "--oidc-client-id=x"), 2, "--oidc-issuer-url"),
        (
            ("get-token", "--oidc-issuer-url=https://127.0.0.1:1", "--oidc-client-id=x", "--prompt"),
            2,
            "--prompt",
        ),
        (("whoami", "--kubeconfig=missing file.yaml", "--user=nobody"), 1, "missing file.yaml"),
        (("stauts",), 2, "status"),
    ],
    ids=["unreachable", "no-issuer", "no-value", "no-kubeconfig", "no-command"],
)
def test_bad_input_gets_one_error_and_one_hint(
    laptop: Callable[..., Laptop], words: tuple[str, ...], status: int, named: str
) -> None:
    """With the right exit status, and nothing on standard output."""
    out, err = laptop().runs(*words, status=status)
    lines = err.splitlines()
    assert out == ""
    assert [line.partition(":")[0] for line in lines if not line.startswith(" ")] == ["error", "hint"]
    assert named in err


@pytest.mark.parametrize("laptop", ["disk"], indirect=True)
def test_a_path_with_spaces_and_other_letters(laptop: Callable[..., Laptop]) -> None:
    """Of the cache; it is named as it is, in a pipe too."""
    one = laptop()
    place: Path = one.directory / "Büro Grün" / "cache"
    out, _ = one.runs("get-token", *one.flags, f"--token-cache-dir={place}")
    assert json.loads(out)["status"]["token"]
    one.runs("purge", "--all", f"--token-cache-dir={place}")
    _, nothing_left = one.runs("purge", "--all", f"--token-cache-dir={place}")
    assert str(place) in nothing_left
