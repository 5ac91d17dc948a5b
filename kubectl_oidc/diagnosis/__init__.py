"""What `setup`, `whoami` and `doctor` check, and `Finding`, which every check returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from kubectl_oidc.errors import OidcLoginError


class Severity(StrEnum):
    """How much a finding matters."""

    WARNING = "warning"  # works, but not as expected
    PROBLEM = "problem"  # does not work at a cluster


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Args:
        message: What is wrong, one line; text from outside is sanitized.
        hint: What to do about it, one line.
        topic: The anchor in docs/troubleshooting.md.
    """

    severity: Severity
    message: str
    hint: str
    topic: str

    @classmethod
    def from_error(cls, error: OidcLoginError, *, hint: str = "") -> Self:
        """Return an error as a problem; `hint` replaces the error's own hint."""
        return cls(Severity.PROBLEM, error.message, hint or error.hint, error.topic)


problem = partial(Finding, Severity.PROBLEM)
"""Return what does not work at a cluster, from message, hint and topic."""
warning = partial(Finding, Severity.WARNING)
"""Return what works, but not as expected, from message, hint and topic."""
