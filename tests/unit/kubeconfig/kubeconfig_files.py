"""Kubeconfigs to write, and the real kubectl to read them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc.kubeconfig import Arg, Change, Stanza, write_user
from tests import parts

if TYPE_CHECKING:
    from collections.abc import Mapping

POSIX = sys.platform != "win32"
ISSUER, CLIENT = Arg("--oidc-issuer-url", "https://idp.example.com/x"), Arg("--oidc-client-id", "kubernetes")
STANZA = Stanza(args=(ISSUER, CLIENT, Arg("--oidc-extra-scope", "email")))
USER = {"exec": STANZA.exec_mapping()}
KEPT = """\
# my clusters
apiVersion: v1
clusters:
- cluster: {server: "https://10.0.0.1", certificate-authority-data: LS0t}   # the lab
  name: "0123"
contexts:
  - name: a
    context:
      cluster: '0123'   # the lab
      user: ada
current-context: 'a'
kind: Config
preferences: {}
x-big: 123456789012345678901234567890
users:
- name: ada
  user:
    token: |-
      secret
# behind the users
"""


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    """Write a file with this text, byte for byte, and this mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    path.chmod(mode)
    return path


def put(path: Path, name: str = "oidc", stanza: Stanza = STANZA, **options: Any) -> Change:
    """Write the user into one file, as --kubeconfig does."""
    return write_user(name, stanza, explicit=str(path), environ={}, **options)


def kubectl(*words: str, env: Mapping[str, str] | None = None) -> str:
    """Run the real kubectl and return its standard output."""
    command = [parts.program("kubectl"), *words]
    done = subprocess.run(
        command, capture_output=True, check=False, encoding="utf-8", env={**os.environ, **(env or {})}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def user_in(path: Path, name: str = "oidc") -> dict[str, Any]:
    """Return a user as kubectl reads it."""
    config = json.loads(kubectl("config", "view", "--raw", "-o", "json", f"--kubeconfig={path}"))
    return next(item["user"] for item in config["users"] if item["name"] == name)


def names_in(directory: Path) -> list[str]:
    """Return the names in a directory; that of a test has home and work in it."""
    return sorted(path.name for path in directory.iterdir())


class ordinary_directory:  # noqa: N801 - reads as the context that it is
    """A directory of an ordinary user; the block runs as that user."""

    def __enter__(self) -> Path:
        self.directory = Path(tempfile.mkdtemp())
        self.root = os.geteuid() == 0
        if self.root:
            os.chown(self.directory, 65534, 65534)
            os.seteuid(65534)
        return self.directory

    def __exit__(self, *_: object) -> None:
        if self.root:
            os.seteuid(0)
        for path in (*self.directory.iterdir(), self.directory):
            path.rmdir() if path.is_dir() else path.unlink()
