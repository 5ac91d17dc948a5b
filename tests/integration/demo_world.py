"""The demo's provider and cluster in the test's own process, where a test moves people from group to group."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.kubernetes.api import KubernetesApi
from kubectl_oidc.demo.provider.people import ADMINS, Directory, team
from kubectl_oidc.demo.provider.server import Provider
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.log import QUIET
from tests.plugin import run_plugin

from .laptop import token_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALICE, BOB = "alice@example.com", "bob@example.com"


class Demo:
    """The demo's provider and cluster.

    Args:
        provider: The provider.
        server: The API server's URL.
        authority: The file with the authority that both have their certificates from.
    """

    def __init__(self, provider: Provider, server: str, authority: Path) -> None:
        self.provider = provider
        self.server = server
        self.authority = authority

    @cached_property
    def administrator(self) -> str:
        """The token of somebody who administers the cluster already."""
        done = run_plugin(
            "get-token",
            f"--oidc-issuer-url={self.provider.issuer}",
            f"--oidc-client-id={self.provider.client_id}",
            "--oidc-extra-scope=email",
            f"--certificate-authority={self.authority}",
            f"--browser-command={person(BOB)}",
            "--listen-address=127.0.0.1:0",
            "--token-cache-storage=none",
            env={"HOME": str(self.authority.parent)},
        )
        return token_of(done.stdout)

    def as_it_was(self) -> None:
        """Put alice into the one group that she was in at first."""
        self.provider.directory.leave(ALICE, f"/{ADMINS}")
        self.provider.directory.join(ALICE, ADMINS)


class _PeopleWithPaths(Directory):
    """The demo's people, in groups whose names may be paths, as Keycloak's are."""

    def __init__(self) -> None:
        people = team()
        super().__init__((person, people.groups(person.email)) for person in people.people.values())

    def claimed_groups(self, email: str) -> list[str]:
        return [group for group in self.groups(email) if group.removeprefix("/").startswith("eks-")]


def person(email: str, *more: str) -> str:
    """Return a command that signs in at the demo's provider, as a browser does."""
    return shlex.join([sys.executable, "-m", "kubectl_oidc.demo.scripted_person", "--as", email, *more])


@contextmanager
def playing(place: Path) -> Iterator[Demo]:
    """Run the demo's provider and cluster.

    Args:
        place: Where the authority's certificate is written.
    """
    authority = Authority()
    file = authority.write(place / "ca.crt")
    http = HttpClient(tls=TlsOptions(ca_files=(file,)), log=QUIET)
    with (
        Provider(authority, _PeopleWithPaths()) as provider,
        KubernetesApi(authority, issuer=provider.issuer, client_id=provider.client_id, http=http) as api,
    ):
        yield Demo(provider, api.url, file)
    http.close()
