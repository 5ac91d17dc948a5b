"""What tests expect of messages instead of words can fail."""

from __future__ import annotations

import pytest

from kubectl_oidc.errors import UsageError
from tests.topics import about, told_apart


def test_an_error_is_about_its_topic_and_has_its_names() -> None:
    error = UsageError("--a is missing", "give --b", topic="here")
    assert about("here", "--a", "--b")(error)
    assert not about("there", "--a")(error)
    assert not about("here", "--c")(error)


@pytest.mark.parametrize(
    "said",
    [
        {"one": ["a"]},
        {"one": ["a"], "two": ["a"]},
        {"one": ["a", "b"], "two": ["c"]},
        {"one": ["a"], "two": [""]},
        {"one": ["a"], "two": []},
    ],
    ids=["one kind", "the same", "two for one kind", "nothing said", "no case"],
)
def test_what_is_not_told_apart_fails(said: dict[str, list[str]]) -> None:
    with pytest.raises(AssertionError):
        told_apart(said)


def test_kinds_with_a_sentence_each_are_told_apart() -> None:
    told_apart({"one": ["a", "a"], "two": ["b"]})
