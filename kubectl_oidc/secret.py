"""A value that must not be seen: tokens, codes, verifiers, state, passwords."""

from __future__ import annotations


class Secret:
    """Hold a secret string; ``repr`` and ``str`` hide it, ``reveal()`` is the one way out.

    Args:
        value: The secret.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, for the one place that sends or stores it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        from hmac import compare_digest

        return isinstance(other, Secret) and compare_digest(_bytes(self._value), _bytes(other._value))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # an argument that is not UTF-8 has surrogates
