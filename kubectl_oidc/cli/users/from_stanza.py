"""Parse a kubeconfig user's exec section into the sign-in request that ``get-token`` would make of it."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kubectl_oidc.cli.azure_kubelogin import AZURE_KUBELOGIN, names_azure_kubelogin
from kubectl_oidc.cli.options.click_options import parsed, source
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.settings.effective import effective
from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig.exec_stanza import COMMAND, environment_of, exec_of, is_oidc_login_exec
from kubectl_oidc.kubeconfig.read import auth_provider_config
from kubectl_oidc.kubeconfig.temporary import is_temporary
from kubectl_oidc.system.shell import one_line
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.cli.settings.effective import Effective
    from kubectl_oidc.kubeconfig import Entry


def stanza_request(user: Entry, instead: Mapping[str, Any] = MappingProxyType({})) -> SignInRequest:
    """Return the request of a kubeconfig user, from its arguments, its variables and those of this process.

    Flags in ``instead`` replace those of its arguments. Other parameters in it are ignored.

    Raises:
        KubeconfigError: It has no exec section that runs ``get-token`` of this program or of kubelogin, or get-token refuses it.
    """
    with environment_of(_own_exec(user)):
        return effective_stanza(user, instead).request()


def effective_stanza(user: Entry, instead: Mapping[str, Any] = MappingProxyType({})) -> Effective:
    """Return the values of a kubeconfig user's flags, with those of the settings files.

    Raises:
        OidcLoginError: As for ``stanza_request``, or a settings file is wrong.
    """
    with environment_of(_own_exec(user)):
        context = stanza_context(user)
        sources = {name: source(context, name) for name in context.params}
        typed = {flag.key: instead[flag.key] for flag in FLAGS if flag.key in instead}
        return effective(context.params, sources, in_exec_section=True, instead=typed)


def stanza_context(user: Entry) -> click.Context:
    """Return the click context of a kubeconfig user's arguments: the parameters, and the source of each.

    Raises:
        KubeconfigError: As for ``stanza_request``.
    """
    named = f"the user {sanitize(user.name)} in {sanitize(user.path)}"
    own_exec = _own_exec(user)
    if names_azure_kubelogin(exec_of(user).get("args")):
        raise KubeconfigError(
            f"{named} signs in with {AZURE_KUBELOGIN}, another program",
            "use that program for this user; `kubectl oidc-login setup` writes a user that starts this one",
            topic="azure-kubelogin",
        )
    words = [str(word) for word in own_exec.get("args") or []]
    if is_temporary(user):
        raise KubeconfigError(
            f"{named} has a token of `exec`, and no exec section",
            "run this command outside `exec`, or give your own kubeconfig with --kubeconfig",
            topic="stanza",
        )
    if "get-token" not in words:
        raise _auth_provider_error(user, named) or _other_program(user, named)
    args = words[words.index("get-token") + 1 :]
    with environment_of(own_exec):
        try:
            return parsed(args)
        except click.ClickException as error:
            raise KubeconfigError(
                f"get-token refuses the arguments of {named}: {error.format_message().rstrip('.')}",
                getattr(
                    error, "hint", "correct them; run `kubectl oidc-login get-token --help` to see the flags"
                ),
                topic="usage",
            ) from None


def is_own_user(user: Entry) -> bool:
    """Return whether a kubeconfig user has an exec section that runs ``get-token`` of this program or of kubelogin."""
    args = _own_exec(user).get("args")
    return isinstance(args, list) and "get-token" in args


def typed_params(ctx: click.Context) -> dict[str, Any]:
    """Return the parameters that are on the command line itself."""
    typed = ParameterSource.COMMANDLINE
    return {name: value for name, value in ctx.params.items() if ctx.get_parameter_source(name) is typed}


def _other_program(user: Entry, named: str) -> KubeconfigError:
    """Return the error for a user of another program, with its command, which may be mistyped."""
    command = str(exec_of(user).get("command") or "")
    mistyped = get_close_matches(command.rpartition("/")[2], [COMMAND], cutoff=0.8)
    return KubeconfigError(
        f"{named} does not sign in with this program"
        + (f": its command is {sanitize(command)}" if command else ""),
        f"did you mean the command {COMMAND}? Correct it in the kubeconfig"
        if mistyped
        else "choose another user with --user or --context, or run `kubectl oidc-login setup` to write a new user",
        topic="stanza",
    )


def _auth_provider_error(user: Entry, named: str) -> KubeconfigError | None:
    """Return the error for a user with ``auth-provider: oidc``, with both ways to sign in; None for another user."""
    config = auth_provider_config(user.value)
    if config is None:
        return None
    issuer, client = (
        str(config.get(name) or word)
        for name, word in (("idp-issuer-url", "ISSUER_URL"), ("client-id", "CLIENT_ID"))
    )
    new = f"{user.name}-exec"
    stand_alone = one_line(["kubectl", "oidc-login", f"--user={user.name}"])
    setup = one_line(
        [
            *("kubectl", "oidc-login", "setup", f"--oidc-issuer-url={issuer}", f"--oidc-client-id={client}"),
            *("--write-kubeconfig", f"--user={new}"),
        ]
    )
    context = one_line(["kubectl", "config", "set-context", "--current", f"--user={new}"])
    return KubeconfigError(
        f"{named} has auth-provider: oidc, not an exec section",
        f"run `{sanitize(stand_alone, limit=300)}` to store the tokens there, or switch to an exec section: `{sanitize(setup, limit=600)}`, then `{sanitize(context, limit=300)}`",
        topic="auth-provider",
    )


def _own_exec(user: Entry) -> Mapping[str, Any]:
    """Return the exec section of a user; empty if it does not run this program or kubelogin."""
    exec_ = exec_of(user)
    return exec_ if is_oidc_login_exec(exec_) else {}
