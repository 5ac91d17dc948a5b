"""``kubectl oidc-login logout``: end sessions here and at the provider."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.authentication.sign_out import sign_out
from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.flag import Flag
from kubectl_oidc.cli.options.flags import KEEP_PROVIDER_SESSION, USER_OPTIONS, log_at
from kubectl_oidc.cli.options.kinds import SWITCH
from kubectl_oidc.cli.options.to_request import cache_directory
from kubectl_oidc.cli.removal_report import EVERY_CLIENT, report_removal
from kubectl_oidc.cli.table import echo_table
from kubectl_oidc.cli.users.from_index import request_from_index
from kubectl_oidc.cli.users.search import find_target
from kubectl_oidc.cli.users.selection import ONE_SESSION, Candidate, candidates, selector
from kubectl_oidc.cli.users.sessions_of_users import kubeconfig_or_empty, request_with_name, session_users
from kubectl_oidc.cli.users.suggestions import unknown_session
from kubectl_oidc.errors import OtherTrust, StoreError
from kubectl_oidc.sessions.listing import kept_session, kept_sessions
from kubectl_oidc.sessions.upgrade_from_1_0 import former_key, session_left_by_1_0
from kubectl_oidc.system.system import System
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.authentication.sign_out import SignedOut
    from kubectl_oidc.errors import OidcLoginError
    from kubectl_oidc.sessions.listing import StoredSession


_TITLES = ("SESSION", "PERSON", "ISSUER", "CLIENT", "REFRESH TOKEN", "AT THE PROVIDER", "HERE")


@command(
    "logout",
    *USER_OPTIONS,
    Flag("--all", SWITCH, help="End every session that is stored here.", has_variable=False),
    KEEP_PROVIDER_SESSION,
    *ONE_SESSION,
    examples=(
        ("Sign out of the current context's session", "kubectl oidc-login logout"),
        ("Sign out of every session", "kubectl oidc-login logout --all"),
    ),
)
def logout(**values: Any) -> int:
    """Sign out, here and at the provider.

    The command ends the session of the current context. Choose another one with --session, --context or --user, or give --all.
    It revokes the refresh token (RFC 7009) and removes the stored session. If the provider supports it, the browser
    signs you out there too. Each step is reported. `purge` only removes the stored session.
    """
    system = System(log=log_at(values.pop("v"), values.pop("log_format")))
    conflicts.check(conflicts.LOGOUT, values)
    at_provider = not values["keep_provider_session"]
    unread: list[StoreError] = []
    if values["all"]:
        named = _end_all(values, system, unread, at_provider=at_provider)
        ended, client = list(named.values()), EVERY_CLIENT
    else:
        named = {}
        ended, client = _end_target(values, system, at_provider=at_provider)
    for one in ended:
        for line in one.said:
            click.echo(line, err=True)
    if named:
        echo_table(_TITLES, [(name, *_cells(one)) for name, one in named.items()])
    cache_dir, _ = cache_directory(values.get("token_cache_dir"))
    report_removal([one.purged for one in ended], cache_dir, client, failures=unread)
    failed = [(one, one.failure) for one in ended if one.failure]
    if failed:
        raise _with_outcome(*failed[0], number=len(failed))
    return 0


def _with_outcome(one: SignedOut, failure: OidcLoginError, *, number: int) -> OidcLoginError:
    """Return the failure of a session with what it means for its refresh token and for the session here.

    Args:
        number: How many sessions failed; this is the first.
    """
    what = (
        f"{number} refresh tokens are not revoked. The first"
        if number > 1
        else "the refresh token is not revoked"
    )
    reason = "the session cannot be read: " if type(failure) is StoreError else ""
    here = "was removed here" if one.purged.places else "was not removed here"
    failure.message = f"{what}: {reason}{failure.message}. The session {here}"
    if one.purged.places and not isinstance(failure, OtherTrust):
        failure.hint = f"end the session in your account at {sanitize(one.purged.issuer)}"
    return failure


def _cells(one: SignedOut) -> tuple[str, ...]:
    """Return the row of a session in the table of --all, without the first cell."""
    purged = one.purged
    here = "not removed" if purged.failures else "removed" if purged.places else "not there"
    return (purged.person, purged.issuer, purged.client_id, one.revocation, one.browser, here)


def _end_target(
    values: dict[str, Any], system: System, *, at_provider: bool
) -> tuple[list[SignedOut], tuple[str, str]]:
    """End the session that the command line names; return what happened, and its issuer and client."""
    target = find_target(values, "end")
    request = target.request
    ended = sign_out(
        request,
        system,
        session_id=target.session_id,
        cache_dir=target.cache_dir,
        load=lambda: target.load(system, storage="auto")[0],
        trust=target.trust(),
        at_provider=at_provider,
    )
    former = [
        _end_kept(kept, request, system, at_provider=False)
        for session_id in session_left_by_1_0(request.key(), request.storage)
        if (kept := kept_session(session_id, request.storage.cache_dir, system.log))
    ]
    if ended.purged.places or ended.purged.failures or ended.failure:
        former.insert(0, ended)
    elif request.session_name and not former:
        stored = candidates((), [target.cache_dir])
        raise unknown_session(stored, word=request.session_name)  # the name may be mistyped
    return former or [ended], (request.issuer, request.client_id)


def _end_kept(kept: StoredSession, request: SignInRequest, system: System, *, at_provider: bool) -> SignedOut:
    """End a session from the index. Its token reaches the provider only under the trust that it was obtained under."""
    return sign_out(
        request,
        system,
        session_id=kept.entry.session_id,
        cache_dir=kept.cache_dir,
        load=kept.record,
        trust=kept.entry.trust,
        at_provider=at_provider,
    )


def _end_all(
    values: dict[str, Any], system: System, unread: list[StoreError], *, at_provider: bool
) -> dict[str, SignedOut]:
    """End every session, with the flags of its kubeconfig user, or else those that the index knows.

    A browser has one session at each issuer, so it is sent there once: for the session that was signed in last. ``unread`` gets
    an error for each keyring that may hold more sessions.

    Returns:
        What happened, by the session's name, else by the start of its ID.
    """
    cache_dir, _ = cache_directory(values.get("token_cache_dir"))
    kubeconfig, _ = kubeconfig_or_empty(values["kubeconfig"], os.environ)
    users = session_users(kubeconfig)
    known = {former_key(one.request.key(), one.request.storage).id(): one.request for one in users}
    known |= {one.session_id: one.request for one in users}
    ended: dict[str, SignedOut] = {}
    every = kept_sessions([cache_dir], system.log, failures=unread)
    among = [Candidate(kept.entry.session_id, cache_dir, kept.entry) for kept in every]
    both = list(zip(every, among, strict=True))
    by_time = sorted(both, key=lambda pair: pair[0].entry.signed_in_at)
    last = {kept.entry.issuer: candidate for kept, candidate in by_time}
    for kept, candidate in both:
        entry = kept.entry
        request = (
            known.get(entry.session_id)
            or request_with_name(entry, users, kubeconfig)
            or request_from_index(values, entry, None)
        )
        browser = request.browser._replace(open=request.browser.open and not values["skip_open_browser"])
        of_browser = last[entry.issuer]
        asked = at_provider and candidate is of_browser
        one = _end_kept(kept, request._replace(browser=browser), system, at_provider=asked)
        if at_provider and not asked:
            one = replace(one, browser=f"same as {selector(of_browser, among)}")
        ended[selector(candidate, among)] = one
    return ended
