"""The proxy of a request: which variable concerns it, what a value may be, and that a bad one is never shown."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import UsageError
from kubectl_oidc.http.proxy import parse_proxy, proxy_for
from tests.arbitrary import or_refused

ISSUER = "https://idp.example.com"
P = "http://p:1"


class WindowsEnviron(dict[str, str]):
    """Variables as `os.environ` has them on Windows: their names are upper case, and found in any case."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).upper())

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.upper())


def test_on_windows_the_variable_is_named_as_it_is_written() -> None:
    """Not by the lower-case name that leads to it there too."""
    proxy = proxy_for(ISSUER, WindowsEnviron(HTTPS_PROXY=P))
    assert proxy
    assert proxy.variable == "HTTPS_PROXY"


@pytest.mark.parametrize(
    ("environ", "url", "variable"),
    [
        ({}, ISSUER, None),
        ({"HTTPS_PROXY": P}, ISSUER, "HTTPS_PROXY"),
        ({"https_proxy": P}, ISSUER, "https_proxy"),
        ({"HTTPS_PROXY": "http://q:1", "https_proxy": P}, ISSUER, "https_proxy"),
        ({"ALL_PROXY": P}, ISSUER, "ALL_PROXY"),
        ({"ALL_PROXY": P, "HTTPS_PROXY": ""}, ISSUER, "ALL_PROXY"),
        ({"HTTP_PROXY": P}, ISSUER, None),
        ({"https_proxy": P, "ALL_PROXY": "socks://q:1"}, ISSUER, "https_proxy"),
        ({"HTTPS_PROXY": P, "NO_PROXY": "other.test, .example.com"}, ISSUER, None),
        ({"HTTPS_PROXY": P, "no_proxy": "example.com"}, ISSUER, None),
        ({"HTTPS_PROXY": P, "no_proxy": "*"}, ISSUER, None),
        ({"HTTPS_PROXY": P, "no_proxy": "idp.example.com:443"}, ISSUER, None),
        (
            {"HTTPS_PROXY": P, "no_proxy": "idp.example.com:444,ample.com,p.example.com,.idp.example.com"},
            ISSUER,
            "HTTPS_PROXY",
        ),
        ({"HTTPS_PROXY": P, "no_proxy": "10.0.0.0/8"}, "https://10.1.2.3", None),
        ({"HTTPS_PROXY": P, "no_proxy": "10.0.0.0/8"}, "https://11.1.2.3", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": P, "no_proxy": "fd00::/8"}, "https://[fd00::1]:8443", None),
        ({"HTTPS_PROXY": P}, "https://localhost:1", None),
        ({"HTTPS_PROXY": "gopher://nonsense"}, "https://127.0.0.1:1", None),
        ({"HTTPS_PROXY": "gopher://nonsense", "NO_PROXY": ".example.com"}, ISSUER, None),
    ],
)
def test_the_variable_that_concerns_the_request_is_read(
    environ: dict[str, str], url: str, variable: str | None
) -> None:
    """By the scheme, lower case first, ALL_PROXY last; never for this machine or a host in NO_PROXY."""
    found = proxy_for(url, environ)
    assert (found.variable if found else None) == variable
    assert found is None or found.url == P


@pytest.mark.parametrize(
    ("value", "url", "host", "port"),
    [
        ("p:3128", "http://p:3128", "p", 3128),
        ("http://p/", "http://p", "p", 80),
        ("HTTPS://p", "https://p", "p", 443),
        ("socks5h://p", "socks5h://p", "p", 1080),
        ("http://me:p%40ss@p:1", "http://me:p%40ss@p:1", "p", 1),
        ("http://me:p@ss@p:1", "http://me:p%40ss@p:1", "p", 1),
        ("me:pass@[::1]:1", "http://me:pass@[::1]:1", "::1", 1),
    ],
)
def test_a_proxy_is_a_url_or_host_and_port(value: str, url: str, host: str, port: int) -> None:
    """As Go and curl take it: the last @ ends the login."""
    found = parse_proxy("HTTPS_PROXY", value)
    assert (found.url, found.host, found.port) == (url, host, port)
    assert "pass" not in repr(found)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("http://user:p@SECRET#word@proxy:8080", "%23"),
        ("http://user:SECRET/word@proxy:8080", "%2F"),
        ("http://user:SECRET?word@proxy:8080", "%3F"),
        ("http://user:SECRET%word@proxy:8080", "%25"),
        ("http://user:SECRET word@proxy:8080", "%40"),
        ("http://user:SECRETü@proxy:8080", "%40"),
        ("socks://user:SECRET@proxy:8080", "socks5://HOST:PORT"),
        ("gopher://user:SECRET@proxy:8080", "http://HOST:PORT"),
        ("http://user:SECRET@proxy:SECRET", "http://HOST:PORT"),
        ("http://user:SECRET@:8080", "http://HOST:PORT"),
        ("http://user:SECRET@proxy:0", "http://HOST:PORT"),
        ("http://user:SECRET@[proxy", "http://HOST:PORT"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_not_shown(value: str, hint: str) -> None:
    """The variable, what is wrong, and how it is written right; no part of the value, which may be of the password."""
    with pytest.raises(UsageError) as caught:
        proxy_for(ISSUER, {"HTTPS_PROXY": value})
    said = f"{caught.value.message} {caught.value.hint}"
    assert said.startswith("HTTPS_PROXY ")
    assert caught.value.topic == "proxy"
    assert hint in caught.value.hint
    assert not any(part in said for part in ("SECRET", "word@", "proxy:", "user:"))


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_value_is_an_unexpected_error(login: str, place: str) -> None:
    """It is a proxy with a host and a port, or it is refused."""
    with or_refused(UsageError):
        found = parse_proxy("ALL_PROXY", f"http://{login}@{place}")
        assert found.host
        assert 0 < found.port < 65536
