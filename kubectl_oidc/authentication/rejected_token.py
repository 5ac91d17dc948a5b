"""A token that the API server refuses: renewed once, then said, and never in a circle.

kubectl asks again, in the same process and without saying why, when the API server answers 401 (see ``hot``). A
token that is renewed may be taken, as after a change of the person's groups or of the cluster's settings; if it is not,
the person hears which issuer, client and person the server refuses, and where to look.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc import fast_path
from kubectl_oidc.errors import OidcLoginError, StoreError
from kubectl_oidc.exec_credential import credential
from kubectl_oidc.fast_path import RENEW, SAY
from kubectl_oidc.system import private_files
from kubectl_oidc.text import sanitize

from .authenticate import authenticate

if TYPE_CHECKING:
    from kubectl_oidc.system.system import System

    from .outcome import Outcome
    from .request import SignInRequest


def renew_if_rejected(request: SignInRequest, system: System, outcome: Outcome, times: int) -> Outcome:
    """Return what this kubectl is given, after a look at whether it was given the same before.

    Args:
        request: What is asked for.
        system: Clock, environment, terminal.
        outcome: A token that is good as far as we can tell.
        times: How often this kubectl was given it, where the hot half has counted; else 0.

    Returns:
        The same, or a renewed token.
    """
    repository = outcome.repository
    if repository is None or not outcome.storage:
        return outcome  # nothing is kept here, so nothing is noted
    directory = os.fspath(repository.cache_dir)

    def note(given: Outcome, times: int = 0) -> int:
        mark = credential(given.token, given.expiry).fingerprint()
        return fast_path.count_handout(directory, repository.session_id, mark, times=times)

    if not times:
        with contextlib.suppress(StoreError):
            private_files.ensure_directory(repository.cache_dir, fast_path.HANDED)
        times = note(outcome)
    if times == RENEW:
        renewed = _renewed(request, system, outcome)
        if renewed is not None:
            note(renewed, RENEW)
            return renewed
        times = SAY
    if times == SAY:
        _say(request, system, outcome)
        note(outcome, SAY)
    return outcome


def _renewed(request: SignInRequest, system: System, outcome: Outcome) -> Outcome | None:
    """Return another token, or None where none can be had without a person."""
    if outcome.session.refresh_token is None:
        return None
    system.log.info(1, "the same kubectl asks again for the token that it was just given: it is refreshed")
    try:
        return authenticate(replace(request, force_refresh=True), system)
    except OidcLoginError as error:
        system.log.info(1, f"it cannot be refreshed: {error.message}")
        return None


def _say(request: SignInRequest, system: System, outcome: Outcome) -> None:
    # Terminal or not: only kubectl itself is told, which shows what we write as we write it.
    system.terminal.need(
        f"warning: the API server does not take this token (issuer {sanitize(request.issuer)}, client {sanitize(request.client_id)}, "
        f"signed in as {sanitize(outcome.session.person)}) (compare them with the cluster's settings; "
        f"{request.command_line('setup')} shows what the token says; troubleshooting: unauthorized)"
    )
