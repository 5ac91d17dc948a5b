"""The flags that say how somebody signs in, how long the tokens must last, and when they are refreshed."""

from __future__ import annotations

from operator import not_

from kubectl_oidc.authentication.account import AGE_FLAG, PROMPT_FLAG, PROMPTS, TTL_FLAG

from . import checks
from .flag import Flag, Group
from .kinds import ANY_TEXT, DURATION, FRACTION, LIST, SECONDS, SECRET, SWITCH, TEXT, choice

LISTEN = ("127.0.0.1:8000", "127.0.0.1:18000")
"""Where the browser comes back to, if nobody says another address."""

AUTHORIZATION = (
    Flag(
        "--oidc-redirect-url",
        TEXT,
        help="Redirect URI to send to the provider (default: http://localhost:PORT).",
        group=Group.SIGN_IN,
        metavar="URL",
        field="redirect.url",
        read=checks.redirect_url,
        repeat=True,
    ),
    Flag(
        "--oidc-pkce-method",
        choice(("auto", "no", "S256")),
        help="PKCE method. auto is S256.",
        metavar="METHOD",
        group=Group.ADVANCED,
        rare=True,
        default="auto",
    ),
    Flag(
        "--oidc-pushed-authorization-requests",
        choice(("auto", "no", "required")),
        help="Send the authorization request to the provider first. auto does so if the provider supports it (RFC 9126).",
        metavar="WHEN",
        group=Group.ADVANCED,
        rare=True,
        default="auto",
        field="pushed_authorization",
    ),
    Flag(
        "--oidc-use-pkce",
        SWITCH,
        help="Old name of --oidc-pkce-method=S256.",
        group=Group.ADVANCED,
        hidden=True,
    ),
    Flag(
        "--listen-address",
        LIST,
        help=f"Local addresses for the browser to return to, tried in order (default: {','.join(LISTEN)}). Port 0 is any free port.",
        group=Group.SIGN_IN,
        metavar="HOST:PORT",
    ),
    Flag(
        "--skip-open-browser",
        SWITCH,
        help="Print the sign-in URL instead of opening a browser.",
        group=Group.SIGN_IN,
        field="browser.open",
        read=not_,
    ),
    Flag(
        "--browser-command",
        ANY_TEXT,
        help="Command that opens the browser. The URL replaces %s, or is the last argument.",
        group=Group.SIGN_IN,
        metavar="COMMAND",
        field="browser.command",
    ),
    Flag(
        "--no-qr",
        SWITCH,
        help="Do not print a QR code of the sign-in URL.",
        group=Group.SIGN_IN,
        rare=True,
        field="browser.qr_code",
        read=not_,
    ),
    Flag(
        "--authentication-timeout-sec",
        SECONDS,
        help="How long to wait for you to sign in. Without this flag, a device code has its own limit.",
        group=Group.SIGN_IN,
        default=180,
        field="timeout.seconds",
        read=float,
    ),
    Flag(
        "--password",
        SECRET,
        help="Password for the password grant. Without this flag, the program asks for it.",
        group=Group.SIGN_IN,
        metavar="PASSWORD",
        field="password",
    ),
    Flag(
        PROMPT_FLAG,
        ANY_TEXT,
        help=f"How the provider should prompt you: {', '.join(PROMPTS)}. Separate several words by spaces.",
        group=Group.SIGN_IN,
        rare=True,
        metavar="WORDS",
        field="account.prompt",
        read=checks.prompt,
        repeat=True,
        parameter="prompt",
    ),
    Flag(
        AGE_FLAG,
        DURATION,
        help="Sign in again if your last sign-in at the provider is older than this, for example 8h.",
        group=Group.SESSION,
        rare=True,
        field="account.max_age",
        repeat=True,
        parameter="max_age",
    ),
    Flag(
        TTL_FLAG,
        DURATION,
        help="Minimum remaining token lifetime, for example 30m; renew the token if less is left. Capped at half its lifetime.",
        group=Group.TOKEN,
        field="account.min_ttl",
        repeat=True,
        stand_alone=False,
    ),
    Flag(
        "--refresh-ahead",
        FRACTION,
        help="Refresh in the background after this fraction of the token's lifetime, or off (default: 0.7; off in CI, containers and services).",
        group=Group.SESSION,
        rare=True,
        stand_alone=False,
    ),
    Flag(
        "--open-url-after-authentication",
        TEXT,
        help="Page to open in the browser after the sign-in.",
        group=Group.SIGN_IN,
        rare=True,
        metavar="URL",
        field="browser.open_url_after",
        read=checks.page,
    ),
)
