"""The variables that stand for flags: a name that is none changes nothing, and nobody is told of it elsewhere."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from kubectl_oidc.fast_path.known_command import VARIABLES
from kubectl_oidc.text import sanitize

from . import Finding, Severity
from .exec_stanza import exec_of

if TYPE_CHECKING:
    from .run import DoctorRun, Observations


def check_variables(examination: DoctorRun) -> Observations:
    """Every KUBECTL_OIDC_* variable, of the environment and of the stanza's env, is a flag's."""
    stanza = exec_of(examination.chosen.user).get("env")
    entries = [item for item in stanza if isinstance(item, dict)] if isinstance(stanza, list) else []
    names = {*examination.system.environ, *(str(item.get("name") or "") for item in entries)}
    named = sorted(name for name in names if name.startswith(VARIABLES))
    unknown = [name for name in named if name not in examination.variables]
    ends = [name.removeprefix(VARIABLES) for name in sorted(examination.variables)]
    for name in unknown:
        near = get_close_matches(name.removeprefix(VARIABLES), ends, 1)
        yield Finding(
            Severity.WARNING,
            f"{sanitize(name)} is the variable of no flag, so it changes nothing",
            (f"did you mean {VARIABLES}{near[0]}? " if near else "")
            + "`kubectl oidc-login get-token --help` has the names",
            "variables",
        )
    if not unknown:
        yield ", ".join(named) or "none is set"
