"""The real parts that the tests run, and what happens where one is missing.

A missing part skips the test on a laptop, with its reason, and fails it where ``CI`` is set.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import NoReturn

import pytest

import tools.go

# Read before the tests' own environment is made, which has no CI in it.
ENVIRON = dict(os.environ)
IN_CI = bool(ENVIRON.get("CI"))

REPOSITORY = Path(__file__).resolve().parent.parent
TOOLS = REPOSITORY / ".tools"


def missing(reason: str) -> NoReturn:
    """Skip the test because a real part is missing, or fail it where CI is set.

    Args:
        reason: What is missing and how to get it.
    """
    if IN_CI:
        pytest.fail(f"CI must have every part: {reason}", pytrace=False)
    pytest.skip(reason)  # on a laptop; it says what is missing and how to get it


def program(*names: str) -> str:
    """Return the path of the first of these programs that is on PATH, or see ``missing``.

    Args:
        names: The program's names, the preferred one first.
    """
    for name in names:
        if path := shutil.which(name):
            return path
    return missing(f"{names[0]} is not installed (tools/install-test-parts installs it where it may)")


START_PROGRAMS = ("script", "launcher")
"""How the program starts: by the console script that pip writes, or by the native launcher."""

NAME = "kubectl-oidc_login.exe" if sys.platform == "win32" else "kubectl-oidc_login"

start_program = os.environ.get("TEST_START_PROGRAM", "script")
"""Which of them the tests run now: the fixture ``start_program`` changes it."""


def go() -> str:
    """Return the path of ``go``, or see ``missing``."""
    try:
        return tools.go.program()
    except tools.go.NoGo as error:
        missing(str(error))


@functools.cache
def launcher() -> Path:
    """Build the launcher beside this interpreter in an environment like its own, and return its path, or see ``missing``."""
    from filelock import FileLock

    place = TOOLS / "launcher"
    program = place / "bin" / NAME
    with FileLock(TOOLS / "launcher.lock"):
        (place / "bin").mkdir(parents=True, exist_ok=True)
        environment = Path(sys.prefix)
        shutil.copy(environment / "pyvenv.cfg", place)
        for link, target in (
            (place / "lib", environment / "lib"),
            (place / "bin/python3", Path(sys.executable).resolve()),
        ):
            if not link.is_symlink():
                link.symlink_to(target)
        go()
        tools.go.build_launcher(program, environ=ENVIRON)
    return program


def plugin() -> Path:
    """Return the installed program that belongs to this interpreter, or see ``missing``."""
    if start_program == "launcher":
        return launcher()
    for directory in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):  # Windows: Scripts
        if (directory / NAME).exists():
            return directory / NAME
    missing(f"the program is not installed beside {sys.executable} (pip install --editable .)")
