"""Write the steps of `setup` for the cluster: let it trust the issuer, and give a group a role.

If the cluster's type is known, only its steps are shown. Manifests that went to files or standard output are not repeated: the
steps then refer to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.manifests import eks, structured_authentication
from kubectl_oidc.manifests.apiserver import flags as apiserver_flags
from kubectl_oidc.manifests.by_cluster_type import steps_for_cluster
from kubectl_oidc.manifests.cluster_type import Cluster, ClusterType
from kubectl_oidc.manifests.eks import eks_command
from kubectl_oidc.manifests.rbac import Binding, cluster_role_binding, cluster_role_binding_command
from kubectl_oidc.manifests.structured_authentication import authentication_configuration
from kubectl_oidc.manifests.trust import ClusterTrust, is_public
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kubectl_oidc.cli.page import Page
    from kubectl_oidc.manifests.manifest import ClusterSteps, Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenManifests:
    """Where the manifests were written, if anywhere.

    Args:
        on_stdout: Whether they are printed on standard output.
        files: The files by the manifests' names.
    """

    on_stdout: bool = False
    files: Mapping[str, Path] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether they were written."""
        return self.on_stdout or bool(self.files)

    def path(self, manifest: Manifest) -> str:
        """Return the path of a manifest's file, or its name if there is no file."""
        return str(self.files.get(manifest.name, manifest.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSetup:
    """What the steps for the cluster need to know.

    Args:
        cluster: The cluster, as far as it is known.
        guessed: Whether its type was guessed from the kubeconfig's current context.
        trust: What the API server must know about the issuer.
        groups: The user's groups, with the cluster's prefix.
        username: The value of the user name claim; None if the cluster will reject the token.
        directory: The directory for the manifests' files; a dot if it is not known.
        written: Where the manifests were written.
    """

    cluster: Cluster
    guessed: bool
    trust: ClusterTrust
    binding: Binding | None = None
    groups: Sequence[str] = ()
    username: str | None = None
    directory: str = "."
    written: WrittenManifests = WrittenManifests()

    def cluster_side(self) -> ClusterSteps | None:
        """Return the steps for this type of cluster; None if the type is not known."""
        return steps_for_cluster(self.cluster, self.trust, self.directory)

    def manifests(self) -> list[Manifest]:
        """Return every manifest for this cluster; those for any kube-apiserver if the type is not known."""
        steps = self.cluster_side() or structured_authentication.structured(self.trust)
        role = [cluster_role_binding(self.binding)] if self.binding else []
        return [*steps.manifests, *role]


def render_trust(page: Page, setup: ClusterSetup) -> None:
    """Write how to let the cluster trust the issuer."""
    page.heading("1. Let the cluster trust the issuer (once for each cluster)")
    if urlsplit(setup.trust.issuer).scheme != "https":
        page.paragraph(
            "warning: kube-apiserver accepts https issuers only. It rejects the settings below until the provider uses TLS.",
            style="yellow",
        )
    steps = setup.cluster_side()
    if steps is not None:
        _one_type(page, setup, steps)
    elif setup.written:
        _one_type(page, setup, structured_authentication.structured(setup.trust))
    else:
        _every_type(page, setup)


def _one_type(page: Page, setup: ClusterSetup, steps: ClusterSteps) -> None:
    guessed = " (by the kubeconfig's current context; --cluster-type names another.)" if setup.guessed else ""
    page.paragraph(steps.title + guessed)
    for note in steps.notes:
        page.paragraph(note, style="yellow" if note.startswith("warning:") else "")
    if steps.command and not setup.written:
        page.command(steps.command)
        page.paragraph("As files: `--output-dir=DIR` or `-o yaml`.")
        return
    for manifest in steps.manifests:
        _manifest(page, manifest, setup.written)


def _manifest(page: Page, manifest: Manifest, written: WrittenManifests) -> None:
    path = written.path(manifest)
    page.paragraph(f"{sanitize(path)}: {sanitize(manifest.purpose, limit=400)}")
    if not written:
        page.verbatim(manifest.text().rstrip("\n"))
    if manifest.command:
        page.command(manifest.command_for(path))


def _every_type(page: Page, setup: ClusterSetup) -> None:
    types = ", ".join(ClusterType)
    page.paragraph(f"--cluster-type=TYPE shows only the part of one type: {types}.")
    if is_public(setup.trust.issuer):
        page.paragraph(f"Amazon EKS. {eks.NOTE}")
        page.command(eks_command(setup.trust, setup.cluster))
    else:
        page.paragraph(eks.NOT_PUBLIC)
    page.paragraph("kube-apiserver, by flags:")
    page.verbatim("\n".join(apiserver_flags(setup.trust)))
    note = structured_authentication.email_note(setup.trust)
    page.paragraph(
        "kube-apiserver 1.34 or newer, by a file. Give it with --authentication-config and remove the flags above. "
        f"For 1.30 to 1.33, change apiVersion to v1beta1. {note}".rstrip()
    )
    page.verbatim(authentication_configuration(setup.trust).text().rstrip("\n"))


def render_role(page: Page, setup: ClusterSetup) -> None:
    """Write how to give a group a role."""
    page.heading("2. Give a group a role (once for each cluster)")
    if setup.binding is None:
        page.paragraph("There is no group to bind. You can bind a role to yourself only:")
        user = sanitize(setup.trust.user(setup.username or "USER"))
        page.command(
            ["kubectl", "create", "clusterrolebinding", "oidc-view", "--clusterrole=view", f"--user={user}"]
        )
        return
    foreign = [group for group in setup.binding.groups if group not in setup.groups]
    if foreign:
        page.paragraph(f"warning: you are not in {sanitize(', '.join(foreign))}", style="yellow")
    caution = (
        "cluster-admin may do everything in every namespace. Bind it to a group of administrators only. "
        if setup.binding.role == "cluster-admin"
        else ""
    )
    page.paragraph(f"{caution}Other groups and roles: --group, --cluster-role.")
    manifest = cluster_role_binding(setup.binding)
    if setup.written:
        _manifest(page, manifest, setup.written)
        return
    page.command(cluster_role_binding_command(setup.binding))
    if page.powershell:
        page.paragraph("The same as a manifest, for `kubectl apply -f FILE`:")
        page.verbatim(manifest.text().rstrip("\n"))
    else:
        page.paragraph("The same as a manifest:")
        page.verbatim(f"kubectl apply -f - <<'EOF'\n{manifest.text()}EOF")
