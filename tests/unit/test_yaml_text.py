"""YAML as text: YAML 1.1 and 1.2 parsers read the same value back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st
from ruamel.yaml import YAML

from kubectl_oidc.yaml_text import block, entry, indented, scalar
from tests.arbitrary import TEXT, is_one_plain_line

WORDS = [
    *(
        "yes",
        "No",
        "on",
        "y",
        "true",
        "null",
        "~",
        "",
        " ",
        "a: b",
        "a #b",
        "#a",
        "- a",
        "-",
        "--",
        "---",
        "-1",
        "a:",
    ),
    *(
        "0123",
        "1e3",
        "0x1f",
        "12:30:45",
        "2024-01-01",
        "1_000",
        ".inf",
        "=",
        "<<",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
    ),
    *(
        "{a",
        "[a",
        "a, b",
        "a,b",
        "'a'",
        '"a"',
        "a\\b",
        "a\nb",
        "\ta",
        "é",
        "--oidc-issuer-url=https://a/b?c=d#e",
    ),
    *("--v", "/usr/bin/x y", "C:\\Users\\a", "\x1b[31m", "\u202e", "\U000e0001", "😀", "a b"),
]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_read_back_as_the_same_string(word: str, version: str) -> None:
    """No version of YAML reads a string as a number, boolean, date or null."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version

    assert yaml.load(block({"key": word, "list": [word]})) == {"key": word, "list": [word]}


@pytest.mark.parametrize(
    "word", ["get-token", "--oidc-issuer-url=https://idp.example.com/x", "kubectl-oidc_login"]
)
def test_plain_words_stand_without_quotes(word: str) -> None:
    """As kubectl writes it."""
    assert scalar(word) == word


def test_what_a_terminal_would_not_show_is_escaped() -> None:
    """Escape sequences and direction marks from outside do not reach the terminal."""
    assert scalar("a\x1b\u202e\U000e0001") == '"a\\u001b\\u202e\\U000e0001"'


def test_lists_begin_in_the_column_of_their_key() -> None:
    """The layout is kubectl's own."""
    value = {"args": ["get-token", "--x"], "env": [], "user": {}, "nested": [{"a": 1, "b": [True, None]}]}

    assert block(value) == (
        "args:\n- get-token\n- --x\nenv: []\nuser: {}\nnested:\n- a: 1\n  b:\n  - true\n  - null"
    )


def test_a_certificate_stands_line_by_line() -> None:
    """Several lines of text become a literal block."""
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    text = entry("ca", pem) + "\n"

    assert text.splitlines()[:2] == ["ca: |", "  -----BEGIN CERTIFICATE-----"]
    assert YAML(typ="safe", pure=True).load(text) == {"ca": pem}


def test_yaml_stands_in_yaml_line_by_line() -> None:
    """A patch that is a string in a list becomes a literal block with its own indentation."""
    patch = "kind: A\nlist:\n- b: 1\n  c: 2\n"
    text = block({"patches": [patch, "one line"]}) + "\n"

    assert text == 'patches:\n- |\n  kind: A\n  list:\n  - b: 1\n    c: 2\n- "one line"\n'
    assert YAML(typ="safe", pure=True).load(text) == {"patches": [patch, "one line"]}


@pytest.mark.parametrize("text", ["a\n\nb\n", " a\nb\n", "a\nb", "a\n", "a\nb\n\n", "a\té\nb\n"])
def test_lines_that_a_literal_block_would_change_are_quoted(text: str) -> None:
    """Empty lines, a first line that is indented, no line break at the end, characters outside of ASCII."""
    assert YAML(typ="safe", pure=True).load(block({"a": [text], "b": text})) == {"a": [text], "b": text}
    assert "|" not in block({"a": [text], "b": text})


@pytest.mark.parametrize("word", [*WORDS, "\x7f", "\ufffe", "\U00010000", "\u2028", "\x85"])
def test_json_is_read_by_readers_of_yaml_too(word: str) -> None:
    """Characters that YAML does not allow are escaped. Characters beyond the BMP are not."""
    text = indented({word: [word]})
    assert json.loads(text) == {word: [word]}
    assert YAML(typ="safe", pure=True).load(text) == {word: [word]}


SAID = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT.map(lambda text: text.replace("\ud800", "")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6) | st.sampled_from(WORDS), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@given(value=st.dictionaries(st.text(max_size=6) | st.sampled_from(WORDS), SAID, min_size=1, max_size=3))
def test_any_value_is_read_back_as_it_was_written(version: str, value: dict[str, object]) -> None:
    """Nested mappings, lists and strings of any kind. The text has no control characters."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    text = block(value)
    assert yaml.load(text) == value
    assert all(map(is_one_plain_line, text.splitlines()))
