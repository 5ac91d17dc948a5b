"""Find kubeconfig users of the same client that cannot use the session which `setup` has just stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis import Finding, warning
from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.sessions.stores import index
from kubectl_oidc.text import sanitize

from .from_stanza import stanza_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.kubeconfig import Entry, Kubeconfig


def other_sessions(kubeconfig: Kubeconfig, request: SignInRequest) -> Iterator[Finding]:
    """Return a finding for each user of the same issuer and client whose exec section asks for another session that is not stored."""
    for name, entry in kubeconfig.users.items():
        asked = _asked(entry)
        if asked is None or (asked.issuer, asked.client_id) != (request.issuer, request.client_id):
            continue
        if not _same_session(asked, request) and not _is_stored(asked):
            yield _finding(f"the user {sanitize(name)} in {sanitize(entry.path)}", asked, request)


def uses_another_session(user: Entry | None, request: SignInRequest) -> bool:
    """Return whether a kubeconfig user signs in with this program, and not to the session of ``request``."""
    asked = _asked(user) if user else None
    return asked is not None and not _same_session(asked, request)


def _same_session(asked: SignInRequest, request: SignInRequest) -> bool:
    return asked.key() == request.key() or asked.key().id() == request.key().id()


def _is_stored(request: SignInRequest) -> bool:
    entry = index.read_entry(request.storage.cache_dir, request.key().id())
    return entry is not None and bool(entry.storage)


def _asked(user: Entry) -> SignInRequest | None:
    """Return the request of a user; None if it is not this program's or cannot be parsed."""
    try:
        return stanza_request(user)
    except OidcLoginError:
        return None


def _finding(who: str, asked: SignInRequest, request: SignInRequest) -> Finding:
    missing = [scope for scope in asked.scopes if scope not in request.scopes]
    surplus = [scope for scope in request.scopes if scope not in asked.scopes]
    if not missing and not surplus:
        return warning(
            f"{who} uses the same client with other flags, so the first kubectl with this user opens the browser",
            "run setup with the flags of this user's args, or update the user with --write-kubeconfig",
            "other-session",
        )
    ways = []
    if missing:
        ways.append(f"add --oidc-extra-scope={sanitize(','.join(missing), limit=400)}")
    if surplus:
        ways.append(f"leave out the scope {sanitize(', '.join(surplus), limit=400)}")
    return warning(
        f"{who} asks for other scopes, so the first kubectl with this user opens the browser",
        f"{' and '.join(ways)}, and run setup again",
        "other-session",
    )
