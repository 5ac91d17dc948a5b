"""One run of `doctor`: what its checks share, and what each says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.system.deadline import Deadline

from . import Finding

if TYPE_CHECKING:
    from kubectl_oidc.authentication.outcome import Outcome
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.http.client import HttpClient
    from kubectl_oidc.kube_api.client import ClusterClient
    from kubectl_oidc.kube_api.cluster_entry import ClusterEntry
    from kubectl_oidc.kube_api.responses import Identity
    from kubectl_oidc.kubeconfig.select import KubeconfigSelection
    from kubectl_oidc.manifests.trust import ClusterTrust
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.system.system import System

    from . import Repair
    from .token.facts import TokenFacts

REQUEST_SECONDS = 6.0
"""The longest time for one request."""


class Status(StrEnum):
    """How a check ended; the values are those of ``-o json``."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of what `doctor` shows.

    Attributes:
        name: The check's name, the same in every version.
        message: What was found, one line.
        hint: What to do, one line; empty if nothing needs to be done.
        topic: The anchor in docs/troubleshooting.md, or empty.
        repair: How `doctor --fix` repairs it, if it can.
    """

    name: str
    status: Status
    message: str
    hint: str = ""
    topic: str = ""
    repair: Repair | None = None

    def document(self) -> dict[str, str]:
        """Return its part of the document for ``-o``."""
        return {
            "name": self.name,
            "status": self.status.value,
            "message": self.message,
            "hint": self.hint,
            "topic": self.topic,
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    """A check that has nothing to check.

    Attributes:
        why: The reason, as it is shown.
        blocks: Whether the checks that need this one are skipped too.
    """

    why: str
    blocks: bool = False


Observation = str | Finding | Skipped
"""What a check finds: a sentence about what is right, something wrong, or nothing to check."""
Observations = Iterator[Observation]


class Check(NamedTuple):
    """One check.

    Attributes:
        run: The function. It returns what it finds, or yields it if that may be several things. An OidcLoginError is a problem.
        needs: The checks that must pass before it.
    """

    name: str
    run: Callable[[DoctorRun], Observation | Observations]
    needs: tuple[str, ...] = ()


class Neighbour(NamedTuple):
    """Another context of the same cluster whose user signs in with this program."""

    context: str
    issuer: str
    client_id: str


@dataclass(slots=True, kw_only=True)
class DoctorRun:
    """What `doctor` checks, and what its checks have found out so far.

    Attributes:
        request: What kubectl would ask get-token for; it never starts a sign-in.
        system: Clock, environment, and a terminal that stores warnings.
        chosen: The context, its cluster and the user; each is None if it is not in a kubeconfig.
        neighbours: Other contexts of the same cluster.
        login: The command that signs in.
        variables: The environment variables that set flags.
        settings: What settings files give, as in ``FILE:LINE gives --flag``.
        unused_settings: A message and a hint about a table of a settings file that is for nearly this issuer; else None.
        trust: The claims that the cluster is expected to use as user name and groups.
        deadline: When all checks must be done.
        metadata: The provider's metadata; None before `check_discovery`.
        dates: The provider's clock and this computer's at the same moment, epoch seconds; None before `check_discovery`.
        outcome: The token that kubectl would send; None before `check_session`.
        facts: The same token as the cluster reads it.
        cluster: The API server; None before `check_cluster`.
        client: The client for requests to the API server; None before `check_api_server`.
        identity: Who the API server says the person is; None before `check_api_server`.
        allowed: Whether ``kubectl get pods`` is allowed in the context's namespace; None if unknown.
        namespaces: The namespaces of the other contexts of the same cluster.
    """

    request: SignInRequest
    system: System
    chosen: KubeconfigSelection
    neighbours: tuple[Neighbour, ...] = ()
    variables: frozenset[str] = frozenset()
    settings: tuple[str, ...] = ()
    unused_settings: tuple[str, str] | None = None
    login: str
    trust: ClusterTrust
    http: HttpClient
    deadline: Deadline
    metadata: Metadata | None = None
    dates: tuple[float, float] | None = None
    outcome: Outcome | None = None
    facts: TokenFacts | None = None
    cluster: ClusterEntry | None = None
    client: ClusterClient | None = None
    identity: Identity | None = None
    allowed: bool | None = None
    namespaces: tuple[str, ...] = ()

    @property
    def namespace(self) -> str:
        """The context's namespace."""
        context = self.chosen.context
        return str((context.value.get("namespace") if context else "") or "default")

    def request_deadline(self) -> Deadline:
        """Return the deadline of one request: `REQUEST_SECONDS`, or what is left of all checks."""
        return Deadline.after(min(REQUEST_SECONDS, self.deadline.left()))

    def require_metadata(self) -> Metadata:
        """Return the provider's metadata.

        Raises:
            LookupError: `check_discovery` has not found it.
        """
        if self.metadata is None:
            raise LookupError("discovery comes first")
        return self.metadata

    def require_facts(self) -> TokenFacts:
        """Return the token's facts.

        Raises:
            LookupError: `check_session` has not found a token.
        """
        if self.facts is None:
            raise LookupError("the session comes first")
        return self.facts

    def close(self) -> None:
        """Close the connections."""
        self.http.close()
        if self.client is not None:
            self.client.close()
