"""Which URLs may get a request."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import UsageError
from kubectl_oidc.text import json_quoted
from kubectl_oidc.urls import (
    check_issuer,
    is_loopback,
    is_loopback_url,
    port_of,
    shown_url,
    url_fault,
    with_parameters,
)
from tests.arbitrary import TEXT, is_one_plain_line, or_refused
from tests.topics import told_apart


@pytest.mark.parametrize(
    "url",
    [
        "https://example.okta.com/oauth2/default",
        "https://example.com",
        "https://example.com/",
        "https://example.com/realms/a/",
        "https://EXAMPLE.com:8443/A%20b",
        "https://example.com:1",
        "https://example.com/.well-known/openid-configurationX",
        "http://localhost:8080/realms/a",
        "http://127.0.0.1:5556/dex",
        "http://127.9.9.9",
        "http://[::1]:5556/dex",
    ],
)
def test_an_issuer_is_kept_byte_for_byte(url: str) -> None:
    """Valid issuer URLs are returned unchanged, with a slash at the end."""
    assert check_issuer(url) == url


REFUSED = {
    "scheme": (
        "example.okta.com",
        "example.okta.com/oauth2/default",
        "localhost:8080",
        "ftp://example.com",
        "-https://example.com",
        "",
    ),
    "plain http": (
        "http://example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0",
    ),
    "query": ("https://example.com?x=1", "https://example.com/?"),
    "fragment": ("https://example.com#top", "https://example.com/#"),
    "host": ("https:///path", "https://:443", "https://example.com:0", "https://"),
    "not a URL": ("https://[::1", "https://example.com:port", "https://example.com:99999"),
    "character": (
        "https://exa mple.com",
        " https://example.com",
        "https://example.com\n",
        "https://example.com\\@evil.test",
        "https://exam\x1b[31mple.com",
    ),
    "discovery document": (
        "https://example.com/.well-known/openid-configuration",
        "https://example.com/.well-known/openid-configuration/",
    ),
}
"""URLs that are not issuers, by what is wrong with them."""


@pytest.mark.parametrize("url", [url for urls in REFUSED.values() for url in urls])
def test_a_url_that_can_be_no_issuer_is_refused(url: str) -> None:
    """One line with a hint, exit status 2, and no control characters."""
    with pytest.raises(UsageError) as caught:
        check_issuer(url)
    error = caught.value
    before, _, reason = error.message.rpartition(json_quoted(url))
    assert bool(before) is ("@" not in url)
    assert reason
    assert reason.endswith(url_fault(url, http_allowed=True) or "")
    assert error.topic == "issuer-url"
    assert error.exit_status == 2
    assert error.hint
    assert (error.message + error.hint).isprintable()


def test_what_is_wrong_with_a_url_is_told_apart() -> None:
    """The same reason for each URL of a kind, and no other kind's."""

    def reason(url: str) -> str:
        with pytest.raises(UsageError) as caught:
            check_issuer(url)
        return url_fault(url, http_allowed=True) or caught.value.message.rpartition(json_quoted(url))[2]

    told_apart({kind: map(reason, urls) for kind, urls in REFUSED.items()})


def test_a_password_in_an_issuer_is_not_repeated() -> None:
    """User info is refused and never shown, whatever else is wrong."""
    for url in ("https://me:SECRET@example.com", "me:SECRET@example.com", "http://me:SECRET@example.com?a"):
        with pytest.raises(UsageError) as caught:
            check_issuer(url)
        assert "SECRET" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("example.okta.com/oauth2/default", "`--oidc-issuer-url=https://example.okta.com/oauth2/default`"),
        (
            "https://example.com/a/.well-known/openid-configuration",
            "`--oidc-issuer-url=https://example.com/a`",
        ),
        (
            "https://example.com/X/.well-known/openid-configuration/",
            "`--oidc-issuer-url=https://example.com/X`",
        ),
        ("http://example.com", "https://"),
        ("http://example.com/.well-known/openid-configurationX", "https://"),
        ("me@example.com", "https://ORG.okta.com"),
        ("https://example.com?x", "https://ORG.okta.com/oauth2/default"),
    ],
)
def test_the_hint_says_what_to_write(url: str, hint: str) -> None:
    """If the right URL can be guessed, the hint has it."""
    with pytest.raises(UsageError) as caught:
        check_issuer(url)
    assert caught.value.hint.endswith(hint) or "--oidc-issuer-url" not in hint
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("localhost.", True),
        ("127.0.0.1", True),
        ("127.255.0.3", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - a name, not an address to listen on
        ("::", False),
        ("a.localhost", False),
        ("localhost.test", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_alone(host: str, expected: bool) -> None:  # noqa: FBT001
    """Only localhost, 127.0.0.0/8 and ::1 are this machine."""
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8080/a", True),
        ("https://[::1]/", True),
        ("https://example.com/localhost", False),
        ("localhost", False),
        ("https://[::1", False),
    ],
)
def test_a_url_leads_to_this_machine_by_its_host(url: str, expected: bool) -> None:  # noqa: FBT001
    """A string that is not a URL is not this machine."""
    assert is_loopback_url(url) is expected


def test_http_on_this_machine_is_allowed_only_where_it_is_asked_for() -> None:
    """An endpoint of a public issuer must not be http, not even on this machine."""
    assert url_fault("http://localhost/token", http_allowed=True) is None
    assert re.search(r"\bhttp\b", url_fault("http://localhost/token", http_allowed=False) or "")


@pytest.mark.parametrize(
    ("url", "port"),
    [("http://h/x", 80), ("https://h/x", 443), ("http://[::1]:8000", 8000), ("https://h:1", 1)],
)
def test_a_url_has_a_port_even_if_it_names_none(url: str, port: int) -> None:
    """Without one it is the scheme's own."""
    assert port_of(urlsplit(url)) == port


def test_a_shown_url_has_no_secret_part() -> None:
    """Messages do not show user info, query, fragment and control characters."""
    assert (
        shown_url("https://me:SECRET@example.com:8443/a?code=SECRET#SECRET") == "https://example.com:8443/a"
    )
    assert shown_url("https://exa\x1b7mple.com/\u202e") == "https://exa 7mple.com/"
    assert len(shown_url(f"https://example.com/{'a' * 300}")) == 200
    assert re.fullmatch(r"[a-z ]+", shown_url("https://["))


URL = (
    st.builds(
        "{}://{}{}{}".format,
        st.sampled_from(["https", "http", "HTTPS", "ftp", ""]) | TEXT,
        st.sampled_from(["", "user:SECRET@", "[", "[::1]", "[::1%25lo]", "127.0.0.1"]) | TEXT,
        st.sampled_from(["", "example.com", ":0", ":99999", ":x", "xn--a", "\u2100.com", "\uff0f"]) | TEXT,
        st.sampled_from(["", "/", "/a?b#c", "/.well-known/openid-configuration"]) | TEXT,
    )
    | TEXT
)


@given(URL)
def test_any_text_is_an_issuer_or_a_usage_error(url: str) -> None:
    """An accepted URL is returned unchanged, and is https or on this machine. Others are refused with a printable message."""
    assert is_one_plain_line(shown_url(url))
    with or_refused(UsageError, "SECRET"):
        assert check_issuer(url) is url
        assert is_one_plain_line(url)
        assert urlsplit(url).scheme == "https" or is_loopback(urlsplit(url).hostname or "")
        assert url_fault(url, http_allowed=True) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/authorize", "https://a.example/authorize?scope=openid+email&state=%26"),
        ("https://a.example/authorize?p=", "https://a.example/authorize?p=&scope=openid+email&state=%26"),
        ("https://a.example?p=1&p=2#end", "https://a.example?p=1&p=2&scope=openid+email&state=%26#end"),
    ],
)
def test_parameters_are_added_to_the_url_s_own(url: str, expected: str) -> None:
    """The query of the endpoint stays (RFC 6749 §3.1)."""
    assert with_parameters(url, [("scope", "openid email"), ("state", "&")]) == expected
