"""Whatever may come from outside, for property tests: JSON of any shape, words made to do harm, and what may be shown of them."""

from __future__ import annotations

import contextlib
import unicodedata
from typing import TYPE_CHECKING

from hypothesis import settings, strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.errors import OidcLoginError

HOSTILE = st.sampled_from(
    [
        "\x1b[2J\x1b[31mred",  # an escape sequence
        "\x9b31mred",  # the same with one character (ECMA-48, CSI of 8 bits)
        "\x1b]0;title\x07",  # a title of the window
        "\u202egpj.exe",  # right to left from here on
        "\u2066\u200bzero width",
        "one\r\ntwo: three",
        "one\u2028two",
        "\0",
        "\ud800",  # half a character
        "</title><script>alert(1)</script>",
        "${HOME} %s {0} $(id) `id`",
        "-flag",
        "../../../etc/passwd",
        "9" * 400,
        "\u0662\u0663",  # digits, and no ASCII
    ]
)
"""Words that do harm where they are shown, run or counted."""

TEXT = (
    st.text(max_size=20)
    | HOSTILE
    | st.builds("{}{}{}".format, st.text(max_size=5), HOSTILE, st.text(max_size=5))
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**15, 10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
"""Any value that JSON can say."""


def examples(number: int) -> settings:
    """Have a test tried with so many examples: more or fewer than the 100 of other tests, and as they a quarter in `make quick`."""
    return settings(max_examples=number * settings().max_examples // 100)


def members(*names: str) -> st.SearchStrategy[dict[str, object]]:
    """Return any JSON object, with some of these members."""
    known: dict[str, st.SearchStrategy[object]] = dict.fromkeys(names, JSON)
    return st.builds(
        lambda some, others: {**others, **some},
        st.fixed_dictionaries({}, optional=known),
        st.dictionaries(TEXT, JSON, max_size=2),
    )


def is_one_plain_line(words: str) -> bool:
    """Tell whether a terminal shows the words as they are."""
    return not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in words)


@contextlib.contextmanager
def or_refused(kind: type[OidcLoginError], *hidden: str) -> Iterator[None]:
    """Let the block end with an error of this kind, whose words may be shown as they are.

    Args:
        kind: The only kind of error.
        hidden: What must not be in its words.
    """
    try:
        yield
    except kind as error:
        _check(error, hidden)


def _check(error: OidcLoginError, hidden: tuple[str, ...]) -> None:
    words = f"{error.message} {error.hint}"
    assert error.message
    assert error.hint
    assert is_one_plain_line(words)
    assert not any(secret in words for secret in hidden)
