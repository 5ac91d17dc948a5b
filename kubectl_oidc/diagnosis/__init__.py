"""What `setup` and `doctor` check, one check a function, and the shape of what they find."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from kubectl_oidc.errors import OidcLoginError


class Severity(StrEnum):
    """How much a finding matters."""

    WARNING = "warning"  # works, but not as people expect
    PROBLEM = "problem"  # does not work at a cluster


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Args:
        severity: How much it matters.
        message: What is wrong, one line; words from outside are made plain.
        hint: What to do about it, one line.
        topic: The anchor in docs/troubleshooting.md.
    """

    severity: Severity
    message: str
    hint: str
    topic: str

    @classmethod
    def of(cls, error: OidcLoginError, *, hint: str = "") -> Self:
        """Return the problem that an error is.

        Args:
            error: The error.
            hint: What to do, where that is not the error's own hint.
        """
        return cls(Severity.PROBLEM, error.message, hint or error.hint, error.topic)
