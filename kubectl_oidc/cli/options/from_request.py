"""The flags that ask for the same as a request, for the commands that a person is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc import csv_text
from kubectl_oidc.authentication.account import AGE_FLAG, EXPECT_FLAG, HINT_FLAG, PROMPT_FLAG, TTL_FLAG
from kubectl_oidc.oidc.client import AUTO
from kubectl_oidc.oidc.token_exchange import AUDIENCE_FLAG, SCOPE_FLAG, TYPE_FLAG, TYPES
from kubectl_oidc.times import written

if TYPE_CHECKING:
    from kubectl_oidc.authentication.account import AccountOptions
    from kubectl_oidc.authentication.request import SignInRequest


def request_flags(request: SignInRequest) -> tuple[str, ...]:
    """Return the flags; placeholders stand for secrets and header values."""
    words = [
        f"--oidc-issuer-url={request.issuer}",
        f"--oidc-client-id={request.client_id}",
        *(f"--oidc-extra-scope={csv_text.write(scope)}" for scope in request.scopes if scope != "openid"),
    ]
    words += _client_words(request)
    if request.grant != "auto":
        words.append(f"--grant-type={request.grant}")
    if request.username and request.grant == "password":
        words.append(f"--username={request.username}")
    if request.redirect_url:
        words.append(f"--oidc-redirect-url={request.redirect_url}")
    words += _exchange_words(request)
    words += ["--oidc-use-access-token"] if request.use_access_token else []
    words += [f"--oidc-request-header={name}=VALUE" for name, _ in request.request_headers]
    words += [f"--oidc-auth-request-extra-params={name}={value}" for name, value in request.extra_params]
    words += _account_words(request.account)
    words += _tls_words(request)
    if request.session_name:
        words.append(f"--session={request.session_name}")
    if not request.default_cache_dir:
        words.append(f"--token-cache-dir={request.cache_dir}")
    if request.storage != "auto":
        words.append(f"--token-cache-storage={request.storage}")
    return tuple(words)


def _client_words(request: SignInRequest) -> list[str]:
    words, key = [], request.client_assertion_key
    if request.client_secret_file:
        words.append(f"--oidc-client-secret-file={request.client_secret_file}")
    elif request.client_secret:
        words.append("--oidc-client-secret=CLIENT_SECRET")
    if key:
        words.append(f"--oidc-client-assertion-key={key.path}")
    if key and key.key_id:
        words.append(f"--oidc-client-assertion-key-id={key.key_id}")
    if request.client_authentication != AUTO:
        words.append(f"--oidc-client-authentication={request.client_authentication}")
    return words


def _exchange_words(request: SignInRequest) -> list[str]:
    if request.exchange is None:
        return []
    kind, scopes = request.exchange.token_type, request.exchange.scopes
    return [
        f"{AUDIENCE_FLAG}={request.exchange.audience}",
        *([f"{TYPE_FLAG}={kind}"] if kind != TYPES[0] else []),
        *(f"{SCOPE_FLAG}={csv_text.write(scope)}" for scope in scopes),
    ]


def _account_words(account: AccountOptions) -> list[str]:
    return [
        *(f"{EXPECT_FLAG}={name}={pattern}" for name, pattern in account.expect_claims),
        *([f"{HINT_FLAG}={account.login_hint}"] if account.login_hint else []),
        *([f"{PROMPT_FLAG}={account.prompt}"] if account.prompt else []),
        *([] if account.max_age is None else [f"{AGE_FLAG}={written(account.max_age)}"]),
        *([f"{TTL_FLAG}={written(account.min_ttl)}"] if account.min_ttl else []),
    ]


def _tls_words(request: SignInRequest) -> list[str]:
    pairs = [pair for pair in (request.tls.key_pair, request.local_server) if pair]
    return [
        *(f"--certificate-authority={path}" for path in request.tls.ca_files),
        *("--certificate-authority-data=BASE64" for _ in request.tls.ca_data),
        *(["--insecure-skip-tls-verify"] if request.tls.insecure else []),
        *(
            f"{flag}={path}"
            for pair in pairs
            for flag, path in zip(pair.flags, (pair.certificate, pair.key), strict=True)
        ),
    ]
