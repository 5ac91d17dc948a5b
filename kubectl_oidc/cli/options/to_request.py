"""From the flags' values to the sign-in request: each value understood, then what several flags make together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc import csv_text
from kubectl_oidc.authentication.account import AccountOptions
from kubectl_oidc.authentication.request import (
    BrowserOptions,
    RedirectOptions,
    RenewalOptions,
    SignInRequest,
    TimeoutOptions,
)
from kubectl_oidc.errors import UsageError
from kubectl_oidc.fast_path.known_command import cache_root
from kubectl_oidc.fast_path.refresh_ahead import ALWAYS, AUTO
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.oidc.client import ClientAuthentication
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.private_files import NO_HOME_DIRECTORY
from kubectl_oidc.urls import is_loopback_url, port_of

from .authorization import LISTEN
from .client import secret_in
from .flags import FLAGS, FORCE
from .kinds import EXTRA_SCOPES
from .paths import expanded
from .tls import CLIENT_PAIR, LOCAL_SERVER, RENEGOTIATION
from .types import Unsaid
from .variables import key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubectl_oidc.http.key_pair import KeyPair

    from .flag import Flag

REFRESH_AHEAD = 0.7
"""After which part of its useful life a token is refreshed in the background, if nobody says another."""

_GROUPS = {
    "client_authentication": ClientAuthentication,
    "redirect": RedirectOptions,
    "browser": BrowserOptions,
    "account": AccountOptions,
    "storage": SessionStorage,
    "timeout": TimeoutOptions,
    "renewal": RenewalOptions,
    "tls": TlsOptions,
}
"""The fields that hold several values."""

_IN_THE_KEY_OF_1_0 = frozenset(
    {
        *("issuer", "client_id", "extra_scopes", "use_access_token", "request_headers", "extra_params"),
        *("exchange.audience", "exchange.token_type", "exchange.scopes"),
        *("grant", "password_username", "session_name"),
    }
)
"""The fields that `SessionKey` has parts of its own for, because they were there first; it never gets another."""


def token_request(
    values: dict[str, Any], flags: Sequence[Flag] = FLAGS, make: type[SignInRequest] = SignInRequest
) -> SignInRequest:
    """Return the sign-in request.

    Args:
        values: The options' values by their names, as click gives them; those that a command lacks are absent.

    Raises:
        UsageError: An option is missing or malformed. `conflicts` says whether they go together.
    """
    _check(values, flags)
    fields = _fields(values, (*flags, FORCE))
    for derive in (_client, _session, _grant, _browser, _tls, _renewal):
        derive(fields, values)
    fields |= {name: group(**fields[name]) for name, group in _GROUPS.items()}
    request = make(notes=tuple(_notes(values)), **fields)
    return request._replace(
        identity=tuple(session_identity(request, flags)),
        flags=tuple(word for flag in flags if flag.identity or flag.repeat for word in flag.words(request)),
    )


def _check(values: dict[str, Any], flags: Sequence[Flag]) -> None:
    """Raise an error if a flag is missing, or if its value is not UTF-8 and is sent as text."""
    for flag in flags:
        if flag.required and not values.get(flag.key):
            raise UsageError(
                f"{flag.name} is required",
                f"copy {flag.name} from args in your kubeconfig's exec section, or run `kubectl oidc-login setup`",
            )
    for flag in flags:
        value = values.get(flag.key)
        if not flag.kind.utf8 or not isinstance(value, str | tuple):
            continue
        try:
            "".join(value).encode()
        except UnicodeEncodeError:
            raise UsageError(f"the value of {flag.name} is not UTF-8 text", "write it in UTF-8") from None


def _fields(values: dict[str, Any], flags: Sequence[Flag]) -> dict[str, Any]:
    """Return the fields of the request that one flag each decides; what is not given is left to the request's default."""
    fields: dict[str, Any] = {name: {} for name in _GROUPS}
    for flag in flags:
        value = values.get(flag.key)
        if not flag.field or value is None or value in ("", ()):
            continue
        *holders, name = flag.field.split(".")
        group = fields
        for holder in holders:
            group = group.setdefault(holder, {})
        group[name] = flag.understood(value)
    return fields


def session_identity(request: SignInRequest, flags: Sequence[Flag] = FLAGS) -> Iterator[tuple[str, object]]:
    """Return what else the session is known by, each by the name of its field; a set of values in one order."""
    for flag in flags:
        value = flag.value_in(request) if flag.identity and flag.field not in _IN_THE_KEY_OF_1_0 else None
        if value:
            name = flag.field.rpartition(".")[2]
            yield name, sorted(set(value)) if isinstance(value, tuple) else value


# What several flags make together. Each function changes the fields.


def _client(fields: dict[str, Any], _values: dict[str, Any]) -> None:
    given = fields["client_authentication"]
    given["secret"] = given.pop("typed_secret", None)
    if "secret_file" in given:
        given["secret"] = secret_in(given["secret_file"])
    key = given.pop("key", {})
    if "path" in key:
        from kubectl_oidc.oidc.client_assertion import AssertionKeyFile

        given["key"] = AssertionKeyFile(**key)
    if "token" in given:
        from kubectl_oidc.oidc.platform_token import PlatformToken

        path = given["token"].get("path")  # it is read later, when the working directory may be another one
        given["token"] = PlatformToken(**{**given["token"], "path": path and path.absolute()})


def _session(fields: dict[str, Any], _values: dict[str, Any]) -> None:
    fields["scopes"] = ("openid", *fields.pop("extra_scopes", ()))
    exchange = fields.pop("exchange", {})
    if "audience" in exchange:
        from kubectl_oidc.oidc.token_exchange import TokenExchange

        fields["exchange"] = TokenExchange(**exchange)
    storage = fields["storage"]
    storage["cache_dir"], storage["default_cache_dir"] = cache_directory(storage.pop("own_cache_dir", None))


def _grant(fields: dict[str, Any], values: dict[str, Any]) -> None:
    fields["username"] = fields.pop("password_username", "")
    if fields.get("grant", "auto") == "auto" and fields["username"]:
        fields["grant"] = "password"  # as in kubelogin
    timeout = values.get("authentication_timeout_sec", Unsaid())
    fields["timeout"]["given"] = not isinstance(timeout, Unsaid)


def _browser(fields: dict[str, Any], values: dict[str, Any]) -> None:
    fields["pkce"] = values.get("oidc_pkce_method") != "no" or bool(values.get("oidc_use_pkce"))
    words = csv_text.read_list("--listen-address", values.get("listen_address", ()))
    redirect = fields["redirect"]
    if not words and is_loopback_url(redirect.get("url", "")):
        from urllib.parse import urlsplit

        addresses = [ListenAddress("127.0.0.1", port_of(urlsplit(redirect["url"])))]
    else:
        addresses = [ListenAddress.parse(text) for text in words or LISTEN]
    redirect["listen_addresses"] = tuple(addresses)
    redirect["local_server"] = _key_pair(redirect.get("local_server", {}), LOCAL_SERVER)


def _tls(fields: dict[str, Any], _values: dict[str, Any]) -> None:
    tls = fields["tls"]
    tls["key_pair"] = _key_pair(tls.get("key_pair", {}), CLIENT_PAIR)
    # As they are now: a kubeconfig's user may set them for itself alone.
    tls["cert_file"], tls["cert_dir"] = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")


def _key_pair(files: dict[str, Path], flags: tuple[str, str]) -> KeyPair | None:
    if len(files) != len(flags):
        return None
    from kubectl_oidc.http.key_pair import KeyPair

    return KeyPair(**files, flags=flags)


def _renewal(fields: dict[str, Any], values: dict[str, Any]) -> None:
    ahead = values.get("refresh_ahead")
    fields["renewal"]["ahead"] = round(1000 * (REFRESH_AHEAD if ahead is None else ahead))
    fields["renewal"]["ahead_when"] = AUTO if ahead is None else ALWAYS


def _notes(values: dict[str, Any]) -> Iterator[str]:
    """Return what a person learns of flags that are accepted and have no effect."""
    for flag in RENEGOTIATION:
        if values.get(key(flag)):
            yield f"{flag} has no effect: this program never renegotiates TLS (RFC 8446 §4.1.2)"


def scopes(given: Sequence[str]) -> tuple[str, ...]:
    """Return ``openid`` and the values of --oidc-extra-scope, each once (OpenID Connect Core 3.1.2.1).

    Raises:
        UsageError: A value is not a list.
    """
    return ("openid", *EXTRA_SCOPES.understood("--oidc-extra-scope", given))


def cache_directory(given: Path | str | None) -> tuple[Path, bool]:
    """Return the cache directory and whether it is the default one."""
    root = cache_root()
    default = Path(root) if root else _no_home()
    directory = expanded("--token-cache-dir", given) if given else default
    return directory, directory == default


def _no_home() -> Path:
    """Return where sessions are kept without a HOME: the user database's home directory, if it has one.

    An empty HOME names no directory either; if none is known, the path is one that even root cannot make.
    """
    if os.environ.get("HOME") == "":
        return NO_HOME_DIRECTORY
    try:
        return Path("~").expanduser() / ".kube" / "cache" / "oidc-login"
    except RuntimeError:
        return NO_HOME_DIRECTORY
