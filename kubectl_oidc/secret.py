"""The type of tokens, codes, verifiers, state and passwords. Its ``repr`` hides the value."""

from __future__ import annotations

from kubectl_oidc.digests import compare_digest


class Secret:
    """A secret string. ``repr`` and ``str`` hide it; only ``reveal()`` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret, for the code that sends or stores it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and compare_digest(_bytes(self._value), _bytes(other._value))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)


def _bytes(text: str) -> bytes:
    # Command-line arguments that are not UTF-8 contain surrogates.
    return text.encode("utf-8", "surrogatepass")
