"""What is measured: a program that takes get-token's flags, signed in at the bench's provider, in a HOME of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .timing import SECONDS, CouldNotMeasure, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .provider import Provider

# As kubectl sets it for a plugin that may not ask on the terminal.
EXEC_INFO = json.dumps(
    {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "spec": {"interactive": False},
    },
    separators=(",", ":"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A home directory and a client at a provider, for one program with one store.

    Args:
        home: The directory that is HOME.
        client: The client ID; one of its own, since the kernel keyring is the same for every HOME.
        provider: Where the program signs in.
        authority: The file with the authority that vouches for the provider.
        program: Ours, or another that takes the same flags.
        more: Variables beside those that every command has.
    """

    home: Path
    client: str
    provider: Provider
    authority: Path
    program: Path
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """All that a measured command finds in its environment."""
        return {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "KUBERNETES_EXEC_INFO": EXEC_INFO,
            **self.more,
        }

    def make(self) -> None:
        """Make the home directory, with a browser in it."""
        self.home.mkdir(mode=0o700)
        (self.home / "run").mkdir(mode=0o700)
        source = Path(__file__).with_name("browser.py").read_text(encoding="utf-8")
        self._browser.write_text(f"#!{sys.executable} -IS\n{source}", encoding="utf-8")
        self._browser.chmod(0o700)
        self._browser.with_suffix(".ca").write_bytes(self.authority.read_bytes())

    @property
    def _browser(self) -> Path:
        return self.home / "browser"

    def flags(self) -> tuple[str, ...]:
        """Return the flags of a sign-in, but for where the session is kept."""
        return (
            f"--oidc-issuer-url={self.provider.issuer}",
            f"--oidc-client-id={self.client}",
            "--oidc-extra-scope=email",
            "--oidc-extra-scope=offline_access",
            f"--certificate-authority={self.authority}",
            "--listen-address=127.0.0.1:0",
            f"--browser-command={self._browser}",
        )

    def subject(self, name: str, storage: str, *more: str) -> Subject:
        """Return a command line of get-token.

        Args:
            name: What the table calls it.
            storage: The value of --token-cache-storage.
            more: Further flags.
        """
        command = (
            str(self.program), "get-token", *self.flags(), f"--token-cache-storage={storage}", *more,
        )  # fmt: skip
        return Subject(name, command, self.environment)

    def signed_in(self, name: str, storage: str, *more: str) -> Subject:
        """Sign in once and return the command line that from now on is answered from its store.

        Raises:
            CouldNotMeasure: The sign-in failed, or a second call had to ask the provider.
        """
        self.make()
        subject = self.subject(name, storage, *more)
        self.answer(subject)
        if asked := self.requests_of(subject):
            raise CouldNotMeasure(f"{name} is not answered from its store: {', '.join(asked)}")
        return subject

    def requests_of(self, subject: Subject, *more: str) -> list[str]:
        """Run a subject once and return what it asked the provider.

        Args:
            subject: What is run.
            more: Arguments beside its own.
        """
        before = len(self.provider.asked)
        self.answer(subject, *more)
        return [asked.line for asked in self.provider.asked[before:]]

    @staticmethod
    def answer(subject: Subject, *more: str) -> None:
        """Run a subject once and see that it answers with a credential.

        Raises:
            CouldNotMeasure: It failed, or printed something else.
        """
        try:
            credential = json.loads(output(subject.but(*more)))
        except ValueError as error:
            raise CouldNotMeasure(f"{subject.name}: {error}") from None
        if not credential.get("status", {}).get("token"):
            raise CouldNotMeasure(f"{subject.name} printed no credential")


def output(subject: Subject) -> bytes:
    """Run a subject once and return what it prints.

    Raises:
        CouldNotMeasure: It failed, with the reason that it gave.
    """
    try:
        done = subprocess.run(
            subject.command,
            env=dict(subject.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode(errors="replace").splitlines()
        reason = next((line for line in words if line.startswith("error:")), str(error.returncode))
        raise CouldNotMeasure(f"{subject.name} failed: {reason}") from None
    except subprocess.TimeoutExpired:
        raise CouldNotMeasure(f"{subject.name} did not end within {SECONDS} s") from None
    except OSError as error:
        raise CouldNotMeasure(f"{subject.name} cannot be started: {error.strerror}") from None
    return done.stdout
