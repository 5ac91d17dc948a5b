"""Text from outside is made safe to show."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.secret import Secret
from kubectl_oidc.text import json_quoted, sanitize

# Lone surrogates come from arguments and files that are not UTF-8, so they are drawn as well.
ANYTHING = st.text(st.characters(), max_size=400)
WORDS = r"\([a-z ]+\)"
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANYTHING,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANYTHING, inner, max_size=4),
    max_leaves=8,
)


@given(ANYTHING, st.integers(1, 400))
def test_no_control_character_comes_through(words: str, limit: int) -> None:
    """The result is one bounded line of visible characters that UTF-8 can encode."""
    shown = sanitize(words, limit=limit)
    assert not {unicodedata.category(c) for c in shown} & HIDDEN
    assert len(shown) <= limit
    assert shown == " ".join(shown.split())
    shown.encode()


@given(ANYTHING)
def test_plain_words_stay_as_they_are(words: str) -> None:
    """Sanitizing twice changes nothing."""
    assert sanitize(sanitize(words)) == sanitize(words)


@given(JSON, st.integers(1, 120))
def test_a_quoted_value_is_one_bounded_visible_line(value: object, limit: int) -> None:
    """Any JSON value becomes safe to show."""
    shown = json_quoted(value, limit=limit)
    assert shown
    assert not {unicodedata.category(c) for c in shown} & HIDDEN
    assert len(shown) <= limit


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("access denied", "access denied"),
        ("Zugriff für Öffentliche 日本 👍", "Zugriff für Öffentliche 日本 👍"),
        ("  a \t b\r\nc\n", "a b c"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("\x1b]0;title\x07done", "]0;title done"),
        ("\x9b31mC1", "31mC1"),
        ("pass\u202edrow", "pass drow"),
        ("zero\u200bwidth", "zero width"),
        ("two\u2028lines\u2029here\x85now", "two lines here now"),
        ("lone \udcff byte", "lone byte"),
        ("private \ue000 use", "private use"),
        ("", ""),
        (None, "None"),
        (7, "7"),
    ],
)
def test_each_kind_of_unseen_character_becomes_a_space(words: object, shown: str) -> None:
    """Text of any language stays. Escape sequences, overrides and line breaks are removed."""
    assert sanitize(words) == shown


def test_long_words_are_cut_with_an_ellipsis() -> None:
    """The limit includes the ellipsis. Text of exactly the limit is not cut."""
    assert sanitize("x" * 300) == "x" * 300
    assert sanitize("x" * 301) == "x" * 299 + "…"
    assert sanitize("abcdef", limit=3) == "ab…"


def test_words_after_a_long_run_of_nothing_are_left_out() -> None:
    """A megabyte of white space is not folded for a line of 300 characters."""
    assert sanitize(" " * 1_000_000 + "late") == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://idp", '"https://idp"'),
        ('a"b', r'"a\"b"'),
        ("ü\n", '"ü\\n"'),
        ("\x1b[2J", r'"\u001b[2J"'),
        (["a", 1, None, True], '["a", 1, null, true]'),
        ({"a": 1.5}, '{"a": 1.5}'),
        (("a", "b"), '["a", "b"]'),
    ],
)
def test_a_value_is_quoted_as_json(value: object, shown: str) -> None:
    """Strings have quotes, so that they do not look like this program's words."""
    assert json_quoted(value) == shown


def test_what_is_no_json_is_not_shown() -> None:
    """An object that is not JSON, such as a secret, is never shown."""
    assert re.fullmatch(WORDS, json_quoted(Secret("SECRET")))
    assert re.fullmatch(WORDS, json_quoted({"a": Secret("SECRET")}))


def test_what_is_nested_too_deeply_is_not_shown() -> None:
    """A value that is nested too deeply for the JSON encoder is no crash."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert re.fullmatch(WORDS, json_quoted(deep))


def test_a_quoted_word_reads_back() -> None:
    """A shorter one is shown as JSON."""
    assert json.loads(json_quoted("tab\tand ü")) == "tab\tand ü"
