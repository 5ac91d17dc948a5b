"""Secrets are not shown."""

from __future__ import annotations

import logging
import pprint
import traceback
from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.secret import Secret

TOKEN = "eyJ-the-secret-itself"


@dataclass
class Holder:
    """A dataclass, which shows its members by default."""

    token: Secret


@pytest.mark.parametrize(
    "shown",
    [
        str(Secret(TOKEN)),
        repr(Secret(TOKEN)),
        f"{Secret(TOKEN)}",
        f"{Secret(TOKEN)!r}",
        "%s" % Secret(TOKEN),  # noqa: UP031 - every way to write it out
        repr([Secret(TOKEN)]),
        repr({"a": (Secret(TOKEN),)}),
        repr(Holder(Secret(TOKEN))),
        pprint.pformat({"deep": [Holder(Secret(TOKEN))]}),
        ascii(Secret(TOKEN)),
        logging.Formatter().format(logging.makeLogRecord({"msg": "%s", "args": (Secret(TOKEN),)})),
    ],
)
def test_no_way_of_writing_it_out_shows_it(shown: str) -> None:
    """str, repr, formatting, containers, dataclasses, pprint and logging hide it."""
    assert "secret-itself" not in shown
    assert "Secret(…)" in shown or r"Secret(\u2026)" in shown


def test_it_is_hidden_in_an_exception() -> None:
    """An error with a secret in it does not show it."""
    error = ValueError("wrong", Secret(TOKEN))
    assert TOKEN not in "".join(traceback.format_exception(error))


def test_nothing_but_reveal_gives_it_out() -> None:
    """It has no ``__dict__``."""
    secret = Secret(TOKEN)
    assert secret.reveal() == TOKEN
    assert not hasattr(secret, "__dict__")


@given(st.text(), st.text())
def test_secrets_are_equal_as_their_values_are(one: str, other: str) -> None:
    """Secrets are equal if their values are equal."""
    assert Secret(one) == Secret(one)
    assert hash(Secret(one)) == hash(Secret(one))
    assert (Secret(one) == Secret(other)) is (one == other)


def test_a_secret_is_not_the_text_it_holds() -> None:
    """A secret is never equal to a string."""
    held: object = Secret(TOKEN)
    assert held != TOKEN
    assert hash(held) != hash(TOKEN)


def test_secrets_that_are_not_utf_8_can_be_compared() -> None:
    """An argument's undecodable bytes arrive as lone surrogates."""
    assert Secret("a\udcff") == Secret("a\udcff")
    assert Secret("a\udcff") != Secret("a\udcfe")


def test_an_empty_secret_is_false() -> None:
    """An empty secret counts as none."""
    assert not Secret("")
    assert Secret("0")
