"""The flags that say how somebody signs in, how long the tokens must last, and when they are refreshed."""

from __future__ import annotations

from operator import not_

from kubectl_oidc.authentication.account import AGE_FLAG, PROMPT_FLAG, PROMPTS, TTL_FLAG

from . import checks
from .flag import Flag
from .kinds import ANY_TEXT, DURATION, FRACTION, LIST, SECONDS, SECRET, SWITCH, TEXT, choice

LISTEN = ("127.0.0.1:8000", "127.0.0.1:18000")
"""Where the browser comes back to, if nobody says another address."""

AUTHORIZATION = (
    Flag(
        "--oidc-redirect-url",
        TEXT,
        help="Redirect URI to send (default http://localhost:PORT).",
        metavar="URL",
        field="redirect.url",
        read=checks.redirect_url,
        repeat=True,
    ),
    Flag(
        "--oidc-pkce-method",
        choice(("auto", "no", "S256")),
        help="PKCE; auto is S256 always.",
        default="auto",
    ),
    Flag(
        "--oidc-pushed-authorization-requests",
        choice(("auto", "no", "required")),
        help="Push the authorization request (RFC 9126); auto: where the provider's metadata has an endpoint for it.",
        default="auto",
        field="pushed_authorization",
    ),
    Flag("--oidc-use-pkce", SWITCH, help="Old name of --oidc-pkce-method=S256.", hidden=True),
    Flag(
        "--listen-address",
        LIST,
        help=f"Where the browser comes back to, tried in order (default {', '.join(LISTEN)}); port 0 is any.",
        metavar="HOST:PORT",
    ),
    Flag(
        "--skip-open-browser",
        SWITCH,
        help="Print the address; do not open a browser.",
        field="browser.open",
        read=not_,
    ),
    Flag(
        "--browser-command",
        ANY_TEXT,
        help="Command that opens the browser; the URL is added to it.",
        metavar="COMMAND",
        field="browser.command",
    ),
    Flag(
        "--no-qr",
        SWITCH,
        help="Do not show a QR code of the address to open on another device.",
        field="browser.qr_code",
        read=not_,
    ),
    Flag(
        "--authentication-timeout-sec",
        SECONDS,
        help="How long an unanswered sign-in waits. If it is not given, a device code is waited for as long as it lives.",
        default=180,
        field="timeout.seconds",
        read=float,
    ),
    Flag(
        "--password",
        SECRET,
        help="Password of the password grant; it is asked for where it is not given.",
        metavar="PASSWORD",
        field="password",
    ),
    Flag(
        PROMPT_FLAG,
        ANY_TEXT,
        help=f"How the provider asks: {', '.join(PROMPTS)}; several with a space between.",
        metavar="WORDS",
        field="account.prompt",
        read=checks.prompt,
        repeat=True,
        parameter="prompt",
    ),
    Flag(
        AGE_FLAG,
        DURATION,
        help="Sign in again, rather than refresh, where the last sign-in at the provider is longer ago, as in 8h.",
        field="account.max_age",
        repeat=True,
        parameter="max_age",
    ),
    Flag(
        TTL_FLAG,
        DURATION,
        help="Hand out a token only if it is good for so long, as in 30m, else renew it first; "
        "at most half of what the provider's tokens live.",
        field="account.min_ttl",
        repeat=True,
        stand_alone=False,
    ),
    Flag(
        "--refresh-ahead",
        FRACTION,
        help="Refresh in the background once this part of a token's life is over, or off (default 0.7; off in CI, containers and services).",
        stand_alone=False,
    ),
    Flag(
        "--open-url-after-authentication",
        TEXT,
        help="Where the browser goes after the sign-in.",
        metavar="URL",
        field="browser.open_url_after",
        read=checks.page,
    ),
)
