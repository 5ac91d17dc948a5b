"""Explain what to configure at the provider and the cluster before `setup` can sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_oidc.cli.page import Page

_AT_THE_PROVIDER = """\
1. Register a client: a native (public) application with the grant type Authorization Code and PKCE (S256). It needs no \
client secret. Allow it refresh tokens, or the browser opens again each time a token expires.
2. Register the redirect URIs http://localhost:8000 and http://localhost:18000. The program uses the second one if port 8000 is taken.
3. Let the ID token carry the claim email, which becomes the user name, and the claim groups, a list of the names of \
the person's groups.
4. Allow the scopes openid, email, profile and offline_access, if the provider has them, and assign people to the application."""

_AT_THE_CLUSTER = """\
5. The API server must trust the issuer URL and the client ID: on Amazon EKS by an associated identity provider, \
elsewhere by kube-apiserver's --oidc-... flags or an AuthenticationConfiguration.
6. Give one of the groups a role, with a RoleBinding or a ClusterRoleBinding."""


def explain_provider(page: Page) -> None:
    """Write how to configure the provider."""
    page.heading("At the OpenID provider (Okta, Entra ID, Keycloak, Dex, Google, ...), once")
    for step in _AT_THE_PROVIDER.splitlines():
        page.paragraph(step, indent=2)


def explain_setup(page: Page) -> None:
    """Write everything that is needed before `setup` can sign in."""
    page.paragraph(
        "`kubectl oidc-login setup` signs you in once and prints what the cluster and the kubeconfig need. "
        "At a terminal it asks for missing values."
    )
    explain_provider(page)
    page.heading("At the cluster, once (setup prints the commands and manifests)")
    for step in _AT_THE_CLUSTER.splitlines():
        page.paragraph(step, indent=2)
    page.heading("Then sign in")
    page.command(
        [
            *("kubectl", "oidc-login", "setup"),
            "--oidc-issuer-url=https://ISSUER",
            "--oidc-client-id=CLIENT_ID",
            "--oidc-extra-scope=email,profile,offline_access",
        ]
    )
    page.paragraph(
        "Run `kubectl oidc-login demo` to see all of this on this machine, without a provider or a cluster. "
        "If packages are missing, it says how to install them."
    )
