"""NAME=VALUE in one word, as kubelogin's flags read it."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.cli.options.name_value import format_name_value, parse_name_values
from kubectl_oidc.errors import UsageError
from tests.arbitrary import TEXT, or_refused

FLAG = "--oidc-request-header"


@pytest.mark.parametrize(
    ("given_", "pairs"),
    [
        ([], {}),
        ([""], {}),
        (["a=1"], {"a": "1"}),
        (["a="], {"a": ""}),
        (["a=1,b=2"], {"a": "1", "b": "2"}),
        (["a=1", "b=2"], {"a": "1", "b": "2"}),
        (["a=1", "a=2"], {"a": "2"}),
        (["a=1, b=2"], {"a": "1", "b": "2"}),
        (["a=1,,b=2,"], {"a": "1", "b": "2"}),
        (["acr_values=high,low"], {"acr_values": "high,low"}),
        (["Accept=text/html, text/plain"], {"Accept": "text/html, text/plain"}),
        (["Authorization=Basic dXNlcjpwdw=="], {"Authorization": "Basic dXNlcjpwdw=="}),
        (['"a=1,2=3",b=4'], {"a": "1,2=3", "b": "4"}),
        (['"a=1,2"'], {"a": "1,2"}),
        (['claims={"id_token":1}'], {"claims": '{"id_token":1}'}),
        (["a=x y"], {"a": "x y"}),
        ([" a =1"], {"a": "1"}),
    ],
)
def test_words_are_read_as_kubelogin_reads_them(given_: list[str], pairs: dict[str, str]) -> None:
    """With one ``=`` a word is one pair, commas and all; with more it is a line of CSV; the last value counts."""
    assert dict(parse_name_values(FLAG, given_)) == pairs


@pytest.mark.parametrize(
    "word",
    [
        "SECRET",
        "=SECRET",
        " =SECRET",
        "a=1,b=2,SECRET",
        "SECRET,b",
        '"a=SECRET',
        '"a=1,b=SECRET',
        '"a=1"x,b=SECRET',
    ],
)
def test_a_word_without_name_or_value_names_the_flag_and_not_the_word(word: str) -> None:
    """A header's value may be a credential."""
    with pytest.raises(UsageError, match=FLAG) as caught:
        parse_name_values(FLAG, [word])
    assert "SECRET" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("word", ["a=1\nb=2,c=3", "a=b=" + "x" * 200_000])
def test_what_is_no_csv_is_refused(word: str) -> None:
    """A line break outside of quotes, or a field without end."""
    with pytest.raises(UsageError, match=FLAG):
        parse_name_values(FLAG, [word])


NAMES = st.text(
    st.characters(codec="ascii", exclude_characters='="', exclude_categories=["Cc", "Zs"]), min_size=1
)


@given(NAMES, st.text())
def test_what_is_written_is_read_back(name: str, value: str) -> None:
    """A stanza's argument means the pair that it was made of, whatever the value holds."""
    assert parse_name_values(FLAG, [format_name_value(name, value)]) == ((name, value),)


def test_a_plain_pair_is_written_without_quotes() -> None:
    """A kubeconfig stays readable."""
    assert format_name_value("X-Tenant", "blue, green") == "X-Tenant=blue, green"
    assert format_name_value("a", "b=c") == "a=b=c"
    assert format_name_value("a", "b=c,d") == '"a=b=c,d"'


@given(st.lists(TEXT | st.builds("{}={}".format, TEXT, TEXT), max_size=3))
def test_any_words_are_pairs_or_a_usage_error(given_: list[str]) -> None:
    """Each pair has a name; an error names the flag, in plain words."""
    with or_refused(UsageError):
        assert all(name.strip() for name, _ in parse_name_values(FLAG, given_))
