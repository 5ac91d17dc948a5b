"""From what was typed to what is asked for: the options' values, checked and understood."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc import csv_text
from kubectl_oidc.authentication.request import OUR_PARAMETERS, SignInRequest
from kubectl_oidc.cli.options import account, client_authentication, grants, name_value, token_exchange
from kubectl_oidc.errors import UsageError
from kubectl_oidc.fast_path.known_command import cache_root
from kubectl_oidc.fast_path.refresh_ahead import ALWAYS, AUTO
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.system.private_files import NOWHERE
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import check_issuer, is_loopback_url, port_of

from .client_secret import client_secret, secret_file
from .from_request import request_flags
from .key_pairs import CLIENT, LOCAL_SERVER, key_pair
from .paths import expanded
from .shared import LISTEN, REFRESH_AHEAD, RENEGOTIATION
from .types import Unsaid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TEXTS = (
    "oidc_client_id",
    "oidc_client_secret",
    "oidc_client_assertion_key_id",
    "oidc_extra_scope",
    "oidc_token_exchange_audience",
    "oidc_token_exchange_scope",
    "oidc_auth_request_extra_params",
    "oidc_redirect_url",
    "username",
    "expect_claim",
    "login_hint",
    "password",
    "open_url_after_authentication",
)


def token_request(values: dict[str, Any]) -> SignInRequest:
    """Return what the options ask for.

    Args:
        values: The options' values by their names, as click gives them; those that a command lacks are absent.

    Raises:
        UsageError: An option is missing or malformed. Whether they go together is another question (`combinations`).
    """
    for name, flag in (("oidc_issuer_url", "--oidc-issuer-url"), ("oidc_client_id", "--oidc-client-id")):
        if not values.get(name):
            raise UsageError(
                f"{flag} is missing", f"give {flag}; the kubeconfig's exec stanza has it under args"
            )
    _check_encoding(values)
    issuer = values["oidc_issuer_url"]
    check_issuer(issuer)
    redirect_url = _redirect_url(values.get("oidc_redirect_url"))
    timeout = values.get("authentication_timeout_sec", Unsaid(180))
    cache_dir, is_default = cache_directory(values.get("token_cache_dir"))
    request = SignInRequest(
        issuer=issuer,
        client_id=values["oidc_client_id"],
        client_secret=client_secret(values),
        client_secret_file=secret_file(values),
        **client_authentication.read(values),
        scopes=scopes(values.get("oidc_extra_scope", ())),
        redirect_url=redirect_url,
        pkce=values.get("oidc_pkce_method") != "no" or bool(values.get("oidc_use_pkce")),
        pushed_authorization=values.get("oidc_pushed_authorization_requests", "auto"),
        use_access_token=bool(values.get("oidc_use_access_token")),
        exchange=token_exchange.read(values),
        account=account.read(values),
        request_headers=name_value.parse_name_values(
            "--oidc-request-header", values.get("oidc_request_header", ())
        ),
        extra_params=_extra_params(values.get("oidc_auth_request_extra_params", ())),
        listen_addresses=_listen_addresses(values.get("listen_address", ()), redirect_url),
        open_browser=not values.get("skip_open_browser"),
        browser_command=values.get("browser_command"),
        open_url_after=_open_url(values.get("open_url_after_authentication")),
        timeout=float(timeout),
        timeout_given=not isinstance(timeout, Unsaid),
        tls=_tls(values),
        local_server=key_pair(values, LOCAL_SERVER),
        storage=values.get("token_cache_storage", "auto"),
        cache_dir=cache_dir,
        default_cache_dir=is_default,
        session_name=values.get("session", ""),
        **grants.read(values),
        force_refresh=bool(values.get("force_refresh")),
        refresh_ahead=_permille(values.get("refresh_ahead")),
        notes=tuple(_notes(values)),
        refresh_ahead_when=AUTO if values.get("refresh_ahead") is None else ALWAYS,
    )
    return replace(request, flags=request_flags(request))


def scopes(given: Sequence[str]) -> tuple[str, ...]:
    """Return ``openid`` and the extra scopes, each once (OpenID Connect Core 3.1.2.1).

    Args:
        given: What --oidc-extra-scope says, each perhaps several with commas between.

    Raises:
        UsageError: It is not a list.
    """
    asked = csv_text.read("--oidc-extra-scope", given)
    return tuple(dict.fromkeys(("openid", *(scope for text in asked for scope in text.split()))))


def _tls(values: dict[str, Any]) -> TlsOptions:
    files = values.get("certificate_authority", ())
    return TlsOptions(
        ca_files=tuple(expanded("--certificate-authority", name) for name in files if name),
        ca_data=tuple(_decode(text) for text in values.get("certificate_authority_data", ()) if text),
        insecure=bool(values.get("insecure_skip_tls_verify")),
        key_pair=key_pair(values, CLIENT),
        # As they are now: a kubeconfig's user may set them for itself alone.
        cert_file=os.environ.get("SSL_CERT_FILE"),
        cert_dir=os.environ.get("SSL_CERT_DIR"),
    )


def _notes(values: dict[str, Any]) -> Iterator[str]:
    """Return what a person learns of flags that are taken and have no effect."""
    for flag in RENEGOTIATION:
        if values.get(flag.removeprefix("--").replace("-", "_")):
            yield f"{flag} has no effect: TLS 1.3 has no renegotiation (RFC 8446 §4.1.2), and none is asked for here"


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
    flag = "--oidc-auth-request-extra-params"
    params = name_value.parse_name_values(flag, given)
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


def _redirect_url(text: str | None) -> str | None:
    if not text:
        return None
    if text.startswith("urn:"):
        return text  # the provider shows the code on its own page
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "#" in text:
        raise UsageError(
            f"--oidc-redirect-url {sanitize(text)} is not an http or https URL without fragment",
            "give the redirect URI as it is registered at the provider, such as http://localhost:8000",
        )
    return text


def _listen_addresses(given: Sequence[str], redirect_url: str | None) -> tuple[ListenAddress, ...]:
    """Return where to listen; a redirect URL on this machine says it, where --listen-address does not."""
    words = csv_text.read("--listen-address", given)
    if not words and redirect_url and is_loopback_url(redirect_url):
        from urllib.parse import urlsplit

        return (ListenAddress("127.0.0.1", port_of(urlsplit(redirect_url))),)
    return tuple(ListenAddress.parse(text) for text in words or LISTEN)


def _permille(fraction: float | None) -> int:
    return round(1000 * (REFRESH_AHEAD if fraction is None else fraction))


def _open_url(text: str | None) -> str | None:
    if text and not text.startswith(("https://", "http://")):
        raise UsageError(
            f"--open-url-after-authentication {sanitize(text)} is not an http or https URL",
            "give a whole URL",
        )
    return text or None


def cache_directory(given: str | None) -> tuple[Path, bool]:
    """Return the cache directory and whether it is the default one."""
    root = cache_root()
    default = Path(root) if root else _no_home()
    if not given:
        return default, True
    path = expanded("--token-cache-dir", given)
    return path, path == default


def _no_home() -> Path:
    """Return where sessions would rest without a HOME: the user database's home directory, if it has one.

    An empty HOME names no directory either; where none is known, the path is one that even root cannot make.
    """
    if os.environ.get("HOME") == "":
        return NOWHERE
    try:
        return Path("~").expanduser() / ".kube" / "cache" / "oidc-login"
    except RuntimeError:
        return NOWHERE
