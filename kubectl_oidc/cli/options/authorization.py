"""The flags that say how somebody is asked to sign in."""

from __future__ import annotations

from operator import not_

from . import checks
from .flag import Flag
from .kinds import ANY_TEXT, LIST, SECONDS, SECRET, SWITCH, TEXT, choice

LISTEN = ("127.0.0.1:8000", "127.0.0.1:18000")
"""Where the browser comes back to, if nobody says another address."""

AUTHORIZATION = (
    Flag(
        "--oidc-redirect-url",
        TEXT,
        help="Redirect URI to send (default http://localhost:PORT).",
        metavar="URL",
        field="redirect_url",
        read=checks.redirect_url,
        repeat=True,
    ),
    Flag(
        "--oidc-pkce-method",
        choice(("auto", "no", "S256")),
        help="PKCE; auto is S256 always.",
        default="auto",
        show_default=True,
    ),
    Flag(
        "--oidc-pushed-authorization-requests",
        choice(("auto", "no", "required")),
        help="Push the authorization request (RFC 9126); auto: where the provider's metadata has an endpoint for it.",
        default="auto",
        show_default=True,
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
        field="open_browser",
        read=not_,
    ),
    Flag(
        "--browser-command",
        ANY_TEXT,
        help="Command that opens the browser; the URL is added to it.",
        metavar="COMMAND",
        field="browser_command",
    ),
    Flag(
        "--authentication-timeout-sec",
        SECONDS,
        help="How long an unanswered sign-in waits. If it is not given, a device code is waited for as long as it lives.",
        metavar="SECONDS",
        default=180,
        show_default=True,
        field="timeout",
        read=float,
    ),
    Flag(
        "--password",
        SECRET,
        help="Password of the password grant; it is asked for where it is not given.",
        metavar="PASSWORD",
        field="password",
    ),
)
