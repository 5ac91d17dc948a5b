"""The pages that the callback server shows in the browser, from the templates in this directory.

Every value is escaped. No page has a script, loads anything, or shows a state, a code or a token. The
Content-Security-Policy protects the page even if escaping should fail.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import quote

from kubectl_oidc.digests import sha256
from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import sanitize

from .connection import Reply

if TYPE_CHECKING:
    from .authorization_response import RejectedRequest

_GOOD, _BAD, _LATE, _IDLE, _OVER = "good", "bad", "late", "idle", "over"
# For each kind: the text for screen readers, the colour of the tab's icon, the path drawn in it.
_MARKS = {
    _GOOD: ("Done", "1a7f37", "M7 12.5l3.4 3.4L17 9"),
    _BAD: ("Failed", "c62828", "M8.2 8.2l7.6 7.6M15.8 8.2l-7.6 7.6"),
    _LATE: ("Timed out", "57606a", "M12 6.8V12l3.2 2.4"),
    _IDLE: ("Waiting", "57606a", "M12 6.8V12l3.2 2.4"),
    _OVER: ("Done before", "57606a", "M7 12.5l3.4 3.4L17 9"),
}
_UNBREAKABLE = re.compile(r"--|[/=@]")  # a flag, a URL, a path or an account
_ANY_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_CLOCK = "%H:%M"
_LONGEST_VALUE = 4000
_LONGEST_ZONE = 5
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class SignedIn(NamedTuple):
    """A successful sign-in.

    Attributes:
        person: The user's name in the cluster.
        expiry: When the token expires, in epoch seconds.
        redirect_to: The URL to open instead of our page (--open-url-after-authentication).
    """

    person: str
    expiry: float
    issuer: str
    redirect_to: str | None = None


class Failed(NamedTuple):
    """A failed sign-in, with the message and the hint that the terminal shows."""

    message: str
    hint: str
    timed_out: bool = False

    @classmethod
    def from_error(cls, error: BaseException) -> Failed:
        """Return an error's message and hint. Texts of an unexpected error are not shown."""
        if isinstance(error, OidcLoginError):
            return cls(error.message, error.hint)
        return cls("the sign-in failed", "details are in your terminal")


def final_page(result: SignedIn | Failed, *, now: float, support_link: str = "") -> Reply:
    """Return the page that shows how a sign-in ended.

    Args:
        now: Epoch seconds.
        support_link: The URL that a failure links to, from the machine's settings file.
    """
    if isinstance(result, Failed):
        hint = _capitalized(result.hint or "try again")
        body = _fill("failed.html", message=_capitalized(result.message), hint=hint)
        if support_link:
            values = {"href": escape(support_link), "link": _shown(support_link)}
            body += Template(_template("support.html")).substitute(values)
        kind, title = (_LATE, "Sign-in timed out") if result.timed_out else (_BAD, "Sign-in failed")
        return _page(400, kind, title, body)
    if result.redirect_to:
        return redirect(result.redirect_to)
    body = _fill(
        "signed_in.html",
        person=result.person,
        issuer=result.issuer,
        until=_local_time(result.expiry, now),
        span=_duration(result.expiry - now),
    )
    return _page(200, _GOOD, "You are signed in", body)


def rejection_page(refused: RejectedRequest) -> Reply:
    """Return the page for a request that is not the authorization response."""
    body = _fill(
        "notice.html",
        what=_capitalized(refused.reason) + ".",
        next="Continue in the window where you sign in, or see the terminal.",
    )
    title = "This sign-in is over" if refused.is_outdated else "Waiting for a sign-in"
    return _page(refused.status, _IDLE, title, body, refused.headers)


def already_answered_page() -> Reply:
    """Return the page for a second authorization response."""
    body = _fill(
        "notice.html",
        what="This sign-in is already complete.",
        next="You can close this window and go back to the terminal.",
    )
    return _page(409, _OVER, "Already answered", body)


def redirect(url: str) -> Reply:
    """Return the redirect to ``url`` (RFC 9700 §4.12: status 303, so that the browser uses GET)."""
    # A command-line argument that is not UTF-8 contains lone surrogates.
    location = quote(url, safe=_ANY_ASCII, errors="surrogatepass")
    return Reply(303, (("location", location), *_headers("")))


def _page(status: int, kind: str, title: str, body: str, more: tuple[tuple[str, str], ...] = ()) -> Reply:
    label, colour, mark = _MARKS[kind]
    style = _template("style.css")
    document = Template(_template("page.html")).substitute(
        title=escape(title), kind=kind, label=label, colour=colour, mark=mark, style=style, body=body
    )
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = f"style-src 'sha256-{digest}'; img-src data:; "
    headers = (("content-type", "text/html; charset=utf-8"), *_headers(policy), *more)
    return Reply(status, headers, document.encode())


def _headers(policy: str) -> tuple[tuple[str, str], ...]:
    """Return the header fields of every response; ``policy`` is what the Content-Security-Policy allows."""
    return (
        (
            "content-security-policy",
            f"default-src 'none'; {policy}base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    )


@cache
def _template(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _fill(name: str, **values: str) -> str:
    return Template(_template(name)).substitute({key: _shown(value) for key, value in values.items()})


def _shown(value: str) -> str:
    """Return a value as HTML, sanitized and escaped.

    A flag or a URL stays on one line. If it is wider than the page, it may break after a slash.
    """
    return " ".join(map(_unbroken, sanitize(value, limit=_LONGEST_VALUE).split()))


def _unbroken(word: str) -> str:
    safe = escape(word).replace("/", "/<wbr>")
    return f'<span class="whole">{safe}</span>' if _UNBREAKABLE.search(word) else safe


def _capitalized(text: str) -> str:
    """Capitalize a text, unless its first word is a flag, an address or a command."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first not in {"kubectl", "localhost"} else text


def _local_time(expiry: float, now: float) -> str:
    """Return a local time with its zone, and with the date if it is not today."""
    try:
        moment, today = (datetime.fromtimestamp(at).astimezone() for at in (expiry, now))
    except (OverflowError, OSError, ValueError):
        return "a time beyond the calendar"
    name = moment.tzname() or ""
    # Windows has long names for time zones, and some zones have names like "-03".
    zone = name if name.isalpha() and len(name) <= _LONGEST_ZONE else f"UTC{moment.isoformat()[-6:]}"
    date = "" if moment.date() == today.date() else f"{moment.day} {moment:%B %Y}, "
    return f"{date}{moment:{_CLOCK}} {zone}"


def _duration(seconds: float) -> str:
    """Return a duration from now as text, such as "in 1 hour 20 minutes"."""
    if seconds < _MINUTE:
        return "in less than a minute" if seconds > 0 else "it has ended"
    steps = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"))
    words, rest = [], int(seconds)
    for size, unit in steps:
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count} {unit}{'s' if count > 1 else ''}")
        elif words:
            break
    return "in " + " ".join(words[:2])
