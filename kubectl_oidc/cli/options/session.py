"""The flags that name a session, and the place where it is kept."""

from __future__ import annotations

from kubectl_oidc.authentication.account import EXPECT_FLAG, HINT_FLAG
from kubectl_oidc.oidc.flags import EXCHANGE_AUDIENCE, EXCHANGE_SCOPE, EXCHANGE_TYPE, EXCHANGE_TYPES
from kubectl_oidc.sessions.stores import CHOICES

from . import checks
from .flag import Flag
from .kinds import ANY_TEXT, DIR, EXTRA_SCOPES, HEADERS, PAIRS, PATTERNS, SCOPES, SWITCH, TEXT, choice

GRANTS = (
    "auto",
    "authcode",
    "authcode-keyboard",
    "password",
    "device-code",
    "client-credentials",
    "jwt-bearer",
)

DEFAULT_CACHE_DIR = "~/.kube/cache/oidc-login"

IDENTITY = (
    Flag(
        "--oidc-issuer-url",
        ANY_TEXT,
        help="Issuer URL of the provider.",
        metavar="URL",
        field="issuer",
        read=checks.issuer,
        identity=True,
        in_index=True,
        required=True,
        stand_alone=False,
    ),
    Flag(
        "--oidc-client-id",
        TEXT,
        help="Client ID at the provider.",
        metavar="ID",
        field="client_id",
        identity=True,
        in_index=True,
        required=True,
        stand_alone=False,
    ),
    Flag(
        "--oidc-extra-scope",
        EXTRA_SCOPES,
        help="Scope to ask for beside openid; repeatable, or comma-separated.",
        field="extra_scopes",
        identity=True,
        in_index=True,
        stand_alone=False,
    ),
    Flag(
        "--oidc-use-access-token",
        SWITCH,
        help="Hand out the access token, not the ID token.",
        field="use_access_token",
        identity=True,
        stand_alone=False,
    ),
    Flag(
        EXCHANGE_AUDIENCE,
        TEXT,
        help="Exchange the token for one for this audience (RFC 8693), and hand out that.",
        metavar="AUDIENCE",
        field="exchange.audience",
        identity=True,
        stand_alone=False,
    ),
    Flag(
        EXCHANGE_TYPE,
        choice(EXCHANGE_TYPES),
        help=f"Type of the exchanged token (default {EXCHANGE_TYPES[0]}).",
        field="exchange.token_type",
        identity=True,
        stand_alone=False,
        requires=EXCHANGE_AUDIENCE,
    ),
    Flag(
        EXCHANGE_SCOPE,
        SCOPES,
        help="Scope of the exchanged token; repeatable, or comma-separated.",
        field="exchange.scopes",
        identity=True,
        stand_alone=False,
        requires=EXCHANGE_AUDIENCE,
    ),
    Flag(
        "--oidc-request-header",
        HEADERS,
        help="HTTP header for requests to the provider; repeatable.",
        field="request_headers",
        identity=True,
    ),
    Flag(
        "--oidc-auth-request-extra-params",
        PAIRS,
        help="Extra parameter of the authorization request; repeatable.",
        field="extra_params",
        read=checks.extra_params,
        identity=True,
    ),
    Flag(
        "--grant-type",
        choice(GRANTS),
        help="How to sign in; auto: a password where --username is given, else the browser, else a device code or a pasted address.",
        default="auto",
        field="grant",
        identity=True,
    ),
    Flag(
        "--username",
        TEXT,
        help="User name of the password grant.",
        metavar="NAME",
        field="password_username",
        identity=True,
    ),
    Flag(
        EXPECT_FLAG,
        PATTERNS,
        help="Refuse an account whose claim does not match, as in email=*@corp.example; repeatable.",
        field="account.expect_claims",
        identity=True,
        person=True,
    ),
    Flag(
        HINT_FLAG,
        TEXT,
        help="Account that the provider should propose (login_hint).",
        metavar="TEXT",
        field="account.login_hint",
        identity=True,
        parameter="login_hint",
    ),
    Flag(
        "--acr-values",
        TEXT,
        help="How somebody should sign in, as classes that the provider knows (acr), the preferred first; several with a space between.",
        metavar="WORDS",
        field="account.acr_values",
        read=checks.acr_values,
        identity=True,
        parameter="acr_values",
    ),
    Flag(
        "--claims",
        TEXT,
        help="Claims to ask for, as JSON (OpenID Connect Core 5.5); an essential one that the ID token does not meet is an error.",
        metavar="JSON",
        field="account.claims",
        read=checks.claims,
        identity=True,
        parameter="claims",
    ),
    Flag(
        "--session",
        ANY_TEXT,
        help="Keep this sign-in apart from others at the same issuer.",
        metavar="NAME",
        field="session_name",
        identity=True,
        in_index=True,
        stand_alone=False,
    ),
    Flag(
        "--token-cache-dir",
        DIR,
        help=f"Directory of the cache (default {DEFAULT_CACHE_DIR}, or under KUBECACHEDIR).",
        field="storage.own_cache_dir",
        repeat=True,
    ),
    Flag(
        "--token-cache-storage",
        choice(CHOICES),
        help="Where the session rests; auto: the OS keyring, else the kernel's, else files.",
        default="auto",
        field="storage.choice",
        repeat=True,
        stand_alone=False,
    ),
)
