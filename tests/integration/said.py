"""What the program said on standard error, held against how it must say it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.reasons import BEFORE_THE_HOST

from .laptop import cache

if TYPE_CHECKING:
    from tests.plugin import Ended


def beside_the_reason(said: str) -> str:
    """Return what was said on standard error beside the line that tells whoever is asked to sign in why; it stands there once.

    Args:
        said: All that was said.
    """
    lines = said.splitlines(keepends=True)
    rest = [line for line in lines if not line.startswith(BEFORE_THE_HOST)]
    assert len(lines) - len(rest) <= 1, said
    return "".join(rest)


def complaint(ended: Ended, status: int = 1) -> tuple[str, str]:
    """Return the words of the one error, with its list, and the one hint; only a reason was said in addition, and standard output is empty.

    Args:
        ended: A run that failed.
        status: The exit status that it must have.
    """
    assert (ended.status, ended.stdout) == (status, ""), ended.stderr
    assert "Traceback" not in ended.stderr
    error, *lines, hint = beside_the_reason(ended.stderr).splitlines()
    assert all(line.startswith("  ") for line in lines), ended.stderr
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    return "\n".join([error.removeprefix("error: "), *lines]), hint.removeprefix("hint: ")


def failure(ended: Ended, topic: str, *names: str, status: int = 1) -> str:
    """Return error and hint of a run that failed with one error, about a topic, with all the names that it must have.

    Args:
        ended: A run that failed.
        topic: The section of docs/troubleshooting.md that the hint ends with.
        names: Flags, claims, files, persons and numbers that error or hint must name.
        status: The exit status that it must have.
    """
    said = "\n".join(complaint(ended, status))
    assert topics(said) == [topic], said
    assert [name for name in names if name not in said] == [], said
    return said


def topics(said: str) -> list[str]:
    """Return the topics of the errors that were said, one for each, in their order."""
    return re.findall(r"\(troubleshooting:\s+([a-z-]+)\)", said)


def reason(said: str) -> str:
    """Return why a person is asked to sign in, which the first line says; it begins with the provider's host."""
    first = said.splitlines()[0]
    assert first.startswith(BEFORE_THE_HOST), said
    return first.removeprefix(BEFORE_THE_HOST)


def the_reason(said: str) -> str:
    """Return the one line that says why a person is asked to sign in, wherever it stands; it begins with the provider's host."""
    (line,) = [line for line in said.splitlines() if line.startswith(BEFORE_THE_HOST)]
    return line.removeprefix(BEFORE_THE_HOST)


def choices(ended: Ended) -> dict[str, str]:
    """Return the commands of an error that fits several sessions, each with the words that tell its session.

    Args:
        ended: A run that failed with the exit status of wrong usage.
    """
    assert (ended.status, ended.stdout) == (2, ""), ended.stderr
    error, *lines, hint = ended.stderr.splitlines()
    assert error.startswith(f"error: {len(lines)} ")
    assert topics(hint) == ["several-sessions"]
    assert all(line.startswith("  kubectl oidc-login ") for line in lines)
    found = dict(re.split(r" {3,}", line.strip(), maxsplit=1) for line in lines)
    assert len(found) == len(lines), "each has its own command"
    return found


def warning(ended: Ended) -> str:
    """Return the one warning that came with a token, which is all that was said."""
    assert ended.status == 0, ended.stderr
    (line,) = beside_the_reason(ended.stderr).splitlines()
    assert line.startswith("warning: ")
    return line.removeprefix("warning: ")


def written_files() -> list[Path]:
    """Return every file that the program may have written: under the test's home and its runtime directory."""
    roots = [Path.home(), Path(os.environ["XDG_RUNTIME_DIR"])]
    return [path for root in roots for path in root.rglob("*") if path.is_file() and not path.is_symlink()]


def files_with(*secrets: str) -> list[Path]:
    """Return the files of the program in which one of these stands."""
    wanted = [secret.encode() for secret in secrets]
    return [path for path in written_files() if any(secret in path.read_bytes() for secret in wanted)]


def locks_held() -> list[Path]:
    """Return the lock files that somebody holds."""
    runtime = Path(os.environ["XDG_RUNTIME_DIR"]) / "kubectl-oidc"
    files = [*runtime.glob("*.lock"), *(cache() / "locks").glob("*.lock")]
    assert files, "no lock was ever taken"
    return [path for path in files if _is_held(path)]


def _is_held(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR)
    with contextlib.closing(open(descriptor, "rb")):  # noqa: PTH123 - a descriptor
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def port_of(url: str) -> int:
    """Return the port of a URL that names one."""
    port = urlsplit(url).port
    assert port is not None
    return port
