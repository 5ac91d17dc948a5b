"""Find the session that a command line names: by --session, else by flags, else by a kubeconfig user, else by settings files, else the only one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli.options.click_options import current_sources
from kubectl_oidc.cli.options.to_request import cache_directory
from kubectl_oidc.cli.settings.effective import effective
from kubectl_oidc.errors import KubeconfigError, UsageError
from kubectl_oidc.kubeconfig import Kubeconfig, read_kubeconfig
from kubectl_oidc.kubeconfig.select import KubeconfigSelection, select_user
from kubectl_oidc.text import sanitize

from .from_index import request_from_index
from .from_stanza import stanza_request, typed_params
from .selection import NAMES_A_SESSION, Candidate, candidates, matches_flags, sessions_named, several_sessions
from .sessions_of_users import SessionUser, cache_directories, request_with_name, session_users
from .suggestions import unknown_session
from .target import USER_PARAMETERS, Purpose, TargetSession, no_user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_oidc.errors import SignInNeeded
    from kubectl_oidc.kubeconfig import Entry

_ISSUER_AND_CLIENT = frozenset({"oidc_issuer_url", "oidc_client_id"})
_MOST = 5  # users that an error names
_NOBODY = KubeconfigSelection(None, None, None)


def find_target(values: dict[str, Any], purpose: Purpose = "sign in") -> TargetSession:
    """Return the session that a command line names.

    Raises:
        KubeconfigError: The kubeconfig cannot be read, lacks the context or user, or the user does not sign in with this program.
        SeveralSessions: Several sessions match.
        SignInNeeded: No session has the name or ID that was typed.
        UsageError: A flag is malformed.
    """
    search = _Search(values, purpose)
    found = search.find()
    mistyped = found and purpose == "use" and search.name_or_id and not search.knows(found)
    if mistyped or (not found and (search.name_or_id or search.by_part)):
        raise search.unknown(found.command_line("login") if found else "")
    return found or search.of_kubeconfig_user()  # which raises the reason


def session_to_purge(values: dict[str, Any], lost: Sequence[Candidate]) -> TargetSession | None:
    """Return the session that `purge` removes; None if no known session matches.

    If no flag was given, the ``lost`` sessions count, of which only the ID is known.

    Raises:
        OidcLoginError: As for `find_target`.
    """
    return _Search(values, "end", lost).find()


class _Search:
    """A search for the session that a command line names."""

    def __init__(self, values: dict[str, Any], purpose: Purpose, lost: Sequence[Candidate] = ()) -> None:
        self._values, self._purpose, self._lost = values, purpose, lost
        self._signs_in = purpose in ("sign in", "use")
        self._typed = typed_params(click.get_current_context())
        self._more = {name: value for name, value in self._typed.items() if name != "session"}
        self.name_or_id: str = self._typed.get("session") or ""  # empty if --session was not typed
        self._names_user = bool(values.get("context") or values.get("user"))
        both = all(values.get(name) for name in _ISSUER_AND_CLIENT)
        self._typed_both = both and self._typed.keys() >= _ISSUER_AND_CLIENT
        self._by_flags = self._typed_both or (both and not self._names_user)
        given_part = self._typed.keys() & _ISSUER_AND_CLIENT and not (both or self._names_user)
        self.by_part = bool(given_part) and not self._signs_in
        self._given = effective(values, current_sources())
        self._by_files = purpose != "end" and all(self._given.values.get(name) for name in _ISSUER_AND_CLIENT)
        self._kubeconfig, self._chosen = self._read_kubeconfig()
        self._users = session_users(self._kubeconfig)
        self._all = candidates(self._users, cache_directories(values.get("token_cache_dir"), self._users))

    def _read_kubeconfig(self) -> tuple[Kubeconfig, KubeconfigSelection]:
        """Return the kubeconfig, and the user that is named or the current context's.

        A broken kubeconfig counts as empty if nothing on the command line refers to it and flags may select the session.
        """
        explicit, context, user = (self._values.get(name) for name in USER_PARAMETERS)
        try:
            kubeconfig = read_kubeconfig(explicit, os.environ)
            return kubeconfig, select_user(kubeconfig, context=context, user=user)
        except KubeconfigError:
            some = self._purpose == "end" and any(
                self._typed.get(name) for name in (*_ISSUER_AND_CLIENT, "oidc_extra_scope")
            )
            if explicit or self._names_user or not (self._by_flags or self.name_or_id or some):
                raise
            return Kubeconfig(()), _NOBODY

    def knows(self, target: TargetSession) -> bool:
        """Return whether a session is stored here, or a kubeconfig user asks for it."""
        return any(one.session_id == target.session_id for one in self._all)

    def unknown(self, login: str = "") -> SignInNeeded:
        """Return the error for a ``--session``, an issuer or a client that selects nothing; see `unknown_session`."""
        given = {
            name.removeprefix("oidc_").removesuffix("_url"): self._values.get(name) or ""
            for name in _ISSUER_AND_CLIENT
        }
        return unknown_session(self._all, word=self.name_or_id, login=login, **given)

    def find(self) -> TargetSession | None:
        """Return the session; None if no session matches."""
        if self.name_or_id and not self._typed_both:
            return self._by_name_or_id()
        if self._by_flags or self.by_part:
            return self._of_flags()
        if self._names_user or self._user_is_ours():
            return self.of_kubeconfig_user()
        if self._by_files:
            return self._of_flags()
        if self._kubeconfig.current_context and self._purpose != "end":
            return (
                self.of_kubeconfig_user()
            )  # which raises what is wrong with the current context or its user
        stored = self._stored_matches()
        if stored and not any(self._values.get(name) for name in NAMES_A_SESSION):
            stored.extend(self._lost)
        return self._the_only(stored)

    def _by_name_or_id(self) -> TargetSession | None:
        exact = self._exact()
        found = sessions_named(self.name_or_id, self._matching())
        if self._signs_in:
            found = [one for one in found if one.users] or found
        else:
            found = [one for one in found if one.entry] or found
        exact_id = exact.request.key().id() if exact and self._names_user else None
        of_user = [one for one in found if one.session_id == exact_id]
        return self._the_only(of_user or found, exact) or exact

    def _matching(self) -> list[Candidate]:
        """Return the sessions that match what was typed in addition to ``--session``: context, user and flags."""
        more, found = self._more, self._all
        if (more.get("context") or more.get("user")) and self._user_is_ours():
            request = stanza_request(self._user())
            found = [one for one in found if one.client == (request.issuer, request.client_id)]
        if self._signs_in:
            return found
        return [one for one in found if one.entry is None or matches_flags(one.entry, more)]

    def _exact(self) -> TargetSession | None:
        """Return the session of exactly these flags, or of the kubeconfig user with them, or of settings files; None without one."""
        of_user = self._names_user or self._user_is_ours()
        if self._by_flags or (self._by_files and not of_user):
            chosen = KubeconfigSelection(self._chosen.context, None, self._chosen.cluster)
            return TargetSession(self._given.request(), self._kubeconfig, chosen)
        return self.of_kubeconfig_user() if of_user else None

    def _of_flags(self) -> TargetSession | None:
        """Return the session of exactly these flags, else the only stored one that matches them."""
        if self.by_part:
            return self._the_only(self._stored_matches())
        exact = self._exact()
        if exact is None or self._signs_in:
            return exact
        key = (exact.request.key().id(), exact.request.storage.cache_dir)
        if any((one.session_id, one.cache_dir) == key for one in self._all):
            return exact
        return self._the_only(self._stored_matches(), exact) or exact

    def _stored_matches(self) -> list[Candidate]:
        """Return the stored sessions that match the flags."""
        return [one for one in self._all if one.entry and matches_flags(one.entry, self._values)]

    def of_kubeconfig_user(self) -> TargetSession:
        """Return the session of the kubeconfig user; typed flags replace those of its exec section.

        Raises:
            KubeconfigError: There is no such user, or it does not sign in with this program.
        """
        try:
            return TargetSession(stanza_request(self._user(), self._typed), self._kubeconfig, self._chosen)
        except KubeconfigError as error:
            right = [sanitize(one.user, limit=60) for one in self._users[:_MOST]]
            if right:
                error.hint = f"users with this program: {', '.join(right)}; {error.hint}"
            raise

    def _the_only(self, found: list[Candidate], exact: TargetSession | None = None) -> TargetSession | None:
        """Return the only session found, with the request of a kubeconfig user if one asks for it; None if there is none.

        Raises:
            SeveralSessions: There are several.
        """
        if len(found) > 1:
            raise several_sessions(found, self._all, every=self._purpose == "end")
        if not found:
            return None
        (one,) = found
        if exact and exact.request.key().id() == one.session_id:
            return exact
        return self._of_user(one.users[0]) if one.users else self._of_index(one)

    def _of_user(self, user: SessionUser) -> TargetSession:
        current = self._kubeconfig.current_context
        context = current if current in user.contexts else next(iter(user.contexts), None)
        chosen = select_user(self._kubeconfig, context=context, user=user.user)
        entry = self._kubeconfig.users[user.user]
        return TargetSession(stanza_request(entry, self._more), self._kubeconfig, chosen)

    def _of_index(self, one: Candidate) -> TargetSession:
        """Return a session that no kubeconfig user asks for, with the flags that the index knows.

        Raises:
            UsageError: The command signs in, and the index does not know all flags.
        """
        entry = one.entry
        if entry is None:  # a candidate without a user is stored here
            raise self.unknown()
        of_user = request_with_name(entry, self._users, self._kubeconfig)
        if of_user:
            return TargetSession(of_user, self._kubeconfig, _NOBODY)
        default, is_default = cache_directory(self._values.get("token_cache_dir"))
        in_default = is_default and one.cache_dir == default
        request = request_from_index(self._values, entry, None if in_default else one.cache_dir)
        if request.key().id() == one.session_id:
            return TargetSession(request, self._kubeconfig, _NOBODY)
        if self._signs_in:
            raise UsageError(
                f"the flags of the session {sanitize(self.name_or_id or one.session_id)} are unknown: no user of the kubeconfig has this session",
                "give all flags of its get-token, or give a user with --user",
            )
        return TargetSession(request, self._kubeconfig, _NOBODY, one)

    def _user_is_ours(self) -> bool:
        """Return whether the kubeconfig user signs in with this program."""
        user = self._chosen.user
        return user is not None and any(one.user == user.name for one in self._users)

    def _user(self) -> Entry:
        """Return the kubeconfig user, or raise why there is none."""
        if self._chosen.user is None:
            raise no_user(self._chosen, self._kubeconfig, self._purpose)
        return self._chosen.user
