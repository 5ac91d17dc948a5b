"""The one table of options that commands share, with kubelogin's names, meanings and defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from kubectl_oidc.cli.options import account
from kubectl_oidc.sessions.stores import CHOICES
from kubectl_oidc.system.log import VERBOSITY, Log

from .client_authentication import CLIENT_AUTHENTICATION
from .client_secret import CLIENT_SECRET
from .key_pairs import KEY_PAIRS
from .token_exchange import TOKEN_EXCHANGE
from .types import Fraction, Level, Option, Seconds, Switch, unsaid
from .variables import completed

if TYPE_CHECKING:
    from collections.abc import Callable

LISTEN = ("127.0.0.1:8000", "127.0.0.1:18000")
REFRESH_AHEAD = 0.7
"""After which part of its useful life a token is refreshed in the background, where nothing else is said."""

GRANTS = ("auto", "authcode", "authcode-keyboard", "password", "device-code", "client-credentials")

RENEGOTIATION = ("--tls-renegotiation-once", "--tls-renegotiation-freely")
"""kubelogin's flags for providers that asked for a certificate in the middle of a connection (TLS 1.2 and older)."""

DEFAULT_CACHE_DIR = "~/.kube/cache/oidc-login"

Command = TypeVar("Command", bound="Callable[..., Any]")


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
    *account.ACCOUNT,
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
            "callback": unsaid,
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
    *account.SIGN_IN,
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


GET_TOKEN: tuple[Option, ...] = (*IDENTITY, *SIGN_IN, FORCE, VERBOSE, *IGNORED)
"""All options of `get-token`."""


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


@click.command("get-token")
@options(*GET_TOKEN)
def _only_parsed(**_values: object) -> None:
    """Stand for `get-token` where its arguments are read, and nothing is run."""


def parsed(args: list[str]) -> click.Context:
    """Return what arguments of `get-token` say, and where each value comes from.

    Args:
        args: The words behind the command's name. ``--help`` is unknown here, because it would be answered on standard output.

    Raises:
        click.ClickException: `get-token` refuses them.
    """
    return _only_parsed.make_context("get-token", args, help_option_names=[])


def log_at(level: int) -> Log:
    """Return the log of this process at the level that ``-v`` asks for."""
    VERBOSITY.level = level
    return VERBOSITY
