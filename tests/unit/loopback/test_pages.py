"""The pages in the browser: escaped, without other resources, not cached, and without secrets."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from datetime import datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.loopback.authorization_response import RejectedRequest
from kubectl_oidc.loopback.pages import (
    Failed,
    SignedIn,
    already_answered_page,
    final_page,
    redirect,
    rejection_page,
)
from tests.topics import told_apart

if TYPE_CHECKING:
    from kubectl_oidc.loopback.connection import Reply

ISSUER = "https://id.example.com/realms/a"
NOON = datetime(2026, 3, 9, 12, 0, 0).astimezone().timestamp()  # by this machine's clock
HOUR = 3600.0

MARKUP = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&amp;<!--</style>"
PAGES = {
    "signed in": final_page(SignedIn("alice@example.com", NOON + HOUR, ISSUER), now=NOON),
    "failed": final_page(Failed("the provider is down", "try again later"), now=NOON),
    "timed out": final_page(Failed("nobody came", "try again", timed_out=True), now=NOON),
    "over": rejection_page(RejectedRequest(403, "this answers an earlier sign-in", is_outdated=True)),
    "refused": rejection_page(RejectedRequest(405, "only GET is understood here", (("allow", "GET"),))),
    "answered": already_answered_page(),
}
EVERY_PAGE = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


def heading(page: Reply) -> str:
    (shown,) = re.findall("<h1>(.*)</h1>", page.body.decode())
    return str(shown)


def what_next(page: Reply) -> str:
    """Return the last paragraph, which says what to do with the window."""
    (shown,) = re.findall('<p class="next">(.*)</p>', page.body.decode())
    return str(shown)


class Seen(HTMLParser):
    """A page as a browser takes it apart.

    Attributes:
        tags: Every element with its attributes.
        words: The text that a person sees, white space folded.
    """

    def __init__(self, page: Reply) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._text: list[str] = []
        self._hidden = False
        self.feed(page.body.decode())
        self.close()
        self.words = " ".join("".join(self._text).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden = tag in {"style", "title"}

    def handle_endtag(self, _tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._text.append(data)

    def names(self) -> list[str]:
        return [tag for tag, _ in self.tags]


def words(page: Reply) -> str:
    return Seen(page).words


def header(page: Reply, name: str) -> str:
    (value,) = [value for each, value in page.headers if each == name]
    return value


# What every response says


@pytest.mark.parametrize(
    "response", [*PAGES.values(), redirect("https://example.com/")], ids=[*PAGES, "redirect"]
)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ],
)
def test_every_response_is_kept_nowhere_and_shared_with_nobody(
    response: Reply, name: str, value: str
) -> None:
    """The address of the page holds the code: it is not stored, not framed, not sent on as a referrer."""
    assert header(response, name) == value


@pytest.mark.parametrize(
    "response", [*PAGES.values(), redirect("https://example.com/")], ids=[*PAGES, "redirect"]
)
def test_every_response_has_a_policy_that_allows_nothing_from_outside(response: Reply) -> None:
    """No script, no frame, no form, no base: only a style known by its digest, and an icon in the page itself."""
    directives = dict(
        part.strip().partition(" ")[::2] for part in header(response, "content-security-policy").split(";")
    )
    assert directives.pop("default-src") == "'none'"
    assert directives.pop("base-uri") == "'none'"
    assert directives.pop("form-action") == "'none'"
    assert directives.pop("frame-ancestors") == "'none'"
    assert directives.pop("img-src", "data:") == "data:"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='|", directives.pop("style-src", ""))
    assert directives == {}


@EVERY_PAGE
def test_the_policy_lets_the_pages_own_style_in(page: Reply) -> None:
    """Its digest is that of the one style element, so the page looks as it was made to."""
    (style,) = re.findall(r"<style>(.*?)</style>", page.body.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in header(page, "content-security-policy")


@EVERY_PAGE
def test_a_page_loads_nothing_and_runs_nothing(page: Reply) -> None:
    """It has no script, no link to elsewhere, no form, and no attribute that runs or loads anything."""
    seen = Seen(page)
    assert not {"script", "img", "iframe", "form", "a", "base", "object", "embed"} & set(seen.names())
    addresses = [
        value or ""
        for _, attributes in seen.tags
        for name, value in attributes.items()
        if name in {"href", "src", "action", "data", "srcset", "style"} or name.startswith("on")
    ]
    assert [value.partition(",")[0] for value in addresses] == ["data:image/svg+xml"]
    assert "url(" not in page.body.decode()
    assert "@import" not in page.body.decode()
    assert not [
        value for _, attributes in seen.tags for name, value in attributes.items() if name == "http-equiv"
    ]


@EVERY_PAGE
def test_a_page_is_utf_8_html_whole_and_in_english(page: Reply) -> None:
    """It says its encoding before any word, its language, its title and its heading."""
    assert header(page, "content-type") == "text/html; charset=utf-8"
    body = page.body.decode()
    assert body.startswith("<!DOCTYPE html>")
    assert body.rstrip().endswith("</html>")
    assert "$" not in body
    seen = Seen(page)
    assert ("html", {"lang": "en"}) in seen.tags
    assert ("meta", {"charset": "utf-8"}) in seen.tags
    assert seen.names().count("h1") == 1
    assert [attributes["aria-label"] for tag, attributes in seen.tags if attributes.get("role") == "img"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("signed in", 200),
        ("failed", 400),
        ("timed out", 400),
        ("over", 403),
        ("refused", 405),
        ("answered", 409),
    ],
)
def test_each_page_has_its_status_and_its_title(name: str, status: int) -> None:
    """A person and a program can tell the pages apart."""
    page = PAGES[name]
    assert page.status == status
    assert f"<title>{heading(page)} · kubectl oidc-login</title>" in page.body.decode()


def test_each_page_has_its_own_heading() -> None:
    """Those of two failures that differ in their words have the same."""
    other = final_page(Failed("no", "h"), now=NOON)
    told_apart(
        {name: [heading(page)] for name, page in PAGES.items()}
        | {"failed": map(heading, (PAGES["failed"], other))}
    )


@pytest.mark.parametrize(
    ("name", "kind", "colour", "mark"),
    [
        ("signed in", "good", "1a7f37", "M7 12.5l3.4 3.4L17 9"),
        ("failed", "bad", "c62828", "M8.2 8.2l7.6 7.6M15.8 8.2l-7.6 7.6"),
        ("timed out", "late", "57606a", "M12 6.8V12l3.2 2.4"),
        ("over", "idle", "57606a", "M12 6.8V12l3.2 2.4"),
        ("refused", "idle", "57606a", "M12 6.8V12l3.2 2.4"),
        ("answered", "over", "57606a", "M7 12.5l3.4 3.4L17 9"),
    ],
)
def test_each_page_looks_its_own_way(name: str, kind: str, colour: str, mark: str) -> None:
    """In the page, and in the tab."""
    tags = Seen(PAGES[name]).tags
    assert ("main", {"class": kind}) in tags
    assert ("path", {"d": mark}) in tags
    (icon,) = [attributes["href"] or "" for tag, attributes in tags if tag == "link"]
    assert f"fill='%23{colour}'" in icon
    assert f"d='{mark}'" in icon


def test_each_kind_of_page_has_its_own_label() -> None:
    """For people who hear the page read aloud."""
    labels: dict[str | None, str | None] = {}
    for page in PAGES.values():
        tags = Seen(page).tags
        (kind,) = [attributes["class"] for tag, attributes in tags if tag == "main"]
        (label,) = [attributes["aria-label"] for tag, attributes in tags if tag == "svg"]
        assert label
        assert labels.setdefault(kind, label) == label
    assert len(labels) == len(set(labels.values())) == 5


# What a page says


def test_the_page_of_a_sign_in_says_who_where_and_until_when() -> None:
    """The person, the provider, the end of the token by this machine's clock, and that the window may be closed."""
    text = words(PAGES["signed in"])
    assert "alice@example.com" in text
    assert ISSUER in text
    assert "March" not in text, "today needs no date"
    assert re.search(r"13:00 (UTC[+-]\d\d:\d\d|[A-Za-z]{1,5}) · .*1 hour", text)
    assert what_next(PAGES["signed in"])


def test_the_page_of_a_failure_says_what_the_terminal_says() -> None:
    """Message and hint, each beginning with a capital."""
    text = words(PAGES["failed"])
    assert "The provider is down" in text
    assert "Try again later" in text
    assert "terminal" in text


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("register it there", "Register it there"),
        ("--oidc-extra-scope says which", "--oidc-extra-scope says which"),
        ("kubectl oidc-login setup does it", "kubectl oidc-login setup does it"),
        ("localhost must be there", "localhost must be there"),
        ("http://localhost:8000 must be there", "http://localhost:8000 must be there"),
    ],
)
def test_a_flag_an_address_and_a_command_are_not_changed(hint: str, shown: str) -> None:
    """Only the first letter of an ordinary word is made a capital."""
    assert shown in words(final_page(Failed("no", hint), now=NOON))


def test_without_a_hint_there_is_one_still() -> None:
    """The section of what to do is never empty."""
    page = final_page(Failed("no", ""), now=NOON).body.decode()
    assert re.search(r"<section>\s*<h2>[^<]+</h2>\s*<p>[^<]+</p>\s*</section>", page)


def test_the_page_of_a_refused_request_says_our_words_and_its_headers() -> None:
    """The page says why the request was rejected, with the headers that its status requires."""
    page = PAGES["refused"]
    assert header(page, "allow") == "GET"
    assert "Only GET is understood here." in words(page)
    assert what_next(page)


def test_the_page_of_a_second_answer_says_that_nothing_was_done() -> None:
    """Who reloads the page learns that this did no harm."""
    told_apart(
        {
            "signed in": map(what_next, (PAGES["signed in"], PAGES["answered"])),
            "failed": [what_next(PAGES["failed"])],
            "refused": map(what_next, (PAGES["refused"], PAGES["over"])),
        }
    )


# Words from outside


@pytest.mark.parametrize(
    "page",
    [
        final_page(SignedIn(MARKUP, NOON, ISSUER), now=NOON),
        final_page(SignedIn("a", NOON, MARKUP), now=NOON),
        final_page(Failed(MARKUP, "h"), now=NOON),
        final_page(Failed("m", MARKUP), now=NOON),
        rejection_page(RejectedRequest(400, MARKUP)),
    ],
    ids=["person", "issuer", "message", "hint", "reason"],
)
def test_markup_is_shown_and_not_obeyed(page: Reply) -> None:
    """Every value is escaped, wherever it is used: the user sees it unchanged, and the page keeps its structure."""
    seen = Seen(page)
    assert MARKUP in seen.words
    assert set(seen.names()) <= {
        *("html", "head", "meta", "title", "link", "style", "body", "main", "svg", "circle", "path"),
        *("h1", "h2", "p", "section", "dl", "div", "dt", "dd", "span", "wbr", "footer"),
    }
    assert not any(name.startswith("on") for _, attributes in seen.tags for name in attributes)


# Of random characters alone next to no tag is ever made.
PIECES = st.sampled_from(["<b>", "</p>", "<script ", "<!--", "&lt", "&#60;b>", '"', "'", ">"])


@given(st.lists(PIECES | st.text(st.characters(), max_size=20), max_size=10).map("".join))
def test_no_text_changes_a_page(text: str) -> None:
    """Whatever a provider says, the elements of the page are the same as with ordinary words."""

    def skeleton(value: str) -> list[tuple[str, dict[str, str | None]]]:
        tags = Seen(final_page(Failed(value, value), now=NOON)).tags
        return [entry for entry in tags if entry != ("span", {"class": "whole"}) and entry[0] != "wbr"]

    assert skeleton(text) == skeleton("ordinary words")


@pytest.mark.parametrize("name", ["$message", "${hint}", "$$", "$", "%s", "{0}"])
def test_a_placeholder_in_a_value_is_a_value(name: str) -> None:
    """Values are filled in once: a placeholder inside a value stays unchanged."""
    assert f"An {name} x" in words(final_page(Failed(f"An {name} x", "h"), now=NOON))


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a\x1b[31mred\x1b[0m", "a [31mred [0m"),
        ("alice\u202egro.live", "alice gro.live"),
        ("a\u2066b\u2069c", "a b c"),
        ("a\u200bb\ufeffc", "a b c"),
        ("a\0b\x08c\x7fd\x9be", "a b c d e"),
        ("a\r\nb\u2028c", "a b c"),
        ("a\ud800b", "a b"),
    ],
    ids=["escape", "right-to-left", "isolates", "no width", "controls", "lines", "surrogate"],
)
def test_characters_that_deceive_or_break_are_not_on_a_page(sent: str, shown: str) -> None:
    """Escape sequences, overrides of the direction, marks without width and lone surrogates are taken out."""
    assert shown in words(final_page(SignedIn(sent, NOON, ISSUER), now=NOON))
    assert shown in words(final_page(Failed(f"it said {sent}", f"see {sent}"), now=NOON))
    assert sent not in final_page(Failed(sent, sent), now=NOON).body.decode()


def test_a_message_without_end_is_cut() -> None:
    """At four thousand characters, more than any honest one has."""
    assert f" {'A' + 'a' * 3998}… " in words(final_page(Failed("a" * 5000, "h"), now=NOON))


def test_a_long_message_is_whole() -> None:
    """A hint of several hundred characters is not cut, and a long address may break after its slashes."""
    hint = "register " + "http://localhost:8000/a/very/long/path/" * 20
    page = final_page(Failed("no", hint), now=NOON)
    assert hint[1:] in words(page)
    assert "/<wbr>a/<wbr>very/<wbr>" in page.body.decode()


# Redirects


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://a.example/b?c=d%20e&f=%3D#g", "https://a.example/b?c=d%20e&f=%3D#g"),
        ("https://a.example/ü b", "https://a.example/%C3%BC%20b"),
        ("https://a.example/\r\nSet-Cookie: a=b", "https://a.example/%0D%0ASet-Cookie:%20a=b"),
        ("https://a.example/\udcff", "https://a.example/%ED%B3%BF"),
        ("https://a.example/\0\t\x7f", "https://a.example/%00%09%7F"),
        ("https://[::1]:8000/!$&'()*+,;=~", "https://[::1]:8000/!$&'()*+,;=~"),
    ],
)
def test_a_redirect_has_one_location_that_is_a_url(url: str, location: str) -> None:
    """The browser goes on with GET (303); nothing in the URL becomes another header, and no body repeats it."""
    response = redirect(url)
    assert response.status == 303
    assert header(response, "location") == location
    assert response.body == b""


@given(st.text(st.characters(), max_size=60))
def test_no_url_breaks_a_redirect(url: str) -> None:
    """Whatever the URL, its header is one line of visible ASCII."""
    assert re.fullmatch(r"[!-~]*", header(redirect(url), "location"))


def test_a_sign_in_can_end_at_another_address() -> None:
    """With an address to go on to, the page at the end is that one."""
    response = final_page(SignedIn("a", NOON, ISSUER, "https://example.com/welcome"), now=NOON)
    assert (response.status, header(response, "location")) == (303, "https://example.com/welcome")


# Times


def span(expiry: float) -> str:
    """Return how long a token is good, as the page says it at noon."""
    page = final_page(SignedIn("a", expiry, ISSUER), now=NOON).body.decode()
    (found,) = re.findall('<span class="span">· (.*?)</span>', page)
    return str(found)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (60, "1 minute"),
        (150, "2 minutes"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (3660, "1 hour 1 minute"),
        (5 * 3600 + 1800, "5 hours 30 minutes"),
        (86400, "1 day"),
        (86400 + 3600, "1 day 1 hour"),
        (86400 + 120, "1 day"),
        (86400 + 3660, "1 day 1 hour"),
        (400 * 86400, "400 days"),
    ],
)
def test_the_span_is_in_words(seconds: float, shown: str) -> None:
    """Two units at most, the second only where it follows the first."""
    assert re.fullmatch(rf"[^\d]*\b{shown}", span(NOON + seconds))


def test_a_span_below_a_minute_has_no_number() -> None:
    """A token that has ended is told from one that soon ends."""
    ended, soon = [[span(NOON + seconds) for seconds in both] for both in ((-5, 0), (1, 59.9))]
    told_apart({"ended": ended, "soon": soon})
    assert not re.search(r"\d", ended[0] + soon[0])


def test_another_day_has_its_date() -> None:
    """A token that ends tomorrow says so."""
    text = words(final_page(SignedIn("a", NOON + 24 * HOUR, ISSUER), now=NOON))
    assert "10 March 2026, 1" in text
    assert "9 March" not in text


@pytest.mark.parametrize("expiry", [1e18, -1e18, 1e11 * 86400])
def test_a_time_that_no_calendar_has_is_no_failure(expiry: float) -> None:
    """A provider's odd number does not cost the page."""
    page = final_page(SignedIn("a", expiry, ISSUER), now=NOON)
    assert page.status == 200
    until = words(page).partition(ISSUER)[2].partition(" · ")[0]
    assert until
    assert not re.search(r"\d", until)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system's time zone cannot be set")
@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC0", "11:30 UTC"),
        ("XYZ-5:30", "17:00 XYZ"),
        ("<-03>3", "08:30 UTC-03:00"),
        ("LONGNAME-1", "12:30 UTC+01:00"),
        ("SHORT-1", "12:30 SHORT"),
        ("LONGER-1", "12:30 UTC+01:00"),
    ],
)
def test_the_zone_is_named_or_its_distance_given(
    monkeypatch: pytest.MonkeyPatch, zone: str, shown: str
) -> None:
    """A short name as people know it, else the distance from UTC: never a sentence, never a bare number."""
    half_past_eleven = 1_773_055_800.0  # 2026-03-09 11:30 UTC
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        try:
            text = words(final_page(SignedIn("a", half_past_eleven, ISSUER), now=half_past_eleven - 60))
        finally:
            patch.undo()
            time.tzset()
    assert shown in text


@pytest.mark.parametrize(
    "word",
    [
        "--oidc-extra-scope=email,profile",
        "https://login.example.com/a/b",
        "~/.kube/config",
        "ada@corp.example",
    ],
)
def test_flags_and_addresses_stay_on_one_line(word: str) -> None:
    """Each is one box, which moves to the next line whole; ordinary words are not."""
    page = (
        final_page(Failed(f"See {word}; sign-in again", "try again"), now=NOON)
        .body.decode()
        .replace("<wbr>", "")
    )
    assert f'See <span class="whole">{word};</span> sign-in again' in page


@pytest.mark.parametrize("link", ['https://help.corp.example/k8s?a=1&b="2"', "mailto:it@corp.example"])
def test_a_failure_links_to_the_support_that_the_machine_s_settings_name(link: str) -> None:
    """It is the page's only link, and escaped. A page of a sign-in that succeeded has none."""
    seen = Seen(final_page(Failed("refused", "ask"), now=NOON, support_link=link))
    assert [attributes for name, attributes in seen.tags if name == "a"] == [{"href": link}]
    assert "a" not in Seen(final_page(SignedIn("ada", NOON, ISSUER), now=NOON, support_link=link)).names()
