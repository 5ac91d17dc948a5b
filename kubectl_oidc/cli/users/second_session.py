"""What `login` says if its session is not the only one of the client: which others stay, and whether kubectl uses this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.sessions.stores import index
from kubectl_oidc.text import sanitize

from .from_index import identifying
from .from_stanza import is_own_user, stanza_request
from .selection import selector
from .suggestions import indexed_sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .target import TargetSession

_MOST = 3  # sessions that are named


def is_stored(target: TargetSession) -> bool:
    """Return whether the index has the session."""
    entry = index.read_entry(target.cache_dir, target.session_id)
    return entry is not None and not entry.purged()


def about_second_session(target: TargetSession, *, new: bool) -> Iterator[str]:
    """Return lines about a session that was just stored: why kubectl does not use it, and the other sessions of its client.

    Args:
        new: Whether it was not stored before.
    """
    user = target.kubeconfig_user.user
    if user and is_own_user(user):
        asked = stanza_request(user)
        if asked.key().id() != target.session_id:
            more = identifying(word for word in target.request.flags if word not in asked.flags)
            why = f"does not have {' '.join(more)}" if more else "has other flags"
            yield f"kubectl does not use this session: the user {sanitize(user.name)} in the kubeconfig {why}"
    if not new:
        return
    every = indexed_sessions(target.cache_dir)
    client = (target.request.issuer, target.request.client_id)
    others = [one for one in every if one.client == client and one.session_id != target.session_id]
    for one in others[:_MOST]:
        person = sanitize(one.entry.person) if one.entry else ""
        yield f"Session {sanitize(selector(one, every))} of {person} at client {sanitize(client[1])} is still stored too"
    if others:
        yield "Nothing is wrong. Run `kubectl oidc-login status -o wide` to see how the sessions differ"
