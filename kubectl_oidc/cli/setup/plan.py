"""Parse and check the flags that only `setup` has, before the sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubectl_oidc.cli.options.checks import install_hint
from kubectl_oidc.cli.options.cluster_claims import trust_of
from kubectl_oidc.cli.users.to_stanza import stanza_args, variables_not_written
from kubectl_oidc.errors import UsageError
from kubectl_oidc.kubeconfig import Stanza
from kubectl_oidc.kubeconfig.exec_stanza import COMMAND
from kubectl_oidc.manifests.by_cluster_type import as_trusted_by
from kubectl_oidc.manifests.cluster_type import Cluster, ClusterType, guess_cluster
from kubectl_oidc.manifests.rbac import Binding, propose_binding
from kubectl_oidc.system.programs import own_path
from kubectl_oidc.text import sanitize

from .cluster_steps import ClusterSetup, WrittenManifests
from .context import cluster_entry
from .manifest_files import output_directory

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.kubeconfig import Entry, Kubeconfig
    from kubectl_oidc.kubeconfig.write_context import NewContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What `setup` will do after the sign-in.

    Args:
        user: The kubeconfig user's name.
        exec_section: What the user has.
        write: Whether the user is written to the kubeconfig.
        cluster_setup: The cluster's setup, without what the token will tell.
        directory: The directory for the manifests' files; None for no files.
        variables: The variables whose flags are not in the exec section.
        context: The context that is written too, if one is.
    """

    user: str
    exec_section: Stanza
    write: bool
    kubeconfig: str | None
    cluster_setup: ClusterSetup
    role: str | None
    groups: tuple[str, ...]
    directory: Path | None
    variables: tuple[str, ...]
    context: NewContext | None = None

    def binding(self, groups: tuple[str, ...]) -> Binding | None:
        """Return the role binding to propose for the groups in the token, with the cluster's prefix before them."""
        trust = self.cluster_setup.trust
        in_token = [trust.group(group) for group in groups if sanitize(group) == group]
        chosen = [
            group if group.startswith(trust.groups_prefix) else trust.group(group) for group in self.groups
        ]
        honest = [group for group in in_token if not group.startswith("system:")]
        return propose_binding(honest, role=self.role, chosen=chosen)


def make_plan(
    ctx: click.Context,
    values: dict[str, Any],
    request: SignInRequest,
    kubeconfig: Kubeconfig,
    context: NewContext | None = None,
) -> Plan:
    """Return what the flags ask for.

    Args:
        context: The context that is written too; its cluster is the one that the report is about.

    Raises:
        UsageError: A value is invalid.
    """
    user = values["user"]
    if not user or user.startswith("-") or sanitize(user) != user:
        raise UsageError(f"--user {sanitize(user)!r} is not a valid user name", "give a name such as oidc")
    return Plan(
        user=user,
        exec_section=Stanza(
            args=tuple(stanza_args(ctx)),
            command=own_path(COMMAND) if values["absolute_path"] else COMMAND,
            install_hint=install_hint(values["install_hint"]),
        ),
        write=values["write_kubeconfig"],
        kubeconfig=values["kubeconfig"],
        cluster_setup=_cluster_setup(values, request, cluster_entry(context, kubeconfig)),
        role=values["cluster_role"],
        groups=values["group"],
        directory=output_directory(values["output_dir"]),
        variables=tuple(variables_not_written(ctx)),
        context=context,
    )


def _cluster_setup(values: dict[str, Any], request: SignInRequest, entry: Entry | None) -> ClusterSetup:
    """Return the cluster's setup as far as flags and its entry in the kubeconfig tell."""
    chosen = values["cluster_type"]
    guessed = (
        guess_cluster(entry.name, str(entry.value.get("server") or ""), entry.path) if entry else Cluster()
    )
    cluster = guessed if chosen in (None, guessed.type) else Cluster(ClusterType(chosen))
    return ClusterSetup(
        cluster=cluster,
        guessed=chosen is None,
        trust=as_trusted_by(cluster, trust_of(values, request)),
        directory=str(output_directory(values["output_dir"]) or "."),
        written=WrittenManifests(on_stdout=bool(values["output"])),
    )
