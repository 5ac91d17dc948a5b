"""A laptop, a provider and a cluster in which a test breaks one thing, and what `doctor` says about it.

The provider is honest until it is told otherwise, the cluster is the demo's, which believes it; both speak TLS by certificates
of one private authority. The kubeconfig is written anew for each test, as JSON, which is YAML too.
"""

from __future__ import annotations

import functools
import json
import os
import shlex
import ssl
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests import parts
from tests.plugin import run_plugin
from tests.tokens import CLIENT_ID

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.hostile_provider import HostileProvider
    from tests.plugin import Running

CONTEXT, CLUSTER, USER = "demo", "demo", "oidc"


@dataclass(frozen=True)
class Diagnosis:
    """What doctor said.

    Attributes:
        status: The exit status.
        document: Its JSON.
        stderr: What stands on standard error.
    """

    status: int
    document: Mapping[str, Any]
    stderr: str

    def checks(self, name: str) -> list[dict[str, str]]:
        """Return every result of a check."""
        return [check for check in self.document["checks"] if check["name"] == name]

    def named(self, status: str) -> list[str]:
        """Return the names of the checks that ended so, in order."""
        return [check["name"] for check in self.document["checks"] if check["status"] == status]


@dataclass
class Clinic:
    """The laptop with its surroundings.

    Attributes:
        provider: Where people sign in.
        authority: The file with the private authority.
        server: The API server's URL.
        directory: Where the kubeconfig and the browser's script are.
        begin: The fixture ``start_plugin``.
        args: The stanza's arguments behind ``get-token``.
        exec: Changes to the stanza; None removes a field.
        user: Changes to the user's entry.
        cluster: Changes to the cluster's entry; None removes a field.
        context: Changes to the context.
        more: Further members of the kubeconfig's lists.
        held: Sockets that stay open as long as the test runs.
    """

    provider: HostileProvider
    authority: Path
    server: str
    directory: Path
    begin: Callable[..., Running]
    args: list[str] = field(default_factory=list)
    exec: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    cluster: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    more: dict[str, list[Any]] = field(default_factory=dict)
    held: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kubeconfig = self.directory / "kubeconfig"
        self.programs = self.directory / "bin"
        self.programs.mkdir()
        self._plugin = with_known_version(self.directory / "plugin")
        self._notes = self.directory / "opened"
        browser = self.directory / "browser"
        browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >>"{self._notes}"\n')
        browser.chmod(0o700)
        self.args = [
            f"--oidc-issuer-url={self.provider.issuer}",
            f"--oidc-client-id={CLIENT_ID}",
            "--oidc-extra-scope=email",
            f"--certificate-authority={self.authority}",
            "--token-cache-storage=disk",
            "--listen-address=127.0.0.1:0",
            f"--browser-command={browser}",
        ]

    def write_kubeconfig(self) -> None:
        """Write the kubeconfig as it is set now."""
        stanza = {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "args": ["get-token", *self.args],
            "command": str(self._plugin),
            "interactiveMode": "IfAvailable",
            **self.exec,
        }
        cluster = {"server": self.server, "certificate-authority": self.authority.name, **self.cluster}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CLUSTER, "cluster": _without_none(cluster)}],
            "contexts": [
                {
                    "name": CONTEXT,
                    "context": _without_none({"cluster": CLUSTER, "user": USER, **self.context}),
                }
            ],
            "current-context": CONTEXT,
            "users": [{"name": USER, "user": {"exec": _without_none(stanza), **self.user}}],
        }
        for name, items in self.more.items():
            document[name] = [*document[name], *items]
        self.kubeconfig.write_text(json.dumps(document))

    def env(self) -> dict[str, str]:
        """Return the variables that the commands have."""
        path = os.pathsep.join((str(self.programs), str(self._plugin.parent), os.environ["PATH"]))
        return {"KUBECONFIG": str(self.kubeconfig), "PATH": path}

    def signed_in(self) -> None:
        """Sign in, as a person whose browser goes where it is sent."""
        self.write_kubeconfig()
        self.signs_in_by("login")

    def signs_in_by(self, *words: str) -> None:
        """Run a command that signs in, which must work, over the kubeconfig as it is written."""
        running = self.begin(*words, env=self.env())
        end = time.monotonic() + 30
        while not self._opened() and running.is_running():
            assert time.monotonic() < end
            time.sleep(0.01)
        if self._opened():
            trust = ssl.create_default_context(cafile=str(self.authority))
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
            )
            opener.open(self._opened()[-1], timeout=20).close()
        ended = running.ended(timeout=40)
        assert ended.status == 0, ended.stderr

    def _opened(self) -> list[str]:
        """Return the addresses that the browser was given; its note is there before its words are."""
        return self._notes.read_text().split() if self._notes.exists() else []

    def doctor(self, *words: str, env: Mapping[str, str] | None = None) -> Diagnosis:
        """Run `doctor -o json` over the kubeconfig as it is set now."""
        self.write_kubeconfig()
        done = run_plugin("doctor", "-o", "json", *words, env={**self.env(), **(env or {})}, timeout=60)
        assert "Traceback" not in done.stderr
        document = json.loads(done.stdout) if done.stdout else {"checks": []}
        return Diagnosis(done.returncode, document, done.stderr)


def with_known_version(directory: Path) -> Path:
    """Return the installed program in a new directory; its `version` needs no Python. `doctor` asks for it each time."""
    directory.mkdir(exist_ok=True)
    program = directory / parts.plugin().name
    plugin = shlex.quote(str(parts.plugin()))
    program.write_text(
        f'#!/bin/sh\n[ "$1" != version ] || exec echo {shlex.quote(_version())}\nexec {plugin} "$@"\n'
    )
    program.chmod(0o700)
    return program


@functools.cache
def _version() -> str:
    return run_plugin("version").stdout.strip()


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
