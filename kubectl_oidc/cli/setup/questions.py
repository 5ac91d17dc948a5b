"""Ask the user of `setup` for missing options: issuer, client, scopes, and whether to write the kubeconfig.

The answers become parameters of the command line, as if they had been typed there. The proposals come from the
kubeconfig's users and from ``KUBECTL_OIDC_*``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from click.core import ParameterSource

from kubectl_oidc import csv_text
from kubectl_oidc.authentication import wiring
from kubectl_oidc.authentication.refresh import REQUEST_SECONDS
from kubectl_oidc.authentication.request import UNATTENDED
from kubectl_oidc.cli.options.to_request import scopes, token_request
from kubectl_oidc.cli.options.variables import TYPED
from kubectl_oidc.cli.prompts import Questions
from kubectl_oidc.cli.users.from_stanza import effective_stanza, stanza_context, typed_params
from kubectl_oidc.errors import KubeconfigError, OidcLoginError, UsageError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.text import sanitize

from .context import ask_for_context
from .guide import explain_provider
from .user_name import free_name, other_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

    from kubectl_oidc.cli.page import Page
    from kubectl_oidc.kubeconfig import Entry, Kubeconfig
    from kubectl_oidc.oidc.metadata import Metadata
    from kubectl_oidc.system.system import System

    _Users = Mapping[str, Mapping[str, Any]]

_ISSUER, _CLIENT, _SCOPE = "oidc_issuer_url", "oidc_client_id", "oidc_extra_scope"
# For the user name, the person's name, and a refresh token. "groups" is added if the provider has such a scope.
_SCOPES = ("email", "profile", "offline_access")
_GROUPS = "groups"

ISSUER_QUESTION, CLIENT_QUESTION = "Issuer URL", "Client ID"
SCOPES_QUESTION = "Additional scopes (openid is always included)"


def ask_for_missing(ctx: click.Context, system: System, page: Page, kubeconfig: Kubeconfig) -> None:
    """Ask for missing options, and set the answers as parameters of this command line.

    If neither the command line nor the kubeconfig names an issuer, the page first explains how to configure the provider.

    Raises:
        UsageError: Another flag is invalid.
        ProviderError: The issuer on the command line does not answer correctly. An issuer that was typed as an answer is asked
            for again instead.
        Abort: The input has ended.
    """
    questions, users = Questions(system.terminal), _users(kubeconfig)
    if not ctx.params[_ISSUER] and not users:
        with page.printed_on(system.terminal):
            explain_provider(page)
    system.terminal.say("\nPress Enter to accept the value in brackets, Ctrl-C to quit.")
    issuer, metadata = _issuer(ctx, system, questions, users)
    known = {name: params for name, params in users.items() if params[_ISSUER] == issuer}
    if not _typed(ctx, _CLIENT):
        named = ctx.params[_CLIENT] or next((params[_CLIENT] for params in known.values()), "")
        _set(ctx, _CLIENT, questions.ask(CLIENT_QUESTION, named))
    same = next((name for name, params in known.items() if params[_CLIENT] == ctx.params[_CLIENT]), None)
    if same is not None:
        _take_over(ctx, system, same, known[same])
    if not ctx.params[_SCOPE]:
        _ask_scopes(ctx, questions, ",".join(_scopes(metadata)))
    _propose_user(ctx, system, kubeconfig)
    if ctx.get_parameter_source("write_kubeconfig") is ParameterSource.DEFAULT:
        place = sanitize(kubeconfig.paths[0]) if len(kubeconfig.paths) == 1 else "the kubeconfig"
        question = f"Write the user {sanitize(ctx.params['user'])} to {place}?"
        _set(ctx, "write_kubeconfig", questions.confirm(question, proposal=True))
        if ctx.params["write_kubeconfig"] and not ctx.params["context"]:
            for name, value in ask_for_context(questions, kubeconfig, system).items():
                _set(ctx, name, value)


def ask_for_scopes(ctx: click.Context, system: System, kubeconfig: Kubeconfig) -> None:
    """Ask for the scopes if only they are missing. The scopes of a kubeconfig user of the same client are proposed.

    Raises:
        ProviderError: The issuer does not answer correctly.
        Abort: The input has ended.
    """
    both = (ctx.params[_ISSUER], ctx.params[_CLIENT])
    if not all(both) or ctx.params[_SCOPE] or ctx.params["grant_type"] in UNATTENDED:
        return
    metadata = _discover(ctx, system, both[0])
    same = next(
        (one for one in _users(kubeconfig).values() if (one[_ISSUER], one[_CLIENT]) == both),
        {},
    )
    known = [scope for scope in scopes(same.get(_SCOPE) or ()) if scope != "openid"]
    _ask_scopes(
        ctx, Questions(system.terminal), ",".join(map(csv_text.quote_value, known or _scopes(metadata)))
    )


def _ask_scopes(ctx: click.Context, questions: Questions, proposed: str) -> None:
    _set(ctx, _SCOPE, (questions.ask(SCOPES_QUESTION, proposed),))


def _propose_user(ctx: click.Context, system: System, kubeconfig: Kubeconfig) -> None:
    """Choose a free name for the user if the default one signs in to another issuer or client."""
    entry = kubeconfig.users.get(ctx.params["user"])
    if entry is None or ctx.get_parameter_source("user") is ParameterSource.COMMANDLINE or ctx.params["yes"]:
        return
    if other_client(entry, ctx.params[_ISSUER], ctx.params[_CLIENT]):
        system.terminal.say(
            f"The user {sanitize(entry.name)} in {sanitize(entry.path)} signs in to another issuer or client."
        )
        _set(ctx, "user", free_name(kubeconfig, token_request(ctx.params)))


def _typed(ctx: click.Context, name: str) -> bool:
    return bool(ctx.params[name]) and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _set(ctx: click.Context, name: str, value: Any) -> None:
    ctx.params[name] = value
    ctx.set_parameter_source(name, ParameterSource.PROMPT)


def _issuer(ctx: click.Context, system: System, questions: Questions, users: _Users) -> tuple[str, Metadata]:
    """Return an issuer that answers, and its metadata. Asks again if the answer does not work."""
    given = ctx.params[_ISSUER]
    if _typed(ctx, _ISSUER):
        return given, _discover(ctx, system, given)
    proposal = given or next((params[_ISSUER] for params in users.values()), "")
    while True:
        issuer = questions.ask(ISSUER_QUESTION, proposal)
        try:
            metadata = _discover(ctx, system, issuer)
        except OidcLoginError as error:
            if isinstance(error, UsageError) and error.topic != "issuer-url":
                raise  # another flag is invalid, so another issuer would not help
            flag = "--oidc-issuer-url"  # here the person types only the value
            hint = error.hint.replace(f"{flag}=", "").replace(flag, "the issuer URL")
            system.terminal.need(
                f"{sanitize(error.message, limit=600)}\nhint: {sanitize(hint, limit=600)} (troubleshooting: {error.topic})"
            )
            continue
        _set(ctx, _ISSUER, issuer)
        return issuer, metadata


def _discover(ctx: click.Context, system: System, issuer: str) -> Metadata:
    """Request and return an issuer's metadata."""
    request = token_request({**ctx.params, _ISSUER: issuer, _CLIENT: ctx.params[_CLIENT] or "-"})
    http = HttpClient(tls=request.tls, log=system.log)
    try:
        provider = wiring.build_provider(request, system, http)
        with system.terminal.waiting("Asking the issuer"):
            return provider.metadata(Deadline.after(REQUEST_SECONDS))
    finally:
        http.close()


def _scopes(metadata: Metadata) -> list[str]:
    """Return the scopes to propose: the useful ones that the provider lists, or all of them if it lists none."""
    listed = metadata.scopes_supported
    useful = [scope for scope in _SCOPES if not listed or scope in listed]
    return [*useful, *([_GROUPS] if _GROUPS in listed else [])] or ["openid"]


def _users(kubeconfig: Kubeconfig) -> _Users:
    """Return the users whose arguments name issuer and client, the current context's user first.

    Each name has the parameters that the user's arguments set, by click's names.
    """
    context = kubeconfig.contexts.get(kubeconfig.current_context)
    current = str(context.value.get("user") or "") if context else ""
    users = sorted(kubeconfig.users.items(), key=lambda user: user[0] != current)
    given = {name: _given(entry) for name, entry in users}
    return {name: params for name, params in given.items() if params.get(_ISSUER) and params.get(_CLIENT)}


def _given(entry: Entry) -> dict[str, Any]:
    """Return the parameters that a user's arguments set, and that the machine's rules let an exec section set.

    None if it is another program's user or cannot be parsed.
    """
    try:
        given = effective_stanza(entry)
        return {
            name: given.values[name]
            for name in typed_params(stanza_context(entry))
            if given.sources.get(name) == TYPED
        }
    except KubeconfigError:
        return {}


def _take_over(ctx: click.Context, system: System, user: str, params: Mapping[str, Any]) -> None:
    """Use the name and the other flags of a user of the same client, so that both share one session."""
    taken = []
    for option in ctx.command.params:
        name = option.name or ""
        not_given = ctx.get_parameter_source(name) is ParameterSource.DEFAULT
        if name in params and not_given and params[name] not in ("", ()):
            _set(ctx, name, params[name])
            taken.append(option.opts[0])
    if ctx.get_parameter_source("user") is ParameterSource.DEFAULT:
        _set(ctx, "user", user)
    if taken:
        system.terminal.say(f"Taken from the user {sanitize(user)}: {', '.join(taken)}")
