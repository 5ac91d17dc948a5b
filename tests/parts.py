"""The real parts that the tests run, and what happens where one is missing.

A missing part skips the test on a laptop, with its reason, and fails it where ``CI`` is set.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

# Read before the tests' own environment is made, which has no CI in it.
IN_CI = bool(os.environ.get("CI"))

REPOSITORY = Path(__file__).resolve().parent.parent
TOOLS = REPOSITORY / ".tools"


def missing(reason: str) -> NoReturn:
    """Skip the test because a real part is missing, or fail it where CI is set.

    Args:
        reason: What is missing and how to get it.
    """
    if IN_CI:
        pytest.fail(f"CI must have every part: {reason}", pytrace=False)
    pytest.skip(reason)


def program(*names: str) -> str:
    """Return the path of the first of these programs that is on PATH, or see ``missing``.

    Args:
        names: The program's names, the preferred one first.
    """
    for name in names:
        if path := shutil.which(name):
            return path
    return missing(f"{names[0]} is not installed (tools/install-test-parts installs it where it may)")


def plugin() -> Path:
    """Return the installed console script that belongs to this interpreter, or see ``missing``."""
    name = "kubectl-oidc_login.exe" if sys.platform == "win32" else "kubectl-oidc_login"
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        missing(f"the program is not installed beside {sys.executable} (pip install --editable .)")
    return path
