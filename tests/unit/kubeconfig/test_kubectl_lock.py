"""kubectl and this program do not write a kubeconfig at the same time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from tests import parts
from tests.unit.kubeconfig.kubeconfig_files import (
    KEPT,
    STANZA,
    put,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_writing_waits_for_kubectls_lock(tmp_path: Path) -> None:
    """While kubectl writes, the program waits; then both changes are there."""
    path, lock = write(tmp_path / "config", KEPT), tmp_path / "config.lock"
    lock.touch()

    def release() -> None:
        time.sleep(0.3)
        path.write_text(KEPT + "x-late: 1\n", encoding="utf-8")
        lock.unlink()

    other = threading.Thread(target=release)
    other.start()
    put(path)
    other.join()

    assert "x-late: 1\n" in path.read_text(encoding="utf-8")
    assert "name: oidc" in path.read_text(encoding="utf-8")
    assert not lock.exists()


def test_a_lock_that_a_crash_left_is_an_error(tmp_path: Path) -> None:
    """The wait is bounded. The error names the lock, which stays."""
    path, lock = write(tmp_path / "config", KEPT), tmp_path / "config.lock"
    lock.touch()

    with pytest.raises(KubeconfigError) as caught:
        put(path, lock_seconds=0.2)
    assert str(lock) in caught.value.message
    assert lock.exists()
    assert path.read_bytes() == KEPT.encode()


def test_kubectl_honours_the_same_lock(tmp_path: Path) -> None:
    """The lock is where the real kubectl looks for it."""
    path = write(tmp_path / "config", "kind: Config\napiVersion: v1\n")
    (tmp_path / "config.lock").touch()
    command = [parts.program("kubectl"), *STANZA.set_credentials("oidc")[1:], f"--kubeconfig={path}"]
    done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")

    assert done.returncode != 0
    assert "config.lock" in done.stderr


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    """Eight programs that each add a user at once leave eight users."""
    path = write(tmp_path / "config", KEPT)
    program = "import sys; from tests.unit.kubeconfig.kubeconfig_files import put; from pathlib import Path; put(Path(sys.argv[1]), sys.argv[2])"
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(path), f"u{number}"], cwd=parts.REPOSITORY)
        for number in range(8)
    ]

    assert [writer.wait(60) for writer in writers] == [0] * 8
    names = {item["name"] for item in parse_kubeconfig(path.read_text(encoding="utf-8"), "F")["users"]}
    assert names == {"ada", *(f"u{number}" for number in range(8))}
