"""``doctor --fix``: show what would be changed, ask, and change it. All of this is on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.kubeconfig.exec_difference import exec_difference
from kubectl_oidc.kubeconfig.exec_stanza import exec_of
from kubectl_oidc.kubeconfig.rewrite import change_exec
from kubectl_oidc.system.terminal import Terminal
from kubectl_oidc.text import sanitize

from .prompts import NOTHING_CHANGED, Questions, can_ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubectl_oidc.diagnosis import Repair
    from kubectl_oidc.diagnosis.run import Result
    from kubectl_oidc.kubeconfig import Entry


def mend(results: Sequence[Result], user: Entry | None, *, yes: bool) -> bool:
    """Repair what this program can change, and return whether anything was changed.

    Without a terminal and without ``yes`` it shows what it would do, and changes nothing.

    Raises:
        OidcLoginError: A change failed. What was changed before it stays.
    """
    repairs = [result.repair for result in results if result.repair]
    if not repairs:
        _say("--fix found nothing that it can repair")
        return False
    agreed = _Agreement(yes=yes)
    changed = False
    for one in repairs:  # first, because no kubeconfig can be changed while a stale lock is on it
        if one.act:
            _say(f"To do: {one.what}")
            if agreed("Do it?"):
                _act(one.act, one.what)
                changed = True
    edits = [one for one in repairs if one.edit]
    if edits and user:
        changed = _edit(user, edits, agreed) or changed
    if agreed.impossible:
        _say("Nothing was changed: there is no terminal to ask at. Use --fix --yes to change without asking.")
    elif not changed:
        _say(NOTHING_CHANGED)
    return changed


class _Agreement:
    """Asks whether a change is made.

    Attributes:
        impossible: Whether nobody can be asked.
    """

    def __init__(self, *, yes: bool) -> None:
        self._yes = yes
        self.impossible = not yes and not can_ask(Terminal())

    def __call__(self, question: str) -> bool:
        if self._yes or self.impossible:
            return self._yes
        return Questions(Terminal()).confirm(question, proposal=False)


def _edit(user: Entry, repairs: Sequence[Repair], agreed: _Agreement) -> bool:
    """Change the exec section of a user as all repairs together want it."""
    old = dict(exec_of(user))
    new = old
    for one in repairs:
        _say(f"To do: {one.what}")
        new = one.edit(new) if one.edit else new
    if new == old:
        return False
    _say(exec_difference(user.path, user.name, old, new))
    named = f"the user {sanitize(user.name)} in {sanitize(user.path)}"
    if not agreed(f"Change {named} as shown?"):
        return False
    backup = change_exec(user, new)
    _say(f"Changed {named}. Backup: {sanitize(backup)}")
    return True


def _act(act: Callable[[], None], what: str) -> None:
    try:
        act()
    except OSError as error:
        raise OidcLoginError(
            f"cannot {what}: {error.strerror or error}",
            "check who owns it and its directory",
            topic="doctor-fix",
        ) from error
    _say(f"Done: {what}")


def _say(line: str) -> None:
    click.echo(line, err=True)
