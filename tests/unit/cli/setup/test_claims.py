"""A token's claims as rows for people: their order, their form, and claims of any shape."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.cli.setup.claims import claim_rows
from kubectl_oidc.times import local_time
from tests.arbitrary import is_one_plain_line
from tests.tokens import NOW, good_claims

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["iss", "exp", "iat", "groups", "email", "odd"]) | st.text(max_size=9), JSON
    )
)
def test_any_claims_can_be_shown(claims: dict[str, object]) -> None:
    """No shape of a claim is an error."""
    for name, value in claim_rows(claims, NOW):
        assert is_one_plain_line(name + value.replace("\n", ""))


def test_well_known_claims_come_first_and_technical_ones_are_left_out() -> None:
    """The other claims follow by name. Nonce and hashes mean nothing to a cluster."""
    claims = good_claims(zoneinfo="UTC", amr=["pwd"], nonce="n", at_hash="h", c_hash="c", s_hash="s")
    names = [name for name, _ in claim_rows(claims, NOW)]
    assert names == ["iss", "sub", "aud", "email", "groups", "exp", "iat", "amr", "zoneinfo"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("email", "ada@example.com", "ada@example.com"),
        ("groups", ["a", "b"], "a\nb"),
        ("groups", [1, None, {"a": 2}], '1\nnull\n{"a": 2}'),
        ("email_verified", True, "true"),
        ("address", {"country": "GB"}, '{"country": "GB"}'),
        ("odd", None, "null"),
        ("exp", "soon", "soon"),
        ("exp", 10**30, str(10**30)),
        ("iat", -(10**30), str(-(10**30))),
    ],
)
def test_each_type_of_claim_has_its_form(name: str, value: object, words: str) -> None:
    """Text unchanged, lists one item a line, everything else as JSON."""
    assert list(claim_rows({name: value}, NOW)) == [(name, words)]


def test_an_empty_list_is_not_an_empty_line() -> None:
    others: tuple[object, ...] = ("", None, {})
    ((_, none),) = claim_rows({"groups": []}, NOW)
    assert none.strip()
    assert none not in {shown for value in others for _, shown in claim_rows({"groups": value}, NOW)}


def test_times_have_a_date_and_exp_also_the_time_left() -> None:
    """The number is shown too."""
    ((_, exp),) = claim_rows({"exp": NOW + 3600}, NOW)
    ((_, iat),) = claim_rows({"iat": NOW}, NOW)
    ((_, past),) = claim_rows({"exp": NOW - 5}, NOW)
    assert re.fullmatch(rf"{NOW + 3600} \({re.escape(str(local_time(NOW + 3600)))}, .*\b1 h\)", exp)
    assert iat == f"{NOW} ({local_time(NOW)})"
    assert past == f"{NOW - 5} ({local_time(NOW - 5)})"


def test_long_lists_are_shortened() -> None:
    """Nine hundred groups do not flood the screen."""
    ((_, value),) = claim_rows({"groups": [f"g{n}" for n in range(900)]}, NOW)
    lines = value.splitlines()
    assert (len(lines), lines[0]) == (41, "g0")
    assert re.fullmatch(r"\(.*\b860\b.*\)", lines[-1])
