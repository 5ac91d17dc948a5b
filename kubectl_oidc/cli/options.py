"""The one table of options that commands share, with kubelogin's names, meanings and defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from kubectl_oidc.cli import wishes
from kubectl_oidc.cli.client_authentication import CLIENT_AUTHENTICATION
from kubectl_oidc.cli.client_secret import CLIENT_SECRET
from kubectl_oidc.cli.environment import completed
from kubectl_oidc.cli.key_pairs import KEY_PAIRS
from kubectl_oidc.cli.token_exchange import TOKEN_EXCHANGE
from kubectl_oidc.log import VERBOSITY, Log
from kubectl_oidc.stores import CHOICES
from kubectl_oidc.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

LISTEN = ("127.0.0.1:8000", "127.0.0.1:18000")
LONGEST = 86400
"""The longest that a sign-in may wait, in seconds."""

REFRESH_AHEAD = 0.7
"""After which part of its useful life a token is refreshed in the background, where nothing else is said."""

GRANTS = ("auto", "authcode", "authcode-keyboard", "password", "device-code", "client-credentials")

RENEGOTIATION = ("--tls-renegotiation-once", "--tls-renegotiation-freely")
"""kubelogin's flags for providers that asked for a certificate in the middle of a connection (TLS 1.2 and older)."""

DEFAULT_CACHE_DIR = "~/.kube/cache/oidc-login"

Command = TypeVar("Command", bound="Callable[..., Any]")


class Switch(click.Option):
    """A switch that also takes ``=true`` and ``=false``, as kubelogin's do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(type=click.BOOL, is_flag=False, flag_value="true", default=False, metavar="")
        super().__init__(*args, **kwargs)


class Level(click.ParamType[int]):
    """A log level: a number, also written ``-v=1``."""

    name = "level"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the level."""
        text = str(value).removeprefix("=")
        if not text.isdecimal():
            self.fail(f"{plain(text, limit=40)!r} is not a number", param, ctx)
        return int(text)


class Seconds(click.ParamType[int]):
    """A number of seconds from one to a day."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        text = str(value)
        if not text.isdecimal() or not 1 <= int(text) <= LONGEST:
            self.fail(f"{plain(text, limit=40)!r} is not a number of seconds from 1 to {LONGEST}", param, ctx)
        return int(text)


class Unsaid(int):
    """A number that nobody gave: the option's default."""


def _unsaid(ctx: click.Context, param: click.Parameter, value: int) -> int:
    """Return the value, marked if nobody gave it."""
    unsaid = ctx.get_parameter_source(param.name or "") is ParameterSource.DEFAULT
    return Unsaid(value) if unsaid else value


class Fraction(click.ParamType[float]):
    """A part of a whole, more than nothing and less than all; ``off`` is nothing."""

    name = "fraction"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the fraction."""
        text = str(value)
        if text == "off":
            return 0.0
        try:
            fraction = float(text)
        except ValueError:
            fraction = 0.0
        if not 0.0 < fraction < 1.0:
            self.fail(f"{plain(text, limit=40)!r} is neither a fraction between 0 and 1 nor off", param, ctx)
        return fraction


Option = tuple[tuple[str, ...], dict[str, Any]]

IDENTITY: tuple[Option, ...] = (
    (("--oidc-issuer-url",), {"metavar": "URL", "help": "Issuer URL of the provider."}),
    (("--oidc-client-id",), {"metavar": "ID", "help": "Client ID at the provider."}),
    (
        ("--oidc-extra-scope",),
        {
            "multiple": True,
            "metavar": "SCOPE",
            "help": "Scope to ask for beside openid; repeatable, or comma-separated.",
        },
    ),
    (("--oidc-use-access-token",), {"cls": Switch, "help": "Hand out the access token, not the ID token."}),
    *TOKEN_EXCHANGE,
    (
        ("--oidc-request-header",),
        {
            "multiple": True,
            "metavar": "NAME=VALUE",
            "help": "HTTP header for requests to the provider; repeatable.",
        },
    ),
    (
        ("--oidc-auth-request-extra-params",),
        {
            "multiple": True,
            "metavar": "NAME=VALUE",
            "help": "Extra parameter of the authorization request; repeatable.",
        },
    ),
    (
        ("--grant-type",),
        {
            "type": click.Choice(GRANTS),
            "default": "auto",
            "show_default": True,
            "help": "How to sign in; auto: a password where --username is given, else the browser, else a device code or a "
            "pasted address.",
        },
    ),
    (("--username",), {"metavar": "NAME", "help": "User name of the password grant."}),
    *wishes.ACCOUNT,
    (
        ("--session",),
        {"metavar": "NAME", "default": "", "help": "Keep this sign-in apart from others at the same issuer."},
    ),
    (
        ("--token-cache-dir",),
        {
            "metavar": "DIR",
            "help": f"Directory of the cache (default {DEFAULT_CACHE_DIR}, or under KUBECACHEDIR).",
        },
    ),
    (
        ("--token-cache-storage",),
        {
            "type": click.Choice(CHOICES),
            "default": "auto",
            "show_default": True,
            "help": "Where the session rests; auto: the OS keyring, else the kernel's, else files.",
        },
    ),
)

SIGN_IN: tuple[Option, ...] = (
    *CLIENT_SECRET,
    *CLIENT_AUTHENTICATION,
    (
        ("--oidc-redirect-url",),
        {"metavar": "URL", "help": "Redirect URI to send (default http://localhost:PORT)."},
    ),
    (
        ("--oidc-pkce-method",),
        {
            "type": click.Choice(("auto", "no", "S256")),
            "default": "auto",
            "show_default": True,
            "help": "PKCE; auto is S256 always.",
        },
    ),
    (
        ("--oidc-pushed-authorization-requests",),
        {
            "type": click.Choice(("auto", "no", "required")),
            "default": "auto",
            "show_default": True,
            "help": "Push the authorization request (RFC 9126); auto: where the provider's metadata has an endpoint for it.",
        },
    ),
    (("--oidc-use-pkce",), {"cls": Switch, "hidden": True, "help": "Old name of --oidc-pkce-method=S256."}),
    (
        ("--listen-address",),
        {
            "multiple": True,
            "metavar": "HOST:PORT",
            "help": f"Where the browser comes back to, tried in order (default {', '.join(LISTEN)}); port 0 is any.",
        },
    ),
    (("--skip-open-browser",), {"cls": Switch, "help": "Print the address; do not open a browser."}),
    (
        ("--browser-command",),
        {"metavar": "COMMAND", "help": "Command that opens the browser; the URL is added to it."},
    ),
    (
        ("--authentication-timeout-sec",),
        {
            "type": Seconds(),
            "default": 180,
            "show_default": True,
            "metavar": "SECONDS",
            "callback": _unsaid,
            "help": "How long an unanswered sign-in waits. If it is not given, a device code is waited for as long as it lives.",
        },
    ),
    (
        ("--password",),
        {
            "metavar": "PASSWORD",
            "help": "Password of the password grant; it is asked for where it is not given.",
        },
    ),
    *wishes.SIGN_IN,
    (
        ("--refresh-ahead",),
        {
            "type": Fraction(),
            "metavar": "FRACTION",
            "help": "Refresh in the background once this part of a token's life is over, or off (default 0.7; off in CI, "
            "containers and services).",
        },
    ),
    (
        ("--open-url-after-authentication",),
        {"metavar": "URL", "help": "Where the browser goes after the sign-in."},
    ),
    (
        ("--certificate-authority",),
        {
            "multiple": True,
            "metavar": "FILE",
            "help": "CA to trust for the provider, beside the system's; repeatable.",
        },
    ),
    (
        ("--certificate-authority-data",),
        {"multiple": True, "metavar": "BASE64", "help": "The same, as base64 of PEM; repeatable."},
    ),
    (
        ("--insecure-skip-tls-verify",),
        {"cls": Switch, "help": "[DANGEROUS] Do not check the provider's certificate."},
    ),
    *KEY_PAIRS,
    *(
        ((flag,), {"cls": Switch, "help": "Accepted without effect: TLS 1.3 has no renegotiation."})
        for flag in RENEGOTIATION
    ),
)

# klog's flags, which kubelogin takes. Nothing here does anything: logs go to standard error alone, in one form.
_SWITCHES_OF_KUBELOGIN = (
    *(
        "--legacy_stderr_threshold_behavior",
        "--add_dir_header",
        "--alsologtostderr",
        "--logtostderr",
        "--one_output",
        "--skip_headers",
    ),
    "--skip_log_headers",
)
_VALUES_OF_KUBELOGIN = (
    *(
        "--alsologtostderrthreshold",
        "--log_backtrace_at",
        "--log_dir",
        "--log_file",
        "--log_file_max_size",
        "--stderrthreshold",
        "--vmodule",
    ),
)
IGNORED: tuple[Option, ...] = (
    *(((name,), {"cls": Switch, "hidden": True, "expose_value": False}) for name in _SWITCHES_OF_KUBELOGIN),
    *(((name,), {"hidden": True, "expose_value": False}) for name in _VALUES_OF_KUBELOGIN),
)

FORCE: Option = (("--force-refresh",), {"cls": Switch, "help": "Replace a token that is still good."})
VERBOSE: Option = (
    ("-v", "--v"),
    {"type": Level(), "default": 0, "metavar": "LEVEL", "help": "Log to standard error: 1, 4 or 9."},
)
LOGGING: tuple[Option, ...] = (
    (VERBOSE[0], {**VERBOSE[1], "hidden": True, "expose_value": False}),
    *IGNORED,
)
"""klog's flags where there is nothing to log."""


def options(*table: Option) -> Callable[[Command], Command]:
    """Return a decorator that gives a command these options, in this order in its help.

    Args:
        *table: Rows of the tables above.
    """

    def add(command: Command) -> Command:
        for names, settings in reversed(table):
            command = click.option(*names, **completed(names, settings))(command)
        return command

    return add


def log_at(level: int) -> Log:
    """Return the log of this process at the level that ``-v`` asks for."""
    VERBOSITY.level = level
    return VERBOSITY
