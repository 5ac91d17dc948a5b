"""What `setup`, `whoami` and `doctor` check, and `Finding`, which every check returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from kubectl_oidc.named_tuple import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from kubectl_oidc.errors import OidcLoginError


class Severity(StrEnum):
    """How much a finding matters."""

    WARNING = "warning"  # works, but not as expected
    PROBLEM = "problem"  # does not work at a cluster


class Repair(NamedTuple):
    """How `doctor --fix` repairs a finding: it changes the user's exec section, or does something else.

    Attributes:
        what: What is done, one line in the imperative; text from outside is sanitized.
        edit: Returns the exec section as it should be.
        act: Does it. It raises an OidcLoginError or an OSError if that fails.
    """

    what: str
    edit: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    act: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Args:
        message: What is wrong, one line; text from outside is sanitized.
        hint: What to do about it, one line.
        topic: The anchor in docs/troubleshooting.md.
        repair: How this program can repair it, if it can.
    """

    severity: Severity
    message: str
    hint: str
    topic: str
    repair: Repair | None = None

    @classmethod
    def from_error(cls, error: OidcLoginError, *, hint: str = "") -> Self:
        """Return an error as a problem; `hint` replaces the error's own hint."""
        return cls(Severity.PROBLEM, error.message, hint or error.hint, error.topic)


problem = partial(Finding, Severity.PROBLEM)
"""Return what does not work at a cluster, from message, hint and topic."""
warning = partial(Finding, Severity.WARNING)
"""Return what works, but not as expected, from message, hint and topic."""
