"""A file with something secret that a flag names: read within bounds, or refused by the flag's name."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import UsageError
from kubectl_oidc.system import secret_file
from tests.topics import told_apart

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> bytes:
    return secret_file.read_secret_file("--flag", path, hint="do this", topic="there")


def test_what_it_holds_is_read(tmp_path: Path) -> None:
    """Bytes as they are, and not without end: half a secret is none."""
    (tmp_path / "a").write_bytes(b"\xff\n" + b"x" * 65534)
    assert read(tmp_path / "a") == b"\xff\n" + b"x" * 65534
    (tmp_path / "a").write_bytes(b"x" * 65537)
    with pytest.raises(UsageError, match="65536"):
        read(tmp_path / "a")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """One error with flag, path and reason; a control character of the path reaches no terminal."""
    missing = tmp_path / "no\x1b"
    with pytest.raises(OSError) as absent:  # noqa: PT011 - the system's own words
        missing.stat()
    for path, why in (
        (missing, str(absent.value.strerror)),
        (tmp_path, ""),
    ):
        with pytest.raises(UsageError) as caught:
            read(path)
        error = caught.value
        assert error.message.startswith(f"--flag: {str(path).replace(chr(27), '')} ")
        assert why in error.message
        assert (error.hint, error.topic, error.exit_status) == ("do this", "there", 2)


@pytest.mark.skipif(sys.platform == "win32", reason="there are none")
def test_nobody_waits_for_a_pipe(tmp_path: Path) -> None:
    """A pipe without a writer."""
    os.mkfifo(tmp_path / "pipe")

    def said(path: Path) -> str:
        with pytest.raises(UsageError, match=r"^--flag: ") as caught:
            read(path)
        return caught.value.message.replace(str(path), "")

    told_apart(
        {"not a file": [said(tmp_path / "pipe"), said(tmp_path)], "missing": [said(tmp_path / "missing")]}
    )
