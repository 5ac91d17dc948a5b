"""The ``settings`` check: which settings files take part, and whether a rule of the machine's forbids to sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import Finding, warning

if TYPE_CHECKING:
    from .run import DoctorRun, Observations


def check_settings(run: DoctorRun) -> Observations:
    """Check that no rule forbids the request; show the values that settings files give. A wrong file ends `doctor` before."""
    if run.request.refusal:
        yield Finding.from_error(run.request.refusal)
    elif run.unused_settings:
        message, hint = run.unused_settings
        yield warning(message, hint, "settings")
    else:
        yield "; ".join(run.settings) or "no settings file gives a value"
