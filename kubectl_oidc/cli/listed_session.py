"""A session in the output of `status`: its row in the table, and its part of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.cli.users.from_index import identifying_flags
from kubectl_oidc.cli.users.selection import Candidate
from kubectl_oidc.diagnosis.token.facts import TokenFacts
from kubectl_oidc.sessions.listing import ENDED, GONE, GOOD, UNREADABLE
from kubectl_oidc.sessions.sign_in_claims import SignInClaims
from kubectl_oidc.text import sanitize
from kubectl_oidc.times import ago, remaining, rfc3339

if TYPE_CHECKING:
    from kubectl_oidc.cli.users.sessions_of_users import SessionUser
    from kubectl_oidc.sessions.listing import StoredSession
    from kubectl_oidc.system.terminal import Terminal

TITLES = ("SESSION", "PERSON", "ISSUER", "CLIENT", "GROUPS", "KEPT IN", "TOKEN", "LAST USED", "CONTEXTS")
WIDE_TITLES = ("SCOPES", "NAME", "SIGNED IN", "AUTHENTICATED", "ACR", "AMR", "FLAGS", "PLACE", "ID")


class ListedSession:
    """A session in the output.

    Args:
        now: Epoch seconds.
        current: The name of the current context.

    Attributes:
        candidate: The session as the other commands select it.
    """

    def __init__(
        self, kept: StoredSession, users: list[SessionUser], groups_claim: str, now: float, current: str
    ) -> None:
        self._kept = kept
        self._entry = kept.entry
        self._now = now
        self._state = kept.state(now)
        self._how = kept.session.sign_in_claims() if kept.session else SignInClaims()
        mine = (kept.entry.session_id, kept.cache_dir)
        self._users = [one for one in users if (one.session_id, one.cache_dir) == mine]
        self._current = current
        self.candidate = Candidate(*mine, kept.entry, tuple(self._users))
        self._groups = TokenFacts(
            issuer=kept.entry.issuer,
            client_id=kept.entry.client_id,
            scopes=kept.entry.scopes,
            claims=kept.claims(),
            algorithm=None,
            has_refresh_token=kept.renewable(),
            groups_claim=groups_claim,
        ).groups

    def warn(self, terminal: Terminal) -> None:
        """Print why its record cannot be read, if so."""
        failure = self._kept.failure
        if failure:
            terminal.warn(f"cannot read the session of {self._entry.person}: {failure.message}", failure.hint)

    def cells(self) -> tuple[str, ...]:
        """Return the cells of its row, without the first."""
        contexts = [
            f"*{name}" if name == self._current else name
            for user in self._users
            for name in user.contexts or (f"(user {user.user})",)
        ]
        entry = self._entry
        return (
            entry.person,
            entry.issuer,
            entry.client_id,
            ",".join(self._groups),
            entry.storage,
            self._token(),
            self._ago(self._kept.last_used()),
            ",".join(contexts),
        )

    def wide_cells(self) -> tuple[str, ...]:
        """Return the cells that ``-o wide`` adds."""
        entry = self._entry
        return (
            " ".join(entry.scopes),
            entry.name,
            self._ago(entry.signed_in_at),
            self._ago(self._how.auth_time or 0),
            sanitize(self._how.acr, limit=60),
            sanitize(",".join(self._how.amr), limit=60),
            " ".join(identifying_flags(entry)),
            self._kept.place,
            entry.session_id,
        )

    def _token(self) -> str:
        renewable = self._kept.renewable()
        left = remaining(self._kept.expiry() - self._now)
        text = {
            GOOD: f"{'renews' if renewable else 'expires'} in {left}",
            ENDED: f"expired, {'renews when used' if renewable else 'sign-in needed'}",
            GONE: "gone, sign-in needed",
            UNREADABLE: "unknown",
        }
        return text[self._state]

    def _ago(self, at: int) -> str:
        return ago(self._now - at) if at else ""

    def document(self) -> dict[str, object]:
        """Return its part of the document for ``-o``."""
        entry = self._entry
        return {
            "id": entry.session_id,
            "state": self._state,
            "person": entry.person,
            "issuer": entry.issuer,
            "clientID": entry.client_id,
            "scopes": list(entry.scopes),
            "name": entry.name,
            "flags": list(identifying_flags(entry)),
            "groups": list(self._groups),
            "storage": entry.storage,
            "place": self._kept.place,
            "expires": rfc3339(self._kept.expiry()),
            "renewable": self._kept.renewable(),
            "signedIn": rfc3339(entry.signed_in_at),
            "authenticated": rfc3339(self._how.auth_time or 0),
            "acr": self._how.acr,
            "amr": list(self._how.amr),
            "lastUsed": rfc3339(self._kept.last_used()),
            "users": [user.user for user in self._users],
            "contexts": [context for user in self._users for context in user.contexts],
        }
