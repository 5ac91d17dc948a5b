"""Which users of a kubeconfig ask for which session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import OidcLoginError

from .from_stanza import stanza_request

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.kubeconfig import Kubeconfig


@dataclass(frozen=True, slots=True)
class SessionUser:
    """What asks for a session.

    Attributes:
        user: The name of a kubeconfig user.
        contexts: The names of the contexts that have it.
        request: What its stanza asks for.
        session_id: The session that answers it.
    """

    user: str
    contexts: tuple[str, ...]
    request: SignInRequest
    session_id: str

    @property
    def cache_dir(self) -> Path:
        """Where the session is known."""
        return self.request.cache_dir


def session_users(kubeconfig: Kubeconfig) -> list[SessionUser]:
    """Return the users that sign in with this program; those that cannot be understood are left out.

    Args:
        kubeconfig: What the kubeconfig files say.
    """
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
