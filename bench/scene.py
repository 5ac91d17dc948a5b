"""What is measured: a program that takes get-token's flags, signed in at the bench's provider, in a HOME of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .timing import CouldNotMeasure, Subject

if TYPE_CHECKING:
    from pathlib import Path

    from .provider import Provider

SECONDS = 30  # the longest that one command may take

# As kubectl sets it for a plugin that may not ask on the terminal.
EXEC_INFO = json.dumps(
    {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "spec": {"interactive": False},
    },
    separators=(",", ":"),
)

BROWSER = """\
#!{python}
import sys, urllib.request
urllib.request.urlopen(sys.argv[-1], timeout=20).read()
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A home directory and a client at a provider, for one program with one store.

    Args:
        home: The directory that is HOME.
        client: The client ID; one of its own, since the kernel keyring is the same for every HOME.
        provider: Where the program signs in.
    """

    home: Path
    client: str
    provider: Provider

    @property
    def environment(self) -> dict[str, str]:
        """All that a measured command finds in its environment."""
        return {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "KUBERNETES_EXEC_INFO": EXEC_INFO,
        }

    def get_token(self, name: str, program: Path, storage: str) -> Subject:
        """Sign in once with a program and return the command line that from now on is answered from its store.

        Args:
            name: What the table calls it.
            program: ours, or another that takes the same flags.
            storage: The value of --token-cache-storage.

        Raises:
            CouldNotMeasure: The sign-in failed, or a second call had to ask the provider.
        """
        self.home.mkdir(mode=0o700)
        browser = self.home / "browser"
        browser.write_text(BROWSER.format(python=sys.executable), encoding="utf-8")
        browser.chmod(0o700)
        subject = Subject(
            name,
            (
                str(program),
                "get-token",
                f"--oidc-issuer-url={self.provider.issuer}",
                f"--oidc-client-id={self.client}",
                "--oidc-extra-scope=email",
                "--oidc-extra-scope=offline_access",
                "--listen-address=127.0.0.1:0",
                f"--browser-command={browser}",
                f"--token-cache-storage={storage}",
            ),
            self.environment,
        )
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
        before = len(self.provider.requests)
        self.answer(subject, *more)
        return self.provider.requests[before:]

    def answer(self, subject: Subject, *more: str) -> None:
        """Run a subject once and see that it answers with a credential.

        Raises:
            CouldNotMeasure: It failed, or printed something else.
        """
        try:
            done = subprocess.run(
                [*subject.command, *more],
                env=dict(subject.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=True,
            )
            credential = json.loads(done.stdout)
        except subprocess.CalledProcessError as error:
            words = error.stderr.decode(errors="replace").splitlines()
            reason = next((line for line in words if line.startswith("error:")), str(error))
            raise CouldNotMeasure(f"{subject.name}: {reason}") from None
        except (subprocess.TimeoutExpired, OSError, ValueError) as error:
            raise CouldNotMeasure(f"{subject.name}: {error}") from None
        if not credential.get("status", {}).get("token"):
            raise CouldNotMeasure(f"{subject.name} printed no credential")
