"""Offer to run the first kubectl command at the end of `setup`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from kubectl_oidc.cli.prompts import Questions
from kubectl_oidc.system.programs import find_program

from .report import doctor_command, first_command, is_ready, is_rejected

if TYPE_CHECKING:
    from kubectl_oidc.system.system import System

    from .report import Report

RUN_QUESTION = "Run it now?"


def offer_first_command(report: Report, system: System) -> int:
    """Run the first command if it can run and the user agrees. Its output goes to standard error.

    Returns:
        The exit status: kubectl's if it ran, else 0.

    Raises:
        Abort: The input has ended.
    """
    command = first_command(report)
    kubectl = find_program(command[0])
    if kubectl is None or not is_ready(report):
        return 0
    system.terminal.say("")
    if not Questions(system.terminal).confirm(RUN_QUESTION, proposal=not is_rejected(report)):
        return 0
    # Standard output may be a pipe for the manifests.
    status = subprocess.run([kubectl, *command[1:]], stdout=sys.stderr, check=False).returncode
    if status:
        system.terminal.say(
            "Unauthorized: the cluster does not trust the issuer yet (step 1). "
            "Forbidden: it knows you, but none of your groups has a role (step 2).\n"
            f"`{doctor_command(report)}` explains it."
        )
    return status
