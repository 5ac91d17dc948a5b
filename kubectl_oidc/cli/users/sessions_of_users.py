"""Find the kubeconfig users that sign in with this program, and the session that each of them asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.cli.options.to_request import cache_directory
from kubectl_oidc.errors import KubeconfigError, OidcLoginError
from kubectl_oidc.kubeconfig import Kubeconfig, read_kubeconfig

from .from_stanza import stanza_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.sessions.stores import index


@dataclass(frozen=True, slots=True)
class SessionUser:
    """A kubeconfig user that signs in with this program.

    Attributes:
        user: The user's name.
        contexts: The names of the contexts with this user.
        request: The request of its exec section.
        session_id: The session that it asks for.
    """

    user: str
    contexts: tuple[str, ...]
    request: SignInRequest
    session_id: str

    @property
    def cache_dir(self) -> Path:
        """The cache directory of its session."""
        return self.request.storage.cache_dir


def kubeconfig_or_empty(
    explicit: str | None, environ: Mapping[str, str]
) -> tuple[Kubeconfig, KubeconfigError | None]:
    """Return the merged kubeconfig files; if they cannot be read, an empty kubeconfig and the error.

    Raises:
        KubeconfigError: The file that ``--kubeconfig`` names cannot be read.
    """
    try:
        return read_kubeconfig(explicit, environ), None
    except KubeconfigError as error:
        if explicit:
            raise
        return Kubeconfig(()), error


def session_users(kubeconfig: Kubeconfig) -> list[SessionUser]:
    """Return the users that sign in with this program. Users whose exec section cannot be parsed are left out."""
    found = []
    for name, entry in kubeconfig.users.items():
        try:
            request = stanza_request(entry)
        except OidcLoginError:
            continue
        contexts = tuple(
            context
            for context, each in kubeconfig.contexts.items()
            if str(each.value.get("user") or "") == name
        )
        found.append(SessionUser(name, contexts, request, request.key().id()))
    return found


def request_with_name(
    entry: index.Entry, users: Iterable[SessionUser], kubeconfig: Kubeconfig
) -> SignInRequest | None:
    """Return the request of a kubeconfig user with a session's name and scopes, as `login --session=NAME` makes it.

    Returns:
        The request; None if no user has the other flags of this session.
    """
    client = (entry.issuer, entry.client_id)
    for user in users:
        if (user.request.issuer, user.request.client_id) != client:
            continue
        instead = {"session": entry.name, "oidc_extra_scope": entry.scopes}
        request = stanza_request(kubeconfig.users[user.user], instead)
        if request.key().id() == entry.session_id:
            return request
    return None


def cache_directories(given: str | None, users: Iterable[SessionUser]) -> list[Path]:
    """Return the directory of ``--token-cache-dir``; if it is the default one, also those of the users. Each is there once."""
    cache_dir, is_default = cache_directory(given)
    return list(dict.fromkeys((cache_dir, *(one.cache_dir for one in users if is_default))))
