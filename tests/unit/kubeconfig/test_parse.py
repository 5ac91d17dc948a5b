"""Parse a kubeconfig: numbers stay text, and what kubectl rejects is rejected."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig.edit_text import set_user
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from tests.arbitrary import TEXT, or_refused
from tests.topics import about
from tests.unit.kubeconfig.kubeconfig_files import (
    USER,
)

FRAGMENTS = [
    *(
        "users:",
        "clusters:",
        "contexts:",
        "current-context: a",
        "name: oidc",
        "user:",
        "exec:",
        "command: kubectl-oidc_login",
    ),
    *("- ", "\n", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ", ", ": ", "? ", "# ", "|", ">", "'", '"'),
    *(
        "&a ",
        "*a",
        "<<: *a",
        "!!binary ",
        "!!set ",
        "!!omap ",
        "!!bool ",
        "!a ",
        "%YAML 1.1\n---\n",
        "---\n",
        "...\n",
    ),
]
"""Parts of YAML."""


def test_names_that_look_like_numbers_stay_text() -> None:
    """A cluster called 0123 or 1e3 is not renamed to 83 or 1000.0."""
    config = parse_kubeconfig("clusters:\n- name: 0123\n- name: 1e3\n- name: 2024-01-01\n", "F")

    assert [item["name"] for item in config["clusters"]] == ["0123", "1e3", "2024-01-01"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("users: [", "YAML"),
        ("a: 1\na: 2\n", "YAML"),
        ("users:\n- name: a\n---\nb: 1\n", "YAML"),
        ("[\n" * 5000, "YAML"),
        ("\x00", "YAML"),
        ("- a\n", "--kubeconfig"),
        ("word\n", "--kubeconfig"),
        ("users: {a: b}\n", "'users'"),
        ("contexts: [a]\n", "'contexts'"),
        ("users:\n- name: a\n- name: a\n", "'a'"),
    ],
)
def test_an_invalid_kubeconfig_is_an_error_with_its_file(text: str, named: str) -> None:
    """The message does not repeat the line: it may hold a token."""
    with pytest.raises(KubeconfigError, match=r"^F ", check=about("kubeconfig", named)):
        parse_kubeconfig(text, "F")


def test_the_line_of_what_is_not_yaml_is_named() -> None:
    """Its number, from 1."""
    for lines in (0, 6):
        with pytest.raises(KubeconfigError) as caught:
            parse_kubeconfig("\n" * lines + "users: [", "F")
        assert re.findall(r"\d+", caught.value.message) == [str(lines + 1)]


def test_a_syntax_error_does_not_show_the_line() -> None:
    """The text around the error may be a credential."""
    with pytest.raises(KubeconfigError) as caught:
        parse_kubeconfig("users:\n- name: a\n  user: {token: hunter2: x\n", "F")
    assert "hunter2" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: !!bool word\n", id="a truth value that is none"),
        pytest.param("a: !!binary aGk=\n", id="bytes"),
        pytest.param("a: !!set {b}\n", id="a set"),
        pytest.param("? [a, b]\n: c\n", id="a key that is a list"),
        pytest.param("a: &a [*a]\n", id="a list in itself"),
        pytest.param('a: "\\ud83d\\ude00"\n', id="half characters"),
        pytest.param(
            "a: &a [x, x]\n"
            + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefgh")),
            id="nine to the seventh",
        ),
    ],
)
def test_yaml_that_is_not_json_is_rejected(text: str) -> None:
    """Kubectl reads kubeconfigs as JSON, and rejects what grows without end."""
    with pytest.raises(KubeconfigError, match=r"^F .*YAML"):
        parse_kubeconfig(text, "F")


@given(st.lists(st.sampled_from(FRAGMENTS) | TEXT, max_size=12).map("".join))
def test_any_text_is_parsed_or_rejected(text: str) -> None:
    """Any YAML, valid or not, is read and edited, or is a KubeconfigError with sanitized text."""
    with or_refused(KubeconfigError):
        config = parse_kubeconfig(text, "F")
        json.dumps(config)
        with or_refused(KubeconfigError):
            assert parse_kubeconfig(set_user(text, "oidc", USER, "F"), "F")["users"]
