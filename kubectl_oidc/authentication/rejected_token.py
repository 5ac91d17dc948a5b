"""Handle a token that the API server rejects with 401: renew it once, then warn the user.

kubectl calls the plugin again, in the same process and without a reason, after a 401 (see ``fast_path``). A renewed token may
be accepted, for example after a change of the user's groups or of the cluster's settings. If it is rejected too, a warning
names the issuer, client and user, and where to look.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from kubectl_oidc import fast_path
from kubectl_oidc.errors import OidcLoginError, StoreError
from kubectl_oidc.exec_credential import credential
from kubectl_oidc.fast_path import RENEW, WARN
from kubectl_oidc.system import private_files
from kubectl_oidc.text import sanitize

from .authenticate import authenticate

if TYPE_CHECKING:
    from kubectl_oidc.system.system import System

    from .outcome import Outcome
    from .request import SignInRequest


def renew_if_rejected(request: SignInRequest, system: System, outcome: Outcome, times: int) -> Outcome:
    """Return the same token, or a renewed one if kubectl asked for it several times in a row.

    Args:
        outcome: A token that is valid as far as this program can tell.
        times: How often the fast path counted that this kubectl asked for it; 0 if it did not count.
    """
    repository = outcome.repository
    if not outcome.storage:
        return outcome  # without a stored session, nothing is counted
    directory = os.fspath(repository.cache_dir)

    def count(given: Outcome, times: int = 0) -> int:
        fingerprint = credential(given.token, given.expiry).fingerprint()
        return fast_path.count_handout(directory, repository.session_id, fingerprint, times=times)

    if not times:
        with contextlib.suppress(StoreError):
            private_files.ensure_directory(repository.cache_dir, fast_path.HANDOUTS_DIRECTORY)
        times = count(outcome)
    if times == RENEW:
        renewed = _renewed(request, system, outcome)
        if renewed is not None:
            count(renewed, RENEW)
            return renewed
        times = WARN
    if times == WARN:
        _warn(request, system, outcome)
        count(outcome, WARN)
    return outcome


def _renewed(request: SignInRequest, system: System, outcome: Outcome) -> Outcome | None:
    """Return a new token, or None if that needs a sign-in or fails."""
    if outcome.session.refresh_token is None:
        return None
    system.log.info(
        1,
        "token-rejected",
        "the same kubectl asked again for the token that it just received, so the session is refreshed",
    )
    try:
        return authenticate(request._replace(renewal=request.renewal._replace(force_refresh=True)), system)
    except OidcLoginError as error:
        system.log.info(1, "refresh-failed", f"the session cannot be refreshed: {error.message}")
        return None


def _warn(request: SignInRequest, system: System, outcome: Outcome) -> None:
    # Shown without a terminal too: only kubectl gets here, and it shows the plugin's output at once.
    system.terminal.need(
        f"warning: the API server rejects this token (issuer {sanitize(request.issuer)}, client {sanitize(request.client_id)}, "
        f"signed in as {sanitize(outcome.session.person)}) (compare them with the cluster's settings; "
        f"`{request.command_line('setup')}` shows what the token says; troubleshooting: unauthorized)"
    )
