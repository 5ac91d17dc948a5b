"""Lists in one argument or variable, parsed as kubelogin does."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.cli.commands.get_token import get_token
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.csv_text import quote_value, read_list
from kubectl_oidc.errors import UsageError
from kubectl_oidc.loopback.listen_address import ListenAddress
from tests.arbitrary import TEXT, or_refused
from tests.tokens import CLIENT_ID, ISSUER

if TYPE_CHECKING:
    from kubectl_oidc.authentication.request import SignInRequest

FLAG = "--oidc-extra-scope"
BOTH = (f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT_ID}")


def asked(*words: str) -> SignInRequest:
    """Return get-token's request for these flags and the current variables."""
    return token_request(get_token.make_context("get-token", [*BOTH, *words]).params)


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ([], []),
        ([""], []),
        (["a,b", "c"], ["a", "b", "c"]),
        (['"email"'], ["email"]),
        (['"a,b",c'], ["a,b", "c"]),
        (['"a","b"'], ["a", "b"]),
        (['"a ""b"""'], ['a "b"']),
        (["a, b,,"], ["a", "b"]),
        (['""'], []),
    ],
)
def test_a_word_is_a_line_of_csv(words: list[str], values: list[str]) -> None:
    """Quotes from YAML are not part of a value. A comma inside them is."""
    assert read_list(FLAG, words) == values


@pytest.mark.parametrize("word", ['"a', 'a"', 'a"b"', '"a"b', 'a, "b"', '"a",b"', "a\nb", '"'])
def test_quotes_that_do_not_fit_are_wrong_usage(word: str) -> None:
    """As in Go: a quote that is not closed, or in the middle of a value."""
    with pytest.raises(UsageError, match=FLAG):
        read_list(FLAG, [word])


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])).map(str.strip).filter(bool), max_size=4)
)
def test_what_is_written_is_read_back(values: list[str]) -> None:
    """One value an argument, or several separated by commas. Python's csv module agrees."""
    assert read_list(FLAG, [quote_value(value) for value in values]) == values
    line = ",".join(map(quote_value, values))
    assert read_list(FLAG, [line]) == values
    assert [field.strip() for row in csv.reader([line], strict=True) for field in row] == values


@given(st.lists(TEXT, max_size=3))
def test_any_words_are_a_list_or_a_usage_error(words: list[str]) -> None:
    """Empty values are dropped."""
    with or_refused(UsageError):
        assert all(read_list(FLAG, words))


def test_every_list_flag_reads_quotes() -> None:
    """Scopes, addresses, headers, parameters, claims, the scopes of an exchange; also from variables."""
    request = asked(
        '--oidc-extra-scope="email"',
        '--oidc-extra-scope="groups","profile"',
        '--listen-address="127.0.0.1:8001","127.0.0.1:8002"',
        '--oidc-request-header="X-A=1"',
        '--oidc-auth-request-extra-params="a=1","b=2"',
        '--expect-claim="email=*@corp.example"',
        "--oidc-token-exchange-audience=other",
        '--oidc-token-exchange-scope="x","y"',
    )
    assert request.scopes == ("openid", "email", "groups", "profile")
    assert request.redirect.listen_addresses == (
        ListenAddress("127.0.0.1", 8001),
        ListenAddress("127.0.0.1", 8002),
    )
    assert request.request_headers == (("X-A", "1"),)
    assert request.extra_params == (("a", "1"), ("b", "2"))
    assert request.account.expect_claims == (("email", "*@corp.example"),)
    assert request.exchange
    assert request.exchange.scopes == ("x", "y")


def test_variables_are_lists_of_the_same_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file name with a comma can be written in quotes."""
    monkeypatch.setenv("KUBECTL_OIDC_EXTRA_SCOPE", '"email", groups'.replace(", ", ","))
    monkeypatch.setenv("KUBECTL_OIDC_LISTEN_ADDRESS", '"127.0.0.1:8001"')
    monkeypatch.setenv("KUBECTL_OIDC_CERTIFICATE_AUTHORITY", '"/etc/a,b.pem",/etc/c.pem')
    request = asked()
    assert request.scopes == ("openid", "email", "groups")
    assert request.redirect.listen_addresses == (ListenAddress("127.0.0.1", 8001),)
    assert request.tls.ca_files == (Path("/etc/a,b.pem"), Path("/etc/c.pem"))
    monkeypatch.setenv("KUBECTL_OIDC_CERTIFICATE_AUTHORITY", '"/etc/a')
    with pytest.raises(UsageError, match="KUBECTL_OIDC_CERTIFICATE_AUTHORITY"):
        asked()


def test_each_certificate_authority_is_a_whole_path() -> None:
    """Kubelogin accepts no list there, so a comma and a quote are part of the name."""
    request = asked("--certificate-authority=/etc/a,b.pem")
    assert request.tls.ca_files == (Path("/etc/a,b.pem"),)


def test_a_command_that_is_shown_means_the_same_scopes() -> None:
    """A scope with a comma in it stays one scope when the command is pasted."""
    request = asked('--oidc-extra-scope="a,b",c')
    words = request.command_line("login").split()[3:]
    again = token_request(get_token.make_context("login", [word.replace("'", "") for word in words]).params)
    assert again.scopes == request.scopes == ("openid", "a,b", "c")
