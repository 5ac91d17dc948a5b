"""The one table of options that commands share, with kubelogin's names, meanings and defaults."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kubectl_oidc.cli import pairs
from kubectl_oidc.errors import UsageError
from kubectl_oidc.hot.words import cache_root
from kubectl_oidc.http import TlsOptions
from kubectl_oidc.log import VERBOSITY, Log
from kubectl_oidc.loopback import ListenAddress
from kubectl_oidc.provider import check_issuer
from kubectl_oidc.secret import Secret
from kubectl_oidc.stores import CHOICES
from kubectl_oidc.text import plain
from kubectl_oidc.token_request import TokenRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LISTEN = ("127.0.0.1:8000", "127.0.0.1:18000")
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
    (("--oidc-client-secret",), {"metavar": "SECRET", "help": "Client secret, where the client has one."}),
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
            "type": click.IntRange(1, 86400),
            "default": 180,
            "show_default": True,
            "metavar": "SECONDS",
            "help": "How long an unanswered sign-in waits.",
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
)

FORCE: Option = (("--force-refresh",), {"cls": Switch, "help": "Replace a token that is still good."})
VERBOSE: Option = (
    ("-v", "--v"),
    {"type": Level(), "default": 0, "metavar": "LEVEL", "help": "Log to standard error: 1, 4 or 9."},
)


_TEXTS = (
    "oidc_client_id",
    "oidc_client_secret",
    "oidc_extra_scope",
    "oidc_auth_request_extra_params",
    "oidc_redirect_url",
    "open_url_after_authentication",
)


def options(*table: Option) -> Callable[[Command], Command]:
    """Return a decorator that gives a command these options, in this order in its help.

    Args:
        *table: Rows of the tables above.
    """

    def add(command: Command) -> Command:
        for names, settings in reversed(table):
            command = click.option(*names, **settings)(command)
        return command

    return add


def token_request(values: dict[str, Any]) -> TokenRequest:
    """Return what the options ask for.

    Args:
        values: The options' values by their names, as click gives them; those that a command lacks are absent.

    Raises:
        UsageError: An option is missing, malformed, or does not fit another.
    """
    for name, flag in (("oidc_issuer_url", "--oidc-issuer-url"), ("oidc_client_id", "--oidc-client-id")):
        if not values.get(name):
            raise UsageError(
                f"{flag} is missing", f"give {flag}; the kubeconfig's exec stanza has it under args"
            )
    _check_encoding(values)
    issuer = values["oidc_issuer_url"]
    check_issuer(issuer)
    secret = values.get("oidc_client_secret")
    cache_dir, is_default = cache_directory(values.get("token_cache_dir"))
    return TokenRequest(
        issuer=issuer,
        client_id=values["oidc_client_id"],
        client_secret=Secret(secret) if secret else None,
        scopes=_scopes(values.get("oidc_extra_scope", ())),
        redirect_url=_redirect_url(values.get("oidc_redirect_url")),
        pkce=values.get("oidc_pkce_method") != "no" or bool(values.get("oidc_use_pkce")),
        use_access_token=bool(values.get("oidc_use_access_token")),
        request_headers=pairs.read("--oidc-request-header", values.get("oidc_request_header", ())),
        extra_params=_extra_params(values.get("oidc_auth_request_extra_params", ())),
        listen_addresses=tuple(
            ListenAddress.parse(text) for text in _split(values.get("listen_address", ())) or LISTEN
        ),
        open_browser=not values.get("skip_open_browser"),
        browser_command=values.get("browser_command"),
        open_url_after=_open_url(values.get("open_url_after_authentication")),
        timeout=float(values.get("authentication_timeout_sec", 180)),
        tls=TlsOptions(
            ca_files=tuple(
                _path("--certificate-authority", name)
                for name in values.get("certificate_authority", ())
                if name
            ),
            ca_data=tuple(_decode(text) for text in values.get("certificate_authority_data", ()) if text),
            insecure=bool(values.get("insecure_skip_tls_verify")),
        ),
        storage=values.get("token_cache_storage", "auto"),
        cache_dir=cache_dir,
        default_cache_dir=is_default,
        session_name=values.get("session", ""),
        force_refresh=bool(values.get("force_refresh")),
    )


def log_at(level: int) -> Log:
    """Return the log of this process at the level that ``-v`` asks for."""
    VERBOSITY.level = level
    return VERBOSITY


def _scopes(given: Sequence[str]) -> tuple[str, ...]:
    """Return ``openid`` and the extra scopes, each once (OpenID Connect Core 3.1.2.1)."""
    return tuple(dict.fromkeys(("openid", *(scope for text in _split(given) for scope in text.split()))))


def _split(given: Sequence[str]) -> list[str]:
    return [part.strip() for text in given for part in text.split(",") if part.strip()]


def _check_encoding(values: dict[str, Any]) -> None:
    """Refuse what is not UTF-8 where it is sent as text; files and header fields may be any bytes."""
    for name in _TEXTS:
        value = values.get(name) or ()
        try:
            "".join((value,) if isinstance(value, str) else value).encode()
        except UnicodeEncodeError:
            raise UsageError(
                f"the value of --{name.replace('_', '-')} is not UTF-8 text", "write it in UTF-8"
            ) from None


def _extra_params(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    from kubectl_oidc.grants.authorization_code import OUR_PARAMETERS

    flag = "--oidc-auth-request-extra-params"
    params = pairs.read(flag, given)
    for name, _ in params:
        if name in OUR_PARAMETERS:
            raise UsageError(
                f"{flag} cannot set {name}, which belongs to the sign-in itself",
                "leave it out; scopes are given by --oidc-extra-scope, the redirect URI by --oidc-redirect-url",
            )
    return params


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(
            "--certificate-authority-data is not base64",
            "give the PEM file as base64 (base64 -w0 FILE), or use --certificate-authority",
        ) from None


def _path(flag: str, name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{flag} {plain(name)} begins with a home directory that is not known here",
            f"give {flag} a whole path",
        ) from None


def _redirect_url(text: str | None) -> str | None:
    if not text:
        return None
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "#" in text:
        raise UsageError(
            f"--oidc-redirect-url {plain(text)} is not an http or https URL without fragment",
            "give the redirect URI as it is registered at the provider, such as http://localhost:8000",
        )
    return text


def _open_url(text: str | None) -> str | None:
    if text and not text.startswith(("https://", "http://")):
        raise UsageError(
            f"--open-url-after-authentication {plain(text)} is not an http or https URL", "give a whole URL"
        )
    return text or None


def cache_directory(given: str | None) -> tuple[Path, bool]:
    """Return the cache directory and whether it is the default one."""
    root = cache_root()
    default = Path(root) if root else _no_home()
    if not given:
        return default, True
    path = _path("--token-cache-dir", given)
    return path, path == default


def _no_home() -> Path:
    """Return where sessions would rest without a HOME: the user database's home directory, if it has one.

    An empty HOME names no directory either; where none is known, the path is one that even root cannot make.
    """
    nowhere = Path(os.devnull) / "kubectl-oidc"
    if os.environ.get("HOME") == "":
        return nowhere
    try:
        return Path("~").expanduser() / ".kube" / "cache" / "oidc-login"
    except RuntimeError:
        return nowhere
