"""What `doctor` examines, and how its checks follow one another: what depends on a failed one is not looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.system.terminal import Terminal

from . import Finding, Severity

if TYPE_CHECKING:
    from kubectl_oidc.authentication.outcome import Outcome
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.http.client import HttpClient
    from kubectl_oidc.kube_api import Cluster, ClusterClient, Identity
    from kubectl_oidc.kubeconfig.select import Chosen
    from kubectl_oidc.manifests import Trust
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.system import System

    from .token_lint import TokenFacts


class Status(StrEnum):
    """How a check ended; the values are those of ``-o json``."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of the examination.

    Attributes:
        name: The check's name, which does not change from version to version.
        status: How it ended.
        message: What was seen, one line.
        hint: What to do, one line; empty where there is nothing to do.
        topic: The anchor in docs/troubleshooting.md, or empty.
    """

    name: str
    status: Status
    message: str
    hint: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing to look at here.

    Attributes:
        why: Why, in words.
        blocks: Whether what needs the check cannot be looked at either.
    """

    why: str
    blocks: bool = False


Observations = Iterator["str | Finding | Skipped"]
"""What a check sees, one after the other: a sentence about what is well, a finding, or that there was nothing to see."""


class Check(NamedTuple):
    """One check.

    Attributes:
        name: Its name.
        look: What is done; an error of ours that it raises is a problem.
        needs: The checks that must not have failed before it.
    """

    name: str
    run: Callable[[DoctorRun], Observations]
    needs: tuple[str, ...] = ()


class SilentTerminal(Terminal):
    """A terminal that nobody reads: what would be said on it is kept.

    Attributes:
        warnings: The warnings, each with what to do about it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[tuple[str, str]] = []

    @property
    def interactive(self) -> bool:
        """False: nobody is there."""
        return False

    def need(self, line: str) -> None:
        """Keep nothing: no sign-in begins here."""

    def warn(self, message: str, hint: str) -> None:
        """Keep a warning."""
        self.warnings.append((message, hint))


class Neighbour(NamedTuple):
    """Another context of the same cluster whose user signs in with this program.

    Attributes:
        context: Its name.
        issuer: The issuer of its user.
        client_id: The client of its user.
    """

    context: str
    issuer: str
    client_id: str


@dataclass(slots=True, kw_only=True)
class DoctorRun:
    """What is examined, and what has been learnt so far.

    Attributes:
        request: What kubectl would ask get-token for; it begins no sign-in.
        system: Clock, environment, and a terminal that nobody reads.
        chosen: The context, its cluster and the user, where they are a kubeconfig's.
        neighbours: Other contexts of the same cluster.
        login: The command that signs in.
        variables: The names of the variables that flags have.
        trust: Which claims the cluster is thought to take as user name and groups.
        http: How the provider is asked.
        deadline: When all of it must be over.
        metadata: What the provider says of itself, once it is known.
        dates: The provider's clock and this machine's at the same moment, epoch seconds, once they are known.
        outcome: The token that kubectl would send, once there is one.
        facts: The same token as a cluster reads it.
        cluster: The API server, once its entry is understood.
        client: How it is asked.
        identity: Who it says we are, once it has.
        allowed: Whether ``kubectl get pods`` is allowed in the context's namespace, once that is known.
        namespaces: The namespaces of the other contexts of the same cluster.
    """

    request: SignInRequest
    system: System
    chosen: Chosen
    neighbours: tuple[Neighbour, ...] = ()
    variables: frozenset[str] = frozenset()
    login: str
    trust: Trust
    http: HttpClient
    deadline: Deadline
    metadata: Metadata | None = None
    dates: tuple[float, float] | None = None
    outcome: Outcome | None = None
    facts: TokenFacts | None = None
    cluster: Cluster | None = None
    client: ClusterClient | None = None
    identity: Identity | None = None
    allowed: bool | None = None
    namespaces: tuple[str, ...] = ()

    @property
    def namespace(self) -> str:
        """The context's namespace."""
        context = self.chosen.context
        return str((context.value.get("namespace") if context else "") or "default")

    def close(self) -> None:
        """Close the connections."""
        self.http.close()
        if self.client is not None:
            self.client.close()


def run_checks(examination: DoctorRun, checks: tuple[Check, ...]) -> Iterator[Result]:
    """Do one check after the other, and return each result as it comes.

    Args:
        examination: What is examined.
        checks: The checks, each after those that it needs.
    """
    failed: set[str] = set()
    for check in checks:
        missing = [name for name in check.needs if name in failed]
        if missing:
            results = [_skipped(check, f"not checked: first {missing[0]} must be right")]
            failed.add(check.name)
        elif examination.deadline.passed():
            results = [_skipped(check, "not checked: no time was left")]
            failed.add(check.name)
        else:
            everything = _look(check, examination)
            results = [_result(check, seen) for seen in everything]
            if any(_blocks(seen) for seen in everything):
                failed.add(check.name)
        yield from results


def _look(check: Check, examination: DoctorRun) -> list[str | Finding | Skipped]:
    everything: list[str | Finding | Skipped] = []
    try:
        everything.extend(check.run(examination))
    except OidcLoginError as error:
        everything.append(Finding.of(error))
    return everything


def _blocks(seen: str | Finding | Skipped) -> bool:
    if isinstance(seen, Skipped):
        return seen.blocks
    return isinstance(seen, Finding) and seen.severity is Severity.PROBLEM


def _result(check: Check, seen: str | Finding | Skipped) -> Result:
    if isinstance(seen, str):
        return Result(name=check.name, status=Status.OK, message=seen)
    if isinstance(seen, Skipped):
        return _skipped(check, seen.why)
    status = Status.PROBLEM if seen.severity is Severity.PROBLEM else Status.WARNING
    return Result(name=check.name, status=status, message=seen.message, hint=seen.hint, topic=seen.topic)


def _skipped(check: Check, why: str) -> Result:
    return Result(name=check.name, status=Status.SKIPPED, message=why)
