"""``kubectl oidc-login whoami``: show the user name and groups that the cluster sees in the token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.cluster_claims import CLAIMS, PREFIXES, trust_of
from kubectl_oidc.cli.options.flag import Flag
from kubectl_oidc.cli.options.flags import USER_OPTIONS, log_at
from kubectl_oidc.cli.options.kinds import SWITCH
from kubectl_oidc.cli.output import echo_document, output
from kubectl_oidc.cli.table import echo_rows
from kubectl_oidc.cli.users.search import find_target
from kubectl_oidc.cli.users.selection import ONE_SESSION
from kubectl_oidc.cli.users.target import GIVE_CLUSTER
from kubectl_oidc.cli.users.valid_token import session_with_valid_token, stored_session
from kubectl_oidc.diagnosis import Severity
from kubectl_oidc.diagnosis.token.facts import facts_of_session, scopes_supported
from kubectl_oidc.diagnosis.token.findings import token_findings
from kubectl_oidc.diagnosis.token.practical import check_size
from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kube_api.client import ClusterClient
from kubectl_oidc.kube_api.cluster_entry import parse_cluster_entry
from kubectl_oidc.sessions.listing import refuses_to_renew
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.system import System
from kubectl_oidc.text import json_quoted, sanitize
from kubectl_oidc.times import ago, remaining, rfc3339

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.cli.users.target import TargetSession
    from kubectl_oidc.diagnosis import Finding
    from kubectl_oidc.diagnosis.token.facts import TokenFacts
    from kubectl_oidc.kube_api.cluster_entry import ClusterEntry
    from kubectl_oidc.kube_api.responses import Identity
    from kubectl_oidc.manifests.trust import ClusterTrust
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.session import Session

_CLUSTER_SECONDS = 10.0
"""The longest wait for the API server's answer."""


@command(
    "whoami",
    *USER_OPTIONS,
    output("json", "yaml"),
    Flag("--cluster", SWITCH, help="Ask the context's cluster too, as `kubectl auth whoami` does."),
    *CLAIMS,
    *PREFIXES,
    *ONE_SESSION,
    examples=(
        ("Show the user name and groups in the stored token", "kubectl oidc-login whoami"),
        ("Ask the cluster of another context", "kubectl oidc-login whoami --context=prod --cluster"),
    ),
)
def whoami(**values: Any) -> int:
    """Show your user name and groups in the cluster, as role bindings must name them.

    The command reads the stored token and opens no browser. With --cluster it also asks the API server, and shows the
    identity that the API server reports. For that, an expired token is refreshed first.
    """
    system = System(log=log_at(values.pop("v"), values.pop("log_format")))
    conflicts.check(conflicts.WHOAMI, values)
    target = find_target(values, "show")
    target.warn_of_missing_kubeconfig(system.terminal)
    cluster = _cluster(target) if values["cluster"] else None
    if cluster:
        session, place = session_with_valid_token(target, system, may_prompt=False)
    else:
        session, place = stored_session(target, system)
    identity = _ask(cluster, session.token(), system) if cluster else None
    trust, listed = trust_of(values, target.request), scopes_supported(target.request, system)
    facts = facts_of_session(target.request, session, trust, scopes_supported=listed)
    now = system.clock()
    shown = _WhoamiOutput(
        target.request,
        session,
        place or "no store",
        trust,
        facts,
        now,
        identity,
        renewable=session.refresh_token is not None
        and not (session.expiry <= now and _refused(target, system)),
    )
    if values["output"]:
        echo_document(shown.document(), values["output"])
    else:
        echo_rows(shown.rows())
    problems = shown.problems()
    for finding in (*problems, *shown.warnings()):
        system.terminal.need(
            f"{finding.severity}: {sanitize(finding.message)}\n"
            f"  hint: {sanitize(finding.hint)} (troubleshooting: {finding.topic})"
        )
    if problems and target.kubeconfig_user.cluster and not cluster:
        system.terminal.need(
            f"This is what the token says. To ask the cluster itself, run `{target.command_line('whoami')} --cluster`."
        )
    return 0


def _refused(target: TargetSession, system: System) -> bool:
    entry = index.read_entry(target.cache_dir, target.session_id)
    return entry is not None and refuses_to_renew(entry, target.cache_dir, system.log)


def _cluster(target: TargetSession) -> ClusterEntry:
    """Return the cluster of the context. No cluster is an error."""
    if target.kubeconfig_user.cluster is None:
        raise KubeconfigError(
            "--cluster needs a context with a cluster, and the kubeconfig has none",
            GIVE_CLUSTER,
            topic="cluster-entry",
        )
    return parse_cluster_entry(target.kubeconfig_user.cluster)


def _ask(cluster: ClusterEntry, token: Secret, system: System) -> Identity:
    """Return the identity that the API server reports for a token."""
    asking = system.terminal.waiting(f"Asking {sanitize(cluster.server)}")
    with asking, ClusterClient(cluster, token, log=system.log) as client:
        return client.who_am_i(Deadline.after(_CLUSTER_SECONDS))


@dataclass(frozen=True, slots=True)
class _WhoamiOutput:
    """The output for a session.

    Attributes:
        place: Where the session is stored.
        now: Epoch seconds.
        identity: The identity that the cluster reports, if it was asked.
        renewable: Whether an expired token is renewed with the refresh token.
    """

    request: SignInRequest
    session: Session
    place: str
    trust: ClusterTrust
    facts: TokenFacts
    now: float
    identity: Identity | None
    renewable: bool

    def _username(self) -> str | None:
        name = self.facts.username
        return self.trust.user(name) if name else None

    def _groups(self) -> list[str]:
        return [self.trust.group(group) for group in self.facts.groups]

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for the text output."""
        facts, identity = self.facts, self.identity
        audience = facts.claims.get("aud")
        at_the_cluster = []
        if identity:
            groups = ", ".join(identity.groups) or "(none)"
            at_the_cluster = [("cluster's user", identity.username), ("cluster's groups", groups)]
        return [
            ("user", self._username() or f"(the token has no {facts.username_claim})"),
            ("groups", ", ".join(self._groups()) or "(none)"),
            *at_the_cluster,
            ("issuer", facts.issuer),
            ("audience", audience if isinstance(audience, str) else json_quoted(audience)),
            ("token", self._validity()),
            ("session", f"of {self.session.person}, in {self.place}"),
        ]

    def _validity(self) -> str:
        left = self.session.expiry - self.now
        if left > 0:
            return f"valid for {remaining(left)}"
        then = "the next kubectl renews it" if self.renewable else "sign-in needed"
        return f"expired {ago(-left)}; {then}"

    def document(self) -> dict[str, object]:
        """Return the document for ``-o``."""
        facts = self.facts
        return {
            "username": self._username(),
            "groups": self._groups(),
            "issuer": facts.issuer,
            "person": self.session.person,
            "expires": rfc3339(self.session.expiry),
            "claims": dict(facts.claims),
            "cluster": {"username": self.identity.username, "groups": list(self.identity.groups)}
            if self.identity
            else None,
            "problems": [finding.message for finding in self.problems()],
        }

    def problems(self) -> list[Finding]:
        """Return why a cluster will reject the token, as doctor finds it; nothing that the asked cluster has accepted."""
        found = token_findings(self.request, self.facts, accepted=self.identity is not None)
        return [finding for finding in found if finding.severity is Severity.PROBLEM]

    def warnings(self) -> list[Finding]:
        """Return what may stop a valid token on its way to the API server."""
        return list(check_size(self.facts))
