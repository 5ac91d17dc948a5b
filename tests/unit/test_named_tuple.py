"""The quick ``NamedTuple`` is the one of typing, in all that the program uses of it."""

from __future__ import annotations

import pickle
import typing
from typing import Any

import pytest

from kubectl_oidc import named_tuple


class Ours(named_tuple.NamedTuple):
    one: int
    two: str = "two"
    three: tuple[str, ...] = ()

    def both(self) -> str:
        return f"{self.one}{self.two}"


class Theirs(typing.NamedTuple):
    one: int
    two: str = "two"
    three: tuple[str, ...] = ()

    def both(self) -> str:
        return f"{self.one}{self.two}"


KINDS: list[Any] = [Ours, Theirs]


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_given_by_position_or_name_and_have_defaults(kind: Any) -> None:
    whole = (1, "b", ("c",))
    assert kind(*whole) == kind(three=("c",), two="b", one=1) == kind(1, three=("c",), two="b") == whole
    assert kind(1) == kind(one=1) == (1, "two", ())
    assert (kind(1).one, kind(1).two, kind(1).three, kind(1).both()) == (1, "two", (), "1two")
    assert hash(kind(1)) == hash(kind(one=1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("given", "named"), [((), {}), ((1, "b", (), 4), {}), ((1,), {"one": 2}), ((1,), {"four": 4})]
)
def test_missing_extra_and_repeated_values_are_refused(
    kind: Any, given: tuple[object, ...], named: dict[str, object]
) -> None:
    with pytest.raises(TypeError):
        kind(*given, **named)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_tuple_that_cannot_be_changed(kind: Any) -> None:
    value = kind(1)
    with pytest.raises(AttributeError):
        value.one = 2
    with pytest.raises(AttributeError):
        value.four = 4
    one, *rest = value
    assert (one, rest, len(value), isinstance(value, tuple)) == (1, ["two", ()], 3, True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_a_dict_and_the_fields_are_had(kind: Any) -> None:
    value = kind(1)
    assert value._replace(two="b") == kind(1, "b")
    assert type(value._replace(two="b")) is kind
    with pytest.raises((TypeError, ValueError)):
        value._replace(four=4)
    assert value._asdict() == {"one": 1, "two": "two", "three": ()}
    assert kind._fields == kind.__match_args__ == ("one", "two", "three")
    assert kind._field_defaults == {"two": "two", "three": ()}
    assert repr(value) == f"{kind.__name__}(one=1, two='two', three=())"
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own
    match value:
        case Ours(1, two) | Theirs(1, two):
            assert two == "two"
        case _:
            pytest.fail("no match")


@pytest.mark.parametrize("kind", KINDS)
def test_its_text_can_be_another(kind: Any) -> None:
    class Hidden(kind):  # type: ignore[misc]
        def __repr__(self) -> str:
            return "…"

    assert repr(Hidden(1)) == "…"
