"""``kubectl oidc-login whoami``: who the cluster takes somebody for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.authentication.authenticate import authenticate
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.cluster_claims import CLAIMS, PREFIXES, trust_of
from kubectl_oidc.cli.options.flag import Flag
from kubectl_oidc.cli.options.kinds import SWITCH
from kubectl_oidc.cli.options.shared import IGNORED, SIGN_IN, VERBOSE, hidden, log_at, options
from kubectl_oidc.cli.output import echo_document, moment, output
from kubectl_oidc.cli.table import echo_rows
from kubectl_oidc.cli.users.search import find_target
from kubectl_oidc.cli.users.selection import SELECTED
from kubectl_oidc.cli.users.suggestions import no_session
from kubectl_oidc.cli.users.target import SUBJECT
from kubectl_oidc.diagnosis import Severity
from kubectl_oidc.diagnosis.token_facts import facts_of_session, findings, scopes_supported
from kubectl_oidc.diagnosis.token_lint import check_size
from kubectl_oidc.errors import KubeconfigError, SignInNeeded
from kubectl_oidc.kube_api import ClusterClient, cluster_of
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.system import System
from kubectl_oidc.system.terminal import ago, remaining
from kubectl_oidc.text import json_quoted, sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.cli.users.target import TargetSession
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
    Flag("--cluster", SWITCH, help="Ask the context's cluster too (kubectl auth whoami)."),
    *CLAIMS,
    *PREFIXES,
    *SELECTED,
    *hidden(SIGN_IN),
    VERBOSE,
    *IGNORED,
)
def whoami(**values: Any) -> int:
    """Show who the cluster takes you for: the user name and the groups that role bindings must name.

    It reads the token of the session that is kept here, and opens no browser. With --cluster it asks the API server as well,
    after a refresh where the token has ended, and shows whom that one sees.
    """
    system = System(log=log_at(values.pop("v")))
    conflicts.check(conflicts.LOGIN, values)
    meant = find_target(values, "show")
    cluster = _cluster(meant) if values["cluster"] else None
    login = meant.command_line("login")
    find = _renewed if cluster else _kept
    session, place = find(meant, system, login)
    seen = _ask(cluster, session.token(), system) if cluster else None
    shown = _Shown(
        meant.request, session, place, values, system.clock(), seen, scopes_supported(meant.request, system)
    )
    if values["output"]:
        echo_document(shown.document(), values["output"])
    else:
        echo_rows(shown.rows())
    problems = shown.problems()
    for finding in (*problems, *shown.warnings()):
        system.terminal.need(
            f"{finding.severity}: {sanitize(finding.message)}\n  hint: {sanitize(finding.hint)}"
        )
    if problems and meant.kubeconfig_user.cluster and not cluster:
        system.terminal.need(
            "That is how API servers read a token by default; `kubectl oidc-login whoami --cluster` asks this one."
        )
    return 0


def _renewed(meant: TargetSession, system: System, login: str) -> tuple[Session, str]:
    """Return the session with a token that is good now, and where it is kept, in words.

    Raises:
        OidcLoginError: None can be had without a person.
    """
    if meant.selected:  # its flags are not known, so it cannot be renewed from here
        session, place = _kept(meant, system, login)
        if session.expiry > system.clock():
            return session, place
        raise SignInNeeded(
            "the token of this session has expired, and no user of the kubeconfig asks for the session",
            "give all flags of its get-token",
        )
    try:
        outcome = authenticate(replace(meant.request, may_prompt=False), system)
    except SignInNeeded as error:
        error.hint = f"`{login}` signs in"
        raise
    return outcome.session, outcome.storage or "no place that keeps it"


def _kept(meant: TargetSession, system: System, login: str) -> tuple[Session, str]:
    """Return the session as it is kept, and where, in words.

    Raises:
        SignInNeeded: There is none.
        StoreError: It cannot be read.
    """
    session, place = meant.load(system)
    if session is None:
        raise no_session(meant.request, login)
    return session, place


def _cluster(meant: TargetSession) -> Cluster:
    """Return the cluster of the context.

    Raises:
        KubeconfigError: There is none, or it cannot be used.
    """
    if meant.kubeconfig_user.cluster is None:
        raise KubeconfigError(
            "--cluster asks the context's cluster, and there is none in the kubeconfig",
            "name a context that has one with --context",
        )
    return cluster_of(meant.kubeconfig_user.cluster)


def _ask(cluster: Cluster, token: Secret, system: System) -> Identity:
    """Return whom the API server sees.

    Raises:
        ClusterError: It does not say.
    """
    asking = system.terminal.waiting(f"Asking {sanitize(cluster.server)}")
    with asking, ClusterClient(cluster, token, log=system.log) as client:
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
        request: SignInRequest,
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
            ("audience", audience if isinstance(audience, str) else json_quoted(audience)),
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
