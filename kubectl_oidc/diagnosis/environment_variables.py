"""The ``variables`` check: whether every KUBECTL_OIDC_* variable sets a flag. A mistyped name is ignored everywhere else."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from kubectl_oidc.fast_path.known_command import VARIABLE_PREFIX
from kubectl_oidc.kubeconfig.exec_stanza import exec_of, exec_variables
from kubectl_oidc.text import sanitize

from . import warning

if TYPE_CHECKING:
    from .run import DoctorRun, Observations


def check_variables(run: DoctorRun) -> Observations:
    """Check the KUBECTL_OIDC_* variables of the environment and of the exec section."""
    names = {*run.system.environ, *exec_variables(exec_of(run.chosen.user))}
    named = sorted(name for name in names if name.startswith(VARIABLE_PREFIX))
    unknown = [name for name in named if name not in run.variables]
    ends = [name.removeprefix(VARIABLE_PREFIX) for name in sorted(run.variables)]
    for name in unknown:
        near = get_close_matches(name.removeprefix(VARIABLE_PREFIX), ends, 1)
        yield warning(
            f"{sanitize(name)} belongs to no flag, so it has no effect",
            f"did you mean {VARIABLE_PREFIX}{near[0]}? If not, remove it" if near else "remove it",
            "variables",
        )
    if not unknown:
        yield ", ".join(named) or "none is set"
