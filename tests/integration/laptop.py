"""A laptop with the program on it: the same command again and again, as a kubeconfig has it."""

from __future__ import annotations

import base64
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc.sessions.session import Session
from kubectl_oidc.sessions.session_key import SessionKey
from kubectl_oidc.sessions.stores import disk, index
from kubectl_oidc.system import private_files
from tests.plugin import Ended, run_plugin, wait_until

from .scripted_browser import ScriptedBrowser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.plugin import Running

    from .person import Person
    from .realm import Realm

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"


def cache() -> Path:
    """Return the cache directory of the test's home."""
    return Path.home() / ".kube" / "cache" / "oidc-login"


def give_new_id() -> None:
    """Give the one session of the cache, on disk, the id that it has in the test's home: it was copied from another one.

    What is cached under one HOME is not handed out under another; this is what a sign-in here would have written.
    """
    (path,) = (cache() / index.DIRECTORY).iterdir()
    entry = index.read_entry(cache(), path.stem)
    record = Session.parse((cache() / disk.DIRECTORY / path.stem).read_bytes(), path.stem)
    assert entry
    assert record
    key = SessionKey(
        issuer=entry.issuer, client_id=entry.client_id, scopes=entry.scopes, cache_dir=os.fspath(cache())
    )
    shutil.rmtree(cache() / "words", ignore_errors=True)  # HOME is in their names
    index.remove_entries(cache(), path.stem)
    index.write_entry(cache(), entry._replace(session_id=key.id()))
    (cache() / disk.DIRECTORY / path.stem).unlink()
    if (cache() / "credentials" / path.stem).exists():
        (cache() / "credentials" / path.stem).rename(cache() / "credentials" / key.id())
    private_files.write_private_file(
        cache() / disk.DIRECTORY, key.id(), record._replace(session_id=key.id()).record()
    )


def exec_info(api_version: str = V1, **spec: Any) -> dict[str, str]:
    """Return the environment that kubectl gives an exec plugin.

    Args:
        api_version: The version that the kubeconfig's stanza names.
        spec: What stands in ``spec`` beside ``interactive``.
    """
    document = {
        "kind": "ExecCredential",
        "apiVersion": api_version,
        "spec": {"interactive": False, **spec},
    }
    return {"KUBERNETES_EXEC_INFO": json.dumps(document)}


def token_of(stdout: str) -> str:
    """Return the token in an ExecCredential, which must be all that stands on standard output."""
    token = json.loads(stdout)["status"]["token"]
    assert isinstance(token, str)
    return token


def claims_of(token: str) -> dict[str, Any]:
    """Return what an ID token says."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


@dataclass
class Laptop:
    """Somebody's machine: a realm to sign in at, a browser, and the flags in the kubeconfig.

    Attributes:
        realm: Where people sign in.
        browser: What the program opens.
        begin: The fixture ``start_plugin``.
        storage: The value of ``--token-cache-storage``.
        client: The client.
    """

    realm: Realm
    browser: Person | ScriptedBrowser
    begin: Callable[..., Running]
    storage: str = "disk"
    client: str = "kubernetes"

    @property
    def scripted(self) -> ScriptedBrowser:
        """The browser that signs in by itself."""
        assert isinstance(self.browser, ScriptedBrowser)
        return self.browser

    def words(self, *more: str, command: str = "get-token") -> list[str]:
        """Return the command line after the program's name."""
        identity = self.realm.flags(f"--token-cache-storage={self.storage}", client=self.client)
        if command in {"purge", "clean"}:
            return [command, *identity, *more]
        return [command, *identity, self.browser.flag, "--listen-address=127.0.0.1:0", *more]

    def get_token(self, *more: str, env: Mapping[str, str] | None = None, timeout: float = 40.0) -> Ended:
        """Run ``get-token`` to its end."""
        return self.run(*self.words(*more), env=env, timeout=timeout)

    def start(self, *more: str, command: str = "get-token", env: Mapping[str, str] | None = None) -> Running:
        """Start ``get-token``, or another command, and do not wait for it."""
        return self.begin(*self.words(*more, command=command), env=env)

    def purge(self, *more: str, env: Mapping[str, str] | None = None) -> Ended:
        """Run ``purge`` with the flags that name the session."""
        return self.run(*self.words(*more, command="purge"), env=env)

    def signed_in(self, *more: str, env: Mapping[str, str] | None = None) -> str:
        """Run ``get-token``, which must work, and return the token."""
        ended = self.get_token(*more, env=env)
        assert ended.status == 0, ended.stderr
        return token_of(ended.stdout)

    @staticmethod
    def run(*words: str, env: Mapping[str, str] | None = None, timeout: float = 40.0) -> Ended:
        """Run the program with any words."""
        done = run_plugin(*words, env=env, timeout=timeout)
        return Ended(done.returncode, done.stdout, done.stderr)

    def wait_for_browser(self, *, times: int = 1) -> None:
        """Wait until the program has asked to open a URL, ``times`` times in all."""
        wait_until(lambda: len(self.browser.opened()) >= times, "the program opens the browser")

    @staticmethod
    def stored() -> dict[str, bytes]:
        """Return every file of the cache but those that hold nothing of a session: metadata, locks, failed sign-ins."""
        return {
            str(path.relative_to(cache())): path.read_bytes()
            for path in sorted(cache().rglob("*"))
            if path.is_file() and path.relative_to(cache()).parts[0] not in {"metadata", "locks", "failed"}
        }
