"""Look for the session that a command line means: --session, else flags, else a kubeconfig user, else the only session."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kubectl_oidc.cli.options.to_request import cache_directory, token_request
from kubectl_oidc.errors import KubeconfigError, UsageError
from kubectl_oidc.kubeconfig import Kubeconfig, read
from kubectl_oidc.kubeconfig.select import Chosen, choose
from kubectl_oidc.text import sanitize

from .from_stanza import stanza_request
from .selection import NAMES_A_SESSION, Candidate, agrees, candidates, named, several
from .sessions_of_users import Asking, asking
from .suggestions import unknown_session
from .target import OF_THE_KUBECONFIG, Purpose, TargetSession, no_user, request_of_the_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_oidc.kubeconfig import Entry

_BOTH = frozenset({"oidc_issuer_url", "oidc_client_id"})
_MOST = 5  # users that are proposed


def find_target(values: dict[str, Any], purpose: Purpose = "sign in") -> TargetSession:
    """Return what a command line is about.

    Args:
        values: The options' values by their names, as click gives them.
        purpose: What the command does with it.

    Raises:
        KubeconfigError: The kubeconfig cannot be read, has no such context or user, or a user that does not sign in with us.
        SeveralSessions: It fits several sessions.
        UsageError: A flag is malformed.
    """
    search = _Search(values, purpose)
    found = search.subject()
    if found:
        return found
    if search.word:
        raise unknown_session(search.word, search.kept())
    return search.of_the_user()  # which raises why there is none


def session_to_purge(values: dict[str, Any], lost: Sequence[Candidate]) -> TargetSession | None:
    """Return what `purge` is about; None if no session that is known fits the command line.

    Args:
        values: The options' values by their names, as click gives them.
        lost: The sessions that only an ID tells apart; without flags any of them may be meant.

    Raises:
        OidcLoginError: As in `subject`.
    """
    return _Search(values, "end", lost).subject()


class _Search:
    """Look for the session that a command line names.

    Args:
        values: The options' values by their names, as click gives them.
        purpose: What the command does with it.
        lost: Sessions that only an ID tells apart, if they count.

    Attributes:
        word: What was typed after ``--session``.
        kubeconfig: What the kubeconfig files say.
        chosen: The context, user and cluster that are meant if nothing else is named.
    """

    def __init__(self, values: dict[str, Any], purpose: Purpose, lost: Sequence[Candidate] = ()) -> None:
        self._values, self._purpose, self._lost = values, purpose, lost
        self._typed = _typed(values)
        self.word: str = self._typed.get("session") or ""
        explicit, context, user = (values.get(name) for name in OF_THE_KUBECONFIG)
        self._named = bool(context or user)
        both = all(values.get(name) for name in _BOTH)
        self._typed_flags = both and self._typed.keys() >= _BOTH
        self._by_flags = self._typed_flags or (both and not self._named)
        partly = purpose == "end" and any(self._typed.get(name) for name in (*_BOTH, "oidc_extra_scope"))
        try:
            self.kubeconfig = read(explicit, os.environ)
            self.chosen = choose(self.kubeconfig, context=context, user=user)
        except KubeconfigError:
            if not (self._by_flags or self.word or partly) or explicit or self._named:
                raise
            self.kubeconfig, self.chosen = Kubeconfig(()), Chosen(None, None, None)
        users = asking(self.kubeconfig)
        cache_dir, is_default = cache_directory(values.get("token_cache_dir"))
        elsewhere = (one.cache_dir for one in users) if is_default else ()
        self._all = candidates(users, dict.fromkeys((cache_dir, *elsewhere)))

    def kept(self) -> list[Candidate]:
        """Return the sessions that are kept here."""
        return [one for one in self._all if one.entry]

    def subject(self) -> TargetSession | None:
        """Return what is meant; None if nothing is."""
        if self.word and not self._typed_flags:
            return self._by_word()
        if self._by_flags:
            return self._of_flags()
        if self._named or self._is_ours():
            return self.of_the_user()
        if self.chosen.user is not None and self._purpose != "end":
            return self.of_the_user()  # which says that it is not one of ours
        kept = [one for one in self.kept() if one.entry and agrees(one.entry, self._values)]
        if kept and not any(self._values.get(name) for name in NAMES_A_SESSION):
            kept.extend(self._lost)
        return self._the_only(kept)

    def _by_word(self) -> TargetSession | None:
        base = self._base()
        found = named(self.word, self._candidates())
        if self._purpose == "sign in":
            found = [one for one in found if one.users] or found
        else:
            found = [one for one in found if one.entry] or found
        exact = [one for one in found if base and self._named and one.session_id == base.request.key().id()]
        return self._the_only(exact or found, base) or base

    def _candidates(self) -> list[Candidate]:
        """Return the sessions that agree with the context or user, and with the flags, that were typed beside the name."""
        more = {name: value for name, value in self._typed.items() if name != "session"}
        found = self._all
        if (more.get("context") or more.get("user")) and self._is_ours():
            request = stanza_request(self.user())
            found = [one for one in found if one.client == (request.issuer, request.client_id)]
        if self._purpose == "sign in":
            return found
        return [one for one in found if one.entry is None or agrees(one.entry, more)]

    def _base(self) -> TargetSession | None:
        """Return the session of this name of the context's user, or of the variables; None if there is no such user."""
        if self._by_flags:
            return TargetSession(
                token_request(self._values),
                self.kubeconfig,
                Chosen(self.chosen.context, None, self.chosen.cluster),
            )
        return self.of_the_user() if self._named or self._is_ours() else None

    def _of_flags(self) -> TargetSession | None:
        """Return the session of flags: the very one, else, of those that are kept, the one that agrees with them."""
        base = self._base()
        if base is None or self._purpose == "sign in":
            return base
        key = (base.request.key().id(), base.request.cache_dir)
        if any((one.session_id, one.cache_dir) == key for one in self._all):
            return base
        agreeing = [one for one in self.kept() if one.entry and agrees(one.entry, self._values)]
        return self._the_only(agreeing, base) or base

    def of_the_user(self) -> TargetSession:
        """Return the session that the user of the kubeconfig asks for, with what was typed in place of its flags."""
        try:
            return TargetSession(stanza_request(self.user(), self._typed), self.kubeconfig, self.chosen)
        except KubeconfigError as error:
            right = [sanitize(one.user, limit=60) for one in asking(self.kubeconfig)[:_MOST]]
            if right:
                error.hint = f"users that sign in with this program: {', '.join(right)}; {error.hint}"
            raise

    def _the_only(self, found: list[Candidate], base: TargetSession | None = None) -> TargetSession | None:
        """Return the only session found, as whoever asks for it does; None if there is none.

        Raises:
            SeveralSessions: There are several.
        """
        if len(found) > 1:
            given = ((name, self._typed.get(name)) for name in ("kubeconfig", "token_cache_dir"))
            more = [f"--{name.replace('_', '-')}={value}" for name, value in given if value]
            command = click.get_current_context().info_name or ""
            raise several(command, found, self._all, more, every=self._purpose == "end")
        if not found:
            return None
        (one,) = found
        if base and base.request.key().id() == one.session_id:
            return base
        return self._of_a_user(one.users[0]) if one.users else self._of_the_index(one)

    def _of_a_user(self, user: Asking) -> TargetSession:
        current = self.kubeconfig.current_context
        context = current if current in user.contexts else next(iter(user.contexts), None)
        chosen = choose(self.kubeconfig, context=context, user=user.user)
        more = {name: value for name, value in self._typed.items() if name != "session"}
        entry = self.kubeconfig.users[user.user]
        return TargetSession(stanza_request(entry, more), self.kubeconfig, chosen)

    def _of_the_index(self, one: Candidate) -> TargetSession:
        """Return a session that no user of the kubeconfig asks for, as far as the index knows its flags.

        Raises:
            UsageError: It is to be signed in to, and the index does not know all of its flags.
        """
        entry = one.entry
        if entry is None:  # every candidate without a user is kept here
            raise unknown_session(self.word, self.kept())
        _, is_default = cache_directory(self._values.get("token_cache_dir"))
        request = request_of_the_index(
            self._values,
            entry,
            None if is_default and one.cache_dir == cache_directory(None)[0] else one.cache_dir,
        )
        nobody = Chosen(None, None, None)
        if request.key().id() == one.session_id:
            return TargetSession(request, self.kubeconfig, nobody)
        if self._purpose == "sign in":
            raise UsageError(
                f"not all flags of the session {sanitize(self.word or one.session_id)} are known: no user of the kubeconfig asks for it",
                "give all flags of its get-token, or name a user with --user",
            )
        return TargetSession(request, self.kubeconfig, nobody, one)

    def _is_ours(self) -> bool:
        """Return whether the user that is meant signs in with this program."""
        return self.chosen.user is not None and any(
            one.user == self.chosen.user.name for one in asking(self.kubeconfig)
        )

    def user(self) -> Entry:
        """Return the kubeconfig user that is meant.

        Raises:
            KubeconfigError: There is none.
        """
        if self.chosen.user is None:
            raise no_user(self.chosen, self.kubeconfig)
        return self.chosen.user


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that stand on the command line itself."""
    context = click.get_current_context()
    typed = ParameterSource.COMMANDLINE
    return {name: value for name, value in values.items() if context.get_parameter_source(name) is typed}
