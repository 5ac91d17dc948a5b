"""``kubectl oidc-login whoami``: who the cluster takes somebody for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.authentication.authenticate import authenticate
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.cluster_claims import CLAIMS, PREFIXES, trust_of
from kubectl_oidc.cli.options.shared import IGNORED, SIGN_IN, VERBOSE, log_at, options
from kubectl_oidc.cli.options.types import Switch
from kubectl_oidc.cli.output import echo_document, moment, output
from kubectl_oidc.cli.table import echo_rows
from kubectl_oidc.cli.users.search import subject
from kubectl_oidc.cli.users.selection import SELECTED
from kubectl_oidc.cli.users.suggestions import no_session
from kubectl_oidc.cli.users.target import SUBJECT
from kubectl_oidc.diagnosis import Severity
from kubectl_oidc.diagnosis.token_facts import facts_of_session, findings, scopes_supported
from kubectl_oidc.diagnosis.token_lint import check_size
from kubectl_oidc.errors import KubeconfigError, SignInNeeded
from kubectl_oidc.kube_api import ClusterClient, cluster_of
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.system import World
from kubectl_oidc.system.terminal import ago, remaining
from kubectl_oidc.text import plain, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.request import TokenRequest
    from kubectl_oidc.cli.users.target import Subject
    from kubectl_oidc.diagnosis import Finding
    from kubectl_oidc.kube_api import Cluster, Identity
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.session import Session

CLUSTER_SECONDS = 10.0
"""The longest that the API server's answer may take."""


@click.command("whoami")
@options(
    *SUBJECT,
    output("json", "yaml"),
    (("--cluster",), {"cls": Switch, "help": "Ask the context's cluster too (kubectl auth whoami)."}),
    *CLAIMS,
    *PREFIXES,
    *SELECTED,
    *((names, {**settings, "hidden": True}) for names, settings in SIGN_IN),
    VERBOSE,
    *IGNORED,
)
def whoami(**values: Any) -> int:
    """Show who the cluster takes you for: the user name and the groups that role bindings must name.

    It reads the token of the session that is kept here, and opens no browser. With --cluster it asks the API server as well,
    after a refresh where the token has ended, and shows whom that one sees.
    """
    world = World(log=log_at(values.pop("v")))
    conflicts.check(conflicts.LOGIN, values)
    meant = subject(values, "show")
    cluster = _cluster(meant) if values["cluster"] else None
    login = meant.command_line("login")
    find = _renewed if cluster else _kept
    session, place = find(meant, world, login)
    seen = _ask(cluster, session.token(), world) if cluster else None
    shown = _Shown(
        meant.request, session, place, values, world.clock(), seen, scopes_supported(meant.request, world)
    )
    if values["output"]:
        echo_document(shown.document(), values["output"])
    else:
        echo_rows(shown.rows())
    problems = shown.problems()
    for finding in (*problems, *shown.warnings()):
        world.terminal.need(f"{finding.severity}: {plain(finding.message)}\n  hint: {plain(finding.hint)}")
    if problems and meant.chosen.cluster and not cluster:
        world.terminal.need(
            "That is how API servers read a token by default; `kubectl oidc-login whoami --cluster` asks this one."
        )
    return 0


def _renewed(meant: Subject, world: World, login: str) -> tuple[Session, str]:
    """Return the session with a token that is good now, and where it is kept, in words.

    Raises:
        OidcLoginError: None can be had without a person.
    """
    if meant.selected:  # its flags are not known, so it cannot be renewed from here
        session, place = _kept(meant, world, login)
        if session.expiry > world.clock():
            return session, place
        raise SignInNeeded(
            "the token of this session has expired, and no user of the kubeconfig asks for the session",
            "give all flags of its get-token",
        )
    try:
        outcome = authenticate(replace(meant.request, ask=False), world)
    except SignInNeeded as error:
        error.hint = f"`{login}` signs in"
        raise
    return outcome.session, outcome.storage or "no place that keeps it"


def _kept(meant: Subject, world: World, login: str) -> tuple[Session, str]:
    """Return the session as it is kept, and where, in words.

    Raises:
        SignInNeeded: There is none.
        StoreError: It cannot be read.
    """
    session, place = meant.load(world)
    if session is None:
        raise no_session(meant.request, login)
    return session, place


def _cluster(meant: Subject) -> Cluster:
    """Return the cluster of the context.

    Raises:
        KubeconfigError: There is none, or it cannot be used.
    """
    if meant.chosen.cluster is None:
        raise KubeconfigError(
            "--cluster asks the context's cluster, and there is none in the kubeconfig",
            "name a context that has one with --context",
        )
    return cluster_of(meant.chosen.cluster)


def _ask(cluster: Cluster, token: Secret, world: World) -> Identity:
    """Return whom the API server sees.

    Raises:
        ClusterError: It does not say.
    """
    asking = world.terminal.waiting(f"Asking {plain(cluster.server)}")
    with asking, ClusterClient(cluster, token, log=world.log) as client:
        return client.who_am_i(Deadline.after(CLUSTER_SECONDS))


class _Shown:
    """What is shown of a session.

    Args:
        request: What was asked for.
        session: The session.
        place: Where it rests, in words.
        values: The options: which claims the cluster reads.
        now: Epoch seconds.
        seen: Whom the cluster sees, where it was asked.
        listed: The scopes that the provider's metadata lists; empty if that is not known.
    """

    def __init__(
        self,
        request: TokenRequest,
        session: Session,
        place: str,
        values: Mapping[str, Any],
        now: float,
        seen: Identity | None,
        listed: tuple[str, ...],
    ) -> None:
        self._seen = seen
        self._session = session
        self._place = place
        self._now = now
        self._trust = trust_of(values, request)
        self._request = request
        self._facts = facts_of_session(request, session, self._trust, scopes_supported=listed)

    def _username(self) -> str | None:
        name = self._facts.username
        return self._trust.user(name) if name else None

    def _groups(self) -> list[str]:
        return [self._trust.group(group) for group in self._facts.groups]

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for people."""
        facts = self._facts
        audience = facts.claims.get("aud")
        seen = self._seen
        at_the_cluster = (
            [("cluster's user", seen.username), ("cluster's groups", ", ".join(seen.groups) or "(none)")]
            if seen
            else []
        )
        return [
            ("user", self._username() or f"(the token has no {facts.username_claim})"),
            ("groups", ", ".join(self._groups()) or "(none)"),
            *at_the_cluster,
            ("issuer", facts.issuer),
            ("audience", audience if isinstance(audience, str) else quoted(audience)),
            ("token", self._life()),
            ("session", f"of {self._session.person}, in {self._place}"),
        ]

    def _life(self) -> str:
        left = self._session.expiry - self._now
        if left > 0:
            return f"good for {remaining(left)}"
        then = "the next kubectl renews it" if self._session.refresh_token else "a sign-in is needed"
        return f"ended {ago(-left)}; {then}"

    def document(self) -> dict[str, object]:
        """Return what a program reads."""
        facts = self._facts
        return {
            "username": self._username(),
            "groups": self._groups(),
            "issuer": facts.issuer,
            "person": self._session.person,
            "expires": moment(self._session.expiry),
            "claims": dict(facts.claims),
            "cluster": {"username": self._seen.username, "groups": list(self._seen.groups)}
            if self._seen
            else None,
            "problems": [finding.message for finding in self.problems()],
        }

    def problems(self) -> list[Finding]:
        """Return why a cluster will refuse the token, as doctor does; what the cluster that was asked accepts is no problem."""
        found = findings(self._request, self._facts, accepted=self._seen is not None)
        return [finding for finding in found if finding.severity is Severity.PROBLEM]

    def warnings(self) -> list[Finding]:
        """Return what may keep a token that is good from the API server."""
        return list(check_size(self._facts))
