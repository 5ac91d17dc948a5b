"""``kubectl oidc-login`` without a command: sign in the kubeconfig user with ``auth-provider: oidc``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kubectl_oidc.cli.options.flags import (
    CONTEXT,
    FLAGS,
    KUBECONFIG_FILE,
    LOG,
    USER,
    hidden,
    log_at,
)
from kubectl_oidc.errors import KubeconfigError, UsageError
from kubectl_oidc.fast_path.known_command import settings_state
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.kubeconfig.auth_provider_user import AuthProviderUser

_TYPED = ParameterSource.COMMANDLINE
_WITHOUT_SETTINGS = ("get-token", "config", "demo", "version", "completion", "help")
"""The commands that do not load the settings files before they run; `get-token` and `config` do so themselves."""

_OF_THE_LOG = ("v", "log_format")
STAND_ALONE = (
    KUBECONFIG_FILE,
    CONTEXT._replace(help="Context whose user signs in (default: the current context)."),
    USER._replace(help="User that signs in, instead of a context's."),
    *hidden(flag for flag in FLAGS if flag.stand_alone),
    *LOG,
)


def before_a_command(ctx: click.Context) -> None:
    """Give the command its defaults in the settings files, and a -v or --log-format before it, as klog allows it anywhere.

    Raises:
        SettingsError: A settings file is wrong; only commands that need none of it run all the same.
        UsageError: There is another flag before the command.
    """
    command = ctx.invoked_subcommand or ""
    defaults: dict[str, Any] = {}
    if command not in _WITHOUT_SETTINGS and settings_state():
        from kubectl_oidc.cli.settings.load import defaults_of_commands

        defaults = defaults_of_commands()
    ctx.default_map = {command: defaults}
    for option in ctx.command.params:
        name = option.name or ""
        if ctx.get_parameter_source(name) is not _TYPED or name not in ctx.params:
            continue
        if name not in _OF_THE_LOG:
            raise UsageError(
                f"{option.opts[0]} is before the command {command}",
                f"write it after the command: `{command} {option.opts[0]}`",
            )
        defaults[name] = ctx.params[name]


def stand_alone(ctx: click.Context, values: dict[str, Any]) -> int:
    """Sign in the kubeconfig user with ``auth-provider: oidc``, and return 0. Without one, print the help.

    Raises:
        OidcLoginError: The sign-in failed.
        UsageError: There is no such user, and no flag names one: probably a command was left out.
    """
    from kubectl_oidc.authentication.stand_alone import renew_kubeconfig_tokens
    from kubectl_oidc.system.system import System
    from kubectl_oidc.times import remaining

    system = System(log=log_at(values.pop("v"), values.pop("log_format")))
    try:
        user = _user(values)
    except KubeconfigError as error:
        if any(ctx.get_parameter_source(name) is _TYPED for name in ("kubeconfig", "context", "user")):
            raise
        click.echo(ctx.get_help(), err=True)
        raise UsageError(
            "no command is given",
            f"run one of the commands above. Without one, the program signs in a kubeconfig user that has auth-provider oidc, but {error.message}",
        ) from None
    done = renew_kubeconfig_tokens(lambda: _user(values), _request(user, values), system)
    click.echo(
        f"The token of {sanitize(done.person)} in {sanitize(user.path)} (user {sanitize(user.name)}) {done.what}: "
        f"it expires in {remaining(done.expiry - system.clock())}",
        err=True,
    )
    return 0


def _user(values: dict[str, Any]) -> AuthProviderUser:
    """Read the kubeconfig and return the user, who must have ``auth-provider: oidc``."""
    import os

    from kubectl_oidc.kubeconfig import read_kubeconfig
    from kubectl_oidc.kubeconfig.auth_provider_user import find_auth_provider_user

    kubeconfig = read_kubeconfig(values["kubeconfig"], os.environ)
    context, name = values["context"], values["user"]
    user = find_auth_provider_user(kubeconfig, context=context, user=name)
    if user is not None:
        return user
    entry = kubeconfig.contexts.get(context or kubeconfig.current_context)
    name = name or (entry and entry.value.get("user"))
    raise KubeconfigError(
        f"the user {sanitize(name)} has no auth-provider oidc"
        if name
        else "the kubeconfig has no current context with a user",
        "choose another user with --user or --context, or run `kubectl oidc-login setup`",
    )


def _request(user: AuthProviderUser, values: dict[str, Any]) -> SignInRequest:
    """Return the request: the user's auth-provider settings, with issuer and client, and the flags for how to sign in."""
    from kubectl_oidc.cli.options import conflicts
    from kubectl_oidc.cli.options.click_options import current_sources
    from kubectl_oidc.cli.options.variables import TYPED
    from kubectl_oidc.cli.settings.effective import effective

    config = user.config
    for key in ("idp-issuer-url", "client-id"):
        if key not in config:
            raise KubeconfigError(
                f"the user {sanitize(user.name)} in {sanitize(user.path)} has no {key} under auth-provider",
                f"`kubectl config set-credentials {sanitize(user.name)} --auth-provider=oidc "
                f"--auth-provider-arg={key}=VALUE` sets it",
            )
    secret = user.secrets.get("client-secret")
    authority = _authority(user)
    data = config.get("idp-certificate-authority-data")
    scopes = config.get("extra-scopes")
    asked = {
        **values,
        "oidc_issuer_url": config["idp-issuer-url"],
        "oidc_client_id": config["client-id"],
        "oidc_client_secret": secret.reveal() if secret else None,
        "oidc_extra_scope": (scopes,) if scopes else (),
        "certificate_authority": (*values["certificate_authority"], *([authority] if authority else [])),
        "certificate_authority_data": (*values["certificate_authority_data"], *([data] if data else [])),
    }
    changed = [name for name, value in asked.items() if value != values.get(name)]
    given = effective(asked, {**current_sources(), **dict.fromkeys(changed, TYPED)})
    conflicts.check(conflicts.SIGN_IN, given.values, sources=given.sources)
    return _under_own_trust(given.request(), ca_file=bool(authority), ca_data=bool(data))


def _under_own_trust(request: SignInRequest, *, ca_file: bool, ca_data: bool) -> SignInRequest:
    """Return the request; it forces a sign-in if flags trust more than the kubeconfig does.

    The stored refresh token was obtained under the authorities in the kubeconfig, and is sent under no others.

    Args:
        request: The request. Authorities of flags come first, the kubeconfig's come last.
        ca_file: Whether the kubeconfig names a file of authorities.
        ca_data: Whether the kubeconfig has authorities as data.
    """
    from kubectl_oidc.http.trust import describe_trust, trust_allows, trust_identity

    own = request.tls._replace(
        ca_files=request.tls.ca_files[-1:] if ca_file else (),
        ca_data=request.tls.ca_data[-1:] if ca_data else (),
        insecure=False,
    )
    held, now = trust_identity(own), trust_identity(request.tls)
    if trust_allows(held, now):
        return request
    why = f"the kubeconfig's refresh token is not sent under {describe_trust(now)}, which the kubeconfig does not name"
    return request.signing_in(why)


def _authority(user: AuthProviderUser) -> str | None:
    """Return the file that ``idp-certificate-authority`` names.

    A relative path counts from the kubeconfig's directory, as for kubectl's own certificate-authority. If there is no such file,
    it counts from the working directory, as for kubelogin.
    """
    from pathlib import Path

    given = user.config.get("idp-certificate-authority")
    if not given or given.startswith("~"):
        return given
    in_kubeconfig_dir = user.path.absolute().parent / given
    here = Path(given).absolute()
    return str(here if here.is_file() and not in_kubeconfig_dir.is_file() else in_kubeconfig_dir)
